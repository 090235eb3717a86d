"""What is away for a while takes nothing with it: Slurm, the database, room and files that all share."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests
from conftest import SignedIn, Submit
from fate import counted, final, now, running, states, until
from hosts.cluster import Cluster
from hosts.host import Host
from lab_site import LabSite

from portal.errors import UnavailableError


@contextmanager
def stopped(host: Host, unit: str, *parts: str) -> Iterator[None]:
    """A service that is away meanwhile, with its parts, of whose end its own stop would not wait."""
    assert host.run("systemctl", "stop", unit, *parts).returncode == 0
    try:
        yield
    finally:
        assert host.run("systemctl", "start", unit).returncode == 0


@contextmanager
def covered(host: Host, folder: str, *, unit: str = "", filled: bool = False) -> Iterator[None]:
    """A folder of the common file system is another, empty one, or (filled) one without any room.

    It is so for all of the host, or for a unit that runs, which has mounts of its own, and what the unit starts.
    """
    inside = "1"
    if unit:
        inside = host.run("systemctl", "show", "--property=MainPID", "--value", unit).stdout.strip()
        assert inside.isdigit() and inside != "0"
    enter = ("nsenter", "-t", inside, "-m", "--")
    like = host.run("stat", "-c", "%u %g %a", folder).stdout.split()
    words = f"size=64k,nr_inodes=200,uid={like[0]},gid={like[1]},mode={like[2]}"
    assert host.run(*enter, "mount", "-t", "tmpfs", "-o", words, "tmpfs", folder).returncode == 0
    try:
        if filled:
            host.run(*enter, "sh", "-c", 'head -c 100M /dev/zero >"$1/.filler"', "sh", folder)
        yield
    finally:
        assert host.run(*enter, "umount", "-l", folder).returncode == 0


SILENT = re.compile(r"The cluster has not answered since \d\d:\d\d")


@pytest.fixture(scope="module")
def maya(site: LabSite) -> requests.Session:
    """Maya's browser, signed in."""
    return site.pages("maya")


def test_while_slurm_is_away_people_work_and_no_job_moves(
    site: LabSite, cluster: Cluster, submit: Submit, maya: requests.Session
) -> None:
    with site.gate() as gate:
        before = submit("maya", gate=gate.path)
        job = until(site, before, running)
        number = job["number"]
        with stopped(cluster.hosts["ctl"], "slurmctld"):
            # The job ends on its node meanwhile; the portal does not hear of it.
            gate.open()
            site.until(site.result_of(job).exists)
            site.until(lambda: SILENT.search(maya.get(f"{site.url}/jobs/{number}").text))
            during = submit("maya", wait=0)
            banner = maya.get(f"{site.url}/").text
            assert re.search(r"The cluster has not answered since \d\d:\d\d. Nothing is lost", banner)
            for page in ("/data", "/jobs", "/analyses", "/me", f"/batches/{during['id']}"):
                assert maya.get(f"{site.url}{page}").status_code == 200, page
            told = until(site, during, lambda job: "handed over when the cluster answers" in job["sentence"])
            moves = states(site)
            time.sleep(10)
            assert states(site) == moves
            assert now(site, before)["state"] == "running"
            assert told["cluster_job"] is None
    first, second = until(site, before, final), until(site, during, final)
    assert (first["state"], second["state"]) == ("succeeded", "succeeded")
    assert (first["tries"], counted(site, first["attempt"])) == (1, 1)
    assert counted(site, second["attempt"]) == 1
    site.until(lambda: not SILENT.search(maya.get(f"{site.url}/").text))


