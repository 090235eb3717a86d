"""An image that somebody made is looked through before it is staged: what it says of itself counts for nothing."""

import json
import struct
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal.errors import ConflictError, InvalidError, PortalError
from portal.images import asking, staging
from portal.images.__main__ import main
from portal.images.made import taking
from portal.images.made.sif import file_system
from portal.images.made.taking import in_listing, take
from portal.images.manifest import names, usable

NONE = (1 << 64) - 1
GOOD = b"drwxr-xr-x 0/0 1 2026-11-30 23:52 squashfs-root\n-rwxr-xr-x 0/0 1 2026-11-30 23:52 squashfs-root/a b\n"


def superblock(attributes: int = NONE, magic: bytes = b"hsqs") -> bytes:
    return struct.pack("<4sIIIIHHHHHHQQQQQQQQ", magic, *[1] * 4, *[1] * 6, 1, 1, 1, attributes, 1, 1, 1, 1)


def descriptor(kind: int, offset: int, size: int, extra: bytes = b"", used: bool = True) -> bytes:
    return struct.pack("<i?III7q128s384s", kind, used, 1, 1, 0, offset, size, size, 0, 0, 0, 0, b"", extra)


def sif(
    *descriptors: bytes, body: bytes | None = None, total: int | None = None, magic: bytes = b"SIF_MAGIC\0"
) -> bytes:
    """An image file as Apptainer lays it out."""
    count = len(descriptors) if total is None else total
    head = struct.pack("<32s10s3s3s16s8q", b"#!", magic, b"01", b"02", b"", 0, 0, 0, count, 128, 585, 0, 0)
    whole = head + b"".join(descriptors)
    return whole.ljust(8192, b"\0") + (superblock() if body is None else body)


PRIMARY = descriptor(0x4004, 8192, 96, struct.pack("<ii", 1, 2))


@pytest.fixture
def unsquashfs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """`unsquashfs(b"…")`: one that lists that; its arguments come into a file."""
    folder = Path("/tmp") / f"gantry-listing-{uuid.uuid4().hex}"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)

    def make(listing: bytes, code: int = 0) -> None:
        (folder / "listing").write_bytes(listing)
        (folder / "unsquashfs").write_text(f"#!/bin/sh\ncat {folder}/listing\nexit {code}\n")
        (folder / "unsquashfs").chmod(0o755)

    monkeypatch.setattr(taking, "PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(asking, "PATH", "/nonexistent")
    make(GOOD)
    yield make
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """What a job left."""
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "image.sif").write_bytes(sif(descriptor(0x4001, 4096, 5), PRIMARY))
    (folder / "recipe.json").write_text(json.dumps({"schema": 1, "resolved": ["a==1"]}))
    (tmp_path / "images").mkdir()
    return folder


def test_it_is_staged_with_what_made_it_and_jobs_get_it(made: Path, unsquashfs: Any, capsys: Any) -> None:
    into = made.parent / "images"
    assert main(["take", str(into), str(made), "--name", "cows", "--by", "maya"]) == 0
    found = usable(into, "cows")
    assert found is not None
    assert staging.hash_file(into / found.file) == found.digest == staging.hash_file(made / "image.sif")
    assert (into / found.file).stat().st_mode & 0o777 == 0o644
    kept = json.loads((into / f"{found.file}.recipe").read_text())
    assert (kept["by"], kept["digest"], kept["recipe"]["resolved"]) == ("maya", found.digest, ["a==1"])
    assert names(into) == ("cows",)
    assert "Staged cows" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (b"", "ends too early"),
        (b"x" * 9000, "no image of Apptainer"),
        (sif(PRIMARY, magic=b"SIF_MAGIX\0"), "no image of Apptainer"),
        (sif(PRIMARY, total=0), "no usable list"),
        (sif(PRIMARY, total=1 << 40), "no usable list"),
        (sif(descriptor(0x4001, 1, 1)), "exactly one file system"),
        (sif(PRIMARY, PRIMARY), "exactly one file system"),
        (sif(PRIMARY, descriptor(0x4004, 8192, 96, struct.pack("<ii", 2, 4))), "another file system"),
        (sif(descriptor(0x4004, 8192, 96, struct.pack("<ii", 5, 2))), "another file system"),
        (sif(PRIMARY, descriptor(0x4007, 1, 1)), "neither its file system nor describes"),
        (sif(descriptor(0x4004, 8192, 1 << 40, struct.pack("<ii", 1, 2))), "ends before its file system"),
        (sif(descriptor(0x4004, -5, 96, struct.pack("<ii", 1, 2))), "ends before its file system"),
        (sif(PRIMARY, body=superblock(magic=b"ext3")), "no squashfs"),
        (sif(PRIMARY, body=superblock(attributes=96)), "attributes, which may give rights"),
    ],
)
def test_a_file_that_is_more_or_less_than_one_file_system_is_not_staged(
    made: Path, unsquashfs: Any, image: bytes, words: str
) -> None:
    (made / "image.sif").write_bytes(image)
    with pytest.raises(InvalidError, match=words):
        take(made, made.parent / "images", "cows", by="maya")
    assert list((made.parent / "images").iterdir()) == []


