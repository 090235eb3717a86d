"""What administration commands share: settings and database of this machine's portal."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from portal.config import Settings, load_settings
from portal.db import Database
from portal.migrations import check
from portal.migrations import upgrade as upgrade_database


@contextmanager
def site() -> Iterator[tuple[Settings, Database]]:
    """The settings and an open database of the right form. Raises ConfigError."""
    settings = load_settings()
    database = Database(settings.database)
    try:
        check(database)
        yield settings, database
    finally:
        database.dispose()


@click.command()
def upgrade() -> None:
    """Make the portal's folders and bring its database to this version's form. Harmless if it has it."""
    settings = load_settings()
    for folder in settings.folders():
        folder.mkdir(parents=True, exist_ok=True)
    revision = upgrade_database(settings.database)
    click.echo(f"The database has the form {revision}.")
