"""Reading values out of a request: each has a type, a size and words for what is wrong."""

import re
from typing import Any

from portal.documents import finite
from portal.rpc.exchange import RefusedError

MAX_TEXT = 1000
MAX_PATH = 4096
JOB_NAME = re.compile(r"gantry-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-[1-9][0-9]{0,5}")
SLUG = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
ATTEMPT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
REVISION = re.compile(r"sha256:[0-9a-f]{64}")


def bad(message: str) -> RefusedError:
    """The refusal of a request that is not as it must be."""
    return RefusedError("request", message)


def text(value: Any, what: str, *, least: int = 0, most: int = MAX_TEXT) -> str:
    """A line of text without control characters."""
    if not isinstance(value, str) or not least <= len(value) <= most:
        raise bad(f"{what} must be text of {least} to {most} characters.")
    if CONTROL.search(value):
        raise bad(f"{what} must not hold control characters.")
    if not writable(value):
        raise bad(f"{what} holds half a character, which no file can hold.")
    return value


def file_name(value: Any, what: str, *, least: int = 1) -> str:
    """A path as files may have it: any character but NUL, since people's files have line breaks in their names."""
    if not isinstance(value, str) or not least <= len(value) <= MAX_PATH:
        raise bad(f"{what} must be text of {least} to {MAX_PATH} characters.")
    if "\0" in value:
        raise bad(f"{what} must not hold NUL.")
    if not writable(value):
        raise bad(f"{what} holds half a character, which no file can hold.")
    return value


def writable(value: str) -> bool:
    """Whether a text can be written as UTF-8: JSON can also say halves of characters (surrogates)."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def matching(value: Any, pattern: re.Pattern[str], what: str) -> str:
    """A text that matches the whole pattern: nothing else could, for instance, begin with a dash."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise bad(f"{what} is not of the form that it must have.")
    return value


def whole(value: Any, what: str, *, least: int = 0, most: int = 2**53) -> int:
    """A whole number; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise bad(f"{what} must be a whole number from {least} to {most}.")
    return value


def number(value: Any, what: str, *, above: float) -> float:
    """A number greater than `above`."""
    if not finite(value) or not value > above:
        raise bad(f"{what} must be a number greater than {above:g}.")
    return float(value)


def attempt_id(value: Any) -> str:
    """An attempt's UUID in its canonical form, which is also a safe name for a folder."""
    if not isinstance(value, str) or not ATTEMPT.fullmatch(value):
        raise bad("The attempt must be a UUID in lower case.")
    return value


def mapping(value: Any, what: str) -> dict[str, Any]:
    """An object."""
    if not isinstance(value, dict):
        raise bad(f"{what} must be an object.")
    return value


def sequence(value: Any, what: str, *, most: int) -> list[Any]:
    """A list of at most `most` items."""
    if not isinstance(value, list) or len(value) > most:
        raise bad(f"{what} must be a list of at most {most} items.")
    return value
