"""Why a job waits, failed or was cancelled: each cause arranged for real, and read on the job's page.

Not to be arranged here, and so untested live: a memory limit that the kernel enforces (control groups v2;
OUT_OF_MEMORY is a cell of the verdict table's unit test), an input behind NFS root squash.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import SignedIn, Submit
from fate import running, until
from hosts.cluster import Cluster
from hosts.host import Host
from lab_site import LabSite, lab_analysis

from portal.client.http import Document

FATE = """
import json, os, pathlib, signal, sys, time
options = json.load(open(os.environ["GANTRY_JOB"]))["options"]
fate, attempt = options["fate"], len(os.environ.get("GANTRY_ATTEMPT", ""))
print("about to", fate, flush=True)
if fate == "crash":
    os.kill(os.getpid(), signal.SIGSEGV)
if fate == "grow":
    hoard = b"x" * (200 << 20)
    time.sleep(4)  # seen by whoever samples its memory
    os.kill(os.getpid(), signal.SIGKILL)  # as the kernel does where a limit is enforced
time.sleep(options["wait"])
while options["gate"] and not os.path.exists(options["gate"]):
    time.sleep(0.05)
pathlib.Path("output").mkdir(exist_ok=True)
pathlib.Path("output/count.txt").write_text("1")
sys.exit(options["code"])
"""
IMAGE = "vanishing"


def fate_analysis(name: str, **changes: Any) -> Document:
    """`lab-fate` with an option that says how it ends; never retried by itself unless `changes` say so."""
    document = lab_analysis(name, FATE)
    fate = {"name": "fate", "label": "Fate", "type": "text", "default": "", "max_length": 20}
    document["options"] = [*document["options"], fate]
    document["retry"] = {"node": {"times": 0}, "lost": {"times": 0}}
    return document | changes


def limits(**changes: int) -> Document:
    """One size of job."""
    small = {"name": "small", "label": "Small", "cpus": 1, "memory_mb": 64, "time_s": 300}
    return {"default": "small", "variants": [small | changes]}


ANALYSES = (
    fate_analysis("lab-fate"),
    fate_analysis("lab-short", resources=limits(time_s=4)),
    fate_analysis("lab-moved", retry={"node": {"times": 1}}),
    fate_analysis(
        "lab-grows",
        retry={"time": {"times": 1, "time_factor": 4}},
        resources={
            "default": "small",
            "variants": [
                {"name": "small", "label": "Small", "cpus": 1, "memory_mb": 64, "time_s": 6},
                {"name": "large", "label": "Large", "cpus": 1, "memory_mb": 64, "time_s": 60},
            ],
        },
    ),
    fate_analysis("lab-image", image=IMAGE),
)


class Fates:
    """Jobs of a test, as the API and the page tell them."""

    def __init__(self, site: LabSite, submit: Submit) -> None:
        self.site, self.submit = site, submit

    def until(self, made: Document, reached: Callable[[Document], bool]) -> Document:
        """The job when it has got there."""
        return until(self.site, made, reached)

    def ended(self, made: Document) -> Document:
        """The job at its end."""
        return self.until(made, lambda job: job["state"] in {"succeeded", "failed", "cancelled", "held"})

    def running(self, made: Document) -> Document:
        """The job when Slurm runs it."""
        return self.until(made, running)


@pytest.fixture(scope="module")
def _published(site: LabSite) -> None:
    site.publish(*ANALYSES)


@pytest.fixture
def fates(site: LabSite, submit: Submit, _published: None) -> Fates:
    """Starts jobs with a fate."""
    return Fates(site, submit)


@pytest.fixture(scope="module")
def early(site: LabSite, cluster: Cluster, _published: None) -> dict[str, Document]:
    """Jobs that take long to meet their end, started before the others."""
    client, chosen = site.client("maya"), site.datasets["Zebrafish heart"][:1]
    made = {"slurm-time": client.submit("lab-fate", {"data": chosen}, {"wait": 200})}

    def slurms_id() -> str | None:
        found: str | None = client.job(client.submission(made["slurm-time"]["id"])["jobs"][0]["number"])[
            "cluster_job"
        ]
        return found

    site.until(lambda: slurms_id() is not None, lambda: site.tell(client, made["slurm-time"]))
    # A minute is the shortest limit that Slurm has. The others come after, or they would go to Slurm together.
    root(cluster, "scontrol", "update", f"JobId={slurms_id()}", "TimeLimit=1")
    made["grow"] = client.submit("lab-fate", {"data": chosen}, {"fate": "grow"})
    made["again"] = client.submit("lab-grows", {"data": chosen}, {"wait": 8})
    return made


def heard(site: LabSite, cluster: Cluster, *words: str) -> None:
    """Wait until Slurm's controller has been told by its accounting of an association with all these words."""

    def told() -> bool:
        shown = root(cluster, "scontrol", "show", "assoc_mgr", "flags=assoc")
        return any(all(word in one for word in words) for one in shown.split("ClusterName="))

    site.until(told)


