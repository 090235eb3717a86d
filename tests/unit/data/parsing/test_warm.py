"""Processes kept warm: forks of them see nothing of each other, and whatever is killed costs itself only."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from portal.data.parsing import children, client, warm
from portal.data.parsing.preview import redraw
from portal.data.parsing.warm import Warm
from portal.errors import InvalidError, LimitError, PortalError

DRIVER = """
import ctypes, json, os, sys, threading, time
import portal.data.parsing.nursery as nursery

def planted():
    import builtins, resource
    return [name for name, there in {
        "builtins": hasattr(builtins, "planted"),
        "module": "planted" in sys.modules,
        "environment": "PLANTED" in os.environ,
        "attribute": hasattr(json, "planted"),
        "umask": os.umask(0o22) != 0o22,
        "folder": os.getcwd() != "/",
        "thread": threading.active_count() > 1,
        "descriptors": len(os.listdir("/proc/self/fd")) > 6,
        "limit": resource.getrlimit(resource.RLIMIT_CORE)[1] == 0,
    }.items() if there]

def plant(parent):
    import builtins, resource
    builtins.planted = sys.modules["planted"] = json.planted = os
    os.environ["PLANTED"] = "1"
    os.umask(0o77)
    os.chdir("/proc")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    for _ in range(20):
        os.open("/dev/null", os.O_RDONLY)
    got = []
    try:
        with open(f"/proc/{parent}/mem", "r+b"):
            got.append("memory")
    except OSError:
        pass
    if ctypes.CDLL(None).ptrace(16, parent, 0, 0) == 0:
        got.append("traced")
    return got

def answer_one(fd, channel=None):
    words = sys.stdin.buffer.read().decode()
    if words == "sleep":
        time.sleep(600)
    found, parent = planted(), os.getppid()
    print(json.dumps({"found": found, "got": plant(parent), "pid": os.getpid()}))
    return 0

nursery.answer_one = answer_one
if os.geteuid() == 0:  # root may do everything to everybody
    os.setgid(65534)
    os.setuid(65534)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
sys.exit(nursery.main())
"""


@pytest.fixture(autouse=True)
def nobody_forks_yet() -> Iterator[None]:
    token = children._nursery.set(None)
    yield
    children._nursery.reset(token)


@pytest.fixture
def kept() -> Iterator[Warm]:
    made = Warm()
    yield made
    made.close()


@pytest.fixture
def driven(monkeypatch: pytest.MonkeyPatch) -> None:
    """What forks is ours: its children plant something and tell what they find."""

    def started(_module: str, fds: list[int]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", DRIVER, *map(str, fds)]
        pipe = subprocess.PIPE
        env = children._environment()
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, pass_fds=fds, cwd="/", env=env)

    monkeypatch.setattr(children, "_started", started)


def a_file(folder: Path, name: str, first: int = 0) -> Path:
    values = np.arange(first, first + 2 * 8 * 8, dtype=np.uint16).reshape(2, 8, 8)
    with h5py.File(folder / name, "w") as file:
        file[f"data of {name}"] = values
    return folder / name


def look(path: Path, **how: Any) -> list[str]:
    with path.open("rb") as file:
        return [array.name for array in client.listing(file, pictures=1, **how).arrays]


def pid_of(kept: Warm) -> int:
    (nursery, _stamp), *_others = kept._ready
    assert nursery._process is not None
    return nursery._process.pid


def ask(kept: Warm, words: str) -> dict[str, Any] | None:
    with Path("/dev/null").open("rb") as file:
        ended = kept.run([file.fileno()], words.encode(), 60.0, 10_000)
    return None if ended is None else dict(json.loads(ended.out))


def children_of(pid: int) -> dict[int, str]:
    """The processes whose parent it is, with their state."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == pid:
            found[int(path.parent.name)] = state
    return found


