"""An upgrade beneath Slurm's jobs: what the previous release handed over ends right under this one.

The portal's host gets the previous release's code at the place where its own is, a database that this code makes,
and its settings; the nodes get its launch. Then everything is put back, as Ansible's tag `code` does it.
"""

import json
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO

import pytest
from hosts.cluster import Cluster
from hosts.host import Host
from lab_site import COUNT, DATASETS, PASSWORD, PYTHON, LabSite, lab_analysis
from previous_release import files_of_previous, git, previous_commit

NODES = ("node1", "node2")
LAUNCH = "/usr/libexec/gantry-launch"
OLD_LAUNCH = (
    '#!/bin/sh\nPYTHONPATH=/shared/previous PYTHONSAFEPATH=1 exec /usr/bin/python3 -m wrappers.launch "$@"\n'
)
FIRST_NUMBER = 500_000
"""Results lie by experiment and job number: another database's must not meet those that are there."""
DONE = "succeeded"

# The two files of settings as the previous release's roles wrote them for the lab. They stay through the upgrade.
CONFIG = """
var = "/var/lib/gantry"
scratch = "/shared/scratch"
results = "/shared/results"
images = "/shared/images"
published = "/var/lib/gantry/published"
publish = false
database_url = "postgresql+psycopg:///gantry?host=/run/postgresql"
jobtypes = ["/shared/previous/jobtypes"]
scheduler = "slurm"
site_name = "Gantry's lab"
[slurm]
cluster = "gantry"
everybody = true
max_array_size = 1001
[roots.data]
path = "/shared/previous/data"
[web]
base_url = "https://portal"
cookie_secure = true
trusted_proxies = 1
workers = 2
secret = "/var/lib/gantry/web/secret"
[agent]
command = ["/usr/bin/sudo", "-n", "-u", "{account}", "--", "/usr/libexec/gantry-agent"]
[store]
command = ["/usr/libexec/gantry-store"]
"""
AGENT = {
    "kind": "slurm",
    "slurm": {"cluster": "gantry", "max_array_size": 1001},
    "scratch": "/shared/scratch",
    "launch": [LAUNCH],
    "jobtypes": "/var/lib/gantry/published",
    "images": "/shared/images",
    "roots": {"data": "/shared/previous/data"},
    "results": "/shared/results",
}

HEAD = """
set -e
packages=$(echo /opt/gantry/venv/lib/python3*/site-packages) aside=/opt/gantry/aside
sql() { runuser -u postgres -- psql -qX -v ON_ERROR_STOP=1 "$@"; }
"""
BACK_IN_TIME = """
systemctl stop gantry-daemon gantry-publisher gantry-stager gantry-web.socket gantry-web
mkdir $aside
cp -p /etc/gantry/config.toml /etc/gantry/agent.json $aside
mv $packages/portal $packages/wrappers $aside
cp -r /shared/previous/portal /shared/previous/wrappers $packages
mkdir -p $packages/portal/web/static
cp -r $aside/portal/web/static/dist $packages/portal/web/static
cat /shared/previous/config.toml >/etc/gantry/config.toml
cat /shared/previous/agent.json >/etc/gantry/agent.json
sql -c 'ALTER DATABASE gantry RENAME TO gantry_aside' -c 'CREATE DATABASE gantry OWNER gantry'
gantry admin upgrade
sql -d gantry -c 'GRANT ALL ON ALL TABLES IN SCHEMA public TO "gantry-web", "gantry-daemon"' \
    -c 'GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO "gantry-web", "gantry-daemon"' \
    -c 'ALTER SEQUENCE job_id_seq RESTART WITH FIRST_NUMBER'
gantry admin jobtypes publish
systemctl start gantry-web.socket gantry-web gantry-daemon
"""
KILL = "systemctl kill --signal=KILL gantry-daemon; systemctl stop gantry-daemon"
UPGRADE = """
systemctl stop gantry-web.socket gantry-web
rm -r $packages/portal $packages/wrappers
mv $aside/portal $aside/wrappers $packages
/usr/local/libexec/gantry-database
gantry admin jobtypes publish
systemctl start gantry-web.socket gantry-web gantry-daemon gantry-publisher gantry-stager
"""
AS_IT_WAS = """
[ -d $aside ] || exit 0
systemctl stop gantry-daemon gantry-publisher gantry-stager gantry-web.socket gantry-web
if [ -d $aside/portal ]; then rm -rf $packages/portal; mv $aside/portal $packages; fi
if [ -d $aside/wrappers ]; then rm -rf $packages/wrappers; mv $aside/wrappers $packages; fi
cp -p $aside/config.toml $aside/agent.json /etc/gantry
if sql -At -c 'SELECT datname FROM pg_database' | grep -qx gantry_aside; then
    sql -c 'DROP DATABASE IF EXISTS gantry WITH (FORCE)' -c 'ALTER DATABASE gantry_aside RENAME TO gantry'
fi
rm -r $aside
systemctl start gantry-web.socket gantry-web gantry-daemon gantry-publisher gantry-stager
"""


