"""The facility behind the doors, with a secret wherever a person's own words, numbers and pictures stand."""

import hashlib
import io
import json
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from doors_table import ARGUMENTS, BODIES, FORMS, INSTEAD, QUERIES, Door, filled
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from published_here import put_down
from small_facility import SmallFacility, fill_small_facility
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal.app import create_app
from portal.catalogue.models import (
    Application,
    DataCollection,
    DataCollectionDataset,
    Datafile,
    Dataset,
    DatasetArray,
    DatasetParameter,
    DatasetPicture,
    Investigation,
    ParameterCorrection,
    ParameterType,
    Sample,
    TrialPicture,
)
from portal.catalogue.models import Job as Run
from portal.config import Settings
from portal.db import Database
from portal.documents import digest
from portal.drafts import service
from portal.drafts.revisions import DraftRevision, RevisionWish, Wished
from portal.drafts.signoff.models import SignoffKey
from portal.identity import device
from portal.identity.models import Person
from portal.identity.sessions import open_session
from portal.identity.tokens import create_token
from portal.jobs.models import Attempt, Job, JobEvent, JobInput, JobOutput, JobTypeRevision
from portal.jobs.said import FilesSaid, Seen
from portal.jobs.state import State
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import submit
from portal.jobtype.load import load_folders, shipped_folder
from portal.jobtype.offer.audience import Audience, To
from portal.jobtype.written.start import empty
from portal.notify.access.models import AccessQuestion, AccessRequest
from portal.notify.models import About, Notice
from portal.presets.models import SavedPreset
from portal.staging.models import ImageWish
from portal.trials.trial import Asked
from portal.web.part import PAGE_OF
from portal.web.signed_in import COOKIE

PASSWORD = "correct horse battery"
BY_HTMX = {"HX-Request": "true"}
"""What a page's script sends when it asks for a part of its page."""
ACTORS = {"stranger": "tom", "member": "maya", "scientist": "ravi", "staff": "sam"}
"""Who the columns are, in the small facility."""
TOKENS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "stranger": ("tom", ("read", "submit")),
    "reads": ("maya", ("read",)),
    "submits": ("maya", ("submit",)),
    "scientist": ("ravi", ("read", "submit")),
    "staff": ("sam", ("read", "submit")),
    "ingests": ("ingest", ("ingest",)),
}
TEAM = frozenset({"member", "cookie", "reads", "submits", "scientist", "staff"})
"""Those who may see what is the members' team's."""
OTHERS = frozenset({"stranger", "staff"})
"""Those who may see what is Tom's."""


@dataclass(frozen=True)
class Secret:
    """A word that stands nowhere but where it was planted, and who may read it."""

    text: str
    readers: frozenset[str]


def _picture() -> bytes:
    image = Image.new("RGB", (61, 47))
    image.putdata([(x * 4 % 256, y * 5 % 256, (x * y) % 256) for y in range(47) for x in range(61)])
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


PICTURE = _picture()
CONTENT = b"Mandrake " * 50
SECRETS: Mapping[str, Secret] = {
    "dataset": Secret("Marigold", TEAM),
    "description": Secret("Hyssop", TEAM),
    "experiment": Secret("Wisteria", TEAM),
    "summary": Secret("Quillwort", TEAM),
    "sample": Secret("Zinnia", TEAM),
    "parameter": Secret("Foxglove", TEAM),
    "value": Secret("Larkspur", TEAM),
    "correction": Secret("Hellebore", TEAM),
    "reason": Secret("Bryony", TEAM),
    "file": Secret("Oleander", TEAM),
    "content": Secret("Mandrake", TEAM),
    "report": Secret("Belladonna", TEAM),
    "caption": Secret("Snapdragon", TEAM),
    "array": Secret("Celandine", TEAM),
    "result": Secret("Edelweiss", TEAM),
    "job": Secret("Tamarisk", TEAM),
    "option": Secret("Nightshade", TEAM),
    "cause": Secret("Hemlock", TEAM),
    "log": Secret("Aconite", TEAM),
    "words-of-log": Secret("Wolfsbane", TEAM),
    "checksum": Secret(hashlib.sha256(CONTENT).hexdigest(), TEAM),
    "picture-hash": Secret(hashlib.sha256(PICTURE).hexdigest()[:12], TEAM),
    "token": Secret("Gentian", frozenset({"member", "cookie", "reads", "submits"})),
    "note": Secret("Saffron", frozenset({"member", "cookie", "reads", "submits", "stranger"})),
    "others": Secret("Periwinkle", OTHERS),
    "others' experiment": Secret("Camellia", OTHERS),
    "embargoed": Secret("Rhododendron", OTHERS),
    "unseen input": Secret("Laburnum", OTHERS),
    "mail": Secret("Saxifrage", frozenset()),
    "password": Secret("$argon2", frozenset()),
}


