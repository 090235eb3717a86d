"""Files that the job type has written for its program before it starts: documents of JSON, and lines of text."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wrappers.launch.filling import WRITTEN, View, fill_environment
from wrappers.launch.marks import Argument, parse_argument
from wrappers.launch.reading import JobSpecError, Reader

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MOST_LINES = 500
_DEEPEST = 10
_READ_ONLY = 0o444
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Written:
    """One file: a text that stands as it is, lines, or a document."""

    document: Any = None
    lines: tuple[Argument, ...] = ()
    content: str = ""


def read_written(program: Reader) -> dict[str, Written]:
    """The files of a program, checked. Raises JobSpecError."""
    if not program.has("written"):
        return {}
    given, found = program.inner("written"), {}
    for name in sorted(given.keys()):
        place, one = f"program.written.{name}", given.inner(name)
        if not _NAME.fullmatch(name) or len(one.keys()) != 1:
            raise JobSpecError(f"{place} must have a file's name, and either a document, lines or content")
        if one.has("content"):
            found[name] = Written(content=one.text("content"))
            continue
        if one.has("document"):
            found[name] = Written(one.any("document"))
            continue
        lines = one.array("lines")
        if len(lines) > _MOST_LINES:
            raise JobSpecError(f"{place}.lines must have at most {_MOST_LINES} lines")
        parsed = (parse_argument(line, f"{place}.lines[{index}]") for index, line in enumerate(lines))
        found[name] = Written(None, tuple(parsed))
    return found


def write_files(files: Mapping[str, Written], options: Mapping[str, Any], view: View, tmp: str) -> None:
    """Write each file beneath `tmp`, launch's own view of the folder for temporary files. Raises OSError."""
    if files:
        Path(tmp, WRITTEN).mkdir()
    for name, one in files.items():
        path = Path(tmp, WRITTEN, name)
        path.write_text(_text(one, options, view), encoding="utf-8")
        if one.content:
            path.chmod(_READ_ONLY)


def scripts(files: Mapping[str, Written]) -> list[str]:
    """The names of those that were shipped as they stand: a container sees them read-only."""
    return [name for name, one in files.items() if one.content]


def _text(one: Written, options: Mapping[str, Any], view: View) -> str:
    if one.content:
        return one.content
    if one.lines:
        lines = {str(number): line for number, line in enumerate(one.lines)}
        filled = fill_environment(lines, options, view)
        return "".join(f"{filled[number]}\n" for number in lines if number in filled)
    document = _filled(one.document, options, view, 1)
    return json.dumps(None if document is _MISSING else document, ensure_ascii=False, indent=1) + "\n"


def _filled(node: Any, options: Mapping[str, Any], view: View, depth: int) -> Any:
    """The document with its values; what has none is left out of maps and lists."""
    if depth > _DEEPEST + 1:
        return _MISSING
    if isinstance(node, dict):
        if len(node) == 1 and next(iter(node)).startswith("$"):
            return _value(*next(iter(node.items())), options, view)
        inner = {key: _filled(part, options, view, depth + 1) for key, part in node.items()}
        return {key: part for key, part in inner.items() if part is not _MISSING}
    if isinstance(node, list):
        parts = (_filled(part, options, view, depth + 1) for part in node)
        return [part for part in parts if part is not _MISSING]
    return node


def _value(key: str, name: Any, options: Mapping[str, Any], view: View) -> Any:
    found: Any = None
    match key:
        case "$option":
            found = options.get(name)
        case "$resource":
            found = view.granted.get(name)
        case "$file":
            found = view.chosen.get(name)
        case "$output":
            found = f"{view.folder}/output/{name}"
        case "$files":
            found = list(view.inputs.get(name, ()))
    return _MISSING if found is None else found
