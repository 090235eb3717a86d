"""Two folders of staged images: root's, and that of images people made, in which one account's files count."""

import json
import os
from pathlib import Path

import pytest

from portal.errors import InvalidError
from portal.images.manifest import Manifest, write
from portal.images.places import Places

STAGER = 4711
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")


def put(folder: Path, name: str, content: bytes = b"image", owner: int | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}-1.sif"
    file.write_bytes(content)
    status = file.stat()
    digest = "sha256:" + "0" * 64
    write(folder, f"{name}.json", Manifest(name, file.name, digest, status.st_size, status.st_mtime_ns))
    if owner is not None:
        for path in (folder, file, folder / f"{name}.json"):
            os.chown(path, owner, owner)
    return file


@pytest.fixture
def places(tmp_path: Path) -> Places:
    put(tmp_path / "root", "base")
    put(tmp_path / "made", "cows", owner=STAGER if os.geteuid() == 0 else None)
    return Places(tmp_path / "root", tmp_path / "made", STAGER if os.geteuid() == 0 else None)


def test_both_are_found_each_in_its_folder(places: Places) -> None:
    assert places.names() == ("base", "cows")
    for name, folder in (("base", places.root), ("cows", places.made)):
        found = places.usable(name)
        assert found is not None and found.folder == folder
        assert found.path.read_bytes() == b"image"
        assert places.read(name) == found
    assert places.usable("goats") is None


def test_a_name_that_both_have_is_roots(places: Places) -> None:
    assert places.root is not None
    put(places.root, "cows", b"roots")
    found = places.usable("cows")
    assert found is not None and found.path.read_bytes() == b"roots"
    assert places.names() == ("base", "cows")
    withdrawn = json.loads((places.root / "cows.json").read_text()) | {"withdrawn": "it changed"}
    (places.root / "cows.json").write_text(json.dumps(withdrawn))
    with pytest.raises(InvalidError, match="was withdrawn"):  # and the other one does not take its place
        places.usable("cows")


@root_only
@pytest.mark.parametrize("what", ["cows.json", "cows-1.sif", "."])
def test_what_another_account_wrote_does_not_count(places: Places, what: str) -> None:
    assert places.made is not None
    os.chown(places.made / what, 2001, 2001)
    with pytest.raises(InvalidError, match=r"account that may not|by others"):
        places.usable("cows")


@pytest.mark.parametrize("mode", [0o775, 0o777, 0o757])
def test_a_folder_that_others_can_write_is_not_believed(places: Places, mode: int) -> None:
    assert places.made is not None
    places.made.chmod(mode)
    with pytest.raises(InvalidError, match="could be written by others"):
        places.usable("cows")
    assert places.usable("goats") is None


def test_a_manifest_that_is_a_link_or_none_is_not_read(places: Places, tmp_path: Path) -> None:
    assert places.made is not None
    (tmp_path / "mine.json").write_text((places.made / "cows.json").read_text())
    (places.made / "cows.json").unlink()
    (places.made / "cows.json").symlink_to(tmp_path / "mine.json")
    with pytest.raises(InvalidError, match="link"):
        places.usable("cows")
    (places.made / "cows.json").unlink()
    for text in ("", "[", "{}", "[" * 100_000, "x" * 100_000):
        (places.made / "cows.json").write_text(text)
        if os.geteuid() == 0:
            os.chown(places.made / "cows.json", STAGER, STAGER)
        with pytest.raises(InvalidError):
            places.usable("cows")


def test_a_changed_file_is_not_used(places: Places) -> None:
    assert places.made is not None
    (places.made / "cows-1.sif").write_bytes(b"another")
    with pytest.raises(InvalidError, match="has changed since it was staged"):
        places.usable("cows")


def test_without_the_folder_there_is_root_alone(places: Places, tmp_path: Path) -> None:
    assert Places(places.root, tmp_path / "nothing").names() == ("base",)
    assert Places(places.root, tmp_path / "nothing").usable("cows") is None
    assert Places(None).usable("base") is None
