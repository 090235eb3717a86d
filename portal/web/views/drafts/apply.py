"""What was typed into a step, and which button was pressed, as changes of the draft's text."""

from collections.abc import Mapping
from typing import Any, Final

from gantry_formats.commands.servers import VARIABLE
from portal.jobtype.finding import Path
from portal.jobtype.written.check import Step
from portal.jobtype.written.edit import insert, move, put, remove
from portal.jobtype.written.start import STANDARD, slug
from portal.jobtype.written.tree import Tree
from portal.web.views.drafts import kinds, pairs
from portal.web.views.drafts.fields import LISTS, OF_STEP, ORDER, PREFIX, Spec, key_of, path_of
from portal.web.views.drafts.kinds import Kind

NEW: Final[Mapping[str, Mapping[str, Any]]] = {
    "inputs": {"name": "data", "label": "Dataset", "dataset_types": ["*"]},
    "outputs": {"name": "result", "pattern": "*", "dataset_type": "result"},
    "options": {"name": "option", "type": "text", "label": "New option"},
    "resources.variants": STANDARD,
    "parameters": {"name": "number", "file": "result.json"},
    "needs": {"when": "files.count > 0"},
    "presets": {"name": "Preset", "values": {}},
    "pictures": {"file": "*.png", "caption": "Picture"},
    "exit_codes": {"code": 1, "means": "It failed."},
    "methods": {"text": "{input} was analysed with {analysis}."},
    "references": {"key": "reference"},
    "licences": {"count": 1},
    "licence_servers": {"variable": VARIABLE},
}
NAMELESS: Final = frozenset({"pictures", "needs", "methods", "licences", "licence_servers"})
"""Items that are not told apart by a name of their own, or whose name is picked of what the site offers."""
TERMS: Final = "terms"
SHORT: Final[Mapping[str, str]] = {"options.#.choices.#": "value", "methods.#": "text"}
"""Items that may be written as one value alone, and the key that this value is."""


def applied(text: str, step: Step, typed: Mapping[str, str]) -> str:
    """The text with what was typed into the fields of a step. Raises UnsoundError.

    What stands in a field as the page showed it changes nothing, whatever it stands for.
    """
    specs = {spec.key: spec for spec in OF_STEP[step]}
    tree, terms = Tree(text), False
    for name, value in typed.items():
        if not name.startswith(PREFIX):
            continue
        path = path_of(name.removeprefix(PREFIX))
        spec = specs.get(key_of(path))
        if spec is not None and (changed := _typed(tree, path, spec, value)) != tree.text:
            tree, terms = Tree(changed), terms or path[0] == TERMS
    return _with_name_of_terms(tree) if terms else tree.text


def _with_name_of_terms(tree: Tree) -> str:
    """Terms without a name are called by their title, as an analysis is: nobody need think of one for commands."""
    terms = value_at(tree, (TERMS,))
    if not isinstance(terms, dict) or terms.get("name") or not terms.get("title"):
        return tree.text
    title = str(terms["title"])
    name = slug(title if title[:1].isascii() and title[:1].isalpha() else f"terms {title}")
    return put(tree.text, (TERMS, "name"), name, order=ORDER.get(TERMS, ()))


def done(text: str, step: Step, button: str) -> str:
    """The text after a button: `options.add`, `options.2.remove`, `options.2.up`, `….down`, `options.2.to.0`."""
    place, _, what = button.rpartition(".")
    target = None
    if place.endswith(".to"):
        place, target = place.removesuffix(".to"), whole_number(what)
    lists = {spec.key.partition(".#")[0] for spec in OF_STEP[step]} & LISTS.keys()
    if what == "add" and place in lists:
        return _one_more(text, place)
    place, _, number = place.rpartition(".")
    if place not in lists or not number.isdecimal() or len(number) > 5:
        return text
    index, path = int(number), path_of(place)
    if what == "remove":
        return remove(text, (*path, index))
    return move(text, path, index, moved_to(index, what) if target is None else target)


def moved_to(index: int, what: str) -> int:
    """Where an item stands after the button Up or Down."""
    return index + {"up": -1, "down": 1}.get(what, 0)