@dataclass
class House:
    """The application, everybody who knocks, and everything that an address can name."""

    app: Flask
    settings: Settings
    database: Database
    facility: SmallFacility
    things: dict[str, Any] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    """How many requests were made."""
    _whole: Path | None = None

    def rule(self, door: Door) -> Rule:
        """The route of a door."""
        rules = self.app.url_map.iter_rules(door.endpoint)
        return next(rule for rule in rules if door.method in (rule.methods or ()))

    def address(self, door: Door) -> str:
        """The door's address, naming a thing of the members' team."""
        rule = self.rule(door)
        values = {}
        for name in rule.arguments:
            thing = INSTEAD.get((door.endpoint, name)) or ARGUMENTS.get(name)
            assert thing is not None, f"{door}: say in ARGUMENTS of doors_table.py what <{name}> names"
            values[name] = self.things[thing]
        with self.app.test_request_context():
            return self.app.url_for(door.endpoint, _external=False, **values)

    def client(self, person: str = "nobody") -> FlaskClient:
        """A browser, signed in as a person of the table."""
        client = self.app.test_client()
        if person in self.cookies:
            client.set_cookie(COOKIE, self.cookies[person])
        return client

    def headers(self, person: str) -> dict[str, str]:
        """What a program of this person sends."""
        return {"Authorization": f"Bearer {self.tokens[person]}"} if person in self.tokens else {}

    def knock(self, door: Door, person: str) -> TestResponse:
        """Do at this door what it is for."""
        self.asked += 1
        query = filled(QUERIES.get(door.endpoint, {}), self.things) if door.method == "GET" else {}
        if door.endpoint.startswith("api"):
            body = filled(BODIES[door.endpoint], self.things) if door.endpoint in BODIES else None
            return self.client(person if person == "cookie" else "nobody").open(
                self.address(door), method=door.method, query_string=query, json=body, headers=self.headers(person)
            )
        form = filled(FORMS.get(door.endpoint, {}), self.things) if door.method == "POST" else None
        return self.client(person).open(
            self.address(door),
            method=door.method,
            query_string=query,
            data=form,
            headers=BY_HTMX if door.endpoint in PAGE_OF else {},
        )

    def keep(self) -> None:
        """Remember the database as it is (SQLite)."""
        path = self._file()
        self._whole = path.with_suffix(".whole")
        with self.database.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT") if connection.in_transaction() else None
        self.database.dispose()
        shutil.copyfile(path, self._whole)

    def restore(self) -> None:
        """The database as it was when `keep` was called."""
        path = self._file()
        assert self._whole is not None
        self.database.dispose()
        for more in ("-wal", "-shm"):
            Path(f"{path}{more}").unlink(missing_ok=True)
        shutil.copyfile(self._whole, path)

    def _file(self) -> Path:
        return Path(str(self.database.engine.url.database))


