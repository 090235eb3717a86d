"""What of the inputs a container sees: file by file, or of many files the datasets' folders."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from wrappers.launch.jobspec import InputFile

MOST_FILES = 500
"""Bound one by one. Each is an argument of the runtime's and a mount: Linux bounds the one, patience the other."""
MOST_BYTES = 256 * 1024
"""Of their paths: a quarter of what a command line takes with the usual stack of 8 MiB is left for all else."""
FEW = 4
"""So many files of a dataset stay bound one by one, however many other datasets have."""


def binds(inputs: Mapping[str, Sequence[InputFile]]) -> list[tuple[str, str]]:
    """Pairs (path outside, path inside) under which every input is at its target.

    Where files are too many, a dataset's folder is bound in their place, with all that lies in it. A symbolic link
    in it that is one of the inputs may name its file by the path outside: then the folder is there under both.
    """
    files = [file for group in inputs.values() for file in group]
    single = [(file.path, file.target) for file in files]
    if len(single) <= MOST_FILES and sum(len(a) + len(b) for a, b in single) <= MOST_BYTES:
        return single
    return list(dict.fromkeys(pair for group in inputs.values() for pair in _by_folder(group)))


def _by_folder(files: Sequence[InputFile]) -> Iterator[tuple[str, str]]:
    for (outside, inside), members in groupby(files, key=lambda file: (file.folder, file.folder_inside)):
        group = list(members)
        if len(group) <= FEW:
            yield from ((file.path, file.target) for file in group)
            continue
        yield outside, inside
        if any(file.path != f"{outside}/{file.name}" for file in group):
            yield outside, outside
