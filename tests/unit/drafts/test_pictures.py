"""Which example pictures go when another one is chosen, which one is handed on to the next: on both databases."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

from sqlalchemy import select

from portal.db import Database
from portal.drafts import pictures, service
from portal.drafts.pictures import ExamplePicture
from portal.drafts.revisions import DraftRevision, RevisionDeed, RevisionWish, Wished
from portal.identity.models import Person
from portal.jobtype.model import JobType
from portal.jobtype.offer.audience import EVERYONE, Audience, To

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def test_those_of_texts_that_nobody_asked_to_publish_go_and_the_others_stay(database: Database) -> None:
    with database.write() as session:
        person = Person(name="sam", full_name="Sam", roles=["staff"], created=NOW)
        session.add(person)
        session.flush()
        drafts = [service.create(session, person.actor(), f"title: {title}\n", now=NOW).id for title in ("A", "B")]
        for number, (digest, draft) in enumerate(
            (("tried", drafts[0]), ("published", drafts[0]), ("now", drafts[0]), ("another", drafts[1]))
        ):
            session.add(
                ExamplePicture(
                    digest=digest,
                    name="a",
                    draft_id=draft,
                    person_id=person.id,
                    sha256=str(number),
                    width=1,
                    height=1,
                    png=b"png",
                    at=NOW,
                )
            )
        revision = DraftRevision(author_id=person.id, name="a", digest="published", text="", created=NOW)
        session.add(revision)
        session.flush()
        session.add(RevisionWish(revision_id=revision.id, person_id=person.id, wished=Wished.PUBLISH, at=NOW))
        session.flush()
        pictures._forget(session, drafts[0], "now")
    with database.read() as session:
        assert set(session.scalars(select(ExamplePicture.digest))) == {"published", "another"}
        found = pictures.examples_of(session, ["a"])
        assert set(found) == {("a", "published"), ("a", "another")}
        assert pictures.example_of(session, "published", whole=True).png == b"png"  # type: ignore[union-attr]


def test_the_last_published_picture_is_handed_on_and_what_is_somebodys_alone_is_not(database: Database) -> None:
    alone = Audience(To.MYSELF, "ines")
    jobtype = cast(JobType, SimpleNamespace(name="a", revision="now"))
    with database.write() as session:
        sam, ines = (Person(name=who, full_name=who, roles=["staff"], created=NOW) for who in ("sam", "ines"))
        session.add_all((sam, ines))
        session.flush()
        for number, (digest, to, done) in enumerate(
            (
                ("older", EVERYONE, True),
                ("last", EVERYONE, True),
                ("hers", alone, True),
                ("refused", EVERYONE, False),
            )
        ):
            kept = {"name": "a", "digest": digest}
            session.add(
                ExamplePicture(
                    **kept, person_id=ines.id, sha256=str(number), width=1, height=1, png=b"png", at=NOW
                )
            )
            revision = DraftRevision(**kept, author_id=ines.id, text="", created=NOW)
            session.add(revision)
            session.flush()
            wish = RevisionWish(
                revision_id=revision.id,
                person_id=ines.id,
                wished=Wished.PUBLISH,
                audience=to.document(),
                at=NOW,
            )
            session.add(wish)
            session.flush()
            session.add(RevisionDeed(wish_id=wish.id, done=done, words="", by="root", at=NOW))
            session.flush()
        sees, hers = (pictures.earlier(session, one.actor(), jobtype) for one in (sam, ines))
        assert sees is not None and sees.digest == "last"
        assert hers is not None and hers.digest == "hers"
        assert not pictures.is_earlier(session, sees)
        other = cast(JobType, SimpleNamespace(name="b", revision="now"))
        assert pictures.earlier(session, sam.actor(), other) is None