def build_house(database: Database, settings: Settings) -> House:
    """The application over a small facility full of secrets. CSRF tokens have a test of their own."""
    facility = fill_small_facility(database, datetime.now(UTC))
    app = create_app(settings, database=database)
    app.config["WTF_CSRF_ENABLED"] = False
    house = House(app, settings, database, facility)
    with database.write() as session:
        _people(session, house)
        _data(session, house)
    _jobs(house)
    with database.write() as session:
        _history(session, house)
        _notice(session, house)
        _question(session, house)
        _ways_in(session, house)
    house.things |= {"analysis": "qc", "stream": "stdout", "rest": "nothing/at/all", "password": PASSWORD}
    static = sorted((Path(str(app.static_folder))).rglob("manifest.json"))
    house.things["filename"] = str(static[0].relative_to(str(app.static_folder))) if static else "none"
    return house


def _people(session: Session, house: House) -> None:
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    for person in session.scalars(select(Person)):
        person.email = f"{person.name}@saxifrage.example"
        person.password_hash = hasher.hash(PASSWORD) if person.name == "maya" else None


def _data(session: Session, house: House) -> None:
    facility, now = house.facility, datetime.now(UTC)
    titles = {"private": "Wisteria heart", "other": "Camellia cells", "embargoed": "Rhododendron drug"}
    for name, title in titles.items():
        session.get_one(Investigation, facility.investigations[name]).title = title
    session.get_one(Dataset, facility.datasets["other"]).name = "Periwinkle run"
    session.get_one(Dataset, facility.datasets["embargoed"]).name = "Rhododendron run"
    experiment = session.get_one(Investigation, facility.investigations["private"])
    experiment.summary = "Quillwort, as planned"
    sample = Sample(investigation=experiment, name="Zinnia 7")
    quantity = ParameterType(facility_id=facility.facility, name="Foxglove index", units="", value_type="STRING")
    session.add_all([sample, quantity])
    dataset = session.get_one(Dataset, facility.datasets["private"])
    dataset.name, dataset.description, dataset.location, dataset.sample = (
        "Marigold 1",
        "Hyssop",
        "demo:heart",
        sample,
    )
    session.flush()
    session.add(DatasetParameter(dataset_id=dataset.id, type_id=quantity.id, string_value="Larkspur"))
    session.add(
        ParameterCorrection(
            dataset_id=dataset.id,
            name="Foxglove index",
            type=quantity,
            string_value="Hellebore",
            source_kind="person",
            create_id="operator",
            reason="Bryony, as the log has it",
        )
    )
    more = [
        Dataset(
            investigation_id=experiment.id,
            type_id=dataset.type_id,
            instrument_id=dataset.instrument_id,
            name=f"Marigold {number}",
            complete=True,
            start_date=now - timedelta(days=number),
        )
        for number in range(2, 6)
    ]
    result = Dataset(
        investigation_id=experiment.id,
        type_id=dataset.type_id,
        name="Edelweiss",
        location="results:edelweiss",
        complete=True,
        start_date=now,
    )
    session.add_all([*more, result])
    session.flush()
    house.things |= {
        "dataset": dataset.id,
        "second": more[0].id,
        "third": more[1].id,
        "result": result.id,
        "investigation": experiment.id,
        "public": facility.datasets["public"],
    }
    _files(session, house, dataset)
    _files_of_picture(session, house, result, "preview")


def _files(session: Session, house: House, dataset: Dataset) -> None:
    folder = house.settings.roots["demo"].path / "heart"
    folder.mkdir()
    wanted = {"Oleander.h5": CONTENT, "Oleander.html": b"<h1>Belladonna</h1>"}
    rows = []
    for name, content in wanted.items():
        (folder / name).write_bytes(content)
        status = (folder / name).stat()
        rows.append(
            Datafile(
                dataset_id=dataset.id,
                name=name,
                location=name,
                file_size=len(content),
                mtime_ns=status.st_mtime_ns,
                checksum=f"sha256:{hashlib.sha256(content).hexdigest()}",
            )
        )
    dataset.file_count, dataset.file_size = len(rows), sum(map(len, wanted.values()))
    session.add_all(rows)
    session.flush()
    house.things |= {"file": rows[0].id, "report": rows[1].id}
    house.things["picture"] = _files_of_picture(session, house, dataset, "thumbnail")
    name = f"{hashlib.sha256(PICTURE).hexdigest()}.png"
    array = DatasetArray(
        dataset_id=dataset.id,
        position=0,
        name="Celandine",
        shape=[4, 4, 4],
        axes="ZYX",
        pictures=[{"axis": "", "place": 0, "path": f"{dataset.id}/{name}"}],
    )
    session.add(array)
    session.flush()
    house.things |= {"array": array.id, "number": 0}


