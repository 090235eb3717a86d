"""A portal that the previous release left, read and driven by this checkout's code."""

import json
import subprocess
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from job_yard import Yard
from previous_release import Installation, plain_environment
from small_facility import SmallFacility

from portal.app import create_app
from portal.config import load_settings
from portal.db import Database
from portal.jobs.models import Job
from portal.jobs.read import job_view
from portal.jobs.state import UNFINISHED
from portal.jobtype.load import load_folders

STOPPED = {
    "dispatch-claimed": "an attempt was written down and nothing had left the portal",
    "agent-folder-made": "the attempt's folder was there and nothing was submitted",
    "agent-submitted": "the scheduler had the job and nobody had heard so",
    "collect-started": "collecting had begun and nothing was copied",
    "store-copied": "the outputs were copied and not yet sealed",
    "collect-stored": "the store had the outputs and the catalogue had not",
    "collect-registered": "the result was registered and the job was still being collected",
}
"""Where a job may be when all of the old release stops at once, by the failpoint at which it did."""
ADMIN_UPGRADE = "import sys; from portal.cli.main import main; sys.argv = ['gantry', 'admin', 'upgrade']; main()"


@dataclass
class Left:
    """A portal that the old release left, seen by the new code."""

    yard: Yard
    installation: Installation
    before: dict[str, Any]
    """What the old code said of it."""
    answers: dict[str, Any] = field(default_factory=dict)
    """What the new code answers at the old code's addresses, before a new daemon has touched anything."""
    views: dict[str, Any] = field(default_factory=dict)
    """What a job's page says, by the job's number, at that time."""

    def start_daemon(self) -> None:
        """A daemon of the code that is installed now, as a unit starts it; it ends with the yard."""
        with (self.yard.folder / "new-daemon.log").open("wb") as log:
            environment = plain_environment() | {"GANTRY_CONFIG": str(self.yard.folder / "gantry.toml")}
            command = [self.installation.python, "-I", "-m", "portal.daemon"]
            process = subprocess.Popen(command, cwd="/", env=environment, stdout=log, stderr=log)
        self.yard.processes.append(process)

    def said(self) -> str:
        """The end of the new daemon's log, for a failing test."""
        return (self.yard.folder / "new-daemon.log").read_text()[-3000:]

    def app(self) -> Flask:
        """The new web application on its database."""
        made = create_app(self.yard.settings, database=self.yard.database)
        made.config["RATELIMIT_ENABLED"] = False
        return made

    def upgrade_database(self) -> None:
        """`gantry admin upgrade`, as an operator runs it."""
        environment = plain_environment() | {"GANTRY_CONFIG": str(self.yard.folder / "gantry.toml")}
        command = [self.installation.python, "-I", "-c", ADMIN_UPGRADE]
        done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def look(self) -> None:
        """Ask for every page, and read every job, as they stand now."""
        app, now = self.app(), datetime.fromisoformat(self.before["now"])
        for path, answer in self.before["answers"].items():
            # A page may have moved: it is where its old address leads.
            status, document = ask(app, self.before["people"], path, follow=answer["status"] == 200)
            self.answers[path] = {"status": status, "json": document}
        with self.yard.database.read() as session:
            for job in session.query(Job):
                view = asdict(job_view(job, now, status=None))
                self.views[job.number] = json.loads(json.dumps(view, default=str))

    def unfinished(self) -> int:
        """How many jobs have not ended."""
        with self.yard.database.read() as session:
            return session.query(Job).filter(Job.state.in_(UNFINISHED)).count()

    def job(self, name: str) -> Job:
        """A job by the name that the old code gave it."""
        number = self.before["jobs"][name]["id"]
        return next(job for job in self.yard.jobs() if job.id == number)


def ask(app: Flask, people: dict[str, Any], path: str, *, follow: bool = False) -> tuple[int, Any]:
    """Ask a page with Maya's cookie, the API with her token; both are the old release's."""
    browser = app.test_client()
    headers = {"Authorization": f"Bearer {people['token']}"} if path.startswith("/api/") else {}
    if not headers:
        browser.set_cookie(people["cookie"]["name"], people["cookie"]["value"])
    answer = browser.get(path, headers=headers, follow_redirects=follow)
    return answer.status_code, answer.get_json() if headers and answer.is_json else None


def left(installation: Installation, folder: Path) -> Left:
    """The portal in a folder, read by the new code; its settings file is the old one."""
    before = json.loads((folder / "before.json").read_text())
    settings = load_settings({"GANTRY_CONFIG": str(folder / "gantry.toml")})
    yard = Yard(
        folder,
        settings,
        Database(settings.database),
        SmallFacility(),
        load_folders(settings.jobtypes),
        before["stack"],
    )
    return Left(yard, installation, before)
