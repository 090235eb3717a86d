"""Links of HDF5 files: those within the registered folder are followed by our own code, all others are named."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import h5py
import numpy as np
import pytest

from portal.data.parsing import client as parsing
from portal.data.parsing.beside import Beside
from portal.errors import UnsafeFileError
from portal.files.confined import Root

SECRET = 42.0
VALUES = np.arange(64.0).reshape(8, 8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A registered folder; a secret lies outside of it, and one of the same name and path inside of the master."""
    (tmp_path / "secret.h5").touch()
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["data"] = np.full((8, 8), SECRET)
        file["one"] = SECRET
    (tmp_path / "secret.raw").write_bytes(np.full(64, SECRET).tobytes())
    (tmp_path / "in").mkdir()
    with h5py.File(tmp_path / "in/raw.h5", "w") as file:
        file["data"] = VALUES
        file["one"] = 7.0
        file["deep/er/data"] = VALUES
    VALUES.tofile(tmp_path / "in/values.raw")
    return tmp_path / "in"


def virtual(file: h5py.File, name: str, source: str, inner: str = "data") -> None:
    layout = h5py.VirtualLayout((8, 8), "f8")
    layout[:] = h5py.VirtualSource(source, inner, (8, 8))
    file.create_virtual_dataset(name, layout)


def pattern(file: h5py.File, name: str, source: str) -> None:
    view = h5py.h5s.create_simple((8, 8), (h5py.h5s.UNLIMITED, 8))
    view.select_hyperslab((0, 0), (h5py.h5s.UNLIMITED, 1), stride=(8, 1), block=(8, 8))
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_virtual(view, source.encode(), b"data", h5py.h5s.create_simple((8, 8), (8, 8)))
    space = h5py.h5s.create_simple((8, 8), (h5py.h5s.UNLIMITED, 8))
    h5py.h5d.create(file.id, name.encode(), h5py.h5t.NATIVE_DOUBLE, space, properties)


def look(folder: Path, paths=(), name="m.h5", links=False):
    """What an inspection gives, and the files that were opened for it."""
    with Root(folder) as root, (folder / name).open("rb") as file:
        beside = Beside(root, name, [str(folder)], links=links)
        return parsing.inspect(file, paths, beside=beside, pictures=3), beside.opened


def master(folder: Path, write) -> None:
    with h5py.File(folder / "m.h5", "w", libver="latest") as file:
        write(file)


INSIDE = {
    "a link": lambda file, folder: file.__setitem__("data", h5py.ExternalLink("raw.h5", "/data")),
    "a link to a group": lambda file, folder: file.__setitem__("data", h5py.ExternalLink("raw.h5", "/deep")),
    "a link by absolute path": lambda file, folder: file.__setitem__(
        "data", h5py.ExternalLink(str(folder / "raw.h5"), "/data")
    ),
    "a link by a way around": lambda file, folder: file.__setitem__(
        "data", h5py.ExternalLink("sub/../././raw.h5", "/data")
    ),
    "a virtual dataset": lambda file, folder: virtual(file, "data", "raw.h5"),
    "external storage": lambda file, folder: file.create_dataset(
        "data", (8, 8), "f8", external=[("values.raw", 0, 512)]
    ),
}


@pytest.mark.parametrize("kind", INSIDE)
def test_what_lies_in_the_folder_is_shown_and_named(folder: Path, kind: str) -> None:
    master(folder, lambda file: INSIDE[kind](file, folder))
    if kind == "external storage":
        VALUES.tofile(folder / "values.raw")  # which the library has just filled with zeros
    seen, opened = look(folder, ["data@none", "/data/er/data"])
    assert list(opened) == ["values.raw" if kind == "external storage" else "raw.h5"]
    assert seen.remarks == ()
    assert seen.thumbnail is not None
    shapes = {item["path"]: item["shape"] for item in seen.description["items"] if item["kind"] == "array"}
    assert [8, 8] in shapes.values()
    assert [array.shape for array in seen.listing.arrays] == [(8, 8)]
    assert seen.listing.left_out == ()


def test_values_are_read_through_links(folder: Path) -> None:
    def write(file: h5py.File) -> None:
        file["entry/raw"] = h5py.ExternalLink("raw.h5", "/")
        file["one"] = h5py.SoftLink("entry/raw/one")

    master(folder, write)
    seen, _opened = look(folder, ["entry/raw/one", "one"])
    assert seen.values == {"entry/raw/one": 7.0, "one": 7.0}


