"""Changes to a YAML text in place: what is not changed keeps every character, its comments and its order.

Each change is tried as a splice, and counts if what is then read is exactly what was meant. Where it is not (a
layout that nobody foresaw), the smallest part around it is written anew, which loses comments in that part only.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import partial
from typing import Any

import yaml

from portal.jobtype.finding import Path
from portal.jobtype.lines import parse
from portal.jobtype.written import dump
from portal.jobtype.written.tree import Tree, UnsoundError

Splice = Callable[[Tree], str]


def put(text: str, path: Path, value: Any, *, order: Sequence[str] = ()) -> str:
    """The text with this value at the path; maps and lists keep what they share with it. Raises UnsoundError.

    `order` says in which order the keys of the map stand, for a key that comes new. A path that leads through
    what is no map, and a list's item that is not there, raise KeyError.
    """
    tree = Tree(text)
    if not tree.has(path):
        return _added(text, tree, path, value, order)
    old = tree.get(path)
    if same(old, value):
        return text
    if isinstance(old, dict) and isinstance(value, dict) and old and value:
        for key in [key for key in old if key not in value]:
            text = remove(text, (*path, key))
        for key, one in value.items():
            text = put(text, (*path, key), one, order=list(value))
        return text
    if isinstance(old, list) and isinstance(value, list) and old and value:
        return _listed(text, path, old, value)
    return _changed(text, tree, path, value, lambda found: _replaced(found, path, value))


def remove(text: str, path: Path) -> str:
    """The text without that key or item; without anything where there is none. Raises UnsoundError."""
    tree = Tree(text)
    if not path or not tree.has(path):
        return text
    around = deepcopy(tree.get(path[:-1]))
    del around[path[-1]]
    if not around:
        return put(text, path[:-1], around) if path[:-1] else _only_comments(text)
    return _made(text, tree, path[:-1], around, lambda found: _without(found, path))


def insert(text: str, path: Path, index: int, value: Any) -> str:
    """The text with a new item in the list at the path, which may be missing. Raises UnsoundError."""
    tree = Tree(text)
    old = tree.get(path) if tree.has(path) else []
    around = [*old] if isinstance(old, list) else []
    index = max(0, min(index, len(around)))
    around.insert(index, value)
    if len(around) == 1:
        return put(text, path, around)
    return _made(text, tree, path, around, lambda found: _inserted(found, path, index, value))


def move(text: str, path: Path, index: int, to: int) -> str:
    """The text with an item at another place of its list, which takes its comments along. Raises UnsoundError."""
    tree = Tree(text)
    items = tree.get(path) if tree.has(path) else None
    if not isinstance(items, list) or index == to or not (0 <= index < len(items) and 0 <= to < len(items)):
        return text
    around = [*items]
    around.insert(to, around.pop(index))
    return _made(text, tree, path, around, lambda found: _moved(found, path, index, to))


def same(first: Any, other: Any) -> bool:
    """If two values are the same to whoever reads them: true is not 1, and 1 is not 1.0."""
    if isinstance(first, dict) and isinstance(other, dict):
        return first.keys() == other.keys() and all(same(first[key], other[key]) for key in first)
    if isinstance(first, list) and isinstance(other, list):
        return len(first) == len(other) and all(map(same, first, other))
    return type(first) is type(other) and (first == other or repr(first) == repr(other) == "nan")


def _added(text: str, tree: Tree, path: Path, value: Any, order: Sequence[str]) -> str:
    """A key that is not there yet, and the maps that lead to it."""
    if not path:
        return f"{text.rstrip()}\n{dump.block(value)}\n".lstrip("\n")
    parent, key = path[:-1], path[-1]
    if not isinstance(key, str):
        raise KeyError(path)
    if parent and not tree.has(parent):
        return _added(text, tree, parent, {key: value}, ())
    around = tree.get(parent) if tree.root is not None else {}
    if around is None or around == {}:
        return (
            put(text, parent, {key: value})
            if tree.has(parent) and parent
            else _added(text, tree, (), {key: value}, ())
        )
    if not isinstance(around, dict):
        raise KeyError(path)
    made = {**around, key: value}
    return _made(text, tree, parent, made, lambda found: _with_key(found, parent, key, value, order))


def _listed(text: str, path: Path, old: list[Any], value: list[Any]) -> str:
    """A list for a list: what is alike at its beginning and end stays, the rest is changed item by item."""
    head = 0
    while head < min(len(old), len(value)) and same(old[head], value[head]):
        head += 1
    tail = 0
    while tail < min(len(old), len(value)) - head and same(old[-1 - tail], value[-1 - tail]):
        tail += 1
    shared = min(len(old), len(value)) - tail
    for index in range(head, shared):
        text = put(text, (*path, index), value[index])
    for index in reversed(range(shared, len(old) - tail)):
        text = remove(text, (*path, index))
    for index in range(shared, len(value) - tail):
        text = insert(text, path, index, value[index])
    return text


def _changed(text: str, tree: Tree, path: Path, value: Any, splice: Splice) -> str:
    """One value for another."""
    if not path:
        return f"{_leading_comments(text)}{dump.block(value)}\n"
    around = deepcopy(tree.get(path[:-1]))
    around[path[-1]] = value
    return _made(text, tree, path[:-1], around, splice)


def _made(text: str, tree: Tree, parent: Path, around: Any, splice: Splice) -> str:
    """The text in which `around` stands at `parent`: by the splice, else with ever more of it written anew."""
    wanted = _with(tree.data, parent, around)
    for candidate in _candidates(text, tree, parent, wanted, splice):
        document = parse(candidate)
        if not document.marks and same(document.data, wanted):
            return candidate
    raise UnsoundError(1, 1, "this text cannot be changed here; change it in the YAML itself")


def _candidates(text: str, tree: Tree, parent: Path, wanted: Any, splice: Splice) -> Iterator[str]:
    flow = next((at for at, node in tree.trail(parent) if _is_flow(node)), None)
    if flow is None:
        yield from _tried(lambda: splice(tree))
    place: Path = parent if flow is None else flow
    while place:
        value = _at(wanted, place)
        yield from _tried(partial(_replaced, tree, place, value))
        place = place[:-1]
    yield f"{_leading_comments(text)}{dump.block(wanted)}\n"


def _tried(make: Callable[[], str]) -> Iterator[str]:
    try:
        yield make()
    except (KeyError, ValueError):  # a layout that is not understood
        return


def _is_flow(node: yaml.Node) -> bool:
    return isinstance(node, yaml.CollectionNode) and bool(node.flow_style)


def _replaced(tree: Tree, path: Path, value: Any) -> str:
    """One value's text in the place of another's; the comment at the end of its line stays."""
    text, entry = tree.text, tree.entry(path)
    node, end = entry.value, tree.end(entry.value)
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    if any(_is_flow(one) for _at, one in list(tree.trail(path))[:-1]):
        return text[: node.start_mark.index] + dump.flow(value) + text[end:]
    if entry.key is None:
        return _replaced_item(tree, path, value, key)
    start = tree.after_colon(entry)
    column = entry.key.start_mark.column
    head, _, rest = dump.behind(value, column, of=key).partition("\n")
    inline = (isinstance(node, yaml.ScalarNode) and node.style not in ("|", ">")) or _is_flow(node)
    if inline and not rest:
        gap = text[start : node.start_mark.index] or " "
        return text[:start] + (gap + head.lstrip() if "\n" not in gap else head) + text[end:]
    behind = text[end : tree.line_end(end)] if inline else _comment_of(text, start, tree.line_end(start), node)
    stop = tree.line_end(end)
    return text[:start] + head + behind + (f"\n{rest}" if rest else "") + text[stop:]


def _replaced_item(tree: Tree, path: Path, value: Any, key: str) -> str:
    parent = tree.node(path[:-1])
    index = path[-1]
    if not isinstance(parent, yaml.SequenceNode) or not isinstance(index, int):
        raise KeyError(path)
    at, node = tree.dash(parent, index), parent.value[index]
    made = dump.item(value, parent.start_mark.column, of=key)
    return tree.text[:at] + made + tree.text[tree.end(node) :]


def _comment_of(text: str, start: int, end: int, node: yaml.Node) -> str:
    """The comment that stands on a key's line, before the block beneath it."""
    rest = text[start:end]
    at = rest.find(" #")
    return f" {rest[at:]}" if at >= 0 and not isinstance(node, yaml.ScalarNode) else ""