def root(cluster: Cluster, *command: str) -> str:
    """What an administrator does on the controller."""
    done = cluster.hosts["ctl"].run(*command)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


@pytest.mark.parametrize(
    ("analysis", "options", "cause", "words"),
    [
        ("lab-fate", {"code": 3}, "exit code", "The program stopped with an error."),
        ("lab-fate", {"fate": "crash"}, "signal", "The program crashed"),
        ("lab-short", {"wait": 60}, "time", "It reached its time limit (4 seconds, 1 second of it for its end)."),
    ],
)
def test_a_program_that_fails_says_how(
    fates: Fates, early: object, analysis: str, options: Document, cause: str, words: str
) -> None:
    job = fates.ended(fates.submit("maya", analysis=analysis, **options))
    assert (job["state"], job["cause"], job["tries"]) == ("failed", cause, 1)
    assert words in job["sentence"]
    assert "about to" in job["last_lines"]


def test_a_job_that_its_owner_cancels_names_her(fates: Fates, signed_in: SignedIn) -> None:
    made = fates.submit("maya", analysis="lab-fate", wait=200)
    signed_in("maya").cancel(fates.running(made)["number"])
    job = fates.ended(made)
    assert (job["state"], job["cause"], job["sentence"]) == ("cancelled", "cancelled", "Cancelled by Maya Lind.")


def test_a_job_that_an_administrator_cancels_says_so(fates: Fates, cluster: Cluster) -> None:
    made = fates.submit("maya", analysis="lab-fate", wait=200)
    root(cluster, "scancel", fates.running(made)["cluster_job"])
    job = fates.ended(made)
    assert (job["state"], job["cause"]) == ("cancelled", "cancelled")
    assert job["sentence"] == "Cancelled by the cluster's staff (root), outside this portal."


def test_a_job_that_its_owner_cancels_on_the_cluster_says_so(
    fates: Fates, as_somebody: Callable[..., Any]
) -> None:
    made = fates.submit("maya", analysis="lab-fate", wait=200)
    as_somebody("maya", "scancel", fates.running(made)["cluster_job"])
    assert fates.ended(made)["sentence"] == "Cancelled by its owner on the cluster, outside this portal."


@pytest.fixture
def one_at_a_time(site: LabSite, cluster: Cluster) -> Iterator[None]:
    """Ines may run one job at a time."""

    def most(number: int) -> None:
        who = ("where", "name=ines", "account=tomography", "set", f"MaxJobs={number}")
        root(cluster, "sacctmgr", "-i", "modify", "user", *who)

    most(1)
    heard(site, cluster, "Account=tomography UserName=ines", "MaxJobs=1(")
    yield
    most(-1)


@pytest.fixture
def image(cluster: Cluster, image: str) -> Iterator[str]:
    """A staged image that tests take away: its path, and its manifest beside it."""
    path, node = f"/shared/images/{IMAGE}.sif", cluster.hosts["portal"]
    script = 'cp "$1" "$2" && stat -c "%s %Y" "$2" && sha256sum "$2"'
    told = node.run("sh", "-c", script, "sh", image, path).stdout.split()
    nanoseconds = int(node.run("python3", "-c", f"import os; print(os.stat({path!r}).st_mtime_ns)").stdout)
    manifest = {"schema": 1, "name": IMAGE, "file": f"{IMAGE}.sif", "size": int(told[0]), "mtime_ns": nanoseconds}
    manifest["digest"] = f"sha256:{told[2]}"
    node.run("sh", "-c", 'printf %s "$1" >"$2"', "sh", json.dumps(manifest), f"/shared/images/{IMAGE}.json")
    yield path
    node.run("rm", "-f", path, f"/shared/images/{IMAGE}.json")


def test_a_job_held_by_a_limit_says_so_in_words_and_its_image_may_vanish_meanwhile(
    fates: Fates, signed_in: SignedIn, one_at_a_time: None, image: str, portal: Host
) -> None:
    first = fates.submit("ines", analysis="lab-fate", wait=200)
    running = fates.running(first)
    second = fates.submit("ines", analysis="lab-image")
    waiting = fates.until(second, lambda job: "as many jobs" in job["sentence"])
    assert waiting["state"] == "pending"
    words = "You have as many jobs running as may be at once. It starts when one of them ends."
    assert waiting["sentence"].endswith(words)
    portal.run("rm", image)
    signed_in("ines").cancel(running["number"])
    job = fates.ended(second)
    assert (job["state"], job["cause"]) == ("failed", "image")
    assert "software image is missing or has changed (The image vanishing is gone" in job["sentence"]


