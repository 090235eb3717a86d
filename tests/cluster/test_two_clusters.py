"""Two Slurm clusters side by side, each with its controller: what is said of one is not believed of the other."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import annex
import pytest
import requests
from conftest import Submit
from fate import counted, final, now, running, states, until
from hosts.cluster import Cluster
from lab_site import Gate, LabSite
from test_outages import stopped

from portal.client.http import Document

HERE, THERE = "lab-count", annex.ELSEWHERE
LOOKS_ROUND_S = 5
"""Several rounds of the daemon."""


@pytest.fixture(scope="module")
def before(site: LabSite) -> Iterator[tuple[Document, Gate]]:
    """A job of maya's that the lab's Slurm runs since before there was an annex, and the gate that it waits for.

    From here on there is one, and its next job has the number of this one.
    """
    with site.gate() as gate:
        made = site.client("maya").submit(
            HERE, {"data": site.datasets["Zebrafish heart"][:1]}, {"gate": gate.path}
        )
        number = int(until(site, made, running)["cluster_job"])
        with annex.beside(site, number):
            yield made, gate


@pytest.fixture(scope="module")
def staff(site: LabSite) -> requests.Session:
    """The browser of one who sees the Facility page."""
    return site.pages("sam")


def facility(site: LabSite, staff: requests.Session) -> str:
    """What the Facility page says, without its markup."""
    page = staff.get(f"{site.url}/facility")
    assert page.status_code == 200, page.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.text))


def succeeded(site: LabSite, made: Document) -> Document:
    """The job at its good end, with its one result filed."""
    job = until(site, made, final)
    assert (job["state"], job["tries"], counted(site, job["attempt"])) == ("succeeded", 1, 1), job["sentence"]
    return job


def test_a_job_goes_where_its_job_type_is_named_and_only_there_it_is_ended(
    site: LabSite, cluster: Cluster, submit: Submit, before: tuple[Document, Gate]
) -> None:
    here, _gate = before
    with site.gate() as never:
        there = submit("maya", analysis=THERE, gate=never.path)
        stays, ends = until(site, here, running), until(site, there, running)
        assert (stays["cluster"], ends["cluster"], ends["node"]) == ("gantry", "annex", annex.NODE)
        number = ends["cluster_job"]
        assert stays["cluster_job"] == number, "both have one number, so that a mistake would show"
        asked = ("squeue", "--noheader", f"--jobs={number}", "--format=%u %N %T")
        assert annex.ask(cluster, *asked).stdout.split() == ["maya", annex.NODE, "RUNNING"]
        site.client("maya").cancel(ends["number"])
        ended = until(site, there, final)
        assert (ended["state"], counted(site, ended["attempt"])) == ("cancelled", 0)
        assert "RUNNING" not in annex.ask(cluster, *asked).stdout
    assert cluster.hosts["ctl"].run(*asked).stdout.split()[::2] == ["maya", "RUNNING"]
    assert now(site, here)["state"] == "running"


def test_both_file_results_and_the_facility_page_shows_each(
    site: LabSite, submit: Submit, before: tuple[Document, Gate], staff: requests.Session
) -> None:
    made = {name: submit("tom", analysis=name) for name in (HERE, THERE)}
    assert {name: succeeded(site, one)["cluster"] for name, one in made.items()} == {
        HERE: "gantry",
        THERE: "annex",
    }
    site.until(lambda: "Nodes of annex" in facility(site, staff))
    page = facility(site, staff)
    assert re.search(r"gantry Answers since .* annex Answers since", page), page
    nodes = {name: page.split(f"Nodes of {name}")[1].split("Partitions of")[0] for name in ("gantry", "annex")}
    found = {name: set(re.findall(r"\b(?:node|annex)\d", text)) for name, text in nodes.items()}
    assert found == {"gantry": {"node1", "node2"}, "annex": {annex.NODE}}


@contextmanager
def annex_is_silent(cluster: Cluster) -> Iterator[None]:
    """Its controller is down. What runs on its node goes on."""
    annex.controller_down(cluster)
    try:
        yield
    finally:
        annex.controller_up(cluster)


@pytest.mark.parametrize(("silent", "speaks"), [("annex", "gantry"), ("gantry", "annex")])
def test_while_one_is_silent_the_other_works_on(
    silent: str,
    speaks: str,
    site: LabSite,
    cluster: Cluster,
    submit: Submit,
    before: tuple[Document, Gate],
    staff: requests.Session,
) -> None:
    jobtypes = {"gantry": HERE, "annex": THERE}
    away = annex_is_silent(cluster) if silent == "annex" else stopped(cluster.hosts["ctl"], "slurmctld")
    with site.gate() as gate:
        runs = submit("maya", analysis=jobtypes[silent], gate=gate.path)
        job = until(site, runs, running)
        with away:
            # It ends on its node meanwhile; the portal does not hear of it.
            gate.open()
            site.until(site.result_of(job).exists)
            said = f"The cluster {silent} has not answered since"
            site.until(lambda: said in facility(site, staff))
            page = facility(site, staff)
            assert re.search(rf"{silent} Silent", page) and re.search(rf"{speaks} Answers", page), page
            assert f"The cluster {speaks} has not answered" not in page
            assert f"cluster {silent} has not answered" in now(site, runs)["sentence"]
            waits = submit("maya", analysis=jobtypes[silent])
            assert succeeded(site, submit("maya", analysis=jobtypes[speaks]))["cluster"] == speaks
            told = until(site, waits, lambda one: "handed over when the cluster" in one["sentence"])
            assert told["cluster_job"] is None
            moves = states(site)
            time.sleep(LOOKS_ROUND_S)
            assert states(site) == moves, "silence is no news of a job"
            assert now(site, runs)["state"] == "running"
    for made in (runs, waits):
        assert succeeded(site, made)["cluster"] == silent
    site.until(lambda: said not in facility(site, staff))


def test_what_ran_before_there_were_two_ends_right(site: LabSite, before: tuple[Document, Gate]) -> None:
    here, gate = before
    gate.open()
    assert succeeded(site, here)["cluster"] == "gantry"
