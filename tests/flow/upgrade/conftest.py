"""The previous release at work, and what comes after the upgrade beneath it."""

import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from previous_release import Installation, install_previous, plain_environment
from sqlalchemy.engine import make_url
from upgraded import STOPPED, Left, left

HERE = Path(__file__).parent
LONGEST_S = 600.0


@dataclass(frozen=True)
class World:
    """The installation after its upgrade, and the portals that the old release left in their folders."""

    installation: Installation
    folder: Path


@pytest.fixture(scope="module")
def postgres_of_old(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The URL of an empty database on PostgreSQL; None where there is no server."""
    try:
        server = request.getfixturevalue("_postgres_server")
    except pytest.skip.Exception:
        yield None
        return
    name = f"gantry_upgrade_{uuid.uuid4().hex[:12]}"
    where = make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(where, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, postgres_of_old: str | None) -> Iterator[World]:
    """Portals that the old release made, whose code was then replaced in its place."""
    folder = tmp_path_factory.mktemp("upgrade")
    installation = install_previous(folder / "installation")
    made = [("house", folder / "sqlite", f"sqlite:///{folder}/house.sqlite3")]
    if postgres_of_old is not None:
        made.append(("house", folder / "postgres", postgres_of_old))
    makers = [_before(installation, *words) for words in made]
    makers += [
        _before(installation, "stopped", folder, *STOPPED),
        _before(installation, "alive", folder / "alive"),
    ]
    try:
        for maker in makers:
            said, _ = maker.communicate(timeout=LONGEST_S)
            assert maker.returncode == 0, said
        installation.upgrade()
        yield World(installation, folder)
    finally:
        for maker in makers:
            maker.kill()
            maker.wait()
        # Which of the portals were worked to their end depends on the tests that were chosen.
        installation.end_all()


def _before(installation: Installation, *words: str | Path) -> "subprocess.Popen[str]":
    environment = plain_environment() | {
        "PYTHONPATH": str(installation.code / "tests" / "support"),
        "PYTHONSAFEPATH": "1",
    }
    return subprocess.Popen(
        [installation.python, HERE / "before.py", *words],
        cwd="/",
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest, world: World) -> Iterator[Left]:
    """A facility in the middle of its work: upgraded, looked at, and worked to the end by a new daemon."""
    folder = world.folder / request.param
    if not folder.exists():
        pytest.skip("no PostgreSQL: neither GANTRY_TEST_POSTGRES nor Debian's package postgresql")
    found = left(world.installation, folder)
    try:
        found.upgrade_database()
        found.look()
        found.start_daemon()
        # While two run on, the others make room for those that wait.
        found.yard.wait(lambda: found.unfinished() == 2)
        (folder / "gate").touch()
        found.yard.wait(lambda: found.unfinished() == 0)
        yield found
    finally:
        for gate in ("gate", "never", "unseen"):
            (folder / gate).touch()
        found.yard.close()