def test_what_is_not_used_in_the_list_does_not_count(made: Path) -> None:
    (made / "image.sif").write_bytes(sif(descriptor(0x4007, 1, 1, used=False), PRIMARY))
    with (made / "image.sif").open("rb") as file:
        assert file_system(file).offset == 8192


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"-rwsr-xr-x 0/0 1 2026-11-30 23:52 squashfs-root/su", "set-uid or set-gid: /su"),
        (b"-rwxr-sr-x 0/0 1 2026-11-30 23:52 squashfs-root/mail", "set-uid or set-gid: /mail"),
        (b"-rw-r-Sr-x 0/0 1 2026-11-30 23:52 squashfs-root/mail", "set-uid or set-gid"),
        (b"brw-r--r-- 0/0 8, 0 2026-11-30 23:52 squashfs-root/sda", "a device"),
        (b"crw-r--r-- 0/0 8, 0 2026-11-30 23:52 squashfs-root/kmem", "a device"),
        (b"prw-r--r-- 0/0 1 2026-11-30 23:52 squashfs-root/p", "a FIFO: /p"),
        (b"srw-r--r-- 0/0 1 2026-11-30 23:52 squashfs-root/s", "a FIFO: /s"),
        (b"second half of a name", "an end of line"),
        (b"", "an end of line"),
    ],
)
def test_files_that_give_rights_or_hide_in_the_listing_keep_an_image_out(
    made: Path, unsquashfs: Any, line: bytes, words: str
) -> None:
    unsquashfs(GOOD + line + b"\n" + GOOD)
    with pytest.raises(InvalidError, match=words):
        take(made, made.parent / "images", "cows", by="maya")
    assert list((made.parent / "images").iterdir()) == []


def test_folders_may_be_set_gid_and_an_empty_listing_is_no_image() -> None:
    assert in_listing(b"drwxrwsr-x 0/0 1 2026-11-30 23:52 squashfs-root/mail\n") is None
    assert in_listing(b"") == "no files"


def test_without_a_whole_listing_nothing_is_staged(made: Path, unsquashfs: Any, monkeypatch: Any) -> None:
    unsquashfs(GOOD, code=1)
    with pytest.raises(InvalidError, match="could not all be listed"):
        take(made, made.parent / "images", "cows", by="maya")
    unsquashfs(GOOD * 1000)
    monkeypatch.setattr(taking, "MOST_LISTED", 1000)
    with pytest.raises(InvalidError, match="could not all be listed"):
        take(made, made.parent / "images", "cows", by="maya")
    monkeypatch.setattr(taking, "PATH", "/nonexistent")
    with pytest.raises(InvalidError, match="no unsquashfs"):
        take(made, made.parent / "images", "cows", by="maya")


def test_links_large_files_and_taken_names_are_refused(made: Path, unsquashfs: Any) -> None:
    into = made.parent / "images"
    with pytest.raises(PortalError):
        take(made, into, "cows", by="maya", most=100)
    for name in ("../x", "a.sif", "", "A"):
        with pytest.raises(InvalidError):
            take(made, into, name, by="maya")
    take(made, into, "cows", by="maya")
    with pytest.raises(ConflictError):
        take(made, into, "cows", by="ines")
    take(made, into, "cows", by="ines", replace=True)
    (made / "image.sif").rename(made / "elsewhere")
    (made / "image.sif").symlink_to(made / "elsewhere")
    with pytest.raises(PortalError):
        take(made, into, "cows", by="maya", replace=True)


@pytest.mark.parametrize("recipe", ["[]", "{", "[" * 100_000])
def test_an_image_without_a_recipe_that_can_be_read_is_not_staged(
    made: Path, unsquashfs: Any, recipe: str
) -> None:
    (made / "recipe.json").write_text(recipe)
    with pytest.raises(InvalidError, match="made from"):
        take(made, made.parent / "images", "cows", by="maya")
    assert list((made.parent / "images").iterdir()) == []