def until(what: Any) -> Any:
    deadline = time.monotonic() + 180
    while not (found := what()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return found


def test_what_one_plants_the_next_does_not_find(driven: None, kept: Warm) -> None:
    answers = [ask(kept, "") for _ in range(3)]
    assert [answer and answer["found"] for answer in answers] == [[], [], []]
    assert len({answer["pid"] for answer in answers if answer}) == 3
    assert len(kept._ready) == 1, "all were forks of one process"


def test_no_child_gets_at_the_process_that_forks_the_next(driven: None, kept: Warm) -> None:
    answer = ask(kept, "")
    assert answer is not None and answer["got"] == []


def test_where_the_process_is_killed_its_child_ends_and_the_next_look_has_another(
    driven: None, kept: Warm
) -> None:
    ask(kept, "")  # it has begun: while libraries load, a child may be one of theirs
    before, answers = pid_of(kept), []
    asking = threading.Thread(target=lambda: answers.append(ask(kept, "sleep")))
    asking.start()
    (child,) = until(lambda: children_of(before))
    os.kill(before, signal.SIGKILL)
    asking.join()
    assert answers == [None], "a child is to be started by itself"
    until(lambda: not Path(f"/proc/{child}").exists())
    assert ask(kept, "") is not None
    assert pid_of(kept) != before


def test_a_child_that_is_killed_costs_its_file_only_and_leaves_no_zombie(driven: None, kept: Warm) -> None:
    ask(kept, "")  # it has begun: while libraries load, a child may be one of theirs
    before, ends = pid_of(kept), []

    def asked() -> None:
        with Path("/dev/null").open("rb") as file:
            ends.append(kept.run([file.fileno()], b"sleep", 60.0, 10_000))

    asking = threading.Thread(target=asked)
    asking.start()
    (child,) = until(lambda: children_of(before))
    os.kill(child, signal.SIGKILL)
    asking.join()
    assert [end and end.code for end in ends] == [-signal.SIGKILL]
    assert ask(kept, "") is not None
    assert (pid_of(kept), children_of(before)) == (before, {})


def test_killed_at_any_moment_every_look_is_answered_rightly(kept: Warm, tmp_path: Path) -> None:
    path = a_file(tmp_path, "a.h5")
    done = threading.Event()

    def kill_on() -> None:
        while not done.wait(0.05):
            for nursery, _stamp in list(kept._ready):
                if nursery._process is not None:
                    os.kill(nursery._process.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_on)
    killer.start()
    try:
        with kept.used():
            assert [look(path) for _ in range(4)] == [["/data of a.h5"]] * 4
    finally:
        done.set()
        killer.join()


def test_many_at_once_have_their_own_answers_and_few_processes_stay(kept: Warm, tmp_path: Path) -> None:
    paths = [a_file(tmp_path, f"{number}.h5", number) for number in range(6)]

    def looked(path: Path) -> list[str]:
        with kept.used():
            return look(path)

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(looked, paths)) == [[f"/data of {path.name}"] for path in paths]
    assert 1 <= len(kept._ready) <= warm.KEPT
    for nursery, _stamp in kept._ready:
        assert nursery._process is not None
        assert "Threads:\t1\n" in Path(f"/proc/{nursery._process.pid}/status").read_text()
        assert children_of(nursery._process.pid) == {}


def test_once_our_files_are_others_another_process_forks(
    driven: None, kept: Warm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm, "OURS", (tmp_path,))
    monkeypatch.setattr(warm, "LOOKED_AT_S", -1.0)
    (tmp_path / "reader.py").write_text("1")
    pids = []
    for release in ("1", "1", "two"):
        if release == "two":
            (tmp_path / "reader.py").write_text(release)
        assert ask(kept, "") is not None
        pids.append(pid_of(kept))
    assert pids[0] == pids[1] != pids[2]
    until(lambda: not Path(f"/proc/{pids[0]}").exists())


def test_after_so_many_forks_it_is_another(driven: None, kept: Warm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "MOST_FORKS", 2)
    pids = []
    for _ in range(4):
        kept.begin()
        pids.append(pid_of(kept))
        assert ask(kept, "") is not None
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_one_that_cannot_start_leaves_children_that_start_by_themselves(
    kept: Warm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = children._started

    def broken(module: str, fds: list[int]) -> subprocess.Popen[bytes]:
        return started("portal.no_such_module" if module.endswith("nursery") else module, fds)

    monkeypatch.setattr(children, "_started", broken)
    with kept.used():
        assert look(a_file(tmp_path, "a.h5")) == ["/data of a.h5"]
    assert kept._not_before > time.monotonic()


def test_its_end_leaves_nothing(kept: Warm) -> None:
    kept.begin()
    pid = pid_of(kept)
    kept.close()
    assert not Path(f"/proc/{pid}").exists()
    assert ask(kept, "") is None


def png(width: int, height: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), (200, 10, 10)).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [png(30, 20), png(4000, 10), b"", b"GIF89a", png(9, 9)[:40]],
    ids=["small", "wide", "empty", "gif", "cut"],
)
def test_a_picture_is_drawn_as_a_child_by_itself_draws_it(kept: Warm, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.png").write_bytes(data)

    def drawn() -> object:
        with (tmp_path / "a.png").open("rb") as file:
            try:
                return redraw(file)
            except PortalError as error:
                return type(error), error.message

    alone = drawn()
    with kept.used():
        assert drawn() == alone
    assert isinstance(alone, tuple) is (data not in (png(30, 20), png(4000, 10)))


def test_a_picture_has_its_memory_and_no_more(kept: Warm, tmp_path: Path) -> None:
    """Beside its own limit: as many pixels as are allowed are drawn, more are refused."""
    Image.new("L", (10_000, 9_990)).save(tmp_path / "large.png")
    Image.new("L", (10_000, 10_010)).save(tmp_path / "larger.png")
    with kept.used():
        with (tmp_path / "large.png").open("rb") as file:
            assert redraw(file, timeout_s=300).width == 2048
        with (tmp_path / "larger.png").open("rb") as file, pytest.raises((InvalidError, LimitError)):
            redraw(file, timeout_s=300)
