"""An environment.yml of conda's, as far as it can be had here: its pip section, and which Python it wants. Pure.

What conda's channels have is not what Python's index has under the same name, so nothing is translated: a package
of conda's is refused with its line. Of YAML what such files need is read: three keys, lists, comments, quotes.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from gantry_formats.recipes.packages import MOST_CHARACTERS, MOST_LINES, RecipeError, requirements

WHAT: Final = "the environment"
PASSED_OVER: Final = ("name", "channels", "prefix")
"""Keys of which nothing comes: what it is called, where packages of conda's would be from, where it lies."""
_KEY: Final = re.compile(r"(?P<key>[A-Za-z_-]+)[ \t]*:(?:[ \t]+(?P<value>.*))?")
_CONDA: Final = re.compile(r"(?:[A-Za-z0-9_./-]+::)?(?P<name>[A-Za-z0-9_.-]+)(?P<rest>.*)")
_PYTHON: Final = re.compile(
    r"[ \t]*(?:(?P<how>={1,2}|>=)[ \t]*(?P<version>[0-9]+(?:\.[0-9]+){0,2})(?:\.\*)?)?[ \t]*"
)
_VERSION: Final = re.compile(r" *(?:[=<>!~][=<>!~0-9.*, ]*)?")


@dataclass(frozen=True)
class Environment:
    """What is installed, and which Python the image must have."""

    requirements: tuple[str, ...] = ()
    python: str = ""
    """`3.11`, `>=3.11`; empty: any."""


@dataclass
class _Read:
    """What was read so far."""

    pip: list[tuple[int, str]] = field(default_factory=list)
    python: str = ""
    keys: set[str] = field(default_factory=set)


def environment(text: str) -> Environment:
    """The environment of a text. Raises RecipeError, which names the line."""
    if len(text) > MOST_CHARACTERS:
        raise RecipeError(f"The environment has more than {MOST_CHARACTERS} characters.")
    read, key, pip_at = _Read(), "", -1
    for number, written in enumerate(text.splitlines(), 1):
        line = _bare(written, number)
        if not line.strip() or line.strip() == "---":
            continue
        deep = len(line) - len(line.lstrip(" "))
        words = line.strip()
        if not words.startswith("-"):
            if deep:
                raise RecipeError(f"Line {number} of {WHAT} cannot be read: a list of packages is expected there.")
            key, pip_at = _key(words, number), -1
            if key in read.keys:
                raise RecipeError(f"Line {number} of {WHAT}: {key} stands there twice.")
            read.keys.add(key)
            continue
        if key in PASSED_OVER:
            continue
        if key != "dependencies":
            raise RecipeError(f"Line {number} of {WHAT} belongs to no list of packages.")
        if not words.startswith("- "):
            raise RecipeError(f"Line {number} of {WHAT} cannot be read: after a hyphen a space and a name follow.")
        item = _unquoted(words[1:].strip(), number)
        if pip_at >= 0 and deep > pip_at:
            read.pip.append((number, item))
        elif re.fullmatch(r"pip[ \t]*:", item):
            pip_at = deep
        else:
            pip_at = -1
            _of_conda(read, item, number)
    return _made(read)


def _bare(written: str, number: int) -> str:
    if "\t" in written or not written.isascii() or not written.isprintable():
        raise RecipeError(f"Line {number} of {WHAT} has a tab or another character that cannot be read there.")
    return re.sub(r"(^|\s)#.*$", "", written).rstrip()


def _key(words: str, number: int) -> str:
    found = _KEY.fullmatch(words)
    if found is None:
        raise RecipeError(f"Line {number} of {WHAT} cannot be read. Paste an environment.yml as conda writes it.")
    key, value = found["key"], (found["value"] or "").strip()
    if key == "dependencies" and value:
        raise RecipeError(f"Line {number} of {WHAT}: write each dependency on a line of its own, after a hyphen.")
    if key not in (*PASSED_OVER, "dependencies"):
        raise RecipeError(f"Line {number} of {WHAT}: {key} cannot be had here; only name, channels, dependencies.")
    return key


def _unquoted(item: str, number: int) -> str:
    if item[:1] in ("'", '"'):
        if len(item) < 2 or item[-1] != item[0]:
            raise RecipeError(f"Line {number} of {WHAT} has a quote that is not closed.")
        return item[1:-1].strip()
    if item[:1] in ("{", "[", "&", "*", "!", "|", ">", "%", "@", "`"):
        raise RecipeError(f"Line {number} of {WHAT} cannot be read. Write names with versions.")
    return item


def _of_conda(read: _Read, item: str, number: int) -> None:
    """A dependency that conda would install: its Python and pip are the image's own, and others cannot be had."""
    found = _CONDA.fullmatch(item)
    name = found["name"].lower() if found else ""
    if found and name == "python":
        python = _PYTHON.fullmatch(found["rest"])
        if python is None:
            raise RecipeError(
                f"Line {number} of {WHAT}: of Python a version such as 3.11 or >=3.11 can be asked for."
            )
        how = ">=" if python["how"] == ">=" else ""
        read.python = f"{how}{python['version']}" if python["version"] else ""
        return
    if found and name == "pip" and "::" not in item and _VERSION.fullmatch(found["rest"]):
        return  # what installs the others is there
    shown = item[:60] if item else "it"
    raise RecipeError(
        f"Line {number} of {WHAT}: {shown} is a package of conda's, which needs a channel that this site does not "
        "have. If Python's index has it, write it under pip: with the name that it has there; if Debian has it, "
        "write it in the field for Debian's packages."
    )


def _made(read: _Read) -> Environment:
    if len(read.pip) > MOST_LINES:
        raise RecipeError(f"The environment names more than {MOST_LINES} packages.")
    if not read.pip:
        raise RecipeError("The environment has no pip section: nothing of it could be installed here.")
    found: list[str] = []
    for number, item in read.pip:
        try:
            found += requirements(item)
        except RecipeError as error:
            told = str(error).replace("Line 1 of the requirements", f"Line {number} of {WHAT}")
            raise RecipeError(told) from None
    return Environment(tuple(found), read.python)


def python_fits(wanted: str, there: str) -> bool:
    """Whether a Python of version `there` (3.13.5) is what was asked for."""
    numbers = tuple(int(part) for part in wanted.removeprefix(">=").split(".")) if wanted else ()
    have = tuple(int(part) for part in re.findall(r"[0-9]+", there)[:3])
    return have[: len(numbers)] >= numbers if wanted.startswith(">=") else have[: len(numbers)] == numbers
