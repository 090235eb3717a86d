"""A scratch folder as production has it: people may make their attempts' folders there and see nothing else."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.agent import folder
from portal.errors import ForbiddenError, UnsafeFileError
from portal.files.confined import Root

NOBODY = 65534


@pytest.fixture
def drop_box() -> Iterator[Path]:
    """A folder that this account may enter and write, but not list; root becomes somebody else for it."""
    outside = Path(tempfile.mkdtemp(prefix="gantry-drop-box-"))
    outside.chmod(0o711)
    box = outside / "scratch"
    box.mkdir()
    somebody = NOBODY if os.geteuid() == 0 else os.geteuid()
    os.chown(box, somebody, -1)
    box.chmod(0o300)
    was = os.geteuid()
    os.seteuid(somebody)
    try:
        yield box
    finally:
        box.chmod(0o700)
        for left in box.iterdir():
            folder.purge(box, left.name)
        os.seteuid(was)
        box.rmdir()
        outside.rmdir()


def test_the_box_cannot_be_listed(drop_box):
    with pytest.raises(ForbiddenError):
        Root(drop_box)


def test_an_attempt_lives_and_dies_in_it(drop_box):
    attempt = str(uuid.uuid4())
    with folder.opened(drop_box) as scratch:
        sha256 = folder.make(scratch, attempt, b"{}")
        folder.keep(scratch, [attempt])
        assert (drop_box / attempt / "job.json").read_bytes() == b"{}"
        assert folder.make(scratch, attempt, b"{}") == sha256
    assert folder.seal(drop_box, attempt)["files"] == 1
    assert folder.fence(drop_box, attempt) == {"won": True}
    assert folder.purge(drop_box, attempt) == {"removed": True}
    assert folder.purge(drop_box, attempt) == {"removed": False}


def test_an_attempt_that_was_never_made_is_fenced_in_it(drop_box):
    assert folder.fence(drop_box, str(uuid.uuid4())) == {"won": True}


def test_nothing_outside_is_reached_through_it(drop_box):
    (drop_box / "way-out").symlink_to("/etc")
    with Root(drop_box, listed=False) as root, pytest.raises(UnsafeFileError):
        root.open_file("way-out/hostname")
    (drop_box / "way-out").unlink()
