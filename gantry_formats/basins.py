"""Basins of deformability cytometry (dclab): a file with some features that refers to another for the rest."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

MOST_NAMED = 3
MOST_LINES = 1_000
"""Of one basin's document: it names a file and features, and no program writes more."""


@dataclass(frozen=True)
class Within:
    """Where features lie in the file itself, once for many events: the group, and the feature that says which."""

    group: str
    mapping: str


@dataclass(frozen=True)
class Basin:
    """Where features lie: names of files without folders, and the features."""

    files: tuple[str, ...]
    features: tuple[str, ...]


def within(lines: Iterable[bytes], feature: str) -> Within | None:
    """Where in the file itself a dataset beneath `basins` says that `feature` lies; None where it does not."""
    document = _document(lines)
    if document is None or document.get("type") != "internal":
        return None
    features, mapping, paths = document.get("features"), document.get("mapping"), document["paths"]
    if not isinstance(features, list) or feature not in features or not isinstance(mapping, str):
        return None
    return Within(paths[0], mapping) if paths and isinstance(paths[0], str) else None


def _document(lines: Iterable[bytes]) -> dict[str, Any] | None:
    try:
        document = json.loads(b"".join(lines))
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and isinstance(document.get("paths"), list) else None


def basin_of(lines: Iterable[bytes]) -> Basin | None:
    """What a dataset beneath `basins` says, a JSON document in lines; None where it names no other file."""
    document = _document(lines)
    if document is None or document.get("type") == "internal":
        return None
    paths = [path for path in document["paths"] if isinstance(path, str)]
    files = tuple(dict.fromkeys(PurePosixPath(PureWindowsPath(path).as_posix()).name for path in paths))
    features = document.get("features")
    named = tuple(str(one) for one in features) if isinstance(features, list) else ()
    return Basin(files[:MOST_NAMED], named[:MOST_NAMED]) if files else None
