"""What another person's ordinary request takes while somebody does their worst, against a quiet portal.

`python tests/bench/bench_stalls.py [ATTACK …] [--rounds 20]` prints one JSON object: for each attack the median
and the longest of Ravi's requests (a page of data by the API, on a new connection) quiet and during it, in
milliseconds, their ratio, and what the attacker's own request was answered. gunicorn as a demo runs it, one
process, eight threads, SQLite; real daemon, agent, store. `sparse` and `many-files` time Ravi's small result too,
in seconds from the end of its program. `load` is the load average: on a machine with other work the ratio counts.
"""

import argparse
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests" / "support"), str(REPOSITORY / "tests" / "bench")]

from bench_collect import MANY, SPARSE  # noqa: E402 - the paths come first
from job_yard import COUNT, Yard, analysis, make_yard  # noqa: E402

from portal.catalogue.models import Datafile, Dataset  # noqa: E402
from portal.identity.tokens import create_token  # noqa: E402
from portal.jobtype.load import load_folders, shipped_folder  # noqa: E402

LARGE = 64 * 2**20
SLOW = 100
"""Connections at a time, of which a thread each would be twelve times those that work."""
LONGEST_S = 600
JSON = {"Content-Type": "application/json"}


@dataclass
class Place:
    """The portal, and who is at it."""

    yard: Yard
    port: int
    tokens: dict[str, str]
    file: str
    answers: list[str] = field(default_factory=list)
    """What the attacker was told."""
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """The portal's address."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, person: str, method: str, path: str, **more: Any) -> requests.Response:
        """A request with that person's token."""
        headers = {"Authorization": f"Bearer {self.tokens[person]}", **more.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=LONGEST_S, **more)

    def again_and_again(self, method: str, path: str, body: bytes) -> None:
        """The same request until the end; three at a time."""

        def go() -> None:
            while not self.stop.is_set():
                try:
                    answer = self.ask(
                        "maya", method, path, data=body, headers={"Content-Type": "application/json"}
                    )
                    self.answers.append(str(answer.status_code))
                except requests.RequestException as error:
                    self.answers.append(type(error).__name__)

        for _ in range(3):
            threading.Thread(target=go, daemon=True).start()


def ids(place: Place) -> None:
    """900,000 ids of datasets in one submission."""
    stack = "9," * 899_999 + "9"  # short ones, so that the body is of a length that is taken
    body = f'{{"analysis": "count", "inputs": {{"stack": [{stack}]}}}}'.encode()
    place.again_and_again("POST", "/api/v1/submissions", body)


def ids_within_bounds(place: Place) -> None:
    """As many ids as a request may have, none of which is there."""
    body = json.dumps({"analysis": "count", "inputs": {"stack": list(range(10**6, 10**6 + 1000))}}).encode()
    place.again_and_again("POST", "/api/v1/submissions", body)


def deep(place: Place) -> None:
    """A megabyte of opening brackets."""
    place.again_and_again("POST", "/api/v1/submissions", b"[" * 1_000_000)


def pattern(place: Place) -> None:
    """A text that a pattern with ambiguous repetition took for ever to refuse: the option `box`, as it ships."""
    options = {"box": "1 " * 49 + "!"}
    body = {"analysis": "boxed", "inputs": {"stack": [place.yard.stack]}, "options": options}
    place.again_and_again("POST", "/api/v1/submissions", json.dumps(body).encode())


def many_connections(place: Place, head: bytes, *, small: bool = False) -> None:
    """So many connections that are never done; new ones for those that were given up."""

    def go() -> None:
        while not place.stop.is_set():
            with suppress(OSError), socket.socket() as one:
                if small:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                one.settimeout(1)
                one.connect(("127.0.0.1", place.port))
                one.sendall(head)
                while not place.stop.wait(1) and not _ended(one, small):
                    pass

    for _ in range(SLOW):
        threading.Thread(target=go, daemon=True).start()
    time.sleep(2)


def _ended(one: socket.socket, reads: bool) -> bool:
    try:
        return one.recv(1 if reads else 4096) == b""
    except TimeoutError:
        return False


def slow_readers(place: Place) -> None:
    """A large file, taken a byte a second."""
    token = place.tokens["maya"]
    words = f"GET {place.file} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    many_connections(place, words.encode(), small=True)


def unfinished_bodies(place: Place) -> None:
    """A form of which a hundredth comes."""
    kind = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n"
    many_connections(place, f"POST /sign-in HTTP/1.1\r\nHost: localhost\r\n{kind}\r\nname=maya".encode())