def test_an_image_that_is_not_what_was_staged_starts_nothing(fates: Fates, image: str, portal: Host) -> None:
    portal.run("touch", image)
    job = fates.ended(fates.submit("maya", analysis="lab-image"))
    assert (job["state"], job["cause"]) == ("failed", "image")
    assert job["cluster_job"] is None
    assert "has changed since it was staged. Nothing was computed." in job["sentence"]


def test_an_input_that_its_owner_may_not_read_is_named(fates: Fates, site: LabSite, portal: Host) -> None:
    dataset, number = site.datasets["Zebrafish heart"][5], 5
    path = f"/shared/data/zebrafish-heart/{number:05}/a.raw"
    assert portal.run("chmod", "600", path).returncode == 0
    try:
        job = fates.ended(fates.submit("maya", dataset, analysis="lab-fate"))
    finally:
        portal.run("chmod", "644", path)
    assert (job["state"], job["cause"], job["cluster_job"]) == ("failed", "input", None)
    assert job["sentence"] == "Your account may not read the file a.raw. Nothing was computed."


def test_an_account_that_is_refused_holds_the_job_until_staff_have_mended_it(
    fates: Fates, site: LabSite, cluster: Cluster, portal: Host, signed_in: SignedIn
) -> None:
    portal.run("gpasswd", "-d", "ravi", "gantry-people")
    try:
        made = fates.submit("ravi", analysis="lab-fate")
        job = fates.ended(made)
    finally:
        portal.run("gpasswd", "-a", "ravi", "gantry-people")
    assert (job["state"], job["cause"]) == ("held", "account")
    assert "Staff can release the job" in job["sentence"]
    release(site, job["number"])
    job = fates.until(made, lambda job: job["state"] == "held" and job["tries"] == 2)
    assert job["cause"] == "account"
    assert "The cluster does not know your account" in job["sentence"]
    root(cluster, "sacctmgr", "-i", "add", "user", "ravi", "account=microscopy")
    try:
        heard(site, cluster, "Account=microscopy UserName=ravi")
        release(site, job["number"])
        assert fates.ended(made)["state"] == "succeeded"
    finally:
        root(cluster, "sacctmgr", "-i", "delete", "user", "ravi", "account=microscopy")


def release(site: LabSite, number: str) -> None:
    """Sam presses Release on the job's page."""
    browser = site.pages("sam")
    page = browser.get(f"{site.url}/jobs/{number}").text
    assert "Release" in page, page
    answer = browser.post(f"{site.url}/jobs/{number}/release", data={"csrf_token": site.csrf(page)})
    assert answer.status_code == 200, answer.text


def test_memory_that_was_too_little_is_offered_as_more(fates: Fates, early: dict[str, Document]) -> None:
    job = fates.ended(early["grow"])
    assert (job["state"], job["cause"]) == ("failed", "memory")
    assert job["sentence"].startswith("It ran out of memory") and "64 MB" in job["sentence"]
    assert "Your dataset is unchanged." in job["sentence"]


def test_a_class_of_failure_is_run_again_by_the_job_types_rule(fates: Fates, early: dict[str, Document]) -> None:
    job = fates.ended(early["again"])
    assert (job["state"], job["tries"]) == ("succeeded", 2)
    assert any("It is run again by itself" in moment["words"] for moment in job["timeline"])


def test_slurms_own_time_limit_wins_over_what_was_asked_for(
    fates: Fates, early: dict[str, Document], site: LabSite
) -> None:
    job = fates.ended(early["slurm-time"])
    assert (job["state"], job["cause"]) == ("failed", "time")
    assert site.sacct(job["cluster_job"], "State") == [["TIMEOUT"]]


def test_a_node_that_fails_is_named_and_the_job_type_says_whether_to_run_again(
    fates: Fates, cluster: Cluster, site: LabSite
) -> None:
    with site.gate() as gate:
        stays = fates.submit("maya", analysis="lab-fate", gate=gate.path)
        moves = fates.submit("maya", analysis="lab-moved", gate=gate.path)
        nodes = {fates.running(made)["node"] for made in (stays, moves)}
        for node in nodes:
            root(cluster, "scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=smoke")
        try:
            job = fates.ended(stays)
        finally:
            for node in nodes:  # one whose daemon has registered again is back by itself
                cluster.hosts["ctl"].run("scontrol", "update", f"NodeName={node}", "State=RESUME")
    assert (job["state"], job["cause"]) == ("failed", "node")
    assert f"The computer it ran on ({job['node']}) stopped working on it" in job["sentence"]
    again = fates.ended(moves)
    assert (again["state"], again["tries"]) == ("succeeded", 2)
