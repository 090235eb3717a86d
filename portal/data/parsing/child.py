"""The limited child: `python -m portal.data.parsing.child FD [CHANNEL]`, a request on stdin, an answer on stdout.

CHANNEL is a socket on which it may ask for files beside the one that it was given (`asked`, `beside`).
Heavy libraries are imported after the limits are set.
"""

import base64
import json
import os
import resource
import socket
import sys
from typing import Any, BinaryIO

from portal.data.parsing.errors import FileError
from portal.files.formats import format_of, kind_in_words

MEMORY_BYTES = 3 << 30
CPU_S = 45
DESCRIPTORS = 64
DESCRIPTORS_LINKED = 1000


def main() -> int:
    """Answer one request about the file behind the descriptor."""
    return answer_one(*map(int, sys.argv[1:3]))


def answer_one(fd: int, channel_fd: int | None = None) -> int:
    """The same of these descriptors."""
    channel = socket.socket(fileno=channel_fd) if channel_fd is not None else None
    limit(DESCRIPTORS if channel is None else DESCRIPTORS_LINKED)
    request = json.loads(sys.stdin.buffer.read())
    try:
        if "many" in request:
            answer = check_many(channel, request["many"])
        elif request.pop("folder", False):
            answer = respond_of_folder(fd, request)
        else:
            with reopened(fd) as file:
                answer = respond(file, request, channel)
    except FileError as error:
        answer = {"error": {"code": error.code, "message": error.message, "detail": error.detail}}
    except MemoryError as error:
        message = "The file needs more memory to look into than it may use."
        answer = {"error": {"code": "limit", "message": message, "detail": str(error)}}
    sys.stdout.write(json.dumps(answer, allow_nan=False))
    return 0


def limit(descriptors: int = DESCRIPTORS) -> None:
    """Bound memory, processor time, descriptors and files; no core of other people's data."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_NOFILE, min(descriptors, resource.getrlimit(resource.RLIMIT_NOFILE)[1])),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def reopened(fd: int) -> BinaryIO:
    """The same file with a position of its own, so that the parent's does not move."""
    try:
        return os.fdopen(os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC), "rb")
    except OSError:
        file = os.fdopen(fd, "rb")
        file.seek(0)
        return file


def respond(file: BinaryIO, request: dict[str, Any], channel: socket.socket | None = None) -> dict[str, Any]:
    """Everything that the request asks for. Raises FileError."""
    kind = format_of(file)
    file.seek(0)
    answer: dict[str, Any] = {"check": kind}
    if kind == "hdf5":
        return answer | _hdf5(file, request, channel)
    if kind == "tiff":
        from portal.data.parsing.readers.tiff import TiffReader

        if request.get("check"):
            return answer
        with TiffReader(file) as tiff:
            return answer | _parts(tiff, request)
    if kind == "mrc" and not request.get("check"):
        from portal.data.parsing.readers.mrc import MrcReader

        with MrcReader(file) as volume:
            return answer | _parts(volume, request)
    if request.get("check"):
        return answer
    if not file.seek(0, 2):
        raise FileError("invalid", "The file is empty: it holds not one byte.")
    raise FileError("other kind", f"The file is neither HDF5 nor TIFF nor MRC: {kind_in_words(file)}.")


def respond_of_folder(fd: int, request: dict[str, Any]) -> dict[str, Any]:
    """Everything that the request asks for, of a folder. Raises FileError."""
    from portal.data.parsing.readers.ome_zarr import ZarrReader

    with ZarrReader(fd) as opened:
        return {"check": "zarr"} | _parts(opened, request)


def check_many(channel: socket.socket | None, count: int) -> dict[str, Any]:
    """Ask for HDF5 files, one after the other, and say of each what is against it (`many`)."""
    from portal.data.parsing.readers.hdf5 import Hdf5File
    from portal.data.parsing.readers.opening import room, seal

    assert channel is not None
    seal()
    for _ in range(count):
        channel.sendall(b"next")
        with room():
            _said, descriptors, _flags, _address = socket.recv_fds(channel, 64, 1)
        if not descriptors:
            break
        said = None
        with os.fdopen(descriptors[0], "rb") as file:
            file.seek(0)
            try:
                Hdf5File(file).file.close()
            except FileError as error:
                said = {"code": error.code, "message": error.message[:1000], "detail": (error.detail or "")[:1000]}
        channel.sendall(json.dumps(said).encode())
    return {}


def _hdf5(file: BinaryIO, request: dict[str, Any], channel: socket.socket | None) -> dict[str, Any]:
    from portal.data.parsing.asked import Asked
    from portal.data.parsing.readers.hdf5 import Hdf5File
    from portal.data.parsing.readers.opening import seal

    seal()
    asked = Asked(channel, request["folders"]) if channel is not None else None
    with Hdf5File(file, asked, request.get("name", "")) as opened:
        return _parts(opened, request)


def _parts(opened: Any, request: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    if request.get("describe"):
        answer["describe"] = opened.describe()
    if request.get("remarks"):
        answer["remarks"] = opened.remarks()
    if "values" in request:
        answer["values"] = opened.values(request["values"])
    if "thumbnail" in request:
        from portal.data.parsing.readers.picture import png

        try:
            answer["thumbnail"] = base64.b64encode(png(opened.view(), request["thumbnail"])).decode()
        except FileError as error:
            if not request.get("thumbnail_may_fail"):
                raise
            answer["no_thumbnail"] = error.message
    if "grey" in request:
        from portal.data.parsing.readers.picture import grey_values

        answer["grey"] = grey_values(opened.view(), request["grey"])
    if "listing" in request:
        answer["listing"] = opened.listing(**request["listing"])
    if request.get("outline"):
        from portal.data.parsing.readers.outline import outline

        answer["outline"] = outline(opened)
    if request.get("describe"):
        # Not before all was read: what does not unpack is only seen then.
        answer["problem"] = getattr(opened, "problem", None)
    return answer


if __name__ == "__main__":
    sys.exit(main())
