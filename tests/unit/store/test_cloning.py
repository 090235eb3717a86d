"""Bytes are shared where the file system can, and are the same ones wherever they went; holes stay holes."""

import errno
import hashlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal.rpc.exchange import Refusal
from portal.store import cloning
from portal.store.client import StoredResult
from portal.store.cloning import Way, copied
from portal.store.telling import heard

IMAGE_BYTES = 400 << 20
MIB = 1 << 20


@pytest.fixture(scope="module", params=["btrfs", "xfs"])
def sharing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system that shares blocks, in an image of its own."""
    make = shutil.which(f"mkfs.{request.param}")
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    if make is None:
        pytest.skip(f"there is no mkfs.{request.param}")
    folder = tmp_path_factory.mktemp(request.param)
    image, mounted = folder / "image", folder / "mounted"
    mounted.mkdir()
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    subprocess.run([make, "-q", str(image)], check=True, capture_output=True)
    tried = subprocess.run(["mount", "-o", "loop", str(image), str(mounted)], check=False, capture_output=True)
    if tried.returncode:
        pytest.skip(f"this machine mounts no {request.param}: {tried.stderr.decode().strip()}")
    try:
        yield mounted
    finally:
        subprocess.run(["umount", "-l", str(mounted)], check=True)


def written(path: Path, size: int, *parts: tuple[int, bytes]) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
        for place, data in parts:
            file.seek(place)
            file.write(data)
    return path


SHAPES = {
    "empty": (0, ()),
    "small": (5, ((0, b"small"),)),
    "a hole in front": (3 * MIB + 7, ((3 * MIB, b"at end "),)),
    "a hole at the end": (9 * MIB + 3, ((0, b"in front"),)),
    "holes between": (12 * MIB, ((0, b"a"), (5 * MIB, os.urandom(100_000)), (11 * MIB, b"z"))),
    "nothing but a hole": (20 * MIB + 1, ()),
    "full": (2 * MIB + 11, ((0, os.urandom(2 * MIB + 11)),)),
}


def over(folder: Path, source: Path) -> tuple[int, str, Way]:
    """It copied to `copy` in the folder."""
    fd = os.open(folder / "copy", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with source.open("rb") as file:
            return copied(file.fileno(), fd, source.stat().st_size, lambda _size: None)
    finally:
        os.fsync(fd)
        os.close(fd)


def is_same(folder: Path, source: Path, found: tuple[int, str, Way]) -> None:
    content = source.read_bytes()
    assert (folder / "copy").read_bytes() == content
    assert found[:2] == (len(content), hashlib.sha256(content).hexdigest())
    assert (folder / "copy").stat().st_blocks <= source.stat().st_blocks + 2 * MIB // 512, "holes stay holes"


@pytest.mark.parametrize(("size", "parts"), SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("way", ["as it can", "plain"])
def test_the_same_bytes_come_over_where_nothing_is_shared(
    tmp_path: Path, size: int, parts: tuple[tuple[int, bytes], ...], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*_given: object) -> int:
        raise OSError(errno.EXDEV, "another file system")

    if way == "plain":
        monkeypatch.setattr(cloning.os, "copy_file_range", cannot)
        monkeypatch.setattr(cloning.fcntl, "ioctl", cannot)
    source = written(tmp_path / "source", size, *parts)
    found = over(tmp_path, source)
    is_same(tmp_path, source, found)
    if way == "plain" and parts:
        assert found[2] is Way.PLAIN


@pytest.mark.parametrize(("size", "parts"), SHAPES.values(), ids=SHAPES)
def test_the_same_bytes_come_over_where_blocks_are_shared(
    sharing: Path, size: int, parts: tuple[tuple[int, bytes], ...]
) -> None:
    source = written(sharing / "source", size, *parts)
    found = over(sharing, source)
    assert found[2] is Way.SHARED
    is_same(sharing, source, found)


def test_what_is_shared_takes_no_room_and_is_nobody_elses_afterwards(sharing: Path) -> None:
    source = written(sharing / "large", 48 * MIB, (0, os.urandom(48 * MIB)))
    content = source.read_bytes()
    os.sync()
    before = os.statvfs(sharing).f_bfree * os.statvfs(sharing).f_bsize
    assert over(sharing, source)[2] is Way.SHARED
    os.sync()
    taken = before - os.statvfs(sharing).f_bfree * os.statvfs(sharing).f_bsize
    assert taken < 8 * MIB
    with source.open("r+b") as file:
        file.write(b"changed")
    assert (sharing / "copy").read_bytes() == content


def test_the_store_shares_an_output_with_its_folder(sharing: Path, place: Any) -> None:
    (sharing / "site").mkdir()
    place = type(place)(sharing / "site")
    written(place.output / "result.h5", 48 * MIB, (0, os.urandom(48 * MIB)))
    os.sync()
    before = os.statvfs(sharing).f_bfree * os.statvfs(sharing).f_bsize
    answer = place.keep()
    os.sync()
    assert isinstance(answer, StoredResult)
    assert before - os.statvfs(sharing).f_bfree * os.statvfs(sharing).f_bsize < 8 * MIB
    assert place.client.verify([answer.location])[0].intact


def test_between_two_file_systems_it_is_copied(sharing: Path, tmp_path: Path) -> None:
    source = written(sharing / "source", *SHAPES["holes between"][:1], *SHAPES["holes between"][1])
    found = over(tmp_path, source)
    assert found[2] is not Way.SHARED
    is_same(tmp_path, source, found)


def test_a_keep_tells_how_far_it_is_and_gives_up_when_it_is_asked_to(place: Any) -> None:
    written(place.output / "endless.h5", 1 << 40)
    client, far, answers = place.limited(max_bytes=1 << 41), [], []

    def tell(said: str) -> None:
        far.extend(heard(said).values())

    keeping = threading.Thread(target=lambda: answers.extend(client.keep([place.wish(pattern="*.h5")], tell)))
    keeping.start()
    deadline = time.monotonic() + 180
    while not any(one.size for one in far):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (far[-1].job, far[-1].of_size >= 1 << 40) == (42, True)
    while keeping.is_alive():
        client.stop([(42, "result")])
        keeping.join(1.0)
    [answer] = answers
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.retry) == ("stopped", True)
    assert place.empty()
    (place.output / "endless.h5").unlink()
    assert isinstance(place.keep(), StoredResult), "a stop is for one keep only"


def test_where_nothing_is_kept_nothing_is_stopped(place: Any) -> None:
    assert place.client.stop([(42, "result")]) == [False]
    assert isinstance(place.keep(), StoredResult)


def test_many_small_files_are_kept_whole(place: Any) -> None:
    for number in range(300):
        (place.output / f"{number}.txt").write_text(str(number))
    answer = place.keep()
    assert isinstance(answer, StoredResult)
    assert len(answer.files) == 303
    assert place.client.verify([answer.location])[0].intact
