"""Looking into HDF5, TIFF and MRC files that a person could have written, in a child process with limits.

The child gets the open file and nothing else: no environment, no database, bounded memory, time and descriptors.
Files that it links to are opened here and passed to it, where the caller gives what may be (`Beside`). A file that
crashes or exhausts it costs that child. Errors are PortalErrors, in words: UnsafeFileError (it leads out of
itself), InvalidError (damaged, truncated, of another kind), LimitError (too large or slow to look into).
"""

import base64
import json
import signal
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from portal.data.grey import GREY_SIDE, GreyPlane, grey_plane
from portal.data.parsing.beside import Beside
from portal.data.parsing.children import run
from portal.data.parsing.listed import Listing, listing_of
from portal.errors import InvalidError, LimitError, PortalError, UnsafeFileError
from portal.files.confined import Root
from portal.files.unusable import Unusable
from portal.words import one_line

TIMEOUT_S = 60.0
MAX_ANSWER_BYTES = 32 << 20
MOST_PICTURES = 24
PICTURE_SIDE = 160
"""Pictures of a file's arrays, and their pixels."""

MOST_OF_PLACE, MOST_OF_WORDS = 1_000, 2_000
"""Characters of a remark."""

Scalar = bool | int | float | str


class UnseenError(InvalidError):
    """It opens, but not all of its links could be seen: nothing says that it does not lead out of itself."""


class UnusableError(InvalidError):
    """It is known to be of no use as it is: damaged, truncated or empty."""


class OtherKindError(UnusableError):
    """It is of another kind than those that are read here."""


ERRORS: Mapping[str, type[PortalError]] = {
    "invalid": UnusableError,
    "other kind": OtherKindError,
    "unsafe": UnsafeFileError,
    "unseen": UnseenError,
    "limit": LimitError,
}


def known_unusable(error: PortalError) -> str:
    """Why a file is known to be of no use (`Unusable`); empty where that is not known."""
    if isinstance(error, OtherKindError):
        return Unusable.OTHER_KIND.value
    return Unusable.DAMAGED.value if isinstance(error, UnusableError) else ""


@dataclass(frozen=True)
class Remark:
    """What to know of a place in a file, as a clause: `it leads to raw.h5, which is not there`.

    `file` is empty for the file that was looked at, `place` for the whole file.
    """

    file: str
    place: str
    words: str


@dataclass(frozen=True)
class Inspection:
    """What one look gave. `thumbnail` is None where there is nothing to show; `no_thumbnail` says why.

    `problem`: what of a file that opens is damaged, in words; what is only not supported here is a remark.
    """

    description: dict[str, Any]
    values: dict[str, Scalar]
    thumbnail: bytes | None
    no_thumbnail: str | None
    problem: str | None = None
    listing: Listing | None = None
    remarks: tuple[Remark, ...] = ()


def check(file: BinaryIO, *, timeout_s: float = TIMEOUT_S) -> str:
    """Whether the file stands for itself; `hdf5`, `tiff`, `mrc` or `other`.

    Raises UnsafeFileError if an HDF5 file has external links, external storage, virtual sources outside itself or
    links of an unknown kind, in any of its groups, or is one part of several; UnseenError if it is damaged so that
    not all of its links can be seen; InvalidError if it is damaged otherwise.
    """
    return str(_ask(file, {"check": True}, timeout_s)["check"])


