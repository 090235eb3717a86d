"""The door, against everything that a person can put behind it; with openat2 and without."""

import os
import socket
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from portal.errors import ForbiddenError, LimitError, NotFoundError, PortalError, UnsafeFileError
from portal.files import confined
from portal.files.confined import Kind, Root, check_file, components

SECRET = b"of another person"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_bytes(SECRET)
    return folder


@pytest.fixture(params=[True, False], ids=["openat2", "components"])
def root(request, tmp_path: Path, outside: Path):
    if request.param and not confined.has_openat2():
        pytest.skip("this kernel has no openat2")
    folder = tmp_path / "root"
    (folder / "scan" / "deep").mkdir(parents=True)
    (folder / "scan" / "stack.h5").write_bytes(b"planes")
    (folder / "scan" / "deep" / "a.txt").write_bytes(b"a")
    with Root(folder, openat2=request.param) as opened:
        yield opened


def test_a_regular_file_is_read(root):
    with root.open_file("scan/stack.h5", uid=os.geteuid(), max_bytes=6) as file:
        assert file.read() == b"planes"
        assert not os.get_inheritable(file.fileno())


@pytest.mark.parametrize("relative", ["../outside/secret", "scan/../../outside/secret", "scan/..", "..", "a/../b"])
def test_dots_never_lead_out(root, relative):
    with pytest.raises(UnsafeFileError, match="leads out"):
        root.open_file(relative)


def test_an_absolute_path_is_refused(root, outside):
    with pytest.raises(UnsafeFileError, match="must be relative"):
        root.open_file(str(outside / "secret"))


@pytest.mark.parametrize("relative", ["scan/\0stack.h5", "x" * 5000])
def test_an_unusable_name_is_refused(root, relative):
    with pytest.raises(UnsafeFileError):
        root.open_file(relative)


@pytest.mark.parametrize("target", ["{outside}/secret", "stack.h5", "../../outside/secret", "/proc/self/environ"])
def test_a_link_is_refused_wherever_it_leads(root, outside, target):
    (root.path / "scan" / "link").symlink_to(target.format(outside=outside))
    with pytest.raises(UnsafeFileError, match="link"):
        root.open_file("scan/link")


def test_a_folder_on_the_way_that_is_a_link_is_refused(root, outside):
    (root.path / "elsewhere").symlink_to(outside)
    (root.path / "inside").symlink_to("scan")
    for relative in ("elsewhere/secret", "inside/stack.h5"):
        with pytest.raises(UnsafeFileError, match="link"):
            root.open_file(relative)
    with pytest.raises(UnsafeFileError):
        root.open_folder("elsewhere")


def test_a_hard_link_is_refused_unless_asked_for(root, outside):
    os.link(outside / "secret", root.path / "scan" / "second")
    with pytest.raises(UnsafeFileError, match="hard link"):
        root.open_file("scan/second")
    with root.open_file("scan/second", hard_links=True) as file:
        assert file.read() == SECRET


def test_a_pipe_is_refused_without_waiting_for_its_writer(root):
    os.mkfifo(root.path / "scan" / "pipe")
    with pytest.raises(UnsafeFileError, match="device or pipe"):
        root.open_file("scan/pipe")


def test_a_socket_is_refused(root):
    with socket.socket(socket.AF_UNIX) as listener, root.open_folder("scan") as folder:
        listener.bind(f"/proc/self/fd/{folder.fd}/socket")
        with pytest.raises(UnsafeFileError, match="device or pipe"):
            root.open_file("scan/socket")


