"""`./run demo`: prepare what is missing, start web and daemon, say where and who, end cleanly."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from sqlalchemy import select

from portal.config import Settings
from portal.config.settings import NOT_SETTINGS
from portal.db import Database
from portal.demo.first_jobs import submit_first_jobs
from portal.demo.lock import LOCK, taken
from portal.demo.prepare import is_demo, prepare, settings_of
from portal.demo.processes import Portal, free_port
from portal.identity.models import Person
from portal.jobs.models import Job
from portal.jobs.state import State
from portal.jobtype.load import load_folders, shipped_folder

BAR = 30
USUAL_PORT = 8080


class Stopped(Exception):  # noqa: N818 - a wish, not an error
    """Somebody wanted the demo to end, and this is a good place."""


class Stop:
    """Ctrl-C or SIGTERM, kept until a good place to heed it.

    A handler that raised would do so in the middle of anything: in a connection's closing that swallows it, or
    between a lock's taking and its release.
    """

    def __init__(self) -> None:
        self.wanted = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        self.wanted = True

    def heed(self) -> None:
        """Raise Stopped if somebody wants the demo to end."""
        if self.wanted:
            raise Stopped


def run(var: Path, *, port: int | None, reset: bool) -> int:
    """Run the demo until Ctrl-C; the exit code."""
    stop = Stop()
    _tell_unheeded(os.environ)
    chosen = _port(port)
    _check_ours(var)
    with taken(var):
        return _run_here(var, chosen, reset, stop)


def _run_here(var: Path, port: int, reset: bool, stop: Stop) -> int:
    def bar(name: str, fraction: float) -> None:
        stop.heed()
        _bar(name, fraction)

    try:
        if reset:
            _forget(var)
        settings, config = settings_of(var, port=port)
        _say("Preparing the demo facility …")
        if prepare(settings, bar):
            _say(f"\r{'The facility is ready.':<70}")
        stop.heed()
    except (Stopped, BrokenProcessPool):  # a signal to all of us ends those that make the data, too
        if not stop.wanted:
            raise
        _say("\nStopped before it was ready. What is missing is made at the next start.")
        return 0
    return _run(settings, Portal(settings, config), stop)


def _run(settings: Settings, portal: Portal, stop: Stop) -> int:
    try:
        with suppress(Stopped):
            portal.start(stop.heed)
            _first_jobs(settings)
            _welcome(settings, portal.url)
            while not stop.wanted:
                time.sleep(0.2)
                if complaint := portal.died():
                    _say(complaint)
                    return 1
        _say("\nEnding: no new job is started.")
        return 0
    finally:
        portal.stop_daemon()
        _still_running(settings)
        portal.stop()


def _port(wanted: int | None) -> int:
    """The port that was named, or the usual one, or the next that is free. Raises UnavailableError."""
    if wanted is not None:
        return free_port(wanted, tries=1)
    found = free_port(USUAL_PORT)
    if found != USUAL_PORT:
        _say(f"Somebody listens on port {USUAL_PORT}; taking {found}.")
    return found


def _forget(var: Path) -> None:
    """Remove an earlier demo, but for the lock that we hold; refuses any other folder."""
    _check_ours(var)
    for path in var.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)  # registered results are sealed against writing
    for path in [path for path in var.iterdir() if path.name != LOCK]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _check_ours(var: Path) -> None:
    """Refuse what holds anything else than a demo: it would be written among it, and --reset would remove all."""
    others = var.is_dir() and any(path.name != LOCK for path in var.iterdir())
    if others and not is_demo(var):
        raise SystemExit(
            f"{var.absolute()} is not a demo's folder: other things are in it. Nothing was changed. "
            "Name a new or an empty folder with --var."
        )


def _tell_unheeded(environ: Mapping[str, str]) -> None:
    """Settings in the environment that are not the demo's: said, so that nobody waits for them to work."""
    settings = sorted(name for name in environ if name.startswith("GANTRY_") and name not in NOT_SETTINGS)
    unheeded = [*(["GANTRY_CONFIG"] if "GANTRY_CONFIG" in environ else []), *settings]
    if unheeded := [name for name in unheeded if name != "GANTRY_VAR"]:
        _say(f"Not heeded by a demo, whose settings stand in its folder's gantry.toml: {', '.join(unheeded)}")


def _first_jobs(settings: Settings) -> None:
    database = Database(settings.database)
    try:
        jobtypes = load_folders(settings.jobtypes or (shipped_folder(),))
        with database.write() as session:
            submit_first_jobs(session, jobtypes=jobtypes, settings=settings, now=datetime.now(UTC))
    finally:
        database.dispose()


def _welcome(settings: Settings, url: str) -> None:
    database = Database(settings.database)
    with database.read() as session:
        people = session.scalars(select(Person).where(Person.active).order_by(Person.id)).all()
    database.dispose()
    lines = ["", f"  Gantry is at {url}", "", "  Sign in as one of these (a click, no password):"]
    lines += [f"    {person.full_name:<14} {person.blurb or ''}" for person in people]
    lines += ["", "  Jobs run on this machine as you, without a cluster. Ctrl-C ends it.", ""]
    _say("\n".join(lines))


def _still_running(settings: Settings) -> None:
    database = Database(settings.database)
    with database.read() as session:
        running = session.scalars(select(Job).where(Job.state == State.RUNNING).order_by(Job.id)).all()
        waiting = session.scalars(
            select(Job.id).where(Job.state.in_([State.QUEUED, State.PENDING, State.SUBMITTING]))
        ).all()
    database.dispose()
    for job in running:
        _say(f"  {job.number} “{job.title}” still runs; its result is filed at the next start.")
    if waiting:
        _say(f"  {len(waiting)} {'job waits' if len(waiting) == 1 else 'jobs wait'} for the next start.")
    if not running and not waiting:
        _say("  Nothing is running.")


def _bar(name: str, fraction: float) -> None:
    if sys.stderr.isatty():
        done = int(BAR * fraction)
        sys.stderr.write(f"\r  {'█' * done}{'░' * (BAR - done)} {fraction:4.0%}  {name:<36.36}")
        sys.stderr.flush()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
