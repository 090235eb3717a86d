"""Which example pictures go when another one is chosen: on both databases, in the statement that forgets them."""

from datetime import UTC, datetime

from sqlalchemy import select

from portal.db import Database
from portal.drafts import pictures, service
from portal.drafts.pictures import ExamplePicture
from portal.drafts.revisions import DraftRevision, RevisionWish, Wished
from portal.identity.models import Person

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
