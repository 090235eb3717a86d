"""Many HDF5 files looked at by few children: each is said of what a child by itself says of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import h5py
import numpy as np
import pytest

from portal.data.parsing import children, client, many
from portal.data.parsing.many import check_many
from portal.data.parsing.warm import Warm
from portal.errors import NotFoundError, PortalError
from portal.files.confined import Root


@pytest.fixture(params=["by itself", "warm"])
def _started(request: pytest.FixtureRequest) -> Iterator[None]:
    token = children._nursery.set(None)
    kept = Warm()
    if request.param == "warm":
        with kept.used():
            yield
    else:
        yield
    kept.close()
    children._nursery.reset(token)


def a_file(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(64)
        file.create_group("inner").attrs["units"] = "um"
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(12):
        a_file(tmp_path / f"{number:02}.h5")
    with h5py.File(tmp_path / "03.h5", "a") as file:
        file["out"] = h5py.ExternalLink("/etc/passwd", "/")
    with h5py.File(tmp_path / "05.h5", "a") as file:
        file.create_dataset("raw", (4,), "u1", external=[("/etc/shadow", 0, 4)])
    whole = (tmp_path / "07.h5").read_bytes()
    (tmp_path / "07.h5").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "09.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(300))
    return tmp_path


def said(error: PortalError | None) -> object:
    return error and (type(error), error.message)


def by_itself(folder: Path, name: str) -> object:
    with (folder / name).open("rb") as file:
        try:
            client.check(file)
        except PortalError as error:
            return said(error)
    return None


@pytest.mark.usefixtures("_started")
def test_each_is_said_of_what_is_said_of_it_alone(folder: Path) -> None:
    names = sorted(path.name for path in folder.iterdir())
    looked: list[int] = []
    with Root(folder) as root:
        found = check_many(names, root.open_file, looked.append)
    assert {name: said(found.get(name)) for name in names} == {name: by_itself(folder, name) for name in names}
    assert sorted(found) == ["03.h5", "05.h5", "07.h5", "09.h5"]
    assert looked[-1] == len(names)


@pytest.mark.usefixtures("_started")
def test_one_that_is_a_childs_end_costs_itself_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child has no descriptors to read this one with: what it cannot do, it dies of."""
    names = [f"{number:02}.h5" for number in (0, 1, 2, 4)]
    ends: list[str] = []

    def opening(name: str) -> BinaryIO:
        if name == "02.h5" and not ends:
            ends.append(name)
            return (folder / name).open("wb")  # it may not be read
        return (folder / name).open("rb")

    alone = many._alone
    asked: list[str] = []
    monkeypatch.setattr(many, "_alone", lambda name, opening: asked.append(name) or alone(name, opening))
    content = (folder / "02.h5").read_bytes()
    monkeypatch.setattr(many, "A_CHILD", 3)

    def and_again(name: str) -> BinaryIO:
        file = opening(name)
        if file.writable():
            file.write(content)
            file.flush()
        return file

    assert check_many(names, and_again) == {}
    assert asked == ["02.h5"]


def test_what_cannot_be_opened_is_an_error_of_all(folder: Path) -> None:
    with Root(folder) as root, pytest.raises(NotFoundError):
        check_many(["00.h5", "no.h5"], root.open_file)


def test_more_than_one_child_takes_are_looked_at_in_turn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "A_CHILD", 5)
    names = [f"{number:02}.h5" for number in range(12)]
    with Root(folder) as root:
        assert sorted(check_many(names, root.open_file)) == ["03.h5", "05.h5", "07.h5", "09.h5"]


def test_none_at_all_need_no_child() -> None:
    def opened(name: str) -> BinaryIO:
        raise AssertionError(name)

    assert check_many([], opened) == {}
