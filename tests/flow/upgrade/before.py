"""What the previous release leaves behind. Its own code runs this: every import of portal is the old one's.

    python before.py house FOLDER DATABASE    a facility in the middle of its work; its daemon is killed
    python before.py stopped FOLDER NAME…     a portal for each failpoint, whose daemon dies there
    python before.py alive FOLDER             a daemon that goes on, beneath which the code is replaced

Each folder gets `before.json`: what the tests of the new code compare with. This file follows PREVIOUS: when that
moves, the names of that release are used here.
"""

import json
import os
import re
import signal
import sys
import traceback
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from job_yard import COUNT, Yard, analysis, make_yard
from sqlalchemy import select

from portal.agent import client as agent_client
from portal.app import create_app
from portal.identity import device
from portal.identity.models import Person
from portal.identity.sessions import open_session
from portal.identity.tokens import create_token, list_tokens, revoke_token
from portal.jobs import service
from portal.jobs.models import Job, Submission
from portal.jobs.read import job_view
from portal.jobs.state import State
from portal.jobtype.load import load_folders, shipped_folder
from portal.jobtype.publish import publish
from portal.store import client as store_client
from portal.web.assets import Assets
from portal.web.signed_in import COOKIE

# Fails with exit code 3, the first time only where its gate names a file that it then makes.
FAILS = """
import os, json, sys, pathlib
gate = json.load(open(os.environ["GANTRY_JOB"]))["options"]["gate"]
if gate and os.path.exists(gate):
    pathlib.Path("output").mkdir(exist_ok=True)
    pathlib.Path("output", "count.txt").write_text("at last")
    sys.exit(0)
if gate:
    pathlib.Path(gate).touch()
print("It does not work.", file=sys.stderr)
sys.exit(3)
"""

# A picture beside the result: it is drawn anew by a child when the result is collected.
DRAWS = (
    COUNT
    + """
import base64
(out / "previews").mkdir()
(out / "previews" / "dot.png").write_bytes(base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGPkrNBgYGBgYmBgYGBgAAAH9wCtn6+NjgAAAABJRU5ErkJggg=="))
(out / "metadata.json").write_text(json.dumps({"schema": 1, "summary": "Counted bytes",
    "parameters": [{"name": "bytes", "value": total, "units": "B"}],
    "previews": [{"file": "previews/dot.png", "role": "thumbnail", "caption": "A dot"}]}))
"""
)

FAST = {"idle_s": 0.05, "poll_s": 0.1, "late_result_s": 1.0, "lost_s": 5.0, "lease_s": 1.5}
UNFINISHED_BEFORE_HELD = 8


ROOM = {"cpus": 1, "memory_mb": 256, "time_s": 3600}
"""What each job asks for: it is its gate, and not the clock, that ends it."""


def the_yard(folder: Path, **settings: Any) -> Yard:
    """A yard of the old release in its folder, with the analyses `draws` and `fails`."""
    folder.mkdir(parents=True, exist_ok=True)
    resources = {"default": "small", "variants": [{"name": "small", "label": "Small"} | ROOM]}
    analyses = [analysis(name, code, resources=resources) for name, code in (("draws", DRAWS), ("fails", FAILS))]
    return make_yard(folder, *analyses, daemon=FAST, **settings)


