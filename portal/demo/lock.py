"""One demo a folder: a lock that ends with the process that holds it, however that ended."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.errors import ConflictError, UnavailableError

LOCK = "demo.lock"


@contextmanager
def taken(var: Path) -> Iterator[None]:
    """Hold the folder for this demo; it is made if it is missing.

    Raises ConflictError where a demo that runs holds it, UnavailableError where it cannot be written.
    """
    try:
        var.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(var / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise UnavailableError(f"{var} cannot be written: {error.strerror}. Name another with --var.") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConflictError(
                f"Another demo uses {var.absolute()}{_whose(descriptor)}. End it first (Ctrl-C where it runs), "
                "or name another folder with --var. Nothing was changed."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _whose(descriptor: int) -> str:
    written = os.pread(descriptor, 32, 0).strip()
    return f" (process {written.decode()})" if written.isdigit() else ""
