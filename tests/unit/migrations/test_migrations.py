"""The migrations and the models say the same, on both databases."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

import portal.audit.models
import portal.catalogue.models
import portal.drafts.models
import portal.drafts.pictures
import portal.drafts.revisions
import portal.drafts.signoff.models
import portal.identity.models
import portal.jobs.clusters.rows
import portal.jobs.models
import portal.notify.access.models
import portal.notify.models  # noqa: F401  (they fill Base.metadata)
from portal.db import Base, Database
from portal.errors import ConfigError
from portal.migrations import check, upgrade


def test_the_models_and_the_migrations_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"target_metadata": Base.metadata, "compare_type": True}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_a_missing_column_would_be_noticed(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE person DROP COLUMN blurb"))
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": Base.metadata})
        assert [change[0] for change in compare_metadata(context, Base.metadata)] == ["add_column"]


def test_upgrading_twice_is_harmless(database_url: str, database: Database) -> None:
    with database.engine.connect() as connection:
        before = MigrationContext.configure(connection).get_current_revision()
    assert upgrade(database_url) == before


def test_a_database_of_this_version_passes_the_check(database: Database) -> None:
    check(database)


def test_an_empty_database_is_told_in_words(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    with pytest.raises(ConfigError, match="gantry admin upgrade"):
        check(database)
    database.dispose()


def test_a_database_of_another_version_is_told_in_words(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(ConfigError, match="has the form 0000"):
        check(database)


def test_a_failed_upgrade_leaves_nothing_behind(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'taken.sqlite3'}"
    database = Database(url)
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE icat_facility (id INTEGER)"))
    with pytest.raises(Exception, match="already exists"):
        upgrade(url)
    assert inspect(database.engine).get_table_names() == ["icat_facility"]
    database.dispose()


def test_the_revisions_can_be_undone(database: Database) -> None:
    from alembic import command

    from portal.migrations import _config

    config = _config()
    with database.engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
