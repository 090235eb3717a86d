"""A facility with two members of staff, one of whom has a draft, and settings of a site of either kind."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_facility import SmallFacility

from portal.config import Settings, load_settings
from portal.db import Database
from portal.drafts import service
from portal.drafts.publishing import ask_to_publish, ask_to_try
from portal.identity.actor import Actor, Role
from portal.identity.models import Person
from portal.jobs.models import Job, JobTypeRevision, Submission
from portal.jobs.state import State
from portal.jobtype.load import parse_text
from portal.jobtype.model import JobType
from portal.jobtype.offer.audience import Audience, To

DOCUMENT: dict[str, Any] = {
    "name": "shrink",
    "version": "1.0",
    "title": "Shrink a picture",
    "summary": "Half as wide.",
    "category": "Any data",
    "contact": "Sam",
    "program": {"command": ["convert", {"input": "picture"}, "-resize", "50%", {"output": "small.tif"}]},
    "inputs": [{"name": "picture", "label": "Picture", "dataset_types": ["light-sheet stack"]}],
    "resources": {"default": "small", "variants": [{"name": "small", "label": "Small"}]},
    "result_title": "{input}, shrunk",
    "outputs": [{"name": "small", "dataset_type": "picture"}],
}


@dataclass
class Desk:
    """Who writes, the draft, and what can be asked about it."""

    database: Database
    settings: Settings
    facility: SmallFacility
    sam: Actor
    ines: Actor
    draft: int
    now: datetime

    def text(self, **changes: Any) -> str:
        """The draft's text with other keys."""
        return yaml.safe_dump(DOCUMENT | changes, sort_keys=False)

    def jobtype(self, **changes: Any) -> JobType:
        """What that text says."""
        found, problems = parse_text(self.text(**changes), Path("draft"))
        assert found is not None, problems
        return found

    def write(self, **changes: Any) -> None:
        """Save the draft with other keys."""
        with self.database.write() as session:
            version = service.draft_for(session, self.sam, self.draft).version
            service.save(session, self.sam, self.draft, self.text(**changes), version, now=self.now)

    def tried(self, **changes: Any) -> None:
        """As if a run of this very text had succeeded: rows such as web and daemon write."""
        jobtype = self.jobtype(**changes)
        with self.database.write() as session:
            revision = JobTypeRevision(
                name=jobtype.name,
                version=jobtype.version,
                digest=jobtype.revision,
                document=jobtype.document(),
                created=self.now,
            )
            submission = Submission(
                person_id=self.sam.person_id,
                revision=revision,
                title="A trial",
                options={},
                variant="small",
                resources={},
                mode="each",
                created=self.now,
                draft=True,
            )
            job = Job(
                submission=submission,
                person_id=self.sam.person_id,
                index=0,
                title="A trial",
                state=State.SUCCEEDED,
                resources={},
                created=self.now,
                changed=self.now,
            )
            session.add(job)

    def ask_to_try(self, person: Actor | None = None) -> int:
        """The number of the wish."""
        with self.database.write() as session:
            return ask_to_try(session, person or self.sam, self.draft, now=self.now).id

    def ask_to_publish(self, to: Audience | None = None, changed: str = "The first one.") -> int:
        """The number of the wish."""
        audience = to or Audience(To.EVERYONE, self.sam.name)
        with self.database.write() as session:
            return ask_to_publish(session, self.sam, self.draft, audience, changed, now=self.now).id


@pytest.fixture
def desk_of(database: Database, facility: SmallFacility, tmp_path: Path, now: datetime) -> Callable[..., Desk]:
    """Makes the desk of a site with these settings."""

    def make(**values: Any) -> Desk:
        root, jobtypes = tmp_path / "root", tmp_path / "jobtypes"
        root.mkdir()
        jobtypes.mkdir()
        given = {"var": tmp_path / "var", "roots": {"demo": {"path": root}}, "jobtypes": [jobtypes]} | values
        settings = load_settings({}, **given)
        for folder in settings.folders():
            folder.mkdir(parents=True, exist_ok=True)
        sam = facility.actors["sam"]
        with database.write() as session:
            person = Person(name="ines", full_name="Ines Prado", roles=[Role.STAFF.value], created=now)
            session.add(person)
            session.flush()
            draft = service.create(session, sam, yaml.safe_dump(DOCUMENT, sort_keys=False), now=now).id
            return Desk(database, settings, facility, sam, person.actor(), draft, now)

    return make


@pytest.fixture
def desk(desk_of: Callable[..., Desk]) -> Desk:
    """One where a single account does everything."""
    return desk_of()


@pytest.fixture
def signed_off(desk_of: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """One where an operator signs off, images are used and people have accounts; Sam's number there is 2001."""
    monkeypatch.setattr("portal.publisher.work.uid_of", lambda _settings, name: {"sam": 2001, "ines": 2002}[name])
    monkeypatch.setattr("portal.publisher.work.usable_images", lambda _settings: ["tools"])
    made = desk_of(publish=False, publisher={"authors": ["sam"]})
    made.write(image="tools")
    return made
