"""Where in a YAML text each key, item and value stands: its nodes, by the paths of `lines.Document`. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from portal.jobtype.finding import Path
from portal.jobtype.lines import parse


class UnsoundError(ValueError):
    """The text is no YAML that can be changed in place; where and why, in words."""

    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(message)
        self.line, self.column, self.message = line, column, message


@dataclass(frozen=True)
class Entry:
    """One key of a map with its value, or one item of a list, whose `key` is None."""

    key: yaml.Node | None
    value: yaml.Node


class Tree:
    """A sound YAML text with its nodes."""

    def __init__(self, text: str) -> None:
        """Raises UnsoundError. What the bounded parser refuses is not looked at any further."""
        document = parse(text)
        self.text, self.data, self.root = text, document.data, document.root
        if document.marks:
            mark = document.marks[0]
            if mark.message != "the file is empty":
                raise UnsoundError(mark.line, mark.column, mark.message)

    def get(self, path: Path) -> Any:
        """The value there. Raises KeyError, IndexError or TypeError where there is none."""
        value = self.data
        for part in path:
            value = value[part]
        return value

    def has(self, path: Path) -> bool:
        """If something stands there."""
        try:
            self.get(path)
        except (KeyError, IndexError, TypeError):
            return False
        return True

    def node(self, path: Path) -> yaml.Node:
        """The value's node. Raises KeyError."""
        return self.entry(path).value if path else self._root()

    def entry(self, path: Path) -> Entry:
        """The entry at a path that is not empty. Raises KeyError."""
        node = self._root()
        found = Entry(None, node)
        for part in path:
            found = _child(found.value, part)
        return found

    def trail(self, path: Path) -> Iterator[tuple[Path, yaml.Node]]:
        """The values from the outermost to the one at the path, as far as they are there."""
        yield (), self._root()
        for length in range(1, len(path) + 1):
            try:
                yield path[:length], self.node(path[:length])
            except KeyError:
                return

    def end(self, node: yaml.Node) -> int:
        """Where the value's own text ends, without the comments and empty lines behind it."""
        if isinstance(node, yaml.ScalarNode):
            if node.style in ("|", ">"):
                return len(self.text[: node.end_mark.index].rstrip())
            return int(node.end_mark.index)
        if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
            return int(node.end_mark.index)
        last = node.value[-1]
        return self.end(last[1] if isinstance(last, tuple) else last)

    def line_start(self, index: int) -> int:
        """Where the line begins in which this character is."""
        return self.text.rfind("\n", 0, index) + 1

    def line_end(self, index: int) -> int:
        """Where it ends, before its line break."""
        found = self.text.find("\n", index)
        return len(self.text) if found < 0 else found

    def after_colon(self, entry: Entry) -> int:
        """The place behind the colon of a key in a block."""
        assert entry.key is not None
        return self.text.index(":", entry.key.end_mark.index) + 1

    def dash(self, node: yaml.SequenceNode, index: int) -> int:
        """The place of an item's hyphen in a block. Raises KeyError."""
        if index == 0:
            return int(node.start_mark.index)
        column = node.start_mark.column
        behind = self.line_end(self.end(node.value[index - 1]))
        found = re.compile(rf"^ {{{column}}}-(?=\s|$)", re.MULTILINE).search(self.text, behind)
        if found is None or found.end() > node.value[index].start_mark.index + 1:
            raise KeyError(index)
        return found.end() - 1

    def region(self, node: yaml.SequenceNode, index: int) -> tuple[int, int]:
        """An item's lines with the comments right above it, from the first's start to the last's break.

        Raises KeyError where it does not begin a line.
        """
        start = self.line_start(self.dash(node, index))
        if self.text[start : self.dash(node, index)].strip():
            raise KeyError(index)
        while start:
            above = self.line_start(start - 1)
            if not self.text[above:start].lstrip().startswith("#"):
                break
            start = above
        return start, min(self.line_end(self.end(node.value[index])) + 1, len(self.text))

    def _root(self) -> yaml.Node:
        if self.root is None:
            raise KeyError(())
        return self.root


def _child(node: yaml.Node, part: str | int) -> Entry:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == part:
                return Entry(key, value)
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and 0 <= part < len(node.value):
        return Entry(None, node.value[part])
    raise KeyError(part)