def test_a_link_means_the_other_file_and_never_the_same_path_of_the_master(folder: Path) -> None:
    """h5py, given a Python file object, takes the master for every file that is linked to, silently."""

    def write(file: h5py.File) -> None:
        file["one"] = 1.0
        file["data"] = np.zeros((8, 8))
        file["other"] = h5py.ExternalLink("raw.h5", "/one")
        virtual(file, "view", "raw.h5")

    master(folder, write)
    with (folder / "m.h5").open("rb") as file, h5py.File(file) as followed:
        assert followed["other"][()] == 1.0
    seen, _opened = look(folder, ["other"])
    assert seen.values == {"other": 7.0}


OUTSIDE = {
    "a link out of the folder": (
        lambda f, d: f.__setitem__("x", h5py.ExternalLink("../secret.h5", "/data")),
        "outside",
    ),
    "a link by dots on the way": (
        lambda f, d: f.__setitem__("x", h5py.ExternalLink("a/b/../../../secret.h5", "/data")),
        "outside",
    ),
    "a link by absolute path": (
        lambda f, d: f.__setitem__("x", h5py.ExternalLink(str(d.parent / "secret.h5"), "/data")),
        "outside",
    ),
    "a link by a path that begins like the folder's": (
        lambda f, d: f.__setitem__("x", h5py.ExternalLink(f"{d}side/secret.h5", "/data")),
        "outside",
    ),
    "a link by a path that begins with the folder's and leaves it": (
        lambda f, d: f.__setitem__("x", h5py.ExternalLink(f"{d}/../secret.h5", "/data")),
        "outside",
    ),
    "a link to nothing": (lambda f, d: f.__setitem__("x", h5py.ExternalLink("gone.h5", "/data")), "not there"),
    "a link to a symbolic link": (lambda f, d: f.__setitem__("x", h5py.ExternalLink("way.h5", "/data")), "link"),
    "a link through a folder that is a link": (
        lambda f, d: f.__setitem__("x", h5py.ExternalLink("up/secret.h5", "/data")),
        "link",
    ),
    "a link to a second name": (
        lambda f, d: f.__setitem__("x", h5py.ExternalLink("hard.h5", "/data")),
        "hard link",
    ),
    "a link to a pipe": (lambda f, d: f.__setitem__("x", h5py.ExternalLink("pipe.h5", "/data")), "device or pipe"),
    "a link to a folder": (lambda f, d: f.__setitem__("x", h5py.ExternalLink("sub", "/data")), "a folder"),
    "a link to a text": (
        lambda f, d: f.__setitem__("x", h5py.ExternalLink("text.h5", "/data")),
        "is no HDF5 file",
    ),
    "a link with a name of no characters": (
        lambda f, d: f.__setitem__(
            "x", h5py.ExternalLink(b"\xff\xfe.h5".decode("utf-8", "surrogateescape"), "/data")
        ),
        "no name",
    ),
    "a link in a deep group": (
        lambda f, d: f.__setitem__("entry/deep/er/x", h5py.ExternalLink("/etc/passwd", "/")),
        "outside",
    ),
    "a soft link through a link": (
        lambda f, d: (
            f.__setitem__("x", h5py.ExternalLink("../secret.h5", "/")),
            f.__setitem__("soft", h5py.SoftLink("x/data")),
            f.__setitem__("softer", h5py.SoftLink("/soft")),
        ),
        "outside",
    ),
    "a second hop": (lambda f, d: f.__setitem__("x", h5py.ExternalLink("hop.h5", "/x")), "outside"),
    "a second hop that nobody asked for": (
        lambda f, d: f.__setitem__("x", h5py.ExternalLink("hop.h5", "/own")),
        "outside",
    ),
    "a virtual source": (lambda f, d: virtual(f, "x", str(d.parent / "secret.h5")), "outside"),
    "a virtual source by dots": (lambda f, d: virtual(f, "x", "../secret.h5"), "outside"),
    "a virtual source that is not there": (lambda f, d: virtual(f, "x", "gone.h5"), "not there"),
    "a virtual source behind a second hop": (lambda f, d: virtual(f, "x", "hop.h5", "x"), "outside"),
    "a view of a view elsewhere": (lambda f, d: virtual(f, "x", "view.h5", "x"), "outside"),
    "a pattern": (lambda f, d: pattern(f, "x", str(d.parent / "secret%b.h5")), "outside"),
    "a pattern by dots": (lambda f, d: pattern(f, "x", "../secret%b.h5"), "outside"),
    "a pattern of nothing": (lambda f, d: pattern(f, "x", "gone%b.h5"), "not there"),
    "a pattern that comes to a link": (lambda f, d: pattern(f, "x", "part%b.h5"), "link"),
    "external storage": (
        lambda f, d: f.create_dataset("x", (8, 8), "u1", external=[("/etc/passwd", 0, 64)]),
        "outside",
    ),
    "external storage by dots": (
        lambda f, d: f.create_dataset("x", (8, 8), "u1", external=[("../secret.raw", 0, 64)]),
        "outside",
    ),
    "external storage in a pipe": (
        lambda f, d: f.create_dataset("x", (8, 8), "u1", external=[("pipe.h5", 0, 64)]),
        "device or pipe",
    ),
}


