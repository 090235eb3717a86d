"""Files that arrive whole, or not at all."""

import hashlib
import json

import pytest
from answering_portal import Answer

from portal.client import Client
from portal.errors import UnavailableError, UnsafeFileError

CONTENT = bytes(range(256)) * 1000
SHA256 = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


def listing(name="stack.h5", size=None, checksum=SHA256):
    file = {"id": 7, "name": name, "size": size or len(CONTENT), "checksum": checksum}
    return Answer(200, json.dumps({"items": [file], "next": None}).encode())


def test_a_file_is_checked_and_gets_its_name(portal, tmp_path):
    portal.say(listing(), Answer(200, CONTENT))
    (path,) = Client(portal.url, "t").download(1, tmp_path)
    assert path == tmp_path / "stack.h5"
    assert path.read_bytes() == CONTENT
    assert [one.name for one in tmp_path.iterdir()] == ["stack.h5"]


def test_a_file_that_is_there_already_is_not_fetched_again(portal, tmp_path):
    (tmp_path / "stack.h5").write_bytes(CONTENT)
    portal.say(listing())
    Client(portal.url, "t").download(1, tmp_path)
    assert len(portal.asked) == 1


def test_a_file_that_was_changed_here_is_fetched_again(portal, tmp_path):
    (tmp_path / "stack.h5").write_bytes(CONTENT[::-1])
    portal.say(listing(), Answer(200, CONTENT))
    (path,) = Client(portal.url, "t").download(1, tmp_path)
    assert path.read_bytes() == CONTENT


def test_a_broken_download_goes_on_where_it_stopped(portal, tmp_path):
    portal.say(listing(), Answer(200, CONTENT, cut_after=200_000))
    with pytest.raises(UnavailableError, match="goes on where it stopped"):
        Client(portal.url, "t").download(1, tmp_path)
    there = (tmp_path / "stack.h5.part").stat().st_size
    assert 200_000 - 65536 < there <= 200_000
    portal.say(listing(), Answer(206, CONTENT[there:]))
    (path,) = Client(portal.url, "t").download(1, tmp_path)
    assert portal.asked[-1].headers["Range"] == f"bytes={there}-"
    assert path.read_bytes() == CONTENT


def test_a_server_that_sends_all_again_is_understood(portal, tmp_path):
    (tmp_path / "stack.h5.part").write_bytes(b"old")
    portal.say(listing(), Answer(200, CONTENT))
    (path,) = Client(portal.url, "t").download(1, tmp_path)
    assert path.read_bytes() == CONTENT


def test_a_file_that_is_not_what_the_catalogue_says_is_thrown_away(portal, tmp_path):
    portal.say(listing(), Answer(200, CONTENT[:-1] + b"x"))
    with pytest.raises(UnsafeFileError, match="did not arrive as the catalogue describes it"):
        Client(portal.url, "t").download(1, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../out.h5", "/etc/passwd", "a/../../b"])
def test_a_name_cannot_leave_the_folder(name, portal, tmp_path):
    portal.say(listing(name=name), Answer(200, CONTENT))
    with pytest.raises(UnsafeFileError):
        Client(portal.url, "t").download(1, tmp_path / "inside")
    assert list(tmp_path.iterdir()) == []


def test_files_of_a_folder_keep_their_places(portal, tmp_path):
    portal.say(listing(name="planes/z001.tif"), Answer(200, CONTENT))
    (path,) = Client(portal.url, "t").download(1, tmp_path)
    assert path == tmp_path / "planes" / "z001.tif"


def test_only_what_matches_is_fetched(portal, tmp_path):
    portal.say(listing(name="notes.txt"))
    assert Client(portal.url, "t").download(1, tmp_path, only="*.h5") == []


def test_progress_is_told_in_bytes(portal, tmp_path):
    portal.say(listing(), Answer(200, CONTENT))
    told = []
    Client(portal.url, "t").download(1, tmp_path, progress=lambda *values: told.append(values))
    assert told[-1] == ("stack.h5", len(CONTENT), len(CONTENT))
