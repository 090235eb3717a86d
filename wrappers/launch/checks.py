"""Whether the inputs and the image are still what was submitted."""

import os
import stat
from collections.abc import Mapping, Sequence

from wrappers.launch.exits import Exit, Refusal
from wrappers.launch.jobspec import Image, InputFile


def check_inputs(inputs: Mapping[str, Sequence[InputFile]]) -> None:
    """Open every input; raise Refusal (exit 92) naming the first that is gone, unreadable or changed."""
    for slot, files in inputs.items():
        for file in files:
            trouble = _trouble(file.path, file.size, file.mtime_ns)
            if trouble:
                raise Refusal(Exit.INPUT, "input", f"The input {file.name} ({slot}) {trouble}: {file.path}")


def check_image(image: Image) -> None:
    """Raise Refusal (exit 93) if the image is gone, unreadable or changed."""
    trouble = _trouble(image.path, image.size, image.mtime_ns)
    if trouble:
        raise Refusal(Exit.IMAGE, "image", f"The image {image.name} {trouble}: {image.path}")


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