def _files_of_picture(session: Session, house: House, dataset: Dataset, role: str) -> int:
    name = f"{hashlib.sha256(PICTURE).hexdigest()}.png"
    folder = house.settings.pictures / str(dataset.id)
    folder.mkdir(parents=True)
    (folder / name).write_bytes(PICTURE)
    picture = DatasetPicture(
        dataset_id=dataset.id,
        name="xy",
        role=role,
        caption="Snapdragon",
        path=f"{dataset.id}/{name}",
        width=61,
        height=47,
    )
    session.add(picture)
    session.flush()
    return picture.id


def _jobs(house: House) -> None:
    things = house.things
    forms = {
        "one": [things["dataset"]],
        "held": [things["dataset"]],
        "failed": [things["dataset"]],
        "batch": [things["dataset"], things["second"], things["third"]],
    }
    jobtypes, maya = load_folders([shipped_folder()]), house.facility.actors["maya"]
    for name, datasets in forms.items():
        with house.database.write() as session:
            asked = SubmitRequest("qc", {"data": datasets}, title=f"Tamarisk {name}")
            made = submit(session, maya, asked, jobtypes=jobtypes, settings=house.settings, now=datetime.now(UTC))
            things[f"{name} submission"], ids = made.id, [job.id for job in made.jobs]
            things[f"{name} number"] = made.key
        things[f"{name} jobs"] = ids
    with house.database.write() as session:
        tried = SubmitRequest(
            "qc",
            {"data": [things["dataset"]]},
            trial=Asked("histogram_bins", [16, 32], datasets=(things["second"],)),
        )
        made = submit(session, maya, tried, jobtypes=jobtypes, settings=house.settings, now=datetime.now(UTC))
        things |= {"trial": made.id, "index": 1}
        for job in made.jobs:
            session.get_one(Job, job.id).title = f"Tamarisk tried {job.number}"
        now = datetime.now(UTC)
        tried = session.get_one(Job, made.jobs[1].id)
        attempt = Attempt(job_id=tried.id, number=1, name="tried", cluster="local", resources={}, created=now)
        result = Dataset(
            investigation_id=things["investigation"],
            type_id=session.get_one(Dataset, things["dataset"]).type_id,
            name="Edelweiss tried",
            location="results:tried",
            complete=True,
            trial=made.id,
        )
        session.add_all([attempt, result])
        session.flush()
        pixels = zlib.compress(b"\0" * 4)
        session.add_all(
            [
                TrialPicture(dataset_id=result.id, width=1, height=1, black=0, white=1, pixels=pixels),
                JobOutput(job_id=tried.id, attempt_id=attempt.id, name="report", dataset_id=result.id),
            ]
        )
        for state in (State.SUBMITTING, State.PENDING, State.RUNNING, State.COLLECTING, State.SUCCEEDED):
            tried.move(state, at=now)
    things |= {
        "queued": things["one jobs"][0],
        "held": things["held jobs"][0],
        "failed": things["failed jobs"][0],
        "batch": things["batch number"],
    }
    now = datetime.now(UTC)
    with house.database.write() as session:
        text = empty("Shrink a picture", "Sam Weber")
        things |= {
            "draft": service.create(session, house.facility.actors["sam"], text, now=now).id,
            "step": "purpose",
            "published": "shrink",
            "preset": _preset(session, house, now),
            "revision": put_down(session, house.facility.actors["sam"].person_id, "shrink", text),
            "wish": _to_sign(session, house.facility.actors["sam"].person_id, now),
        }
        things["image wish"] = _image_to_sign(session, things["queued"], now)
    with house.database.write() as session:
        for job in session.scalars(select(Job)):
            job.options = {**job.options, "note": "Nightshade"}
            # Titles are made of inputs' names, or typed by those who see them.
            job.title = f"{job.title}, with Laburnum first run"
            job.submission.title = f"{job.submission.title.partition(', with')[0]}, with Laburnum first run"
            job.submission.options = {**job.submission.options, "note": "Nightshade"}
            # A job of the team also reads what the team does not see: staff can start such a one.
            session.add(
                JobInput(
                    job_id=job.id, slot="extra", position=0, dataset_name="Laburnum first run",
                    dataset_id=house.facility.datasets["other"],
                )
            )  # fmt: skip
        session.get_one(Job, things["held"]).move(
            State.HELD, at=now, words="Held for Hemlock, since “Laburnum first run” is not there"
        )
        _fail(session, session.get_one(Job, things["failed"]), house.settings)
        _fail(session, session.get_one(Job, things["batch jobs"][0]), house.settings)
        session.get_one(Job, things["batch jobs"][1]).move(State.CANCELLED, at=now, by="maya")


