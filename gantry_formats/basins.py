"""Basins of deformability cytometry (dclab): a file with some features that refers to another for the rest."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

MOST_NAMED = 3
MOST_LINES = 1_000
"""Of one basin's document: it names a file and features, and no program writes more."""


@dataclass(frozen=True)
class Basin:
    """Where features lie: names of files without folders, and the features."""

    files: tuple[str, ...]
    features: tuple[str, ...]


def basin_of(lines: Iterable[bytes]) -> Basin | None:
    """What a dataset beneath `basins` says, a JSON document in lines; None where it names no file."""
    try:
        document = json.loads(b"".join(lines))
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not isinstance(document.get("paths"), list):
        return None
    paths = [path for path in document["paths"] if isinstance(path, str)]
    files = tuple(dict.fromkeys(PurePosixPath(PureWindowsPath(path).as_posix()).name for path in paths))
    features = document.get("features")
    named = tuple(str(one) for one in features) if isinstance(features, list) else ()
    return Basin(files[:MOST_NAMED], named[:MOST_NAMED]) if files else None