def test_a_device_is_refused(root):
    if os.geteuid() != 0:
        pytest.skip("only root can make a device node")
    try:
        os.mknod(root.path / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this container may not make device nodes")
    with pytest.raises(UnsafeFileError, match="device or pipe"):
        root.open_file("zero")


def test_a_folder_is_no_file_and_a_file_no_folder(root):
    with pytest.raises(UnsafeFileError, match="is a folder"):
        root.open_file("scan")
    with pytest.raises(UnsafeFileError):
        root.open_file("scan/stack.h5/x")


def test_another_users_file_is_refused(root):
    with pytest.raises(UnsafeFileError, match="another user"):
        root.open_file("scan/stack.h5", uid=os.geteuid() + 1)


def test_a_file_that_is_too_large_is_refused(root):
    with pytest.raises(LimitError, match="larger than 5 bytes"):
        root.open_file("scan/stack.h5", max_bytes=5)


def test_what_is_missing_is_not_found(root, tmp_path):
    with pytest.raises(NotFoundError):
        root.open_file("scan/nothing")
    with pytest.raises(NotFoundError):
        Root(tmp_path / "nothing")
    assert root.exists("scan/stack.h5")
    assert not root.exists("scan/nothing")


def test_what_may_not_be_read_is_forbidden(root):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (root.path / "scan" / "stack.h5").chmod(0)
    with pytest.raises(ForbiddenError):
        root.open_file("scan/stack.h5")


def test_a_walk_names_links_and_follows_none(root, outside):
    (root.path / "scan" / "away").symlink_to(outside)
    (root.path / "scan" / "loop").symlink_to(".")
    os.mkfifo(root.path / "scan" / "pipe")
    found = {entry.path: entry.kind for entry in root.walk()}
    assert found == {
        "scan": Kind.FOLDER,
        "scan/away": Kind.LINK,
        "scan/deep": Kind.FOLDER,
        "scan/deep/a.txt": Kind.FILE,
        "scan/loop": Kind.LINK,
        "scan/pipe": Kind.OTHER,
        "scan/stack.h5": Kind.FILE,
    }


def test_a_walk_is_bounded_in_number_and_depth(root):
    with pytest.raises(LimitError, match="more than 2"):
        list(root.walk(max_entries=2))
    deep = root.path
    for _ in range(confined.MAX_DEPTH + 2):
        deep = deep / "d"
    deep.mkdir(parents=True)
    with pytest.raises(LimitError, match="nested deeper"):
        list(root.walk())


def test_a_folder_of_a_root_confines_again(root):
    with root.open_folder("scan/deep") as deep:
        assert deep.open_file("a.txt").read() == b"a"
        with pytest.raises(UnsafeFileError):
            deep.open_file("../stack.h5")


def test_a_folder_that_moves_away_takes_its_root_along(root, tmp_path):
    with root.open_folder("scan") as scan:
        (root.path / "scan").rename(tmp_path / "moved")
        (root.path / "scan").mkdir()
        assert scan.open_file("stack.h5").read() == b"planes"


SWAP_FILE = """
import os, sys
name, link, good, secret = sys.argv[1:]
while True:
    os.symlink(secret, link)
    os.rename(link, name)
    with open(good, 'wb') as file:
        file.write(b'mine')
    os.rename(good, name)
"""

SWAP_FOLDER = """
import os, sys
way, aside, outside = sys.argv[1:]
while True:
    os.rename(way, aside)
    os.symlink(outside, way)
    os.unlink(way)
    os.rename(aside, way)
"""


@contextmanager
def swapping(code: str, *arguments: Path):
    swapper = subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)])
    try:
        yield
    finally:
        swapper.kill()
        swapper.wait()


def read_again_and_again(root: Root, relative: str) -> set[object]:
    """What was seen, until both the file and the refusal of the link were seen, or very many times."""
    seen: set[object] = set()
    for _ in range(200_000):
        try:
            with root.open_file(relative) as file:
                seen.add(file.read())
        except PortalError as error:
            seen.add(type(error))
        if {b"mine", UnsafeFileError} <= seen:
            break
    return seen


def test_a_file_that_is_swapped_for_a_link_never_shows_the_secret(root, outside):
    names = (root.path / "race", root.path / "link", root.path / "good", outside / "secret")
    with swapping(SWAP_FILE, *names):
        seen = read_again_and_again(root, "race")
    assert SECRET not in seen
    assert {b"mine", UnsafeFileError} <= seen


def test_a_folder_on_the_way_that_is_swapped_for_a_link_never_shows_the_secret(root, outside):
    (root.path / "way").mkdir()
    (root.path / "way" / "secret").write_bytes(b"mine")
    with swapping(SWAP_FOLDER, root.path / "way", root.path / "aside", outside):
        seen = read_again_and_again(root, "way/secret")
    assert SECRET not in seen
    assert {b"mine", UnsafeFileError} <= seen


def test_the_root_itself_has_no_parts():
    assert components("") == components(".") == components("./") == []
    assert components("a//b/./c") == ["a", "b", "c"]


def test_the_checks_can_be_made_on_a_descriptor(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    with (tmp_path / "file").open("rb") as file:
        check_file(os.fstat(file.fileno()), "file", uid=os.geteuid(), max_bytes=1)


@pytest.fixture
def linked(tmp_path):
    base = tmp_path / "base"
    (base / "in").mkdir(parents=True)
    (base / "in/a.h5").write_bytes(b"a")
    (base / "link.h5").symlink_to("in/a.h5")
    (base / "out.h5").symlink_to("../elsewhere.h5")
    (base / "one").symlink_to("two")
    (base / "two").symlink_to("one")
    return base


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("link.h5", "a link, not a regular file"),
        ("one/a.h5", "one/a.h5 leads through a symbolic link, which is not followed."),
    ],
)
def test_a_refusal_says_that_there_is_a_link(linked, name, words):
    with Root(linked) as opened, pytest.raises(UnsafeFileError) as caught:
        opened.open_file(name)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("out.h5", "out.h5 leads out of its folder."),
        ("one", "one leads through symbolic links in a circle, or through too many."),
        ("in/a.h5/b", "in/a.h5/b leads through a symbolic link or a file in the place of a folder."),
    ],
)
def test_where_links_within_are_followed_a_refusal_says_which_of_all_things_is_the_case(linked, name, words):
    with Root(linked) as opened, pytest.raises(UnsafeFileError) as caught:
        opened.open_file(name, links=True)
    assert words in caught.value.message
