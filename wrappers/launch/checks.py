"""Whether the inputs and the image are still what was submitted."""

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence

from wrappers.launch.exits import Exit, Refusal
from wrappers.launch.jobspec import Image, InputFile

MAX_FILES = 500_000
"""In a folder that is one input; as many as the catalogue takes."""


def check_inputs(inputs: Mapping[str, Sequence[InputFile]]) -> None:
    """Open every input; raise Refusal (exit 92) naming the first that is gone, unreadable or changed."""
    for slot, files in inputs.items():
        for file in files:
            if file.stamp is None:
                trouble = _trouble(file.path, file.size, file.mtime_ns)
            else:
                trouble = _trouble_of_folder(file.path, file.stamp)
            if trouble:
                raise Refusal(Exit.INPUT, "input", f"The input {file.name} ({slot}) {trouble}: {file.path}")


def check_image(image: Image) -> None:
    """Raise Refusal (exit 93) if the image is gone, unreadable or changed."""
    trouble = _trouble(image.path, image.size, image.mtime_ns)
    if trouble:
        raise Refusal(Exit.IMAGE, "image", f"The image {image.name} {trouble}: {image.path}")


def _trouble_of_folder(path: str, stamp: str) -> str | None:
    """Return what is wrong with a folder that is one thing, or None: no file of it may be gone, new or changed."""
    try:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            return "is no folder any more"
        found = _files_of(path)
    except (FileNotFoundError, NotADirectoryError):
        return "is gone, or a part of it"
    except OSError as error:
        return f"cannot be opened ({error.strerror})"
    if found is None:
        return f"holds what is no regular file, or more than {MAX_FILES} files"
    return None if _stamp(found) == stamp else "has changed since it was chosen"


def _stamp(files: Mapping[str, tuple[int, int]]) -> str:
    """Return what a folder is known again by: the contract of job.json, of which the agent has the other half."""
    digest = hashlib.sha256()
    for path, (size, mtime_ns) in sorted(files.items()):
        digest.update(f"{path}\0{size}\0{mtime_ns}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _files_of(path: str) -> dict[str, tuple[int, int]] | None:
    """Return size and time of all files beneath a folder; None for links, devices and too many. Raises OSError."""
    found: dict[str, tuple[int, int]] = {}
    for here, folders, names, fd in os.fwalk(path, onerror=_raise):
        if any(stat.S_ISLNK(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode) for name in folders):
            return None
        for name in names:
            status = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if not stat.S_ISREG(status.st_mode):
                return None
            beneath = os.path.relpath(os.path.join(here, name), path)  # noqa: PTH118 - of many files
            found[beneath] = (status.st_size, status.st_mtime_ns)
        if len(found) > MAX_FILES:
            return None
    return found


def _raise(error: OSError) -> None:
    raise error


def _trouble(path: str, size: int, mtime_ns: int) -> str | None:
    """Return what is wrong with a file, as the end of a sentence, or None. A link in the last place is wrong."""
    try:
        # Not blocking: a FIFO put in a file's place must not hold the job.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return "is gone"
    except OSError as error:
        return f"cannot be opened ({error.strerror})"
    try:
        status = os.fstat(fd)
    finally:
        os.close(fd)
    if not stat.S_ISREG(status.st_mode):
        return "is no regular file any more"
    if status.st_size != size:
        return f"has changed (it had {size} bytes, it has {status.st_size})"
    if status.st_mtime_ns != mtime_ns:
        return "has changed since it was chosen (its modification time differs)"
    return None