def whole_number(text: str) -> int:
    """A place in a list; -1, where there is none, for what is no such number."""
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 6 else -1


def kind_of(tree: Tree, path: Path, spec: Spec) -> Kind:
    """The field's kind; of an option's default by the option's type, of values of options by theirs."""
    if spec.kind is pairs.VALUES:
        return pairs.of_options(_types(tree))
    if spec.key != "options.#.default":
        return spec.kind
    place = (*path[:-1], "type")
    return kinds.DEFAULTS.get(str(tree.get(place)) if tree.has(place) else "", kinds.LINE)


def value_at(tree: Tree, path: Path) -> Any:
    """What stands there; None where nothing does."""
    return tree.get(path) if tree.has(path) else None


def shown_at(tree: Tree, path: Path, spec: Spec) -> str:
    """What the field shows: the value, or what holds where none is written."""
    value = tree.get(path) if tree.has(path) else spec.default
    if _alone(tree, path):
        value = value_at(tree, path[:-1])
    text = kind_of(tree, path, spec).shown(value)
    return text or "false" if spec.kind is kinds.TICK or kind_of(tree, path, spec) is kinds.TICK else text


def _typed(tree: Tree, path: Path, spec: Spec, typed: str) -> str:
    text = tree.text
    if len(path) > 1 and isinstance(path[-2], int) and not tree.has(path[:-1]):
        return text  # an item that is gone
    kind, old = kind_of(tree, path, spec), value_at(tree, path)
    typed = typed.replace("\r\n", "\n").replace("\r", "\n")
    if typed.strip() == shown_at(tree, path, spec).strip():
        return text
    value: Any = kind.read(typed.strip() if kind is not kinds.WORDS else typed)
    if kind is kinds.CHOICES:
        value = kinds.with_what_else_they_say(value, old)
    if value in ("", [], {}):
        return put(text, path[:-1], {}) if _alone(tree, path) else _without(text, tree, path)
    if len(path) > 2 and isinstance(path[-2], int) and not isinstance(value_at(tree, path[:-1]), dict):
        item = value_at(tree, path[:-1])  # it is written as one value alone
        short = SHORT.get(key_of(path[:-1]), "value")
        return put(text, path[:-1], value if path[-1] == short else {short: item, path[-1]: value})
    return put(text, path, value, order=ORDER.get(key_of(path[:-1]), ()))


def _alone(tree: Tree, path: Path) -> bool:
    """If the key is the value that its item is written as alone."""
    if len(path) < 3 or not isinstance(path[-2], int) or SHORT.get(key_of(path[:-1])) != path[-1]:
        return False
    return not isinstance(value_at(tree, path[:-1]), dict | None)


def _without(text: str, tree: Tree, path: Path) -> str:
    """Without the key, and without the maps around it that would be left empty, as of default_from or progress."""
    while len(path) > 1 and isinstance(path[-2], str):
        around = value_at(tree, path[:-1])
        if not isinstance(around, dict) or set(around) != {path[-1]}:
            break
        path = path[:-1]
    return remove(text, path)


def _types(tree: Tree) -> dict[str, str]:
    """The types of the options, by name."""
    options = value_at(tree, ("options",))
    return {
        str(one.get("name")): str(one.get("type"))
        for one in (options if isinstance(options, list) else ())
        if isinstance(one, dict)
    }


def _one_more(text: str, place: str) -> str:
    path = path_of(place)
    tree = Tree(text)
    items = value_at(tree, path)
    items = items if isinstance(items, list) else []
    new = dict(NEW[place])
    if place not in NAMELESS:
        key = next(key for key in ("code", "key", "name") if key in new)
        taken = {str(one.get(key)) for one in items if isinstance(one, dict)}
        first, number = new[key], 2
        while str(new[key]) in taken:
            new[key], number = _next(first, number), number + 1
    return insert(text, path, len(items), new)


def _next(first: Any, number: int) -> Any:
    if isinstance(first, int):
        return number
    return f"{first} {number}" if first[:1].isupper() else f"{first}_{number}"
