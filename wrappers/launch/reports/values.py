"""A quantity out of a JSON or CSV file that a program wrote."""

import csv
import io
import json
import math
import os
import stat
from collections.abc import Iterator
from typing import Any, BinaryIO

from gantry_formats.limits import MAX_NUMBER, MAX_VALUE
from wrappers.launch.reports.spec import Wanted

MOST_JSON_BYTES = 8 << 20
MOST_CSV_BYTES = 256 << 20
MOST_DIGITS = 400
"""Of a whole number: what has more is beyond what a parameter can be, and slow to read."""


class NotFoundError(Exception):
    """Why there is no value, in words that follow the file's name."""


def value_of(output_fd: int, wanted: Wanted) -> float | int | str | bool:
    """The value that is wanted. Raises NotFoundError: nothing is guessed, and nothing stands in its place."""
    most = MOST_CSV_BYTES if wanted.column else MOST_JSON_BYTES
    with _opened(output_fd, wanted.file, most) as stream:
        found = _of_column(stream, wanted) if wanted.column else _of_keys(stream, wanted.at)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return found
    if not math.isfinite(found):
        raise NotFoundError("says a number that is not finite")
    if not -MAX_NUMBER <= found <= MAX_NUMBER:
        raise NotFoundError("says a number that is too large")
    return found


def _opened(output_fd: int, path: str, most: int) -> BinaryIO:
    """A regular file beneath output/, no link followed in any part of its path."""
    *folders, name = path.split("/")
    here = os.dup(output_fd)
    try:
        for folder in folders:
            there = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            os.close(here)
            here = there
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=here)
    except FileNotFoundError as error:
        raise NotFoundError("is not there") from error
    except OSError as error:
        raise NotFoundError(f"cannot be opened ({error.strerror})") from error
    finally:
        os.close(here)
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) or status.st_size > most:
        os.close(fd)
        raise NotFoundError(f"is no ordinary file of at most {most >> 20} MiB")
    return os.fdopen(fd, "rb")


def _of_keys(stream: BinaryIO, keys: tuple[str, ...]) -> Any:
    try:
        here = json.loads(stream.read(MOST_JSON_BYTES), parse_constant=float, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise NotFoundError("is not JSON") from error
    for number, key in enumerate(keys):
        try:
            here = here[int(key)] if isinstance(here, list) and key.isascii() and key.isdigit() else here[key]
        except (KeyError, IndexError, TypeError):
            raise NotFoundError(f"has no {'.'.join(keys[: number + 1])}") from None
    if isinstance(here, str):
        if len(here) > MAX_VALUE or not here.isprintable():
            raise NotFoundError(f"has a text at {'.'.join(keys)} that is no line, or a long one")
        return here
    if not isinstance(here, bool | int | float):
        what = "nothing" if here is None else "several values"
        raise NotFoundError(f"has {what} at {'.'.join(keys)}")
    return here


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= MOST_DIGITS else math.inf


def _of_column(stream: BinaryIO, wanted: Wanted) -> float | int | str:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
    try:
        cells = _cells(text, wanted.column)
        return _taken(cells, wanted)
    except csv.Error as error:
        raise NotFoundError("is not a table of comma-separated values") from error


def _taken(cells: Iterator[str], wanted: Wanted) -> float | int | str:
    if wanted.take == "count":
        return sum(1 for _ in cells)
    if wanted.take in ("first", "last"):
        chosen = None
        for chosen in cells:  # noqa: B007  # the last one stays
            if wanted.take == "first":
                break
        if chosen is None:
            raise NotFoundError(f"has no value in its column {wanted.column}")
        return _number_or_text(chosen, wanted.column)
    values = [_number(cell, wanted.column) for cell in cells]
    if not values:
        raise NotFoundError(f"has no value in its column {wanted.column}")
    total = math.fsum(values)
    return {"sum": total, "mean": total / len(values), "min": min(values), "max": max(values)}[wanted.take]


def _cells(text: io.TextIOWrapper, column: str) -> Iterator[str]:
    """The cells of a column that hold something; the table is parted by what its heading is parted by."""
    heading = text.readline(1 << 20)
    parted = max(",;\t", key=heading.count)
    names = [name.strip() for name in next(csv.reader([heading], delimiter=parted), [])]
    if names.count(column) > 1:
        raise NotFoundError(f"has several columns named {column}")
    if column not in names:
        raise NotFoundError(f"has no column {column}")
    place = names.index(column)
    for row in csv.reader(text, delimiter=parted):
        if row and len(row) <= place:
            raise NotFoundError("has rows that are shorter than its heading")
        if row and row[place].strip():
            yield row[place].strip()


def _number_or_text(cell: str, column: str) -> float | int | str:
    try:
        return _number(cell, column)
    except NotFoundError:
        if len(cell) > MAX_VALUE or not cell.isprintable():
            raise
        return cell


def _number(cell: str, column: str) -> float | int:
    if len(cell) <= MOST_DIGITS:
        for kind in (int, float):
            try:
                return kind(cell)
            except ValueError:
                continue
    raise NotFoundError(f"has no number in its column {column}: {cell[:40]!r}")
