"""Looking into several files: forks of one process that has the libraries loaded, each a child with limits."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
from zarr_folders import described, write

from portal.data.parsing import children, client
from portal.data.parsing.beside import Beside
from portal.errors import InvalidError, LimitError, UnsafeFileError
from portal.files.confined import Root


@pytest.fixture(autouse=True)
def nobody_forks_yet() -> Iterator[None]:
    token = children._nursery.set(None)
    yield
    children._nursery.reset(token)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    values = np.arange(4 * 16 * 16, dtype=np.uint16).reshape(4, 16, 16)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = values
    with h5py.File(tmp_path / "master.h5", "w") as file:
        file["led"] = h5py.ExternalLink("a.h5", "/data")
        file["out"] = h5py.ExternalLink("/etc/passwd", "/")
    tifffile.imwrite(tmp_path / "b.tif", values, photometric="minisblack")
    (tmp_path / "damaged.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(300))
    (tmp_path / "notes.txt").write_text("none")
    write(tmp_path / "c.ome.zarr", [values], described("zyx", "micrometer", [[1, 1, 1]]))
    return tmp_path


NAMES = ["a.h5", "master.h5", "b.tif", "damaged.h5", "notes.txt", "c.ome.zarr"]


def looked(folder: Path, name: str, **how: Any) -> object:
    """What looking into a file gives, or the refusal in words."""
    with Root(folder) as root:
        try:
            if name.endswith(".zarr"):
                with root.open_folder(name) as inner:
                    return client.inspect(inner, pictures=4, **how)
            with root.open_file(name) as file:
                return client.inspect(file, beside=Beside(root, name, [str(folder)]), pictures=4, **how)
        except (InvalidError, UnsafeFileError) as error:
            return type(error), error.message


@pytest.fixture
def nursery(folder: Path) -> Iterator[children.Nursery]:
    """The process that forks, started."""
    with children.several():
        looked(folder, "a.h5")
        looked(folder, "a.h5")
        found = children._nursery.get()
        assert found is not None and found._process is not None
        yield found


def test_a_fork_says_what_a_child_by_itself_says(folder: Path) -> None:
    alone = [looked(folder, name) for name in NAMES]
    with children.several():
        assert [looked(folder, name) for name in NAMES * 2] == alone * 2


def test_the_process_that_forks_keeps_nothing_of_the_files(folder: Path, nursery: children.Nursery) -> None:
    assert nursery._process is not None
    held = Path(f"/proc/{nursery._process.pid}/fd")
    before = sorted(str(path.readlink()) for path in held.iterdir())
    for name in NAMES:
        looked(folder, name)
    assert sorted(str(path.readlink()) for path in held.iterdir()) == before
    assert not [path for path in before if str(folder) in path]


def test_one_that_takes_too_long_costs_itself_only(folder: Path, nursery: children.Nursery) -> None:
    assert nursery._process is not None
    process = nursery._process
    for _ in range(3):
        with pytest.raises(LimitError, match="took longer than"):
            looked(folder, "a.h5", timeout_s=0.0)
    assert isinstance(looked(folder, "a.h5"), client.Inspection)
    assert (nursery._process, process.poll()) == (process, None)


def unpacked(folder: Path) -> None:
    """A block that claims to fill the memory."""
    with h5py.File(folder / "large.h5", "w") as file:
        file.create_dataset("data", (1 << 14, 1 << 14), "f8", chunks=(1 << 12, 1 << 13), compression="gzip")
        file["data"][0, 0] = 1


def test_limits_are_those_of_each_fork(folder: Path, nursery: children.Nursery) -> None:
    unpacked(folder)
    within = looked(folder, "large.h5", timeout_s=300.0)
    token = children._nursery.set(None)
    alone = looked(folder, "large.h5", timeout_s=300.0)
    children._nursery.reset(token)
    assert within == alone
    assert nursery._asked > 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_where_the_process_is_gone_children_start_by_themselves(
    folder: Path, nursery: children.Nursery, number: int
) -> None:
    assert nursery._process is not None
    os.kill(nursery._process.pid, number)
    nursery._process.wait()
    assert isinstance(looked(folder, "a.h5"), client.Inspection)
    assert isinstance(looked(folder, "b.tif"), client.Inspection)


def test_it_ends_with_the_block_and_is_one_for_those_within(folder: Path) -> None:
    with children.several():
        outer = children._nursery.get()
        with children.several():
            assert children._nursery.get() is outer
            for _ in range(2):
                looked(folder, "a.h5")
        assert outer is not None and outer._process is not None
        assert outer._process.poll() is None
    assert outer._process.poll() is not None
    assert children._nursery.get() is None
