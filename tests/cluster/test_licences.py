"""Licences on a real Slurm: tokens that it counts, and servers that a container reaches, and nothing else."""

import json
from collections.abc import Callable, Iterator

import pytest
from hosts.cluster import Cluster
from lab_site import COUNT, LabSite, lab_analysis

from portal.client.http import Document

LICENSED = lab_analysis("lab-licensed", COUNT) | {"licences": [{"name": "matlab"}]}
RESOURCE = ("name=matlab", "server=flex", "type=license")

SERVER = """
import socket, sys, threading
def serve(port):
    listener = socket.create_server(("", port))
    while True:
        other, _ = listener.accept()
        with other:
            other.sendall(("licence of %d" % port).encode())
for port in map(int, sys.argv[1:]):
    threading.Thread(target=serve, args=(port,)).start()
"""
NAMED, BESIDE, NOT_NAMED = 27000, 27010, 27001
"""On ctl: what `mesh` stands for, as the inventory says, and another service of the same host."""

REACH = """
import json, os, socket
def said(host, port):
    try:
        with socket.create_connection((host, port), 5) as other:
            return other.recv(100).decode()
    except OSError as error:
        return type(error).__name__
told = os.environ["MESH_LICENCE"]
port, host = told.split("@")
os.makedirs("output", exist_ok=True)
open("output/seen.txt", "w").write("seen")
try:
    open("/etc/hosts", "a").write("ADDRESS evil\\n")
except OSError:
    pass
os.environ["MESH_LICENCE"] = "27001@ctl"
print(json.dumps({
    "told": told, "says": said(host, int(port)), "beside": said("ctl", 27010),
    "beyond": {
        "another port": said("ctl", 27001), "by its address": said("ADDRESS", 27000), "ssh": said("ADDRESS", 22),
        "another host": said("PORTAL", 443), "a name": said("portal", 443), "the way out": said("GATEWAY", 80),
        "the node": said("127.0.0.1", 22), "the node's own": said("NODE", 22),
    },
    "links": [line.split(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]],
    "uid": os.getuid(), "processes": len([name for name in os.listdir("/proc") if name.isdigit()]),
    "sockets": [line.split()[-1] for line in open("/proc/net/unix").readlines()[1:] if "@" in line],
}))
"""
IMAGE = """
set -e
cd $(mktemp -d -p /var/tmp)
mkdir -p tree/usr/bin tree/usr/lib tree/usr/lib64 tree/tmp tree/proc tree/sys tree/dev tree/etc tree/job
ln -s usr/bin usr/lib usr/lib64 tree
cp -L /usr/bin/sh /usr/bin/cat tree/usr/bin/
cp -L /usr/bin/python3 tree/usr/bin/python3
for program in sh cat python3; do
    for library in $(ldd /usr/bin/$program | grep -o '/lib[^ ]*'); do
        mkdir -p tree/$(dirname $library)
        cp -L $library tree/$library
    done
done
version=$(python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
cp -r /usr/lib/$version tree/usr/lib/$version
touch tree/etc/hosts tree/etc/localtime
apptainer --quiet build reach-1.sif tree
digest=$(sha256sum reach-1.sif | cut -d' ' -f1)
printf '{"schema": 1, "name": "reach", "file": "reach-1.sif", "digest": "sha256:%s", ' $digest >manifest.json
printf '"size": %s, "mtime_ns": 0}' $(stat -c %s reach-1.sif) >>manifest.json
rm -r tree
mkdir -p /shared/reach
cp reach-1.sif manifest.json /shared/reach
"""


# ---- tokens of Slurm --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def licences(site: LabSite, cluster: Cluster) -> Iterator[None]:
    """One licence of MATLAB, which Slurm counts; the site offers it by a name of its own."""
    ctl = cluster.hosts["ctl"]
    made = ctl.run("sacctmgr", "-i", "add", "resource", *RESOURCE, "count=1", "cluster=gantry", "allowed=100")
    assert made.returncode == 0, made.stdout + made.stderr
    assert ctl.run("scontrol", "reconfigure").returncode == 0
    site.until(lambda: "matlab@flex" in ctl.run("scontrol", "show", "licenses").stdout)
    site.publish(LICENSED)
    yield
    ctl.run("sacctmgr", "-i", "delete", "resource", *RESOURCE[:2])
    ctl.run("scontrol", "reconfigure")