def _with_key(tree: Tree, parent: Path, key: str, value: Any, order: Sequence[str]) -> str:
    node = tree.node(parent)
    if not isinstance(node, yaml.MappingNode):
        raise KeyError(parent)
    column = node.start_mark.column
    keys = [str(one.value) for one, _ in node.value]
    before = order[: order.index(key)] if key in order else keys
    places = [number for number, name in enumerate(keys) if name in before]
    made = dump.entry(key, value, column)
    text = tree.text
    if not places:
        start = node.value[0][0].start_mark.index
        return f"{text[:start]}{made}\n{' ' * column}{text[start:]}"
    at = tree.line_end(tree.end(node.value[max(places)][1]))
    return f"{text[:at]}\n{' ' * column}{made}{text[at:]}"


def _without(tree: Tree, path: Path) -> str:
    text, entry = tree.text, tree.entry(path)
    node = tree.node(path[:-1])
    if isinstance(node, yaml.SequenceNode) and isinstance(path[-1], int):
        start, end = tree.region(node, path[-1])
        return text[:start] + text[end:]
    assert entry.key is not None and isinstance(node, yaml.MappingNode)
    start = entry.key.start_mark.index
    if not text[tree.line_start(start) : start].strip():
        return text[: tree.line_start(start)] + text[tree.line_end(tree.end(entry.value)) + 1 :]
    following = node.value[1][0].start_mark.index  # it is the first, behind the hyphen of its item
    return text[:start] + text[following:]