def describe(file: BinaryIO, *, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    """What is in the file: `{"format", "items": [{"path", "kind": "array"|"group", "dtype", "shape", "attrs", …}],
    "more"}`, for TIFF also `"tags"` and `"pages"`. `more` is true where there is more than could be listed.
    """
    return dict(_ask(file, {"describe": True}, timeout_s)["describe"])


def outline(
    file: BinaryIO | Root, *, beside: Beside | None = None, timeout_s: float = TIMEOUT_S
) -> dict[str, Any]:
    """What is in the file for somebody who looks through it, bounded: see `readers.outline`.

    With `beside` an HDF5 file may link to files of that folder. Raises what `check` raises.
    """
    request = {"outline": True, **({"folder": True} if isinstance(file, Root) else {})}
    return dict(_ask(file, request, timeout_s, beside)["outline"])


def values(file: BinaryIO, paths: Sequence[str], *, timeout_s: float = TIMEOUT_S) -> dict[str, Scalar]:
    """Single values by path; a path that the file does not have, or that is no single value, is left out.

    HDF5: `entry/sample/temperature` for a dataset, `exchange/data@units` or `@setup:medium` for an attribute;
    `**/detector/x_pixel_size` for the array whose path ends so. Several that differ give one text that names all.
    TIFF: `XResolution` for a tag; `imagej:spacing`, `ome:PhysicalSizeX` (of Pixels), `ome:Channel@Color` and
    `ome:map@gain` (a key of a map annotation) for what descriptions say.
    """
    return dict(_ask(file, {"values": list(paths)}, timeout_s)["values"])


def thumbnail(file: BinaryIO, *, max_side: int = 512, timeout_s: float = TIMEOUT_S) -> bytes:
    """A PNG of a good view, at most `max_side` pixels wide and high; stretched in contrast.

    A volume is shown by its maximum along the first axis, a tomogram by a middle projection (or sinogram), a
    cytometer's events by a montage. Raises InvalidError where there is nothing to show.
    """
    return base64.b64decode(_ask(file, {"thumbnail": max_side}, timeout_s)["thumbnail"])


def grey(file: BinaryIO, *, max_side: int = GREY_SIDE, timeout_s: float = TIMEOUT_S) -> GreyPlane | None:
    """What `thumbnail` is drawn of, as numbers; None for a picture in colours, or of several side by side.

    Raises InvalidError where there is nothing to show.
    """
    answer = _ask(file, {"grey": max_side}, timeout_s)["grey"]
    return None if answer is None else grey_plane(answer, max_side)


def listing(
    file: BinaryIO,
    *,
    beside: Beside | None = None,
    pictures: int = MOST_PICTURES,
    timeout_s: float = TIMEOUT_S,
) -> Listing:
    """The numeric arrays of the file, with at most so many pictures. Raises what `check` raises."""
    return listing_of(_ask(file, {"listing": _listing_request(pictures)}, timeout_s, beside)["listing"])


def inspect(
    file: BinaryIO | Root,
    paths: Sequence[str] = (),
    *,
    beside: Beside | None = None,
    max_side: int = 512,
    pictures: int | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Inspection:
    """`check`, `describe`, `values` and `thumbnail` by one child; and `listing`, with at most so many `pictures`.

    A folder that is open as a Root is one of Zarr. Where listing takes too much, or harms the reader, the rest is
    asked for without it. With `beside` an HDF5 file may link to files of that folder, which are read, and to
    others, which are named in the remarks. Without, it must stand for itself.
    """
    request = {"describe": True, "values": list(paths), "thumbnail": max_side, "thumbnail_may_fail": True}
    request["remarks"] = True
    if isinstance(file, Root):
        request["folder"] = True
    if pictures is not None:
        try:
            return _inspection(_ask(file, {**request, "listing": _listing_request(pictures)}, timeout_s, beside))
        except (LimitError, UnseenError):
            pass
    return _inspection(_ask(file, request, timeout_s, beside))


def look_through(file: BinaryIO, beside: Beside, *, timeout_s: float = TIMEOUT_S) -> tuple[Remark, ...]:
    """The remarks of `inspect` alone: `beside` then knows what the file leads to."""
    return _remarks(_ask(file, {"check": True, "remarks": True}, timeout_s, beside))


def _remarks(answer: Mapping[str, Any]) -> tuple[Remark, ...]:
    found = answer.get("remarks", ())
    return tuple(
        Remark(
            said.get("file", ""), one_line(said["place"], MOST_OF_PLACE), one_line(said["words"], MOST_OF_WORDS)
        )
        for said in found
    )


def _listing_request(pictures: int) -> dict[str, int]:
    return {"side": PICTURE_SIDE, "pictures": pictures}


def _inspection(answer: Mapping[str, Any]) -> Inspection:
    picture = answer.get("thumbnail")
    return Inspection(
        answer["describe"],
        answer["values"],
        base64.b64decode(picture) if picture else None,
        answer.get("no_thumbnail"),
        one_line(problem, MOST_OF_WORDS) if (problem := answer.get("problem")) else None,
        listing_of(answer["listing"]) if "listing" in answer else None,
        _remarks(answer),
    )


def _ask(
    file: BinaryIO | Root, request: Mapping[str, Any], timeout_s: float, beside: Beside | None = None
) -> dict[str, Any]:
    if beside is None:
        return _answer(file, request, timeout_s, None)
    with beside.served() as channel:
        asked = {**request, "name": beside.name, "folders": list(beside.folders)}
        return _answer(file, asked, timeout_s, channel)


def _answer(
    file: BinaryIO | Root, request: Mapping[str, Any], timeout_s: float, channel: socket.socket | None
) -> dict[str, Any]:
    fd = file.fd if isinstance(file, Root) else file.fileno()
    passed = [fd] if channel is None else [fd, channel.fileno()]
    try:
        child = run(passed, json.dumps(request).encode(), timeout_s, MAX_ANSWER_BYTES)
    except TimeoutError as error:
        raise LimitError(f"Looking into the file took longer than {timeout_s:g} s.") from error
    if child.code != 0:
        raise _death(child.code, child.err.decode(errors="replace")[-2000:])
    out = child.out
    answer = json.loads(out) if len(out) <= MAX_ANSWER_BYTES else None
    if not isinstance(answer, dict):
        raise LimitError("The file holds more than can be listed.")
    if (said := answer.get("error")) is not None:
        raise ERRORS.get(said["code"], InvalidError)(said["message"], detail=said.get("detail"))
    return answer


def _death(code: int, words: str) -> PortalError:
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return LimitError("The file takes more time or memory to look into than it may.", detail=words or None)
    if code < 0:
        return UnseenError(
            "The file is damaged: its reader crashed.", detail=f"{signal.Signals(-code).name} {words}"
        )
    return UnseenError("The file cannot be looked into.", detail=words or f"exit {code}")