def _to_sign(session: Session, signer: int | None, now: datetime) -> int:
    """What another member of staff asks to publish, and a key of the one who may sign it off."""
    other = Person(name="ada", full_name="Ada", roles=["staff"], created=now)
    session.add(other)
    session.flush()
    text = empty("Blur a picture", "Ada")
    revision = DraftRevision(author_id=other.id, name="blur", digest=digest(text.encode()), text=text, created=now)
    audience = Audience(To.EVERYONE, "ada").document()
    wish = RevisionWish(
        revision=revision,
        person_id=other.id,
        wished=Wished.PUBLISH,
        audience=audience,
        changed="It is new.",
        at=now,
    )
    session.add(wish)
    session.add(
        SignoffKey(
            person_id=signer, label="Blue", code="x", credential="AAAA", public_key="AAAA", counter=0,
            enrolled=now, enrolled_by="root",
        )
    )  # fmt: skip
    session.flush()
    return wish.id


def _image_to_sign(session: Session, job: int, now: datetime) -> int:
    """What the same one wants staged."""
    ada = session.scalars(select(Person.id).where(Person.name == "ada")).one()
    wish = ImageWish(person_id=ada, job_id=job, name="cows", digest="sha256:" + "ab" * 32, at=now)
    session.add(wish)
    session.flush()
    return wish.id


def _fail(session: Session, job: Job, settings: Settings) -> None:
    now = datetime.now(UTC)
    attempt = Attempt(
        job_id=job.id,
        number=1,
        name=f"gantry-{job.submission_id}-1",
        cluster="local",
        resources=job.resources,
        created=now,
    )
    session.add(attempt)
    session.flush()
    for state in (State.SUBMITTING, State.PENDING, State.RUNNING):
        job.move(state, at=now)
    attempt.seen = Seen(files=FilesSaid(last_lines="Wolfsbane was not found in Laburnum first run"))
    job.move(State.FAILED, at=now, cause="exit code", words="The program said: Hemlock of Laburnum first run")
    folder = settings.scratch / attempt.id
    folder.mkdir(parents=True)
    (folder / "stdout.log").write_text("Aconite was measured of Laburnum first run\n")