def unfinished_heads(place: Place) -> None:
    """A head without its last line."""
    many_connections(place, b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\n")


def idle(place: Place) -> None:
    """Nothing is said."""
    many_connections(place, b"")


def sparse(place: Place) -> None:
    """A result of one file of 20 GiB, all of which is a hole."""
    _collecting(place, "sparse")


def many_files(place: Place) -> None:
    """A result of many small HDF5 files."""
    _collecting(place, "many")


def _collecting(place: Place, name: str) -> None:
    place.yard.submit(name, options={"wait": 0})
    place.yard.wait(lambda: place.yard.jobs()[-1].state.value in {"collecting", "succeeded", "failed"}, 3600)


ATTACKS: dict[str, Callable[[Place], None]] = {
    "ids": ids,
    "ids-within-bounds": ids_within_bounds,
    "deep": deep,
    "pattern": pattern,
    "idle": idle,
    "unfinished-heads": unfinished_heads,
    "unfinished-bodies": unfinished_bodies,
    "slow-readers": slow_readers,
    "sparse": sparse,
    "many-files": many_files,
}
SAVES = {"sparse", "many-files"}


def main() -> int:
    """Attack, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("attacks", nargs="*", help=f"of {', '.join(ATTACKS)}; none: all")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--files", type=int, default=2000, help="of many-files")
    given = parser.parse_args()
    found = {}
    for name in given.attacks or ATTACKS:
        with tempfile.TemporaryDirectory(prefix="gantry-bench-") as folder, _place(Path(folder), given) as place:
            found[name] = _measured(place, name, given.rounds)
            print(name, json.dumps(found[name]), file=sys.stderr, flush=True)
    print(json.dumps({"rounds": given.rounds, "at": str(datetime.now(UTC)), "attacks": found}, indent=1))
    return 0


def _measured(place: Place, name: str, rounds: int) -> dict[str, Any]:
    if name in SAVES:
        place.yard.start_daemon()
    _times(place, 5)  # what is read once, is read
    quiet = _times(place, rounds)
    made: dict[str, Any] = {"quiet": _said(quiet)}
    if name in SAVES:
        made["small result, quiet, s"] = _small_result(place)
    ATTACKS[name](place)
    during = _times(place, rounds)
    made |= {"during": _said(during), "ratio": round(statistics.median(during) / statistics.median(quiet), 1)}
    if name in SAVES:
        large = place.yard.jobs()[-1]
        made["small results beside it, s"] = [_small_result(place) for _ in range(3)]
        index = next(at for at, one in enumerate(place.yard.jobs()) if one.id == large.id)
        made["the large one was still being saved"] = not place.yard.job(index).state.final
    place.stop.set()
    counted = sorted(set(place.answers))
    made["answers to it"] = {one: place.answers.count(one) for one in counted}
    made["load"] = round(os.getloadavg()[0], 1)
    return made


def _times(place: Place, rounds: int) -> list[float]:
    found = []
    for _ in range(rounds):
        begun = time.perf_counter()
        answer = place.ask("ravi", "GET", "/api/v1/datasets")
        assert answer.status_code == 200, answer.text
        found.append((time.perf_counter() - begun) * 1000)
    return found


def _said(times: list[float]) -> dict[str, float]:
    return {"median ms": round(statistics.median(times), 1), "longest ms": round(max(times), 1)}


def _small_result(place: Place) -> float:
    yard = place.yard
    yard.submit("count", person="ravi")
    index = len(yard.jobs()) - 1
    yard.wait(lambda: yard.job(index).state.final, LONGEST_S)
    job = yard.jobs()[index]
    ended = job.attempt.seen.scheduler.ended if job.attempt else None
    return round(((job.ended or datetime.now(UTC)) - (ended or job.created)).total_seconds(), 2)


@contextmanager
def _place(folder: Path, given: argparse.Namespace) -> Iterator[Place]:
    h5 = [{"name": "data", "pattern": "**", "dataset_type": "data"}]
    shipped = load_folders([shipped_folder()]).by_name["lightsheet-deconvolution"]
    box = next(option.model_dump(exclude_none=True) for option in shipped.options if option.name == "box")
    yard = make_yard(
        folder,
        analysis("boxed", COUNT, options=[box]),
        analysis("count", COUNT),
        analysis("many", MANY.replace("FILES", str(given.files)), outputs=h5),
        analysis("sparse", SPARSE, outputs=h5),
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    tokens = {}
    with yard.database.write() as session:
        for person in ("maya", "ravi"):
            actor = yard.facility.actors[person]
            words = ["read", "submit"]
            tokens[person] = create_token(session, actor, "bench", words, days=1, now=datetime.now(UTC))[1]
    config = _config(yard, port, folder)
    place = Place(yard, port, tokens, _large_file(yard))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GANTRY_")}
    environment |= {"GANTRY_CONFIG": str(config), "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "gunicorn", "--config", "python:portal.web.gunicorn", "portal.web.wsgi:app"]
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        while True:
            assert process.poll() is None, (folder / "web.log").read_text()
            with suppress(requests.RequestException):
                requests.get(f"{place.url}/healthz", timeout=5)
                break
            time.sleep(0.2)
        yield place
    finally:
        place.stop.set()
        process.kill()
        process.wait()
        yard.close()


def _config(yard: Yard, port: int, folder: Path) -> Path:
    config = folder / "web.toml"
    settings = yard.settings
    roots = "".join(f'[roots.{name}]\npath = "{root.path}"\n' for name, root in settings.roots.items())
    types = json.dumps([str(one) for one in settings.jobtypes])
    config.write_text(
        f'var = "{settings.var}"\ndatabase_url = "{yard.database.engine.url}"\njobtypes = {types}\n'
        f'[web]\nport = {port}\nsecret = "{folder}/secret"\n{roots}'
    )
    (folder / "secret").write_text(secrets.token_hex(32))
    return config


def _large_file(yard: Yard) -> str:
    """The address of a large file of data in place, which Maya may read."""
    name, root = next(iter(yard.settings.roots.items()))
    place = root.path / "large"
    place.mkdir()
    (place / "large.bin").write_bytes(b"\0" * LARGE)
    with yard.database.write() as session:
        dataset = session.get_one(Dataset, yard.facility.datasets["public"])
        dataset.location = f"{name}:large"
        status = (place / "large.bin").stat()
        file = Datafile(
            dataset_id=dataset.id,
            name="large.bin",
            location="large.bin",
            file_size=LARGE,
            mtime_ns=status.st_mtime_ns,
        )
        session.add(file)
        session.flush()
        return f"/api/v1/datasets/{dataset.id}/files/{file.id}/content"


if __name__ == "__main__":
    sys.exit(main())
