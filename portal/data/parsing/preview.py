"""A program's picture, drawn anew: decoded and encoded again in a child with limits and nothing to lose."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from portal.data.parsing import children
from portal.errors import InvalidError, LimitError
from portal.files.formats import png_size

TIMEOUT_S = 30.0
MAX_PICTURE_BYTES = 16 << 20


@dataclass(frozen=True)
class Picture:
    """A PNG that we encoded ourselves."""

    png: bytes
    width: int
    height: int


def redraw(file: BinaryIO, *, timeout_s: float = TIMEOUT_S) -> Picture:
    """The PNG in an open file, at most 2048 pixels wide and high, without anything else that was in it.

    Raises InvalidError (no picture, damaged) and LimitError (too large or too slow).
    """
    try:
        code, out = _drawn(file, timeout_s)
    except TimeoutError as error:
        raise LimitError("the picture takes too long to draw") from error
    size = png_size(out)
    if code != 0 or size is None:
        raise InvalidError("it is no picture, or a damaged one")
    if len(out) > MAX_PICTURE_BYTES:
        raise LimitError("the picture is too large")
    return Picture(out, *size)


def _drawn(file: BinaryIO, timeout_s: float) -> tuple[int, bytes]:
    """Exit code and output of the child. Raises TimeoutError; then it is killed."""
    forked = children.forked([file.fileno()], b"", timeout_s, MAX_PICTURE_BYTES, children.PICTURE)
    if forked is not None:
        return forked.code, forked.out
    child = subprocess.Popen(
        [sys.executable, "-m", "portal.data.parsing.preview_child"],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PYTHONPATH": str(Path(__file__).resolve().parents[3]), "PATH": os.defpath},
        start_new_session=True,
    )
    try:
        out, _ = child.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        child.kill()
        child.communicate()
        raise TimeoutError from error
    return child.returncode, out
