"""Bringing a database to the form that this version's models expect.

`upgrade` is what `gantry admin upgrade` and the demo call; `check` is what a starting process calls, so that
an old database is named in words before the first query fails on a missing column.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from portal.db import Database, make_engine
from portal.errors import ConfigError


def _config() -> Config:
    config = Config()
    # Alembic reads % in its settings as interpolation.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def upgrade(database_url: str) -> str:
    """Run all revisions the database lacks and return the revision it has now; harmless when there are none."""
    engine = make_engine(database_url)
    config = _config()
    try:
        with engine.connect().execution_options(gantry_write=True) as connection, connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            return MigrationContext.configure(connection).get_current_revision() or ""
    finally:
        engine.dispose()


def check(database: Database) -> None:
    """Return if the database has this version's form. Raises ConfigError in words otherwise."""
    wanted = ScriptDirectory.from_config(_config()).get_current_head()
    with database.engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found is None:
        raise ConfigError("The database is empty. `gantry admin upgrade` prepares it.")
    if found != wanted:
        raise ConfigError(
            f"The database has the form {found}, this version needs {wanted}. "
            "Make a backup, then run `gantry admin upgrade`."
        )