def test_a_job_holds_its_licence_and_the_next_says_what_it_waits_for(site: LabSite, licences: None) -> None:
    maya = site.client("maya")
    data = {"data": site.datasets["Zebrafish heart"][:1]}
    with site.gate() as gate:
        first = maya.submit("lab-licensed", data, {"gate": gate.path})
        site.until(lambda: any(one["state"] == "running" for one in maya.jobs(submission=first["id"])))
        second = maya.submit("lab-licensed", data, {"wait": 1})

        def words() -> str:
            return json.dumps(list(maya.jobs(submission=second["id"])))

        site.until(lambda: "licence of matlab" in words(), words)
        (waiting,) = maya.jobs(submission=second["id"])
        with site.pages("maya") as browser:
            page = browser.get(f"{site.url}/jobs/{waiting['number']}").text
        assert "licence of matlab" in page
        gate.open()
        (job,) = site.wait(maya, first)
        assert job["state"] == "succeeded"
        (job,) = site.wait(maya, second)
        assert job["state"] == "succeeded"


# ---- servers ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reach(cluster: Cluster, site: LabSite) -> Iterator[None]:
    """A small image with Python, staged; and services on ctl, of which the site offers two ports."""
    ctl = cluster.hosts["ctl"]
    done = cluster.hosts["node1"].run("sh", "-c", IMAGE)
    assert done.returncode == 0, done.stdout + done.stderr
    done = ctl.run("gantry-images", "stage", "/shared/images", "/shared/reach")
    assert done.returncode == 0, done.stdout + done.stderr
    ports = [str(port) for port in (NAMED, BESIDE, NOT_NAMED)]
    started = ctl.run("systemd-run", "--unit=licences", "--", "python3", "-c", SERVER, *ports)
    assert started.returncode == 0, started.stderr
    yield
    ctl.run("systemctl", "stop", "licences")
    ctl.run("sh", "-c", "rm -rf /shared/reach /shared/images/reach*")


@pytest.fixture
def run_with(site: LabSite, cluster: Cluster, reach: None) -> Callable[..., Document]:
    """`run_with("mesh")`: maya's job in a container that names these servers; what its page's data say."""

    def run(*servers: str, **changes: object) -> Document:
        places = {"ADDRESS": cluster.hosts["ctl"].address, "PORTAL": cluster.hosts["portal"].address}
        places |= {"NODE": cluster.hosts["node1"].address, "GATEWAY": cluster.network.gateway}
        code = REACH
        for name, address in places.items():
            code = code.replace(name, address)
        named = [{"name": one, "variable": "MESH_LICENCE"} for one in servers]
        name = "lab-" + "-".join(("with", *servers))
        site.publish(lab_analysis(name, code, image="reach", licence_servers=named) | changes)
        maya = site.client("maya")
        made = maya.submit(name, {"data": site.datasets["Zebrafish heart"][:1]}, {})
        (job,) = site.wait(maya, made)
        logs = {stream: maya.log(job["id"], stream=stream)["text"] for stream in ("stdout", "stderr")}
        return maya.job(job["id"]) | {"printed": logs["stdout"], "errors": logs["stderr"]}

    return run


def test_a_container_reaches_the_server_that_it_names_and_nothing_else(
    run_with: Callable[..., Document],
) -> None:
    job = run_with("mesh")
    assert job["state"] == "succeeded", job["sentence"] + job["errors"]
    assert job["runner"] == "It ran in a container."
    seen = json.loads(job["printed"])
    assert (seen["told"], seen["says"]) == (f"{NAMED}@ctl", f"licence of {NAMED}")
    assert seen["beside"] == f"licence of {BESIDE}"
    assert all("Error" in said or "gaierror" in said for said in seen["beyond"].values()), seen["beyond"]
    assert seen["links"] == ["lo"]
    assert seen["uid"] == 2001
    assert seen["processes"] < 10
    assert seen["sockets"] == []


def test_a_server_that_does_not_answer_is_told_in_the_jobs_failure(run_with: Callable[..., Document]) -> None:
    job = run_with("mesh", "away")
    assert (job["state"], job["cause"]) == ("failed", "licence"), job["sentence"] + job["errors"]
    assert "The licence server away (ctl, port 27090) does not answer" in job["sentence"]
    assert job["printed"] == ""
