"""What an operator wrote for a program that acts for others; believed only if root alone could have written it."""

import json
import os
import stat
from pathlib import Path
from typing import Any

from portal.rpc.exchange import UnusableError

MAX_OPERATORS_BYTES = 1 << 20


def operators(path: Path) -> dict[str, Any] | None:
    """What an operator wrote for this program; None if there is no such file.

    Raises UnusableError if others than root could have written it, or if there is none but the program was started
    through sudo: whoever may start it as another must not also say what it does.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        if "SUDO_UID" in os.environ:
            raise UnusableError(f"Through sudo this program needs its own file {path}.") from None
        return None
    except OSError as error:
        raise UnusableError(f"{path} cannot be read: {error.strerror}.") from error
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if status.st_uid != 0 or stat.S_IMODE(status.st_mode) & 0o022:
            raise UnusableError(f"{path} must belong to root and be writable by nobody else.")
        try:
            document = json.loads(file.read(MAX_OPERATORS_BYTES))
        except ValueError as error:
            raise UnusableError(f"{path} is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise UnusableError(f"{path} must hold an object.")
    return document
