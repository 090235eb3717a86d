"""What would be done: the same checks and the same words, and nothing kept."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from sqlalchemy.orm import Session

from portal.cli.output import say
from portal.db import Database

WOULD = "Nothing was changed (--dry-run). It would say:"

_option = click.option("--dry-run", is_flag=True, help="Check all of it, and change nothing.")


def dry_run_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option --dry-run, as `dry_run`."""
    return _option(command)


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
