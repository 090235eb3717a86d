"""Those who are slow starve nobody: gunicorn itself, without nginx in front of it, as the demo runs it.

Each attack keeps its connections open while somebody else asks for pages. With a thread for each connection, none
of these would be answered before the connections end.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from portal.catalogue.models import Datafile, Dataset
from portal.web.files.at_once import OF_A_PERSON

MANY = 40
"""More than a process has threads that work, five times."""
LARGE = 48 * 2**20
"""Bytes of a file, more than any buffer of a connection takes."""
PATIENCE_S = 60


@dataclass
class Served:
    """The portal behind gunicorn."""

    port: int
    file: str
    """The address of a large public file."""
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def connect(self, *, small: bool = False) -> socket.socket:
        found = socket.socket()
        if small:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        found.settimeout(PATIENCE_S)
        found.connect(("127.0.0.1", self.port))
        return found

    def page(self) -> requests.Response:
        return requests.get(f"http://127.0.0.1:{self.port}/sign-in", timeout=PATIENCE_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _large_file(site: Any) -> str:
    folder = site.settings.roots["demo"].path / "public"
    folder.mkdir()
    path = folder / "large.h5"
    path.write_bytes(b"\0" * LARGE)
    with site.database.write() as session:
        dataset = session.get_one(Dataset, site.facility.datasets["public"])
        dataset.location = "demo:public"
        status = path.stat()
        file = Datafile(
            dataset_id=dataset.id, name=path.name, location=path.name, file_size=LARGE, mtime_ns=status.st_mtime_ns
        )
        session.add(file)
        session.flush()
        return f"/datasets/{dataset.id}/files/{file.id}"


@pytest.fixture
def served(site: Any, tmp_path: Path) -> Iterator[Served]:
    port = _free_port()
    config = tmp_path / "config.toml"
    config.write_text(
        f'var = "{site.settings.var}"\ndatabase_url = "{site.database.engine.url}"\n'
        f'[web]\nport = {port}\n[roots.demo]\npath = "{site.settings.roots["demo"].path}"\n'
    )
    made = Served(port, _large_file(site), tmp_path / "log")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GANTRY_")}
    environment["GANTRY_CONFIG"] = str(config)
    command = [sys.executable, "-m", "gunicorn", "--config", "python:portal.web.gunicorn", "portal.web.wsgi:app"]
    with (tmp_path / "log").open("wb") as log:
        process = made.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 180
        while True:
            assert process.poll() is None and time.monotonic() < end, (tmp_path / "log").read_text()
            try:
                assert made.page().ok
                break
            except requests.RequestException:
                time.sleep(0.2)
        yield made
    finally:
        process.kill()
        process.wait()


def idle(served: Served) -> socket.socket:
    """Nothing is ever said."""
    return served.connect()


def unfinished_head(served: Served) -> socket.socket:
    """A head without its last line."""
    found = served.connect()
    found.sendall(b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\n")
    return found


def unfinished_body(served: Served) -> socket.socket:
    """A form of which half is sent."""
    found = served.connect()
    kind = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n"
    found.sendall(b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\n" + kind + b"\r\nname=maya")
    return found


def unfinished_chunks(served: Served) -> socket.socket:
    """JSON in chunks, of which the last does not come."""
    found = served.connect()
    kind = b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    found.sendall(b"POST /api/v1/device HTTP/1.1\r\nHost: localhost\r\n" + kind + b'\r\n8\r\n{"name":\r\n')
    return found


def slow_reader(served: Served) -> socket.socket:
    """A large file of which the first bytes are taken; beyond one's share it is refused."""
    found = served.connect(small=True)
    found.sendall(f"GET {served.file} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert found.recv(12) in {b"HTTP/1.1 200", b"HTTP/1.1 429"}
    return found


@pytest.mark.parametrize(
    "attack",
    [idle, unfinished_head, unfinished_body, unfinished_chunks, slow_reader],
    ids=lambda one: one.__name__,
)
def test_pages_are_answered_while_many_are_slow(served: Served, attack: Callable[[Served], socket.socket]) -> None:
    slow = [attack(served) for _ in range(MANY)]
    try:
        for _ in range(3):
            assert served.page().ok
    finally:
        for one in slow:
            one.close()


def test_one_who_reads_slowly_cannot_take_every_thread(served: Served) -> None:
    """More downloads than a process has threads that wait: those beyond one's share are refused, in words."""
    slow, refused = [], []
    try:
        for _ in range(OF_A_PERSON + 250):
            one = served.connect(small=True)
            one.sendall(f"GET {served.file} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            slow.append(one)
        for one in slow:
            if one.recv(12).startswith(b"HTTP/1.1 429"):
                refused.append(one.recv(65536).decode("latin-1"))
        assert len(refused) == 250
        assert served.page().ok
    finally:
        for one in slow:
            one.close()
    end = time.monotonic() + PATIENCE_S
    while _status_of(served) != 200:
        assert time.monotonic() < end, "what was closed still counts"
        time.sleep(0.2)


def _status_of(served: Served) -> int:
    with requests.get(f"http://127.0.0.1:{served.port}{served.file}", stream=True, timeout=PATIENCE_S) as answer:
        return answer.status_code


def test_a_body_that_does_not_end_is_given_up(served: Served) -> None:
    one = unfinished_body(served)
    assert one.recv(4096) == b"" or b"HTTP/1.1 4" in one.recv(4096)  # shut, or told so; never waited for endlessly
    one.close()


def test_a_range_of_a_large_file_and_a_whole_form_still_work(served: Served) -> None:
    address = f"http://127.0.0.1:{served.port}"
    some = requests.get(address + served.file, headers={"Range": "bytes=10-19"}, timeout=PATIENCE_S)
    assert (some.status_code, len(some.content)) == (206, 10)
    assert some.headers["Content-Range"] == f"bytes 10-19/{LARGE}"
    wish = requests.post(f"{address}/api/v1/device", json={"name": "laptop"}, timeout=PATIENCE_S)
    assert wish.status_code == 201 and wish.json()["user_code"]
    in_chunks = requests.post(
        f"{address}/api/v1/device",
        data=iter([b'{"na', b'me": "laptop"}']),
        headers={"Content-Type": "application/json"},
        timeout=PATIENCE_S,
    )
    assert in_chunks.status_code == 201
    too_large = requests.post(f"{address}/api/v1/device", data=b"1" * 3 * 2**20, timeout=PATIENCE_S)
    assert too_large.status_code in {413, 422}


def test_a_restart_loses_no_request(served: Served) -> None:
    """The master is told to start its processes anew, again and again, while eight people ask for pages."""
    assert served.process is not None
    done, answers, failures = threading.Event(), [], []

    def ask() -> None:
        while not done.is_set():
            try:
                answers.append(served.page().status_code)
            except requests.RequestException as error:
                failures.append(repr(error))

    people = [threading.Thread(target=ask) for _ in range(8)]
    for one in people:
        one.start()
    for number in range(2, 5):
        served.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + PATIENCE_S
        while served.log.read_text().count("Booting worker") < number:
            assert time.monotonic() < end, served.log.read_text()
            time.sleep(0.1)
        asked = len(answers)
        while len(answers) < asked + 20 and time.monotonic() < end:
            time.sleep(0.1)
    done.set()
    for one in people:
        one.join()
    assert not failures
    assert set(answers) == {200} and len(answers) > 60
