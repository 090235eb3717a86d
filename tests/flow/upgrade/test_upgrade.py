"""What the previous release left at work, finished by this one."""

import hashlib
import json
import os
import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from upgraded import STOPPED, Left, ask, left

from portal.agent.jobtype import Published
from portal.daemon.parts import make_store
from portal.identity.device import Answer, decide, exchange
from portal.identity.tokens import find_token
from portal.jobs.models import Job
from portal.jobs.state import State
from portal.jobtype.model import JobType
from portal.migrations import upgrade

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

DONE, FAILED, CANCELLED = State.SUCCEEDED, State.FAILED, State.CANCELLED
SITUATIONS = [
    # What it is called in before.py, where it was, where it is now, tries, and the sentence.
    ("succeeded", "succeeded", DONE, 1, "a job that succeeded stays as it was"),
    ("failed", "failed", FAILED, 1, "a job that failed stays as it was"),
    ("failed, then succeeded", "succeeded", DONE, 2, "a job that was run again keeps both of its tries"),
    ("cancelled", "cancelled", CANCELLED, 1, "a job that was cancelled stays as it was"),
    (
        "cancelled while it waited",
        "cancelled",
        CANCELLED,
        0,
        "a job that was cancelled while it waited never runs",
    ),
    ("running", "running", DONE, 1, "a job that ran on under the old supervisor is collected"),
    ("running for long", "running", DONE, 1, "a second one beside it is collected, too"),
    ("running to the end unseen", "running", DONE, 1, "a job that ended while no daemon lived is collected"),
    ("running with a wish to cancel", "running", CANCELLED, 1, "a wish to cancel that nobody had carried out is"),
    (
        "pending",
        "pending",
        DONE,
        1,
        "a job of a batch in the old spool starts with the old order and the new launch",
    ),
    ("pending 2", "pending", DONE, 1, "the other job of that batch starts, too"),
    ("queued", "queued", DONE, 1, "a job that had not left the portal is handed over by the old job type"),
    ("held", "held", DONE, 1, "a job on hold is released when there is room"),
]


@pytest.mark.parametrize(
    ("name", "was", "becomes", "tries"), [case[:4] for case in SITUATIONS], ids=[case[4] for case in SITUATIONS]
)
def test_after_an_upgrade(house: Left, name: str, was: str, becomes: State, tries: int) -> None:
    before, job = house.before["jobs"][name], house.job(name)
    assert before["state"] == was
    assert job.state is becomes, house.said()
    assert len(job.attempts) == tries
    assert [attempt.id for attempt in job.attempts][: len(before["attempts"])] == before["attempts"]
    _is_registered_once(house, job)


def test_every_situation_is_looked_at(house: Left) -> None:
    assert set(house.before["jobs"]) == {case[0] for case in SITUATIONS}
    assert len(house.yard.results()) == sum(case[2] is DONE for case in SITUATIONS)


def test_every_program_ran_once_a_try(house: Left) -> None:
    starts = house.yard.starts()
    assert len(starts) == len(set(starts))


def test_every_result_is_what_the_store_sealed(house: Left) -> None:
    locations = [str(result.location).removeprefix("results:") for result in house.yard.results()]
    verified = make_store(house.yard.settings).verify(locations)
    assert [getattr(one, "intact", one) for one in verified] == [True] * len(locations)


def test_parameters_of_results_know_the_job_that_computed_them(house: Left) -> None:
    """Those that the old release filed, too: of them it was written down."""
    sources = [row.source for result in house.yard.results() for row in result.parameters]
    assert sources
    assert all(source.kind == "job" and source.job is not None for source in sources)


def test_every_address_of_the_old_pages_answers_as_it_did(house: Left) -> None:
    """A page, or where it is now. Its parts have moved: a page that is open asks in vain, and loads anew."""
    before = {path: answer["status"] for path, answer in house.before["answers"].items()}
    parts = {path for path in before if path.endswith("/live")}
    assert len(before) - len(parts) > 50
    now = {path: answer["status"] for path, answer in house.answers.items()}
    assert {path: now[path] for path in before if path not in parts} == {
        path: status for path, status in before.items() if path not in parts
    }
    browser = house.app().test_client()
    cookie = house.before["people"]["cookie"]
    browser.set_cookie(cookie["name"], cookie["value"])
    for path in parts:
        answer = browser.get(path, headers={"HX-Request": "true"})
        assert (answer.status_code, answer.headers.get("HX-Refresh")) == (404, "true"), path


def test_the_api_says_of_old_rows_what_it_said(house: Left) -> None:
    """A new version may say more, and never something else."""
    paths = [path for path in house.answers if _lasts(path, house)]
    assert len(paths) > 10
    for path in paths:
        said, now = (_without_wording(of[path]["json"]) for of in (house.before["answers"], house.answers))
        assert _within(said, now) == said, path


def test_what_the_scheduler_had_said_is_on_the_job_s_page_as_before(house: Left) -> None:
    """The documents `waiting`, `seen`, `testimony` and `progress` of old rows, read by the new code."""
    assert house.before["views"]
    for number, said in house.before["views"].items():
        if said["state"] in {"running", "succeeded"}:
            del said["sentence"]  # how long it takes, and took, is reckoned otherwise now
        assert _within(said, house.views[number]) == said, number
    waiting = house.before["jobs"]["pending"]
    assert waiting["waiting"]["reason"] in json.dumps(house.views[waiting["number"]])


def test_who_was_signed_in_still_is(house: Left) -> None:
    people = house.before["people"]
    app = house.app()
    assert ask(app, people, "/me")[0] == 200
    assert ask(app, people, "/api/v1/me")[1]["name"] == "maya"
    assert ask(app, people | {"token": people["revoked"]}, "/api/v1/me")[0] == 401