def traps(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "way.h5").symlink_to("../secret.h5")
    (folder / "up").symlink_to("..")
    os.link(folder.parent / "secret.h5", folder / "hard.h5")
    (folder / "text.h5").write_text("hello")
    with h5py.File(folder / "hop.h5", "w") as file:
        file["x"] = h5py.ExternalLink("../secret.h5", "/data")
        file["own"] = 1.0
    with h5py.File(folder / "view.h5", "w", libver="latest") as file:
        virtual(file, "x", "../secret.h5")
    with h5py.File(folder / "part0.h5", "w") as file:
        file["data"] = VALUES
    (folder / "part1.h5").symlink_to("../secret.h5")


@pytest.mark.parametrize("kind", OUTSIDE)
def test_what_leads_elsewhere_is_named_and_never_read(folder: Path, kind: str) -> None:
    write, words = OUTSIDE[kind]
    traps(folder)
    # The library must not open the targets while the master is written, and it makes no pipe a file.
    (folder.parent / "apart").mkdir()
    with h5py.File(folder.parent / "apart/m.h5", "w", libver="latest") as file:
        file["fine"] = 3.0
        write(file, folder)
    (folder.parent / "apart/m.h5").rename(folder / "m.h5")
    os.mkfifo(folder / "pipe.h5")
    seen, opened = look(folder, ["fine", "x", "x/one", "soft", "softer", "entry/deep/er/x"])
    assert seen.values == ({"fine": 3.0, "x": 1.0} if "nobody asked for" in kind else {"fine": 3.0})
    assert seen.thumbnail is None or "nobody" in kind
    assert any(words in remark.words for remark in seen.remarks), seen.remarks
    assert not {"way.h5", "hard.h5", "pipe.h5", "up/secret.h5", "part1.h5"} & opened.keys()
    with (folder / "m.h5").open("rb") as file, pytest.raises(UnsafeFileError, match="leads out of itself"):
        parsing.inspect(file)


