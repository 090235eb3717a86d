"""What administration commands share: settings and database of this machine's portal."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.exc import OperationalError

from portal.config import Settings, load_settings
from portal.db import Database
from portal.errors import ConfigError
from portal.identity.actor import Actor
from portal.level import use_level
from portal.migrations import check
from portal.migrations import upgrade as upgrade_database


@contextmanager
def site() -> Iterator[tuple[Settings, Database]]:
    """The settings and an open database of the right form. Raises ConfigError."""
    settings = load_settings()
    use_level(settings.level.words)
    database = Database(settings.database)
    try:
        try:
            check(database)
        except OperationalError as error:
            raise ConfigError(
                "The database cannot be opened. If it is new, make it with: gantry admin upgrade",
                detail=str(error),
            ) from error
        yield settings, database
    finally:
        database.dispose()


def operator() -> Actor:
    """Who runs this command, for what is written down: the account, and who became it by sudo."""
    account, behind = pwd.getpwuid(os.geteuid()).pw_name, os.environ.get("SUDO_USER")
    return Actor(name=f"{behind} as {account}" if behind and behind != account else account)


@click.command()
def upgrade() -> None:
    """Make the portal's folders and bring its database to this version's form. Harmless if it has it."""
    settings = load_settings()
    for folder in settings.folders():
        folder.mkdir(parents=True, exist_ok=True)
    revision = upgrade_database(settings.database)
    click.echo(f"The database has the form {revision}.")