def test_while_the_database_is_away_pages_say_so_and_nothing_is_lost(
    site: LabSite, portal: Host, submit: Submit, signed_in: SignedIn, maya: requests.Session
) -> None:
    with site.gate() as gate:
        before = submit("maya", gate=gate.path)
        job = until(site, before, running)
        with stopped(portal, "postgresql", "postgresql@*"):
            page = maya.get(f"{site.url}/jobs")
            assert page.status_code == 503, page.text
            assert "database does not answer" in page.text
            assert "Traceback" not in page.text
            with pytest.raises(UnavailableError):
                signed_in("maya").me()
            gate.open()
            site.until(site.result_of(job).exists)
            time.sleep(10)  # the job has ended, and nobody can write it down
            assert portal.run("systemctl", "is-active", "gantry-daemon").stdout.strip() == "active"
    site.until(lambda: maya.get(f"{site.url}/jobs").status_code == 200)
    job = until(site, before, final)
    assert (job["state"], job["tries"], counted(site, job["attempt"])) == ("succeeded", 1, 1)
    after = until(site, submit("maya"), final)
    assert after["state"] == "succeeded"


def test_a_result_waits_for_room_in_the_store(site: LabSite, portal: Host, submit: Submit) -> None:
    with covered(portal, "/shared/results", filled=True):
        made = submit("maya")
        told = until(site, made, lambda job: job["state"] == "collecting" and "tried again" in job["sentence"])
    job = until(site, made, final)
    assert (job["state"], job["tries"], counted(site, job["attempt"])) == ("succeeded", 1, 1), told["sentence"]


def test_a_job_waits_for_room_in_the_folder_of_attempts(site: LabSite, portal: Host, submit: Submit) -> None:
    with covered(portal, "/shared/scratch", unit="gantry-daemon", filled=True):
        made = submit("maya")
        told = until(site, made, lambda job: "tried again" in job["sentence"])
        assert told["cluster_job"] is None
    job = until(site, made, final)
    assert (job["state"], counted(site, job["attempt"])) == ("succeeded", 1), told["sentence"]


def test_files_that_show_late_are_waited_for(site: LabSite, portal: Host, submit: Submit) -> None:
    with site.gate() as gate:
        made = submit("maya", gate=gate.path)
        job = until(site, made, running)
        with covered(portal, f"/shared/scratch/{job['attempt']}", unit="gantry-daemon"):
            gate.open()
            told = until(site, made, lambda job: "has not shown yet" in job["sentence"])
            assert told["state"] == "running"
    job = until(site, made, final)
    assert (job["state"], job["tries"], counted(site, job["attempt"])) == ("succeeded", 1, 1)


@pytest.fixture
def mayas_agent_hangs(portal: Host) -> Iterator[Callable[[], None]]:
    """Whatever runs as Maya on the portal's host stands still, as on a file system that does not answer."""
    script = "for _ in $(seq 1500); do pkill -STOP -u maya; sleep 0.02; done"
    unit = "hang-maya"
    assert (
        portal.run("systemd-run", "--unit", unit, "--collect", "-p", "Nice=-10", "sh", "-c", script).returncode
        == 0
    )

    def go_on() -> None:
        portal.run("systemctl", "stop", unit)
        portal.run("pkill", "-CONT", "-u", "maya")
        portal.run("pkill", "-CONT", "-x", "sudo")  # it stops with what it started

    yield go_on
    go_on()


def test_a_file_system_that_hangs_delays_nobody_else_and_loses_nothing(
    site: LabSite, portal: Host, submit: Submit, mayas_agent_hangs: Callable[[], None]
) -> None:
    hers = submit("maya")
    site.until(lambda: portal.run("pgrep", "-u", "maya", "-f", "gantry-agent").returncode == 0)
    others = submit("ines")
    until(site, others, lambda job: job["cluster_job"] is not None)
    # Her agent stood still all the while; nobody else waited for it, and nothing more is asked of it.
    assert (now(site, hers)["state"], now(site, hers)["cluster_job"]) == ("submitting", None)
    more = submit("maya")
    told = until(site, more, lambda job: "does not answer for this account" in job["sentence"])
    assert (told["state"], told["tries"]) == ("queued", 0)
    mayas_agent_hangs()
    for made in (hers, others, more):
        job = until(site, made, final)
        assert (job["state"], job["tries"], counted(site, job["attempt"])) == ("succeeded", 1, 1)