def test_the_child_could_not_open_a_file_if_it_wanted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where our own code forgot a link, the library has no descriptor to open it with."""
    (folder / "try.py").write_text(
        "import h5py\n"
        "from portal.data.parsing.readers.opening import seal\n"
        "file = h5py.File('m.h5')\n"
        "assert file['x'][()] == 7.0\n"
        "file.close(); file = h5py.File('m.h5')\n"
        "seal()\n"
        "import numpy.ma, wave\n"
        "try:\n    file['x'][()]\nexcept (OSError, KeyError) as error:\n    print('refused', error)\n"
    )
    master(folder, lambda file: file.__setitem__("x", h5py.ExternalLink("raw.h5", "/one")))
    done = subprocess.run(
        [sys.executable, "try.py"],
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parents[4])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("refused"), done.stderr


def test_a_result_that_was_left_open_hides_nothing(folder: Path) -> None:
    """A reader that expects a writer (SWMR) opens it: in a result, what leads out is found all the same."""
    script = (
        "import h5py, os\n"
        "file = h5py.File('m.h5', 'w', libver='latest')\n"
        "file['x'] = h5py.ExternalLink('raw.h5', '/data')\n"
        "file.create_dataset('d', (4,), maxshape=(None,), chunks=(4,))\n"
        "file.swmr_mode = True; file.flush(); os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=folder, check=True)
    with h5py.File(folder / "m.h5", swmr=True) as file:
        assert file.get("x", getlink=True).filename == "raw.h5"
    with (folder / "m.h5").open("rb") as file, pytest.raises(UnsafeFileError, match="leads out of itself: x"):
        parsing.check(file)
    seen, opened = look(folder)
    assert "still open for writing" in seen.remarks[0].words
    assert list(opened) == ["raw.h5"]


def test_links_in_a_circle_end(folder: Path) -> None:
    def write(file: h5py.File) -> None:
        file["a"] = h5py.ExternalLink("b.h5", "/a")
        file["self"] = h5py.ExternalLink("m.h5", "/self")
        file["soft"] = h5py.SoftLink("/soft")
        file["group"] = h5py.ExternalLink("b.h5", "/")
        virtual(file, "view", "b.h5", "view")

    master(folder, write)
    with h5py.File(folder / "b.h5", "w", libver="latest") as file:
        file["a"] = h5py.ExternalLink("m.h5", "/a")
        file["back"] = h5py.ExternalLink("m.h5", "/")
        virtual(file, "view", "m.h5", "view")
    seen, opened = look(folder, ["a", "self", "soft", "group/back/group/back/a", "view"])
    assert seen.values == {}
    assert "b.h5" in opened
    assert seen.thumbnail is None
    assert any("circle" in why or "itself" in why for _name, why in seen.listing.left_out)


@pytest.mark.parametrize("size", [0, 512, 1024, 4096, 1 << 16, 1 << 20, 1 << 26])
def test_a_user_block_of_any_size_hides_no_link(folder: Path, size: int) -> None:
    with h5py.File(folder / "m.h5", "w", userblock_size=size) as file:
        file["x"] = h5py.ExternalLink("../secret.h5", "/data")
        file["one"] = h5py.ExternalLink("raw.h5", "/one")
    seen, opened = look(folder, ["one", "x"])
    assert seen.values == {"one": 7.0}
    assert list(opened) == ["raw.h5"]
    assert "outside" in seen.remarks[0].words


def test_thousands_of_links_are_counted_and_some_are_named(folder: Path) -> None:
    def write(file: h5py.File) -> None:
        for number in range(3000):
            file[f"out/{number}"] = h5py.ExternalLink("/etc/passwd", f"/{number}")
            file[f"in/{number}"] = h5py.ExternalLink("raw.h5", "/data")

    master(folder, write)
    seen, opened = look(folder)
    assert list(opened) == ["raw.h5"]
    [remark] = seen.remarks
    assert "(3000 places do so)" in remark.words
    assert [array.shape for array in seen.listing.arrays] == [(8, 8)]


def test_a_master_of_a_thousand_files_is_shown(folder: Path) -> None:
    for number in range(300):
        with h5py.File(folder / f"f_{number:04}.h5", "w") as file:
            file["data"] = np.full((1, 16, 16), float(number))
    with h5py.File(folder / "m.h5", "w", libver="latest") as file:
        layout = h5py.VirtualLayout((300, 16, 16), "f8")
        for number in range(300):
            layout[number] = h5py.VirtualSource(f"f_{number:04}.h5", "data", (1, 16, 16))
        file.create_virtual_dataset("data", layout)
    seen, opened = look(folder)
    assert len(opened) == 300
    assert seen.remarks == ()
    assert seen.thumbnail is not None


def test_a_file_that_is_another_when_it_is_opened_again_is_noticed(folder: Path) -> None:
    """`opened` holds what was seen first: what is registered is compared with it."""
    master(folder, lambda file: file.__setitem__("x", h5py.ExternalLink("raw.h5", "/data")))
    with Root(folder) as root:
        beside = Beside(root, "m.h5", [str(folder)])
        with beside.open("raw.h5") as first:
            inode = os.fstat(first.fileno()).st_ino
        (folder / "raw.h5").rename(folder / "old.h5")
        (folder / "raw.h5").write_bytes(b"another")
        with beside.open("raw.h5"):
            pass
        assert beside.opened["raw.h5"].st_ino == inode


def test_links_that_stay_in_the_folder_are_followed_where_nobody_can_write(folder: Path) -> None:
    (folder / "way.h5").symlink_to("raw.h5")
    (folder / "out.h5").symlink_to("../secret.h5")
    (folder / "absolute.h5").symlink_to(folder.parent / "secret.h5")
    os.link(folder / "values.raw", folder / "second.raw")

    def write(file: h5py.File) -> None:
        file["one"] = h5py.ExternalLink("way.h5", "/one")
        file["two"] = h5py.ExternalLink("out.h5", "/one")
        file["three"] = h5py.ExternalLink("absolute.h5", "/one")

    master(folder, write)
    seen, opened = look(folder, ["one", "two", "three"], links=True)
    assert seen.values == {"one": 7.0}
    assert list(opened) == ["way.h5"]
    assert len(seen.remarks) == 2


def test_a_name_that_is_asked_for_is_answered_only_beneath_the_folder(folder: Path) -> None:
    """Whatever a child that was taken over asks for, it gets files of the folder."""
    with Root(folder) as root:
        beside = Beside(root, "m.h5", [str(folder)])
        with beside.served() as channel:
            for name in (b"/etc/passwd", b"../secret.h5", b"sub/../../secret.h5", b"\0", b"x" * 5000):
                channel.sendall(name)
                said, descriptors, _flags, _address = socket.recv_fds(channel, 16_384, 1)
                assert descriptors == []
                assert b"why" in said
    assert beside.opened == {}
    assert threading.active_count() < 20
