"""Jobs in containers, through the portal: what they see and what not, several ranks, images that changed."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import SignedIn, WaitForJob
from hosts.cluster import Cluster
from hosts.host import Host
from lab_site import PASSWORD, LabSite, lab_analysis

from portal.client.http import Document

PROBE = """
import json, os, pathlib, socket
def tried(action):
    try:
        action()
    except OSError as error:
        return type(error).__name__ + " " + str(error.errno)
    return "done"
job = json.load(open(os.environ["GANTRY_JOB"]))
target = job["inputs"]["data"][0]["files"][0]["target"]
pathlib.Path("output").mkdir(exist_ok=True)
pathlib.Path("output/seen.txt").write_text("seen")
json.dump({
    "environment": dict(os.environ), "folder": os.getcwd(), "uid": os.getuid(), "top": sorted(os.listdir("/")),
    "networks": [line.split(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]],
    "processes": len([name for name in os.listdir("/proc") if name.isdigit()]),
    "input": os.path.getsize(target),
    "read only": [bool(os.statvfs(path).f_flag & os.ST_RDONLY) for path in (target, "job.json", "/opt", "output")],
    "write input": tried(lambda: open(target, "ab")), "write order": tried(lambda: open("job.json", "ab")),
    "write image": tried(lambda: open("/opt/gantry/x", "w")), "write tmp": tried(lambda: open("/tmp/x", "w")),
    "connect": tried(lambda: socket.create_connection(("10.0.0.1", 9), 1)),
    "munge": os.path.exists("/run/munge/munge.socket.2"), "slurm": os.path.exists("/etc/slurm"),
    "shared": os.path.exists("/shared"), "home": os.listdir(os.path.expanduser("~")),
}, __import__("sys").stdout)
"""

# h5py's parallel driver: every rank writes its row of one file, then one of them reads it all.
RANKS = """
import json, os, sys
from mpi4py import MPI
import h5py, numpy
world = MPI.COMM_WORLD
rank, size = world.Get_rank(), world.Get_size()
total = world.allreduce(rank + 1, op=MPI.SUM)
hosts = world.gather(os.uname().nodename, root=0)
if rank == 0:
    os.makedirs("output", exist_ok=True)
world.Barrier()
with h5py.File("output/rows.h5", "w", driver="mpio", comm=world) as file:
    rows = file.create_dataset("rows", (size, 1000), "i8")
    rows[rank] = numpy.arange(1000) * (rank + 1)
world.Barrier()
if rank == 0:
    with h5py.File("output/rows.h5") as file:
        sums = file["rows"][:].sum(axis=1).tolist()
    open("output/done.txt", "w").write("done")
    told = {"size": size, "sum": total, "hosts": hosts, "sums": sums, "environment": dict(os.environ)}
    json.dump(told, sys.stdout)
"""
PASSED_ON = {"SLURM_JOB_ID", "SLURM_CPUS_PER_TASK", "SLURM_JOB_NODELIST", "SLURM_NNODES", "SLURM_NTASKS"}
PASSED_ON |= {"SLURM_PROCID", "SLURM_LOCALID"}
THREADS = {f"{name}_NUM_THREADS" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA")}
OWN = {
    *("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "PWD", "OLDPWD", "SHLVL", "_", "LD_LIBRARY_PATH"),
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "PYTHONUNBUFFERED", "PYTHONNOUSERSITE", "PYTHONDONTWRITEBYTECODE"),
    *("GANTRY_JOB", "GANTRY_FOLDER", "GANTRY_CONTAINER", "CUDA_VISIBLE_DEVICES", "PS1", "PROMPT_COMMAND"),
}
OF_THE_RUNTIME = ("APPTAINER_", "SINGULARITY_")
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
RunIn = Callable[..., Document]


@pytest.fixture
def run_in(site: LabSite, signed_in: SignedIn, wait_for_job: WaitForJob, images: dict[str, Document]) -> RunIn:
    """`run_in("base", CODE, name="lab-probe")`: maya's job in an image; the details, its log as `printed`."""

    def run(image: str, code: str, *, name: str, **changes: object) -> Document:
        site.publish(lab_analysis(name, code, image=image, **changes))
        maya = signed_in("maya")
        data = site.datasets["Zebrafish heart"][:1]
        (job,) = wait_for_job(maya.submit(name, {"data": data}, {}))
        logs = {stream: maya.log(job["id"], stream=stream)["text"] for stream in ("stdout", "stderr")}
        return maya.job(job["id"]) | {"printed": logs["stdout"], "errors": logs["stderr"]}

    return run


