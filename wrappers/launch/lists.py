"""Lists of a job's input files, for programs that read names from a file: a command line takes only so many."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from wrappers.launch.exits import Exit, Refusal
from wrappers.launch.filling import list_name
from wrappers.launch.jobspec import InputFile, JobSpec
from wrappers.launch.marks import InputListMark, every


def write_lists(spec: JobSpec, tmp: str, *, contained: bool) -> None:
    """Write into the folder `tmp` each list that the command names: every name as it is, and its end.

    `contained`: paths as they are in a container. Raises OSError, and Refusal (exit 92) if a name that is a
    symbolic link leads to another file than the one that was looked at.
    """
    for mark in {argument for argument in every(spec.program.command) if isinstance(argument, InputListMark)}:
        files = [file for file in spec.inputs.get(mark.slot, ()) if not file.aside]
        names = _relative(files, mark.slot, contained) if mark.relative else _paths(files, contained)
        end = "\n" if mark.lines else "\0"
        listed = list(names)
        if broken := next((name for name in listed if mark.lines and "\n" in name), None):
            words = f"The input {broken!r} ({mark.slot}) has an end of line in its name: a list of lines has none"
            raise Refusal(Exit.INPUT, "input", words)
        data = b"".join(os.fsencode(name + end) for name in listed)
        Path(tmp, list_name(mark)).write_bytes(data)


def folders_of(files: Sequence[InputFile], *, contained: bool) -> list[str]:
    """The folders of a slot's datasets, in order, as the program sees them."""
    return list(dict.fromkeys(file.folder_inside if contained else file.folder for file in files))


def _paths(files: Sequence[InputFile], contained: bool) -> Iterator[str]:
    return (file.target if contained else file.path for file in files)


def _relative(files: Sequence[InputFile], slot: str, contained: bool) -> Iterator[str]:
    for file in files:
        named = f"{file.folder}/{file.name}"
        # What was opened before the start is `path`; the program will go by the name in the folder.
        if not contained and file.path != named and os.path.realpath(named) != os.path.realpath(file.path):
            words = f"The input {file.name} ({slot}) leads to another file since it was chosen: {file.path}"
            raise Refusal(Exit.INPUT, "input", words)
        yield file.name
