"""Files that lie beside a job type's YAML and go along with it: `written: {fit.py: {beside: fit.py}}`.

Whoever reads the YAML from a folder puts what they say into its place, as `content`. So a revision is one
document, scripts and all, and its digest holds for them too.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from gantry_formats.commands.written import LONGEST_CONTENT, content_of
from portal.errors import PortalError
from portal.files.confined import Root
from portal.jobtype.finding import Finding

PLACE: Final = ("program", "written")
DEEPEST: Final = 3
Reader = Callable[[str], str]
"""What a file beside says, by its path. Raises BesideError."""


class BesideError(ValueError):
    """What is wrong with a file beside, in words."""


def beside_of(data: Any) -> dict[str, str]:
    """The paths beside the YAML, by the names under which a program finds the files."""
    for key in PLACE:
        data = data.get(key) if isinstance(data, Mapping) else None
    found = {}
    for name, one in data.items() if isinstance(data, Mapping) else ():
        path = one.get("beside") if isinstance(one, Mapping) and len(one) == 1 else None
        if isinstance(name, str) and isinstance(path, str):
            found[name] = path
    return found


def folder_reader(folder: Path) -> Reader:
    """Reads what lies beneath a folder: ordinary files, no links, no more than may go along."""

    def read(path: str) -> str:
        if len([part for part in path.split("/") if part not in ("", ".")]) > DEEPEST:
            raise BesideError(f"{path[:60]} lies more than {DEEPEST - 1} folders down")
        try:
            with (
                Root(folder, listed=False) as root,
                root.open_file(path, max_bytes=LONGEST_CONTENT, hard_links=True) as file,
            ):
                raw = file.read(LONGEST_CONTENT + 1)
        except PortalError as error:
            raise BesideError(f"{path[:60]} cannot be read: {error.message.rstrip('.')}") from error
        try:
            return content_of(raw)
        except ValueError as error:
            raise BesideError(f"{path[:60]}: {error}") from error

    return read


def filled(data: Any, read: Reader) -> tuple[Any, list[Finding]]:
    """The document with the files' texts as `content`, and what is wrong with those that cannot be had."""
    found, wrong = beside_of(data), list[Finding]()
    if not found:
        return data, []
    data = deepcopy(data)
    for name, path in found.items():
        try:
            data["program"]["written"][name] = {"content": read(path)}
        except BesideError as error:
            wrong.append(((*PLACE, name, "beside"), f"{name}: {error}"))
    return data, wrong