@pytest.fixture
def container_is_a_must(portal: Host) -> Iterator[None]:
    """The agent's file says so, as at a site, for as long as the test lasts."""
    before = portal.run("cat", "/etc/gantry/agent.json").stdout
    document = json.loads(before)
    document["launch"] = [document["launch"][0], "--require-container"]
    _write(portal, "/etc/gantry/agent.json", json.dumps(document))
    yield
    _write(portal, "/etc/gantry/agent.json", before)


def _write(host: Host, path: str, text: str) -> None:
    done = host.run("sh", "-c", 'printf %s "$2" >"$1"', "sh", path, text)
    assert done.returncode == 0, done.stderr


# ---- through the portal ----------------------------------------------------------------------------------------


def test_a_program_sees_its_job_and_nothing_else_of_the_node(run_in: RunIn, container_is_a_must: None) -> None:
    job = run_in("base", PROBE, name="lab-probe")
    assert job["state"] == "succeeded", job["sentence"] + job["errors"]
    assert job["runner"] == "It ran in a container."
    seen = json.loads(job["printed"])
    assert (seen["folder"], seen["uid"], seen["input"]) == ("/job", 2001, 1234)
    assert {"job", "inputs", "opt"} <= set(seen["top"])
    assert not seen["shared"]
    assert not seen["munge"]
    assert not seen["slurm"]
    assert seen["networks"] == ["lo"]
    assert seen["connect"].startswith(("OSError 101", "NetworkUnreachable"))
    assert seen["processes"] < 10
    assert seen["write tmp"] == "done"
    assert seen["read only"] == [True, True, True, False]
    for what in ("write input", "write order", "write image"):
        assert seen[what].endswith((" 13", " 30")), what  # EACCES, EROFS


def test_the_page_of_a_job_says_that_it_ran_in_a_container(run_in: RunIn, site: LabSite) -> None:
    job = run_in("base", PROBE, name="lab-probe")
    with site.browser() as browser:
        form = browser.get(f"{site.url}/sign-in").text
        (token,) = TOKEN.findall(form)
        fields = {"name": "maya", "password": PASSWORD, "csrf_token": token}
        browser.post(f"{site.url}/sign-in", data=fields, headers={"Referer": f"{site.url}/sign-in"})
        page = browser.get(f"{site.url}/jobs/{job['number']}")
    assert page.status_code == 200
    assert "It ran in a container." in page.text


SCRIPT = """
import os, pathlib, help_with
def tried(action):
    try:
        action()
    except OSError as error:
        return error.errno
    return "done"
here = pathlib.Path(__file__)
print(help_with.WORD, bool(os.statvfs(here).f_flag & os.ST_RDONLY), tried(lambda: here.open("w")),
      tried(lambda: here.chmod(0o600)), tried(here.unlink), tried(lambda: pathlib.Path("/tmp/written/x").touch()))
pathlib.Path("output").mkdir(exist_ok=True)
pathlib.Path("output/counts.txt").write_text("1")
"""


def test_scripts_that_came_with_the_analysis_cannot_be_changed_by_it(run_in: RunIn) -> None:
    written = {"fit.py": {"content": SCRIPT}, "help_with.py": {"content": "WORD = 'helped'\n"}}
    program = {"command": ["python3", {"written": "fit.py"}], "written": written}
    job = run_in("base", "", name="lab-script", program=program)
    assert job["state"] == "succeeded", job["sentence"] + job["errors"]
    # EROFS for the file and its mode, EBUSY for its name; their folder takes what Python compiles beside them.
    assert job["printed"] == "helped True 30 30 16 done\n"


def test_a_programs_environment_is_this_one(run_in: RunIn) -> None:
    environment = json.loads(run_in("base", PROBE, name="lab-probe")["printed"])["environment"]
    found = {name for name in environment if not name.startswith(OF_THE_RUNTIME)}
    assert found <= OWN | PASSED_ON | THREADS, found
    assert environment["HOME"] == "/tmp"
    assert environment["PATH"].startswith("/opt/gantry/bin:")
    assert environment["CUDA_VISIBLE_DEVICES"] == ""


def test_ranks_on_two_nodes_add_up_and_write_one_file(
    run_in: RunIn, site: LabSite, container_is_a_must: None
) -> None:
    two = {"name": "two", "label": "Two nodes", "cpus": 3, "memory_mb": 800, "time_s": 300, "ranks": 4}
    outputs = [{"name": "rows", "pattern": "*", "dataset_type": "counts"}]
    resources = {"default": "two", "variants": [two]}
    job = run_in("mpi", RANKS, name="lab-ranks", resources=resources, outputs=outputs)
    assert job["state"] == "succeeded", job["sentence"] + job["errors"]
    assert job["runner"] == "It ran in a container."
    seen = json.loads(job["printed"])
    assert (seen["size"], seen["sum"]) == (4, 1 + 2 + 3 + 4)
    assert set(seen["hosts"]) == {"node1", "node2"}
    assert seen["sums"] == [499500 * rank for rank in (1, 2, 3, 4)]
    leaked = {name for name in seen["environment"] if name.startswith("SLURM_")} - PASSED_ON
    assert leaked == set()
    ((nodes,),) = site.sacct(job["cluster_job"], "nnodes")
    assert nodes == "2"