def _inserted(tree: Tree, path: Path, index: int, value: Any) -> str:
    node = tree.node(path)
    if not isinstance(node, yaml.SequenceNode):
        raise KeyError(path)
    column = node.start_mark.column
    made = " " * column + dump.item(value, column, of=str(path[-1]))
    if index < len(node.value):
        start, _end = tree.region(node, index)
        return f"{tree.text[:start]}{made}\n{tree.text[start:]}"
    at = tree.line_end(tree.end(node.value[-1]))
    return f"{tree.text[:at]}\n{made}{tree.text[at:]}"


def _moved(tree: Tree, path: Path, index: int, to: int) -> str:
    node = tree.node(path)
    if not isinstance(node, yaml.SequenceNode):
        raise KeyError(path)
    text = tree.text if tree.text.endswith("\n") else f"{tree.text}\n"
    start, end = tree.region(node, index)
    end = min(tree.line_end(tree.end(node.value[index])) + 1, len(text))
    cut = text[start:end]
    if to < index:
        at, _ = tree.region(node, to)
        return text[:at] + cut + text[at:start] + text[end:]
    behind = min(tree.line_end(tree.end(node.value[to])) + 1, len(text))
    return text[:start] + text[end:behind] + cut + text[behind:]


def _with(data: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    made = deepcopy(data)
    place = made
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return made


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def _leading_comments(text: str) -> str:
    kept = []
    for line in text.splitlines(keepends=True):
        if line.strip() and not line.startswith("#"):
            break
        kept.append(line)
    return "".join(kept)


def _only_comments(text: str) -> str:
    """All that is left of a document whose last key goes."""
    return "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