def _history(session: Session, house: House) -> None:
    """A run of the team's on public data: everybody sees its input, only the team what came of it."""
    jobtype = load_folders([shipped_folder()]).named("lightsheet-deconvolution")
    application = Application(facility_id=house.facility.facility, name=jobtype.name, version=jobtype.version)
    revision = JobTypeRevision(
        name=jobtype.name,
        version=jobtype.version,
        digest=jobtype.revision,
        document=jobtype.document(),
        created=datetime.now(UTC),
    )
    session.add(revision)
    kept = {"options": {"iterations": 20, "note": "Nightshade"}, "revision": jobtype.revision}
    given, made = DataCollection(), DataCollection()
    session.add_all([application, given, made])
    session.flush()
    session.add_all(
        [
            DataCollectionDataset(data_collection_id=given.id, dataset_id=house.things["public"]),
            DataCollectionDataset(data_collection_id=given.id, dataset_id=house.things["dataset"]),
            DataCollectionDataset(data_collection_id=made.id, dataset_id=house.things["result"]),
            Run(
                application_id=application.id,
                input_data_collection_id=given.id,
                output_data_collection_id=made.id,
                arguments=json.dumps(kept),
                create_id="maya",
            ),
        ]
    )


def _notice(session: Session, house: House) -> None:
    job = session.get_one(Job, house.things["held"])
    event = session.scalars(select(JobEvent).where(JobEvent.job_id == job.id).order_by(JobEvent.id.desc())).first()
    assert event is not None
    notice = Notice(
        event_id=event.id,
        person_id=job.person_id,
        submission_id=job.submission_id,
        job_id=job.id,
        about=About.HELD,
        at=datetime.now(UTC),
        counts={},
    )
    session.add(notice)
    session.flush()
    house.things["notice"] = notice.id


def _question(session: Session, house: House) -> None:
    """Tom asks Maya, who leads the experiment."""
    now, actors = datetime.now(UTC), house.facility.actors
    wish = AccessRequest(person_id=actors["tom"].person_id, number="E1", note="Saffron", at=now, passed_on=now)
    asked = AccessQuestion(
        request=wish,
        investigation_id=house.things["investigation"],
        person_id=actors["maya"].person_id,
        at=now,
    )
    session.add(asked)
    session.flush()
    house.things["question"] = asked.id


def _ways_in(session: Session, house: House) -> None:
    now, actors = datetime.now(UTC), house.facility.actors
    for column, name in {**ACTORS, "cookie": "maya"}.items():
        person = session.get_one(Person, actors[name].person_id)
        house.cookies[column] = open_session(session, person, now=now, lifetime=timedelta(hours=1))
    for column, (name, scopes) in TOKENS.items():
        _token, house.tokens[column] = create_token(session, actors[name], column, scopes, days=1, now=now)
    token, _secret = create_token(session, actors["maya"], "Gentian", ("read",), days=1, now=now)
    asked = device.ask(session, "laptop", ("read",), days=1, address="127.0.0.1", now=now)
    house.things |= {"token": token.id, "code": asked.user_code, "device_code": asked.device_code}


def leaks(answer: TestResponse, person: str) -> list[str]:
    """Which secrets that this person may not know stand in an answer: body, headers or address it leads to."""
    said = answer.data.lower() + str(answer.headers).lower().encode()
    found = [
        name for name, secret in SECRETS.items()
        if person not in secret.readers and secret.text.lower().encode() in said
    ]  # fmt: skip
    if person not in TEAM and PICTURE in answer.data:
        found.append("picture")
    return found


def tells(answer: TestResponse, name: str) -> bool:
    """If this secret stands in an answer."""
    return PICTURE in answer.data if name == "picture" else SECRETS[name].text.encode() in answer.data


def _preset(session: Session, house: House, now: datetime) -> int:
    """A preset of Maya's, which she shares with her team."""
    kept = SavedPreset(
        analysis="qc",
        person_id=house.facility.actors["maya"].person_id,
        investigation_id=house.facility.investigations["private"],
        name="Ours",
        folded="ours",
        note="",
        options={"histogram_bins": 48},
        revision="sha256:" + "0" * 64,
        created=now,
        changed=now,
    )
    session.add(kept)
    session.flush()
    return kept.id