class PreviousSite(LabSite):
    """The facility as the previous release has it, on the same hosts."""

    launches: Mapping[str, str] = {}
    """What batch scripts start on each node, as this checkout's roles made it."""

    def launch_of_now(self) -> None:
        """Batch scripts start this checkout's launch again, also those that wait already."""
        for name, text in self.launches.items():
            set_launch(self.cluster.hosts[name], text)

    def fill(self, datasets: int) -> None:
        """As in LabSite, by the previous release's own script."""
        (source,) = files_of_previous("tests/cluster/fill_facility.py").values()
        url = "postgresql+psycopg://gantry@/gantry?host=/run/postgresql"
        words = ("env", "GANTRY_CONFIG=/etc/gantry/config.toml", f"GANTRY_DATABASE_URL={url}", PYTHON, "-I", "-c")
        self.datasets = json.loads(self._root(*words, source, PASSWORD, str(datasets), timeout=600))

    def script(self, text: str) -> None:
        """Do this as root of the portal's host. Raises LabError if any of it fails."""
        self._root("sh", "-c", HEAD + text, timeout=300)

    def has_the_old_code(self) -> bool:
        """Whether the portal's environment has a module that only the previous release has."""
        return self.portal.run(PYTHON, "-I", "-c", "import portal.jobs.collect").returncode == 0

    def counted(self) -> dict[int, int]:
        """Job -> how many results of it the catalogue has."""
        query = "SELECT job_id, count(*) FROM job_output GROUP BY job_id"
        words = ("runuser", "-u", "postgres", "--", "psql", "-At", "-F", " ", "gantry", "-c", query)
        rows = (line.split() for line in self._root(*words).splitlines())
        return {int(job): int(count) for job, count in rows}


def bring_previous(cluster: Cluster) -> None:
    """The previous release's code and settings, and one job type, on the common file system."""
    folder = cluster.place.shared / "previous"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o755)
    with tarfile.open(fileobj=BytesIO(git("archive", previous_commit(), "--", "portal", "wrappers"))) as archive:
        archive.extractall(folder, filter="data")
    (folder / "data").mkdir()  # of its own: the other database's files are not written anew
    (folder / "jobtypes").mkdir()
    (folder / "jobtypes" / "lab-count.yaml").write_text(
        json.dumps(lab_analysis("lab-count", COUNT)), encoding="utf-8"
    )
    (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
    (folder / "agent.json").write_text(json.dumps(AGENT), encoding="utf-8")


def set_launch(node: Host, text: str) -> str:
    """What /usr/libexec/gantry-launch is on a node from now on; what it was."""
    was = node.run("cat", LAUNCH).stdout
    assert was
    assert node.run("sh", "-c", f'printf %s "$1" >{LAUNCH}', "sh", text).returncode == 0
    return was


@contextmanager
def drained(ctl: Host) -> Iterator[None]:
    """No node takes new jobs meanwhile; what runs there goes on."""
    change = ("scontrol", "update", f"nodename={','.join(NODES)}")
    assert ctl.run(*change, "state=drain", "reason=upgrade").returncode == 0
    try:
        yield
    finally:
        assert ctl.run(*change, "state=resume").returncode == 0


@pytest.fixture
def previous(cluster: Cluster, site: LabSite) -> Iterator[PreviousSite]:
    """The previous release at work; at the end everything is as it was before."""
    made = PreviousSite(cluster)
    bring_previous(cluster)
    made.launches = {name: set_launch(cluster.hosts[name], OLD_LAUNCH) for name in NODES}
    try:
        made.script(BACK_IN_TIME.replace("FIRST_NUMBER", str(FIRST_NUMBER)))
        made.fill(DATASETS)
        yield made
    finally:
        made.launch_of_now()
        made.script(AS_IT_WAS)
        for folder in (cluster.place.shared / "results").glob(f"*/J-{FIRST_NUMBER // 1000 + 1}*"):
            shutil.rmtree(folder)
        shutil.rmtree(cluster.place.shared / "previous")


def test_what_the_previous_release_gave_to_slurm_ends_right_under_this_one(
    previous: PreviousSite, cluster: Cluster
) -> None:
    site, maya, ours = previous, previous.client("maya"), previous.datasets["Zebrafish heart"]
    assert site.has_the_old_code()
    with site.gate() as later, site.gate() as unseen:
        running = maya.submit("lab-count", {"data": ours[:1]}, {"gate": later.path})
        ended = maya.submit("lab-count", {"data": ours[1:2]}, {"gate": unseen.path})
        for made in (running, ended):
            site.until(
                lambda made=made: _states(site, made) == ["running"], lambda made=made: site.tell(maya, made)
            )
        with drained(cluster.hosts["ctl"]):
            pending = maya.submit("lab-count", {"data": ours[2:5]}, {})
            site.until(lambda: _states(site, pending) == ["pending"] * 3, lambda: site.tell(maya, pending))
            site.script(KILL)
            unseen.open()
            (job,) = maya.submission(ended["id"])["jobs"]
            site.until(site.result_of(maya.job(job["number"])).exists)
            queued = maya.submit("lab-count", {"data": ours[5:6]}, {})
            said = [maya.job(job["number"]) for made in (pending, running, ended) for job in made["jobs"]]
            site.script(UPGRADE)
            site.launch_of_now()
            assert not site.has_the_old_code()
        later.open()
        every = [site.wait(maya, made) for made in (running, ended, pending, queued)]
    jobs = [maya.job(job["number"]) for made in every for job in made]
    assert [job["state"] for job in jobs] == [DONE] * 6, [job["sentence"] for job in jobs]
    assert [job["tries"] for job in jobs] == [1] * 6
    assert site.counted() == {job["id"]: 1 for job in jobs}
    # Slurm's jobs are those that the old release made, not new ones.
    assert {job["attempt"]: job["cluster_job"] for job in jobs[:5]} == {
        job["attempt"]: job["cluster_job"] for job in said
    }
    for job in jobs:
        (dataset,) = job["results"]
        (count,) = (file for file in maya.files(dataset) if file["name"] == "count.txt")
        assert count["checksum"].startswith("sha256:")


def _states(site: LabSite, made: dict) -> list[str]:
    return [job["state"] for job in site.client("maya").submission(made["id"])["jobs"]]
