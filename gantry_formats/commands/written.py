"""Files that launch writes for a program before it starts: what may stand in them. One rule for portal and agent.

{"NAME": {"document": …}}   JSON, with {"$option": NAME}, {"$resource": NAME}, {"$file": OPTION}, {"$output": PATH}
                            and {"$files": SLOT} for what is known when a job is made; what is missing is left out
{"NAME": {"content": "…"}}  a text that stands as it is: a script
{"NAME": {"lines": […]}}    lines: a text, a mark, or {"text": […]}; one with a missing value is left out
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

MOST: Final = 30
MOST_LINES: Final = 500
MOST_NODES: Final = 1000
DEEPEST: Final = 10
LONGEST: Final = 4096
LONGEST_CONTENT: Final = 256 * 1024
"""Bytes of all contents of a program: they go along with every job."""
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
RESOURCES: Final = ("cpus", "memory_mb", "time_s", "gpus", "ranks")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
VALUES: Final = ("$option", "$resource", "$file", "$output", "$files")


def value_of(node: Any) -> tuple[str, str] | None:
    """("$option", "sigma") of a map that stands for a value; None for any other part of a document."""
    if isinstance(node, Mapping) and len(node) == 1:
        [(key, name)] = node.items()
        if key in VALUES and isinstance(name, str):
            return key, name
    return None


def nodes_of(document: Any) -> Iterator[tuple[Any, int]]:
    """The document and all its parts with their depth, those of values excepted; no more than MOST_NODES + 1."""
    pending = [(document, 1)]
    for _ in range(MOST_NODES + 1):
        if not pending:
            return
        node, depth = pending.pop()
        yield node, depth
        if value_of(node) is None and depth <= DEEPEST:
            inner = node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
            pending.extend((part, depth + 1) for part in inner)


def options_in(written: Mapping[str, Any]) -> set[str]:
    """The options whose values stand in documents."""
    found = set()
    for one in written.values():
        for node, _ in nodes_of(one.get("document")):
            value = value_of(node)
            if value is not None and value[0] in ("$option", "$file"):
                found.add(value[1])
    return found


def findings(
    written: Mapping[str, Any], options: Mapping[str, Mapping[str, Any]], slots: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """What is wrong with the files, in the JSON form of a program, each with its name."""
    for name, one in written.items():
        if not NAME.fullmatch(name):
            yield name, f"{name[:40]} is no name of a file: letters, digits, . _ and -, 100 at most"
        if not isinstance(one, Mapping) or len(one) != 1 or not set(one) <= {"document", "lines", "content"}:
            yield name, f"{name} has either a document, lines or content"
        elif "content" in one:
            yield from ((name, f"{name}: {words}") for words in _of_content(one["content"]))
        elif "document" in one:
            yield from ((name, f"{name}: {words}") for words in _of_document(one["document"], options, slots))
        else:
            yield from ((name, f"{name}: {words}") for words in _of_lines(one["lines"], options))
    contents = {
        name: one["content"] for name, one in written.items() if isinstance(one, Mapping) and "content" in one
    }
    size = sum(len(text.encode(errors="replace")) for text in contents.values() if isinstance(text, str))
    if size > LONGEST_CONTENT:
        yield (
            next(iter(contents)),
            f"the contents are {size:,} bytes; at most {LONGEST_CONTENT:,} go along with each job",
        )


def content_of(raw: bytes) -> str:
    """What a script's bytes say, with the ends of lines that Linux has. Raises ValueError: why it is no script."""
    if len(raw) > LONGEST_CONTENT:
        raise ValueError(
            f"it has more than {LONGEST_CONTENT:,} bytes, which is the most that goes along with a job"
        )
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"it is no text in UTF-8 (byte {error.start + 1}): a program belongs into the image"
        ) from None
    for words in _of_content(text):
        raise ValueError(words)
    return text


def _of_content(content: Any) -> Iterator[str]:
    if not isinstance(content, str) or not content:
        yield "its content is a text"
    elif found := _CONTROL.search(content):
        line = content.count("\n", 0, found.start()) + 1
        yield f"its content is plain text, and line {line} holds the control character {ord(found[0]):#04x}"


def _of_document(document: Any, options: Mapping[str, Mapping[str, Any]], slots: Sequence[str]) -> Iterator[str]:
    for number, (node, depth) in enumerate(nodes_of(document)):
        if number >= MOST_NODES:
            yield f"a document has at most {MOST_NODES} parts"
            return
        if depth > DEEPEST:
            yield f"a document is at most {DEEPEST} levels deep"
            return
        value = value_of(node)
        if value is not None:
            yield from _of_value(*value, options, slots)
        elif isinstance(node, Mapping):
            wrong = next((key for key in node if not isinstance(key, str) or key.startswith("$")), None)
            if wrong is not None:
                yield f"{wrong} is no value that is known here; there are {', '.join(VALUES)}"
        elif isinstance(node, str) and len(node) > LONGEST:
            yield f"a text has at most {LONGEST:,} characters"
        elif not (node is None or isinstance(node, bool | int | float | str | list)):
            yield "a document has maps, lists, texts, numbers, true, false and null"


def _of_value(
    kind: str, name: str, options: Mapping[str, Mapping[str, Any]], slots: Sequence[str]
) -> Iterator[str]:
    known: Sequence[str] = {
        "$option": list(options),
        "$file": [one for one, option in options.items() if option.get("type") == "file"],
        "$resource": RESOURCES,
        "$files": slots,
    }.get(kind, [name])
    if name not in known:
        yield f"there is no {name} for {kind}"
    if kind == "$output" and (name.startswith("/") or ".." in name.split("/") or not name):
        yield "an output is a path beneath the output folder, without '..'"


def _of_lines(lines: Any, options: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if not isinstance(lines, list) or not 0 < len(lines) <= MOST_LINES:
        yield f"it has 1 to {MOST_LINES} lines"
        return
    for line in lines:
        parts = line.get("text", [line]) if isinstance(line, Mapping) else [line]
        for place, part in enumerate(parts):
            if isinstance(part, str) and re.search(r"[\x00-\x08\x0a-\x1f\x7f]", part):
                yield "a line has no ends of lines and other control characters within"
            if not isinstance(part, Mapping) or "option" not in part:
                continue
            kind = options.get(part["option"], {}).get("type")
            if kind == "long_text":
                yield f"{part['option']} has lines of its own: it can stand in a document"
            elif kind == "text" and place < len(parts) - 1:
                yield f"behind {part['option']}, which people type, nothing can stand in its line"