def house(folder: Path, database: str) -> None:
    """Jobs in every state that lasts, people who are signed in, pages that have been looked at."""
    yard = the_yard(
        folder,
        database_url=database,
        local={"slots": 4, "memory_mb": 4096},
        limits={"queued_per_person": UNFINISHED_BEFORE_HELD},
    )
    second = yard.stack_again("second")
    daemon = yard.start_daemon()

    def ask(title: str, jobtype: str = "draws", *datasets: int, gate: str = "") -> str:
        options = {"gate": str(folder / gate)} if gate else {}
        return yard.submit(jobtype, *datasets, title=title, options=options)

    def of(title: str) -> Job:
        return next(job for job in yard.jobs() if job.submission.title == title)

    def are(state: State, *titles: str) -> bool:
        with yard.database.read() as session:
            query = select(Submission.title, Job.state, Job.progress, Job.waiting).join(Job.submission)
            rows = [row for row in session.execute(query) if row.title in titles]
        # What runs has told how far it is, and what waits has been told why.
        told = state not in (State.RUNNING, State.PENDING) or all(row.progress or row.waiting for row in rows)
        return told and {row.state for row in rows} == {state}

    ask("succeeded")
    ask("failed", "fails")
    ask("failed, then succeeded", "fails", gate="tried")
    ask("cancelled", gate="never")
    yard.wait(lambda: are(State.FAILED, "failed, then succeeded") and are(State.RUNNING, "cancelled"))
    yard.change(service.retry, of("failed, then succeeded").id)
    yard.change(service.cancel, of("cancelled").id)
    yard.wait(lambda: are(State.SUCCEEDED, "succeeded", "failed, then succeeded") and are(State.FAILED, "failed"))
    yard.wait(lambda: are(State.CANCELLED, "cancelled"))

    running = ("running", "running to the end unseen", "running with a wish to cancel", "running for long")
    for title, gate in zip(running, ("gate", "unseen", "never", "gate"), strict=True):
        ask(title, gate=gate)
    yard.wait(lambda: are(State.RUNNING, *running))
    ask("pending", "draws", yard.stack, second)
    yard.wait(lambda: are(State.PENDING, "pending"))
    daemon.kill()
    daemon.wait()

    yard.change(service.cancel, of("running with a wish to cancel").id)
    (folder / "unseen").touch()
    unseen = of("running to the end unseen").attempt
    assert unseen is not None
    yard.wait(lambda: any(yard.settings.spool.glob(f"jobs/*-{unseen.id}/ending.json")))
    ask("queued")
    ask("cancelled while it waited")
    ask("held")
    yard.change(service.cancel, of("cancelled while it waited").id)
    publish(load_folders([shipped_folder()]), folder / "shipped")
    _tell(yard, _people(yard))


def _people(yard: Yard) -> dict[str, Any]:
    """Somebody who is signed in, her token, and a program that asks for one."""
    now = datetime.now(UTC)
    with yard.database.write() as session:
        maya = yard.facility.actors["maya"]
        person = session.get_one(Person, maya.person_id)
        cookie = open_session(session, person, now=now, lifetime=timedelta(days=1))
        _token, secret = create_token(session, maya, "laptop", ("read", "submit"), days=30, now=now)
        _token, revoked = create_token(session, maya, "lost", ("read",), days=30, now=now)
        asked = device.ask(session, "a program", ("read",), days=7, address="127.0.0.1", now=now)
    with yard.database.write() as session:
        lost = next(token for token in list_tokens(session, maya) if token.name == "lost")
        revoke_token(session, maya, lost.id, now=now)
    return {
        "cookie": {"name": COOKIE, "value": cookie},
        "token": secret,
        "revoked": revoked,
        "device": {"device_code": asked.device_code, "user_code": asked.user_code},
    }


def _tell(yard: Yard, people: dict[str, Any]) -> None:
    """Write `before.json`: rows in plain words, who may come in, and what addresses answered."""
    now = datetime.now(UTC)
    document = {
        "jobs": {
            _name(job): {
                "id": job.id,
                "number": job.number,
                "state": job.state.value,
                "attempts": [attempt.id for attempt in job.attempts],
                "waiting": job.waiting,
            }
            for job in yard.jobs()
        },
        "now": now.isoformat(),
        "views": _views(yard, now),
        "stack": yard.stack,
        "people": people,
        "answers": _answers(yard, people) if people else {},
    }
    (yard.folder / "gantry.toml").write_text(yard._toml())
    (yard.folder / "before.json").write_text(json.dumps(document, indent=1, default=str))


def _name(job: Job) -> str:
    """What the tests call it: its submission's title, and its place in a batch but for the first."""
    return job.submission.title + (f" {job.index + 1}" if job.index else "")


def _views(yard: Yard, now: datetime) -> dict[str, Any]:
    """What a job's page says of each job, by its number."""
    with yard.database.read() as session:
        jobs = session.query(Job).order_by(Job.id)
        return {job.number: asdict(job_view(job, now, status=None)) for job in jobs}


