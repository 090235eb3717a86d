"""The web application over a small facility: people, datasets with pictures and files, a job of Maya's."""

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial

import pytest
from database_roles import WEB, as_role, grant
from draft_desk import Desk
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from small_facility import SmallFacility, fill_small_facility
from sqlalchemy import func, select

from portal.app import create_app
from portal.catalogue.models import Datafile, Dataset, DatasetPicture
from portal.config import Settings, load_settings
from portal.db import Database
from portal.identity.models import Person
from portal.identity.people import HASHER
from portal.identity.sessions import open_session
from portal.jobs.models import JobEvent
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import submit
from portal.jobtype.load import JobTypes, load_folders, shipped_folder
from portal.notify.models import About, Notice
from portal.web.signed_in import COOKIE

PASSWORD = "correct horse battery"
REPORT = b"<!doctype html><script>fetch('/me')</script><h1>Quality</h1>"


@dataclass
class Site:
    """The application and what is in it."""

    app: Flask
    settings: Settings
    database: Database
    facility: SmallFacility
    job: int = 0
    submission: str = ""
    picture: int = 0
    file: int = 0
    report: int = 0
    notice: int = 0

    def client(self, name: str | None = None) -> FlaskClient:
        """A browser; with a name, signed in as that person."""
        client = self.app.test_client()
        if name is not None:
            with self.database.write() as session:
                person = session.get_one(Person, self.facility.actors[name].person_id)
                token = open_session(session, person, now=datetime.now(UTC), lifetime=timedelta(hours=1))
            client.set_cookie(COOKIE, token)
        return client


def csrf_of(client: FlaskClient, page: str = "/help") -> str:
    """The token that forms on this browser's pages carry."""
    html = client.get(page, follow_redirects=True).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert found, f"{page} has no form"
    return found.group(1)


@pytest.fixture(autouse=True)
def one_press(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes twice at once is one press of a button, however long a busy machine takes for it."""
    monkeypatch.setattr("portal.web.forms.again.ONE_PRESS", timedelta(minutes=5))


@pytest.fixture
def csrf() -> Callable[..., str]:
    """`csrf(client)`: the token for that browser's forms."""
    return csrf_of


@cache
def _shipped() -> JobTypes:
    return load_folders([shipped_folder()])


def _fill(site: Site) -> None:
    facility, settings = site.facility, site.settings
    folder = settings.roots["demo"].path / "heart"
    folder.mkdir()
    (folder / "stack.h5").write_bytes(bytes(range(256)) * 40)
    (folder / "report.html").write_bytes(REPORT)
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), (10, 200, 90)).save(buffer, "PNG")
    name = f"{hashlib.sha256(buffer.getvalue()).hexdigest()}.png"
    with site.database.write() as session:
        dataset = session.get_one(Dataset, facility.datasets["private"])
        dataset.location = "demo:heart"
        pictures = settings.pictures / str(dataset.id)
        pictures.mkdir(parents=True)
        (pictures / name).write_bytes(buffer.getvalue())
        picture = DatasetPicture(
            dataset_id=dataset.id, name="xy", role="thumbnail", path=f"{dataset.id}/{name}", width=40, height=30
        )
        files = []
        for file in ("stack.h5", "report.html"):
            status = (folder / file).stat()
            digest = hashlib.sha256((folder / file).read_bytes()).hexdigest()
            files.append(
                Datafile(
                    dataset_id=dataset.id,
                    name=file,
                    location=file,
                    file_size=status.st_size,
                    mtime_ns=status.st_mtime_ns,
                    checksum=f"sha256:{digest}",
                )
            )
        dataset.file_count, dataset.file_size = 2, sum(file.file_size or 0 for file in files)
        for person in session.query(Person):
            person.password_hash = HASHER.hash(PASSWORD) if person.name == "maya" else None
            person.blurb = f"{person.full_name} of the demo"
        session.add_all([picture, *files])
        session.flush()
        site.picture, site.file, site.report = picture.id, files[0].id, files[1].id
    with site.database.write() as session:
        made = submit(
            session,
            facility.actors["maya"],
            SubmitRequest("lightsheet-deconvolution", {"stack": [facility.datasets["private"]]}),
            jobtypes=_shipped(),
            settings=settings,
            now=datetime.now(UTC),
        )
        site.submission, site.job = made.id, made.jobs[0].id
        asked = session.scalars(select(JobEvent).where(JobEvent.job_id == site.job)).one()
        notice = Notice(
            event_id=asked.id,
            person_id=facility.actors["maya"].person_id,
            submission_id=site.submission,
            job_id=site.job,
            about=About.HELD,
            at=datetime.now(UTC),
            counts={},
        )
        session.add(notice)
        session.flush()
        site.notice = notice.id


def build_site(
    database: Database, settings: Settings, *, its_own: Database | None = None, **changes: object
) -> Site:
    """The application over a filled `database`; `its_own` is the same as the web tier's role sees it."""
    merged = load_settings({}, **{**settings.model_dump(), **changes})
    # Real time, because the web asks the clock: what is public "since yesterday" must be.
    facility = fill_small_facility(database, datetime.now(UTC))
    site = Site(create_app(merged, database=its_own or database), merged, database, facility)
    _fill(site)
    return site


@pytest.fixture
def make_site(sqlite_database: Database, settings: Settings) -> Callable[..., Site]:
    """`make_site(demo=True)`: the application with some settings changed."""
    return partial(build_site, sqlite_database, settings)


@pytest.fixture
def site_of_its_role(postgres_url: str, settings: Settings) -> Iterator[Site]:
    """The application on PostgreSQL, where it may do what a site's web tier may, and nothing else."""
    grant(postgres_url)
    database, its_own = Database(postgres_url), Database(as_role(postgres_url, WEB))
    with its_own.read() as session:
        assert session.scalar(select(func.current_user())) == WEB
    yield build_site(database, settings, its_own=its_own, web={"sign_in_limit": "1000 per minute"})
    its_own.dispose()
    database.dispose()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Iterator[Site]:
    """The application as a real site has it."""
    yield make_site(web={"sign_in_limit": "1000 per minute"})


@pytest.fixture
def desk(site: Site, csrf: Callable[..., str]) -> Desk:
    """Sam's, who is of the staff."""
    client = site.client("sam")
    return Desk(client, csrf(client))


@pytest.fixture
def ines(site: Site, csrf: Callable[..., str]) -> Desk:
    """Of another of the staff, who has no drafts."""
    with site.database.write() as session:
        person = Person(name="ines", full_name="Ines Prado", roles=["staff"], created=datetime.now(UTC))
        session.add(person)
        session.flush()
        site.facility.actors["ines"] = person.actor()
    client = site.client("ines")
    return Desk(client, csrf(client))
