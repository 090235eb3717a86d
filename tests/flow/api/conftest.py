"""The whole web application with a small facility, asked as programs ask it."""

import io
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from asking import Asking, register_file
from flask import Flask
from small_facility import SmallFacility
from werkzeug.serving import make_server

from portal.app import create_app
from portal.cli.main import main
from portal.config import Settings
from portal.db import Database
from portal.identity.tokens import create_token


@pytest.fixture
def app(settings: Settings, sqlite_database: Database) -> Flask:
    made = create_app(settings, database=sqlite_database)
    made.config["RATELIMIT_ENABLED"] = False
    return made


@pytest.fixture
def token_of(sqlite_database: Database, sqlite_facility: SmallFacility) -> Callable[..., str]:
    """A token of one of the facility's people."""

    def make(name: str, *scopes: str) -> str:
        with sqlite_database.write() as session:
            actor = sqlite_facility.actors[name]
            _token, secret = create_token(
                session, actor, "test", scopes or ("read", "submit"), days=1, now=datetime.now(UTC)
            )
        return secret

    return make


@pytest.fixture
def maya(app: Flask, token_of: Callable[..., str]) -> Asking:
    """A researcher, member of `private`."""
    return Asking(app, token_of("maya"))


@pytest.fixture
def tom(app: Flask, token_of: Callable[..., str]) -> Asking:
    """A researcher of other experiments."""
    return Asking(app, token_of("tom"))


@pytest.fixture
def nobody(app: Flask) -> Asking:
    """Without a token."""
    return Asking(app, None)


@pytest.fixture
def stack(sqlite_database: Database, sqlite_facility: SmallFacility, settings: Settings) -> int:
    """Maya's dataset with a file on disk."""
    number = sqlite_facility.datasets["private"]
    folder = settings.roots["demo"].path / "heart"
    folder.mkdir()
    register_file(sqlite_database, number, folder / "stack.h5")
    return number


@pytest.fixture
def served(app: Flask) -> Iterator[str]:
    """The application behind a real server: its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def gantry(served, token_of, monkeypatch, capsys, tmp_path):
    """Run a command as Maya; its exit code, standard output and standard error."""
    monkeypatch.setenv("GANTRY_URL", served)
    monkeypatch.setenv("GANTRY_TOKEN", token_of("maya"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def run(*words: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