def _answers(yard: Yard, people: dict[str, Any]) -> dict[str, Any]:
    """Every address that can be asked for with what there is: its status, and the document where it is one."""
    Assets.file = lambda _self, name: f"dist/{name}"  # this release's front end is not built here
    app = create_app(yard.settings, database=yard.database)
    app.config["RATELIMIT_ENABLED"] = False
    browser, program = app.test_client(), app.test_client()
    browser.set_cookie(people["cookie"]["name"], people["cookie"]["value"])
    found: dict[str, Any] = {}
    for path in sorted(_addresses(app, yard)):
        api = path.startswith("/api/")
        headers = {"Authorization": f"Bearer {people['token']}"} if api else {}
        answer = (program if api else browser).get(path, headers=headers)
        found[path] = {"status": answer.status_code, "json": answer.get_json() if api and answer.is_json else None}
    return found


def _addresses(app: Any, yard: Yard) -> set[str]:
    """The addresses of pages and API, with real numbers in them."""
    result = next(dataset for dataset in yard.results() if dataset.pictures)
    file, picture = result.datafiles[0].id, result.pictures[0].id
    jobs = yard.jobs()
    batches = sorted({job.submission_id for job in jobs if job.index})
    numbers: dict[str, list[Any]] = {
        "job": [job.number for job in jobs],
        "job_id": [job.number for job in jobs],
        "dataset": [result.id, yard.stack],
        "dataset_id": [result.id, yard.stack],
        "file": [file],
        "file_id": [file],
        "picture": [picture],
        "picture_id": [picture],
        "experiment": [result.investigation_id],
        "investigation_id": [result.investigation_id],
        "submission": batches,
        "submission_id": batches,
        "name": ["draws"],
        "stream": ["stdout", "stderr"],
    }
    made = set()
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint == "static" or "<path:" in rule.rule:
            continue
        # Of a part of a page one is enough.
        whole = rule.rule.endswith(">")
        paths = [rule.rule]
        for word in re.findall(r"<(?:\w+:)?(\w+)>", rule.rule):
            chosen = numbers[word] if whole else numbers[word][:1]
            paths = [re.sub(rf"<(\w+:)?{word}>", str(one), path) for path in paths for one in chosen]
        made |= set(paths)
    return made


def stopped(folder: Path, names: list[str]) -> None:
    """A portal each whose daemon dies at that place, several side by side."""
    children = {}
    for name in names:
        pid = os.fork()
        if pid == 0:
            try:
                _die_at(folder / name, name)
            except BaseException:
                traceback.print_exc()
            os._exit(1)
        children[pid] = name
    for pid, name in children.items():
        status = os.waitpid(pid, 0)[1]
        assert os.WIFSIGNALED(status), f"{name} was not reached: {status}"
        assert os.WTERMSIG(status) == signal.SIGKILL, f"{name}: {status}"


def _die_at(folder: Path, name: str) -> None:
    yard = the_yard(folder)
    yard.submit("draws", title=name)
    _tell(yard, {})
    _call_no_more(agent_client)
    _call_no_more(store_client)
    os.environ |= {"GANTRY_FAILPOINT": name, "GANTRY_FAILPOINT_ONCE": str(folder / "reached")}
    yard.until_ended(yard.daemon())


def _call_no_more(module: Any) -> None:
    """Where a program that this daemon asked has died, the daemon dies with it: as if by one power cut."""
    really = module.call

    def call(*words: Any, **named: Any) -> Any:
        try:
            return really(*words, **named)
        except agent_client.AnswerLostError:
            os.kill(os.getpid(), signal.SIGKILL)
            raise

    module.call = call


def alive(folder: Path) -> None:
    """A daemon that goes on, with one job at work and one behind it that it has yet to start."""
    yard = the_yard(folder, local={"slots": 1, "memory_mb": 1024})
    for title in ("at work", "behind it"):
        yard.submit("draws", title=title, options={"gate": str(yard.gate)})
    daemon = yard.start_daemon()
    yard.wait(lambda: [job.state for job in yard.jobs()] == [State.RUNNING, State.PENDING])
    (folder / "daemon.pid").write_text(str(daemon.pid))
    _tell(yard, {})


def main() -> None:
    """Make what the first word names."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    assert Path(agent_client.__file__).is_relative_to(Path(sys.prefix).parent), "this is not the previous release"
    if what == "house":
        house(folder, sys.argv[3])
    elif what == "stopped":
        stopped(folder, sys.argv[3:])
    else:
        alive(folder)


if __name__ == "__main__":
    main()
