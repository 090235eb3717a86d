"""What would be done: the same checks and the same words, and nothing kept."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from portal.cli.output import say
from portal.db import Database

WOULD = "Nothing was changed (--dry-run). It would say:"


@contextmanager
def changing(database: Database, dry_run: bool) -> Iterator[Session]:
    """A session whose changes are kept, or, once the database has taken them, taken back."""
    with database.write() as session:
        yield session
        if dry_run:
            session.flush()
            session.rollback()


def tell(words: str, dry_run: bool) -> None:
    """What was done, in words; of a dry run what would have been said."""
    say(f"{WOULD} {words}" if dry_run else words)
