"""YAML that keeps its line numbers: safe, YAML 1.2's plain values, no aliases, no duplicate keys."""

import re
from dataclasses import dataclass
from typing import Any, Final

import yaml

from portal.jobtype.kept import Kept

MAX_BYTES = 512 * 1024
TOO_LARGE = f"larger than {MAX_BYTES // 1024} KiB"
MAX_DEPTH = 30
MAX_DIGITS = 30
MAX_NODES = 20_000
"""Names, values, lists and maps together; the longest that ships has about a thousand."""

_UNSEEN = re.compile(r"[^\n\r\t\x20-\x7e\x85\xa0-\ud7ff\ue000-\U0010ffff]")
"""What neither a page nor a database takes: control characters and halves of characters, written as \\0 or \\e."""

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Mark:
    """Something wrong at a line and a column (from 1); the column is 1 where only the line is known."""

    line: int
    message: str
    column: int = 1


@dataclass(frozen=True)
class Document:
    """A parsed file: plain data, the line of every key and item, and what was wrong with the text itself."""

    data: Any
    lines: dict[Path, int]
    marks: tuple[Mark, ...]
    root: yaml.Node | None = None
    """Where each value stands in the text; None where there is none, or where it cannot be used."""

    def line_of(self, path: Path) -> int:
        """The line of the nearest place above or at `path`; parts that are in no document are passed over."""
        known: Path = ()
        for part in path:
            if (*known, part) in self.lines:
                known = (*known, part)
        return self.lines.get(known, 1)


class _RefusedError(yaml.YAMLError):
    """What is not taken at all."""

    def __init__(self, mark: Mark) -> None:
        super().__init__(mark.message)
        self.mark = mark


class PlainLoader(yaml.SafeLoader):
    """Only true, false, null, decimal numbers and text: `no`, `1:30` and dates stay text, as people mean them.

    What is not taken at all raises _RefusedError as soon as it is met, so that no more is built than is taken:
    thousands of brackets would cost minutes.
    """

    depth = nodes = 0

    def get_event(self) -> yaml.Event:
        """The next event, if it is taken."""
        event: yaml.Event = super().get_event()  # type: ignore[no-untyped-call]
        refused = self._refused(event)
        if refused:
            raise _RefusedError(Mark(_line(event.start_mark), refused))
        return event

    def _refused(self, event: yaml.Event) -> str:
        """Why it is not taken; empty where it is."""
        self.nodes += isinstance(event, yaml.NodeEvent)
        if self.nodes > MAX_NODES:
            return f"more than {MAX_NODES:,} names and values"
        if isinstance(event, yaml.ScalarEvent) and (found := _UNSEEN.search(event.value)):
            return f"a text holds a character that cannot be written: U+{ord(found.group()):04X}"
        if isinstance(event, yaml.AliasEvent):
            return "aliases (*name) are not taken here"
        if getattr(event, "tag", None) not in (None, "!"):
            return "not valid YAML here: tags (!!int, !!python/…) are not taken"
        self.depth += isinstance(event, yaml.CollectionStartEvent)
        self.depth -= isinstance(event, yaml.CollectionEndEvent)
        return "nested too deeply" if self.depth > MAX_DEPTH else ""


NUMBER = r"(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
PlainLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", [*"-+0123456789"]),
    ("float", rf"[-+]?{NUMBER}|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", [*"-+.0123456789"]),
):
    PlainLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)


def _decimal(_loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    if len(node.value) > MAX_DIGITS:
        raise yaml.constructor.ConstructorError(
            None, None, f"a number of more than {MAX_DIGITS} digits", node.start_mark
        )
    return int(node.value)


def _floating(_loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    return float(node.value.lower().replace(".inf", "inf").replace(".nan", "nan"))


PlainLoader.add_constructor("tag:yaml.org,2002:int", _decimal)
PlainLoader.add_constructor("tag:yaml.org,2002:float", _floating)


def parse(text: str) -> Document:
    """The document in `text`, not to be changed. What is wrong is in `marks`; then `data` is not to be used."""
    return _kept(text)


def _parsed(text: str) -> Document:
    if len(text) > MAX_BYTES:
        return _unusable(1, TOO_LARGE)
    try:
        return _document(text)
    except _RefusedError as error:
        return Document(None, {}, (error.mark,))
    except yaml.MarkedYAMLError as error:
        words = " ".join(part for part in (error.context, error.problem) if part)
        mark = error.problem_mark or error.context_mark
        column = int(mark.column) + 1 if mark is not None else 1
        return Document(None, {}, (Mark(_line(mark), f"not valid YAML: {words}", column),))
    except yaml.YAMLError as error:
        return _unusable(1, f"not valid YAML: {error}")


# A file takes tens of milliseconds, and all are read again where one of them has changed.
_kept: Final = Kept(_parsed)


def _document(text: str) -> Document:
    loader = PlainLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return _unusable(1, "the file is empty")
        lines: dict[Path, int] = {(): _line(node.start_mark)}
        marks: list[Mark] = []
        _walk(node, (), lines, marks)
        if marks:
            return Document(None, lines, tuple(marks))
        return Document(loader.construct_document(node), lines, (), node)
    finally:
        loader.dispose()


def _unusable(line: int, message: str) -> Document:
    return Document(None, {}, (Mark(line, message),))


def _line(mark: Any) -> int:
    return int(mark.line) + 1 if mark is not None else 1


def _walk(node: yaml.Node, path: Path, lines: dict[Path, int], marks: list[Mark]) -> None:
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*path, index)] = _line(item.start_mark)
            _walk(item, (*path, index), lines, marks)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            line = _line(key.start_mark)
            if not isinstance(key, yaml.ScalarNode):
                marks.append(Mark(line, "a key must be plain text"))
                continue
            here: Path = (*path, str(key.value))
            if here in lines:
                marks.append(Mark(line, f"the key {key.value} is there twice (first in line {lines[here]})"))
            lines.setdefault(here, line)
            _walk(value, here, lines, marks)
