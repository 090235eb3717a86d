"""A program that refuses what it was given: its own words are the job's, on every way to the person who asked."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import numpy as np
import pytest
import tifffile
import yaml
from job_yard import COUNT, REPOSITORY, Yard, analysis
from registering import register

from portal.app import create_app
from portal.identity.models import Person
from portal.identity.sessions import open_session
from portal.jobs.state import State
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import submit
from portal.web.signed_in import COOKIE

LIGHTSHEET = yaml.safe_load((REPOSITORY / "jobtypes/lightsheet-deconvolution.yaml").read_text())
REFUSE = (
    COUNT
    + """
with open("events.jsonl", "a") as events:
    said = "No <b>volume</b>.” All is lost. " + chr(27) + "[2J" + chr(0x202e) + "x" * 9000
    events.write(json.dumps({"refused": said}) + "\\n")
raise SystemExit(2)
"""
)
CUT = REFUSE.replace("said})", "said})[:-1]")
LATER = REFUSE.replace(
    "raise SystemExit(2)", 'open("events.jsonl", "a").write("no event\\n")\nraise SystemExit(2)'
)


def browser(yard: Yard):
    """A browser in which Maya is signed in."""
    client = create_app(yard.settings, database=yard.database).test_client()
    with yard.database.write() as session:
        person = session.get_one(Person, yard.facility.actors["maya"].person_id)
        client.set_cookie(
            COOKIE, open_session(session, person, now=datetime.now(UTC), lifetime=timedelta(hours=1))
        )
    return client


def as_read(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_a_shipped_analysis_says_on_the_page_why_it_refused(yard_with):
    yard = yard_with(LIGHTSHEET)
    path = yard.settings.roots["demo"].path / "dim.tif"
    tifffile.imwrite(path, np.full((4, 12, 14), 7, np.uint16), photometric="minisblack")
    dataset = register(yard, path)
    options = {"background": 50, "sigma_xy": 0.1, "sigma_z": 0.1, "voxel_xy": 0.2, "voxel_z": 0.5}
    with yard.database.write() as session:
        submit(
            session,
            yard.facility.actors["maya"],
            SubmitRequest("lightsheet-deconvolution", {"stack": [dataset]}, options),
            jobtypes=yard.jobtypes,
            settings=yard.settings,
            now=datetime.now(UTC),
        )
    daemon = yard.daemon()
    (job,) = yard.until_ended(daemon)
    words = (
        "The program says: “No voxel of the stack is brighter than the background, 50.” Your dataset is unchanged."
    )
    assert (job.state, job.cause, job.cause_words) == (State.FAILED, "refused by program", words), yard.tell()
    client = browser(yard)
    assert words in as_read(client.get(f"/jobs/{job.number}").text)
    assert words in as_read(client.get("/jobs").text)
    yard.until(daemon, lambda: words in as_read(client.get("/notices").text), 30)


def test_what_a_program_says_is_text_of_bounded_length_between_marks_of_the_portals(yard_with):
    yard = yard_with(analysis("refuse", REFUSE))
    yard.submit("refuse")
    (job,) = yard.until_ended(yard.daemon())
    assert (job.state, job.cause) == (State.FAILED, "refused by program"), yard.tell()
    start = "The program says: “No <b>volume</b>.’ All is lost. �[2J�xxx"
    assert job.cause_words.startswith(start)
    assert job.cause_words.endswith("xxx…” Your dataset is unchanged.")
    assert len(job.cause_words) < 1100
    page = browser(yard).get(f"/jobs/{job.number}").text
    assert "“No &lt;b&gt;volume&lt;/b&gt;.’ All is lost." in page
    assert "<b>volume" not in page


@pytest.mark.parametrize("code", [LATER, CUT], ids=["not last", "cut off"])
def test_a_refusal_that_is_none_costs_nothing(yard_with, code: str):
    yard = yard_with(analysis("refuse", code))
    yard.submit("refuse")
    (job,) = yard.until_ended(yard.daemon())
    assert (job.state, job.cause) == (State.FAILED, "exit code"), yard.tell()
    assert job.cause_words.startswith("The program stopped with an error.")