def test_a_rank_that_fails_ends_the_others_and_the_job(run_in: RunIn) -> None:
    code = (
        "import sys, time; from mpi4py import MPI; rank = MPI.COMM_WORLD.Get_rank();"
        "sys.exit(7) if rank == 1 else time.sleep(200)"
    )
    two = {"name": "two", "label": "Two nodes", "cpus": 5, "memory_mb": 400, "time_s": 250, "ranks": 2}
    job = run_in("mpi", code, name="lab-failing-rank", resources={"default": "two", "variants": [two]})
    assert (job["state"], job["cause"]) == ("failed", "exit code")
    # The exit code is srun's, which is the largest of all ranks': those that it ended have one too.
    assert "task 1: Exited with exit code 7" in job["errors"]


def test_an_image_that_is_not_staged_is_refused_in_words(run_in: RunIn, container_is_a_must: None) -> None:
    job = run_in("nowhere", PROBE, name="lab-nowhere")
    assert (job["state"], job["cause"]) == ("failed", "image")
    assert "nowhere is not installed" in job["sentence"]


def test_an_analysis_without_an_image_is_refused_where_a_container_is_a_must(
    site: LabSite, signed_in: SignedIn, wait_for_job: WaitForJob, container_is_a_must: None
) -> None:
    maya = signed_in("maya")
    (job,) = wait_for_job(maya.submit("lab-count", {"data": site.datasets["Zebrafish heart"][:1]}, {}))
    assert (job["state"], maya.job(job["id"])["cause"]) == ("failed", "image")


# ---- an image that changes -------------------------------------------------------------------------------------


@pytest.fixture
def small(ctl: Host, cluster: Cluster, image: str) -> Iterator[Path]:
    """A small image, staged by the operator's command as `small`: its file, as this machine sees it."""
    script = """
        set -e
        cd $(mktemp -d -p /var/tmp)
        digest=$(sha256sum "$1" | cut -d' ' -f1)
        cp "$1" small-1.sif
        printf '{"schema": 1, "name": "small", "file": "small-1.sif", ' >manifest.json
        printf '"digest": "sha256:%s", ' $digest >>manifest.json
        printf '"size": %s, "mtime_ns": 0}' $(stat -c %s small-1.sif) >>manifest.json
        gantry-images stage /shared/images "$PWD"
        rm -r "$PWD"
    """
    done = ctl.run("sh", "-c", script, "sh", image)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = cluster.place.shared / "images"
    yield folder / "small-1.sif"
    ctl.run("systemctl", "reset-failed", "gantry-images.service")
    for file in folder.glob("small*"):
        if file.name != "small.sif":
            file.unlink()


READ = {"program": {"command": ["cat", {"input": "data"}]}}


def test_a_changed_image_is_refused_in_words(run_in: RunIn, small: Path) -> None:
    with small.open("ab") as file:
        file.write(b"\0")
    job = run_in("small", "", name="lab-small", **READ)
    assert (job["state"], job["cause"]) == ("failed", "image")
    assert "small has changed since it was staged" in job["sentence"]


def test_the_nightly_check_withdraws_what_only_a_hash_can_tell(ctl: Host, run_in: RunIn, small: Path) -> None:
    assert ctl.run("systemctl", "is-enabled", "gantry-images.timer").stdout.strip() == "enabled"
    assert ctl.run("systemctl", "start", "gantry-images.service").returncode == 0
    before = small.stat()
    with small.open("r+b") as file:
        file.seek(before.st_size // 2)
        byte = file.read(1)
        file.seek(before.st_size // 2)
        file.write(bytes([byte[0] ^ 1]))
    ctl.run(
        "touch",
        "-d",
        f"@{before.st_mtime_ns // 10**9}.{before.st_mtime_ns % 10**9:09}",
        f"/shared/images/{small.name}",
    )
    assert small.stat().st_mtime_ns == before.st_mtime_ns
    assert ctl.run("systemctl", "start", "gantry-images.service").returncode != 0
    log = ctl.run("journalctl", "-u", "gantry-images", "-n", "20", "-o", "cat").stdout
    assert "No job gets it any more" in log
    job = run_in("small", "", name="lab-small", **READ)
    assert (job["state"], job["cause"]) == ("failed", "image")
    assert "withdrawn" in job["sentence"]
