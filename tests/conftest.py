"""Fixtures for everybody: a fresh database on either server, settings in a temporary folder, a small facility.

`database` runs a test twice, on SQLite and on PostgreSQL; `sqlite_database` once, for tests whose subject is
not the database. Each starts as a copy of a database that the migrations made once.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import compiled_once
import psycopg
import pytest
from kept_databases import KeptDatabases
from postgres_server import start_postgres
from small_facility import NOW, SmallFacility, fill_small_facility
from sqlalchemy.engine import make_url
from stage_times import pytest_runtest_logreport, pytest_terminal_summary

from portal.config import Settings, load_settings
from portal.db import Database
from portal.migrations import upgrade

__all__ = ["pytest_runtest_logreport", "pytest_terminal_summary"]


def pytest_configure() -> None:
    """Tests, and the processes that they start, are in one time zone, wherever the machine is."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    compiled_once.install()


@pytest.fixture
def now() -> datetime:
    """The moment at which tests happen."""
    return NOW


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data files; a test that needs one says which, and is skipped visibly without it."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("GANTRY_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder} (GANTRY_TEST_DATA)")
    return folder


@pytest.fixture(scope="session")
def shared_cases(test_data: Path) -> Path:
    """The folder of inputs that went wrong once; its README says what is right. Skipped visibly without it."""
    folder = test_data.parent / "cases"
    if not folder.is_dir():
        pytest.skip(f"no cases at {folder}")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a portal in a temporary folder with one root, `demo`, all folders made."""
    root = tmp_path / "root"
    root.mkdir()
    made = load_settings({}, var=tmp_path / "var", roots={"demo": {"path": root}})
    for folder in made.folders():
        folder.mkdir(parents=True, exist_ok=True)
    return made


# ---- databases -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.sqlite3"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def _postgres_server() -> Iterator[str]:
    given = os.environ.get("GANTRY_TEST_POSTGRES")
    if given:
        yield given
        return
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not binaries:
        pytest.skip("no PostgreSQL: neither GANTRY_TEST_POSTGRES nor Debian's package postgresql")
    # The server refuses to run as root, and its socket's path may be 107 bytes long at most.
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="gantry-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, user, user)
    server = start_postgres(binaries[-1], folder, user if os.geteuid() == 0 else None)
    try:
        yield f"postgresql+psycopg://{user}@/postgres?host={folder}"
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _administer(url: str, statement: str) -> None:
    where = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(where, autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture(scope="session")
def _postgres_template(_postgres_server: str) -> Iterator[tuple[str, str]]:
    name = f"gantry_template_{uuid.uuid4().hex[:8]}"
    _administer(_postgres_server, f"CREATE DATABASE {name}")
    upgrade(make_url(_postgres_server).set(database=name).render_as_string(hide_password=False))
    yield _postgres_server, name
    _administer(_postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh SQLite database with all tables."""
    path = tmp_path / "gantry.sqlite3"
    shutil.copyfile(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def _postgres_databases(_postgres_template: tuple[str, str]) -> Iterator[KeptDatabases]:
    server, template = _postgres_template
    databases = KeptDatabases(server, template, partial(_administer, server))
    yield databases
    databases.close()


@pytest.fixture
def postgres_url(_postgres_databases: KeptDatabases) -> Iterator[str]:
    """The URL of a PostgreSQL database with all tables, as the migrations leave it."""
    name = _postgres_databases.take()
    yield _postgres_databases.url(name)
    _postgres_databases.give_back(name)


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """A fresh database on SQLite only."""
    database = Database(sqlite_url)
    yield database
    database.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database, once on SQLite and once on PostgreSQL."""
    url = request.getfixturevalue(f"{request.param}_url")
    assert isinstance(url, str)
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database with all tables; the test runs on SQLite and on PostgreSQL."""
    database = Database(database_url)
    yield database
    database.dispose()


# ---- a small facility ----------------------------------------------------------------------------------------


@pytest.fixture
def facility(database: Database) -> SmallFacility:
    """The small facility, in `database` (both servers)."""
    return fill_small_facility(database)


@pytest.fixture
def sqlite_facility(sqlite_database: Database) -> SmallFacility:
    """The small facility, in `sqlite_database`."""
    return fill_small_facility(sqlite_database)
