"""What others write into addresses and names never acts in the terminal of whoever reads the server's log."""

import json
import logging
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import text

from portal.daemon.log import JsonLines
from portal.logged import OneLine

PATIENCE_S = 60
ODD = "/data/%1b]0;owned%07/%0a[2026-11-30%20forged]%20GET%20/x%20200/%c2%9b31m/%e2%80%ae"
ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.fixture
def served(site: Any, tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """gunicorn as a site runs it, with its log of requests; its port and where it writes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config, log = tmp_path / "config.toml", tmp_path / "log"
    config.write_text(
        f'var = "{site.settings.var}"\ndatabase_url = "{site.database.engine.url}"\n[web]\nport = {port}\n'
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GANTRY_")}
    environment["GANTRY_CONFIG"] = str(config)
    command = [sys.executable, "-m", "gunicorn", "--config", "python:portal.web.gunicorn", "--access-logfile", "-"]
    with log.open("wb") as file:
        process = subprocess.Popen([*command, "portal.web.wsgi:app"], env=environment, stdout=file, stderr=file)
    try:
        end = time.monotonic() + PATIENCE_S
        while not _said(port, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"):
            assert process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.2)
        yield port, log
    finally:
        process.kill()
        process.wait()


def _said(port: int, head: str) -> bytes:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
            connection.sendall(f"{head}Connection: close\r\n\r\n".encode("latin-1"))
            answer = b""
            while more := connection.recv(65536):
                answer += more
            return answer
    except ConnectionError:
        return b""


def _logged(log: Path, word: str) -> str:
    end = time.monotonic() + PATIENCE_S
    while word not in (said := log.read_text("utf-8", errors="surrogateescape")):
        assert time.monotonic() < end, said
        time.sleep(0.1)
    return said


def test_an_address_is_one_line_that_steers_no_terminal(served: tuple[int, Path]) -> None:
    port, log = served
    _said(port, f"GET {ODD}?secret=word HTTP/1.1\r\nHost: localhost\r\n")
    said = _logged(log, "owned")
    assert not ACTING.search(said)
    assert "secret" not in said
    (line,) = [one for one in said.splitlines() if "owned" in one]
    assert re.search(r"GET \S+ 404 \d+ \d+us [0-9a-f]{32}$", line), line
    assert not any(one.startswith("[2026-11-30 forged]") for one in said.splitlines())


def test_what_is_no_request_is_logged_without_acting(served: tuple[int, Path]) -> None:
    port, log = served
    for head in ("G\x1bT /owned HTTP/1.1\r\n", "GET /owned\x9b31m HTTP/9\r\n", "GET / HTTP/1.1\r\nX\x1b: a\r\n"):
        _said(port, f"{head}Host: localhost\r\n")
    _said(port, "GET /owned-last HTTP/1.1\r\nHost: localhost\r\n")
    assert not ACTING.search(_logged(log, "owned-last"))


def test_a_database_that_fails_is_logged_without_what_people_typed(site: Any, served: tuple[int, Path]) -> None:
    port, log = served
    with site.database.write() as session:
        session.execute(text("ALTER TABLE sign_in_attempt RENAME TO gone"))
    body = {"person": "\x9b31mowned\u202e", "password": "x", "name": "x", "scopes": ["read"], "days": 1}
    answer = requests.post(f"http://127.0.0.1:{port}/api/v1/tokens", json=body, timeout=PATIENCE_S)
    assert answer.status_code == 503, answer.text
    said = _logged(log, "no such table")
    assert "owned" not in said and not ACTING.search(said)


def test_an_error_of_the_web_tier_is_its_own_lines_and_nobody_elses() -> None:
    try:
        raise ValueError("a\x1b[2Jb\n[2026-11-30] forged\u202e\U000e0041")
    except ValueError:
        failed = sys.exc_info()
    record = logging.LogRecord(
        "portal.web", logging.ERROR, "", 0, "Exception on %s", ("/\x1b]0;x\x07\n[forged]",), failed
    )
    lines = OneLine("[%(levelname)s] %(message)s").format(record).split("\n")
    assert lines[0] == "[ERROR] Exception on /\\u001b]0;x\\u0007\\u000a[forged]"
    assert all(line.startswith("    ") and not ACTING.search(line) for line in lines[1:])
    assert lines[-1] == "    [2026-11-30] forged\\u202e\\udb40\\udc41"


def test_the_daemons_lines_are_json_and_steer_no_terminal() -> None:
    name = "\x1b]0;owned\x07 \x9b31m \u202egnp \u2028 \ud800 Größe"
    record = logging.LogRecord("gantry.daemon", logging.INFO, "", 0, "job of %s", (name,), None)
    record.fields = {"detail": name, "list": [name]}
    line = JsonLines().format(record)
    assert not ACTING.search(line) and "\n" not in line
    assert "Größe" in line
    line.encode()  # as a stream writes it
    assert json.loads(line)["detail"] == name


def test_an_error_in_the_daemons_log_is_one_line() -> None:
    try:
        raise ValueError("a\x1b[2Jb\nforged: line\u202e")
    except ValueError:
        record = logging.LogRecord("gantry", logging.ERROR, "", 0, "failed", (), sys.exc_info())
    line = JsonLines().format(record)
    assert not ACTING.search(line) and "\n" not in line
