"""What staff see of the cluster, and that looking costs Slurm nothing."""

import re

import pytest
from conftest import AsSomebody, Submit, WaitForJob
from database_rights import PSQL
from hosts.cluster import Cluster
from hosts.host import Host
from lab_site import LabSite

CLICKS = ("/", "/jobs", "/data", "/analyses", "/me", "/facility")


def asked(ctl: Host) -> dict[str, int]:
    """How many questions Slurm's controller was asked, by the account that asked."""
    told = ctl.run("sdiag").stdout
    by_user = told[told.index("statistics by user") :].split("\n\n", maxsplit=1)[0]
    return {user: int(count) for user, count in re.findall(r"^\s+(\S+)\s.*?count:(\d+)", by_user, re.MULTILINE)}


def test_the_facility_page_shows_the_nodes_and_what_is_wrong_with_one(site: LabSite, ctl: Host) -> None:
    sam = site.pages("sam")
    assert ctl.run("scontrol", "update", "NodeName=node2", "State=DRAIN", "Reason=fan is loud").returncode == 0
    try:
        site.until(lambda: "fan is loud" in sam.get(f"{site.url}/facility").text)
        page = " ".join(sam.get(f"{site.url}/facility").text.split())
    finally:
        ctl.run("scontrol", "update", "NodeName=node2", "State=RESUME")
    assert "2 nodes. 1 of them does not take jobs." in page
    assert re.search(r"Taken out for service.*?“fan is loud”, root", page)
    for words in ("node1", "main", "short", "Takes and starts jobs", "24 hours", "5 minutes", "GPUs"):
        assert words in page, words
    site.until(lambda: "2 nodes. All take jobs." in sam.get(f"{site.url}/facility").text)


@pytest.mark.parametrize("person", ["maya", "sam"])
def test_clicks_ask_slurm_nothing(
    site: LabSite, cluster: Cluster, ctl: Host, portal: Host, submit: Submit, wait_for_job: WaitForJob, person: str
) -> None:
    browser = site.pages(person)
    number = wait_for_job(submit("maya"))[0]["number"]
    assert portal.run("systemctl", "stop", "gantry-daemon").returncode == 0
    try:
        before = asked(ctl)
        assert before["gantry-daemon"] > 0, "the count counts"
        for page in (*CLICKS, f"/jobs/{number}"):
            assert browser.get(f"{site.url}{page}").status_code in {200, 403}, page
        after = asked(ctl)
    finally:
        portal.run("systemctl", "start", "gantry-daemon")
    for account in ("gantry-web", "gantry-daemon", "gantry-data", "maya", "sam"):
        assert after.get(account, 0) == before.get(account, 0), account


def test_the_database_has_refused_the_portal_nothing(portal: Host, as_somebody: AsSomebody) -> None:
    """In all that the tests made it do so far; what they tried in its place, they tried with psql, by name."""
    assert as_somebody("gantry-daemon", *PSQL, "SELECT FROM icat_grouping").returncode != 0
    log = portal.run("sh", "-c", "cat /var/log/postgresql/*.log").stdout
    refused = re.findall(r"^.* ERROR:  (?:permission denied|The (?:daemon|web tier) may).*$", log, re.MULTILINE)
    own = [line for line in refused if "@gantry psql ERROR:" in line]
    assert own, "the log tells of refusals"
    assert [line for line in refused if line not in own] == []