def test_a_program_that_had_asked_is_let_in(house: Left) -> None:
    database, codes, now = house.yard.database, house.before["people"]["device"], datetime.now(UTC)
    with database.read() as session:
        maya = find_token(session, house.before["people"]["token"], now=now).actor
    decide(database, maya, codes["user_code"], allow=True, address="127.0.0.1", now=now)
    with database.write() as session:
        told = exchange(session, codes["device_code"], now=now)
    assert told.answer is Answer.ALLOWED
    assert ask(house.app(), {"token": told.secret}, "/api/v1/me")[0] == 200


@pytest.mark.parametrize("name", STOPPED, ids=STOPPED.values())
def test_an_upgrade_while(world, name: str) -> None:
    found = left(world.installation, world.folder / name)
    try:
        upgrade(found.yard.settings.database)
        found.yard.until_ended(found.yard.daemon())
        (job,) = found.yard.jobs()
        assert job.state is State.SUCCEEDED, found.yard.tell()
        assert [event.to_state for event in job.events].count("succeeded") == 1
        assert found.yard.starts()[-1] == job.attempts[-1].id
        assert len(found.yard.starts()) == len(set(found.yard.starts()))
        assert len(found.yard.results()) == 1
        _is_registered_once(found, job)
    finally:
        found.yard.close()


def test_an_old_daemon_goes_on_while_its_files_are_replaced(world) -> None:
    """Ansible replaces code, then tables, and restarts last: until then old processes start new programs."""
    folder = world.folder / "alive"
    found, daemon = left(world.installation, folder), int((folder / "daemon.pid").read_text())
    try:
        found.yard.gate.touch()
        found.yard.wait(lambda: _states(folder) not in (["running", "pending"], ["collecting", "pending"]))
        found.yard.wait(lambda: all(State(state).final for state in _states(folder)))
        assert _states(folder) == ["succeeded", "succeeded"], (folder / "daemon-0.log").read_text()[-4000:]
        with closing(sqlite3.connect(_file(folder))) as connection:
            assert connection.execute("SELECT count(*) FROM dataset_picture").fetchone() == (2,)
    finally:
        os.kill(daemon, signal.SIGKILL)
        found.yard.close()


def test_job_types_that_the_old_release_published_are_read(world) -> None:
    """By the agent, which runs what was signed off then, and by pages, which show what a job ran with."""
    shipped = world.folder / "sqlite" / "shipped"
    published = list(shipped.glob("*/*.json"))
    assert len(published) >= 4
    for path in published:
        wanted = {"name": path.parent.name, "revision": f"sha256:{path.stem}"}
        assert Published(shipped).load(wanted).program
        assert JobType.model_validate(json.loads(path.read_bytes())).name == path.parent.name


def _is_registered_once(house: Left, job: Job) -> None:
    """A job that succeeded has one result, of its last try, whose files have the recorded checksums."""
    if job.state is not State.SUCCEEDED:
        assert not job.outputs
        return
    (output,) = job.outputs
    assert output.attempt_id == job.attempts[-1].id
    result = next(result for result in house.yard.results() if result.id == output.dataset_id)
    folder = house.yard.settings.results / str(result.location).removeprefix("results:")
    assert [file.name for file in result.datafiles] == ["count.txt"]
    for file in result.datafiles:
        content = Path(folder, str(file.location)).read_bytes()
        assert file.checksum == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert content in (b"1234", b"at last")


def _lasts(path: str, house: Left) -> bool:
    """Whether what an address of the API says does not hang on the clock: data, and jobs that have ended."""
    status, document = (house.before["answers"][path][key] for key in ("status", "json"))
    if status != 200 or document is None:
        return False
    if path.startswith("/api/v1/jobs/"):
        return bool(document.get("final"))
    return path.startswith(("/api/v1/datasets/", "/api/v1/experiments", "/api/v1/analyses"))


def _without_wording(answer: Any) -> Any:
    """The answer without the sentence about a variant: its figures stand beside it, and must be the same.

    PREVIOUS worded sizes in two ways ("60 minutes" here, "1 hour" on a job's page); now there is one.
    """
    if isinstance(answer, dict):
        if "presets" in answer:  # since then one's last time, and what is kept, stand behind the analysis's own
            own = [one for one in answer["presets"] if one["name"] != "last" and "/" not in one["name"]]
            answer = {**answer, "presets": own}
        told = {"cpus", "memory_mb", "time_s", "words"} <= answer.keys()
        left_out = {"words"} if told else set()
        if str(answer.get("sentence", "")).startswith("Done in "):
            left_out.add("sentence")  # it was how long running and filing took, and is how long it ran
        if answer.get("text") == "" and "note" in answer:
            left_out.add("note")  # of a log that stayed empty: it said nothing, and says so in words now
        return {key: _without_wording(value) for key, value in answer.items() if key not in left_out}
    return [_without_wording(value) for value in answer] if isinstance(answer, list) else answer


def _within(said: Any, now: Any) -> Any:
    """`now` without the keys that `said` does not have, at any depth."""
    if isinstance(said, dict) and isinstance(now, dict):
        return {key: _within(said[key], value) for key, value in now.items() if key in said}
    if isinstance(said, list) and isinstance(now, list) and len(said) == len(now):
        return [_within(*pair) for pair in zip(said, now, strict=True)]
    return now


def _file(folder: Path) -> Path:
    return folder / "var" / "gantry.sqlite3"


def _states(folder: Path) -> list[str]:
    """The jobs' states; the old daemon's tables are none of the new models'."""
    with closing(sqlite3.connect(_file(folder))) as connection:
        return [state for (state,) in connection.execute("SELECT state FROM job ORDER BY id")]
