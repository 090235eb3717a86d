"""A step's fields as the page shows them: values, what is wrong with each, and what can be done with its items."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from portal.jobtype.finding import Path
from portal.jobtype.written.check import Checked, Found, Step
from portal.jobtype.written.tree import Tree
from portal.web.views.analyses import ICONS
from portal.web.views.drafts import kinds
from portal.web.views.drafts.apply import kind_of, shown_at, value_at
from portal.web.views.drafts.fields import LISTS, OF_STEP, PREFIX, Spec, path_of

MOST_ITEMS: Final = 200
"""What is beyond is written in the YAML: a job type has no more options."""
MOST_CHOICES: Final = 30
"""Choices that have fields for their conditions; of more they are written in the YAML."""
CALLED: Final = ("label", "pattern", "name", "file", "means", "text", "title", "key", "when")
"""Which keys say what an item is called, the best first."""
OPEN: Final = 3
"""Up to so many options stand open; of more, those that need a look."""
NOTHING_OFFERED: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {}
WORDS: Final[Mapping[Step, str]] = {
    Step.PURPOSE: "Purpose",
    Step.DATA: "Data",
    Step.COMMAND: "Command",
    Step.OPTIONS: "Options",
    Step.RESOURCES: "Resources",
    Step.TRY: "Try",
    Step.PUBLISH: "Publish",
}


@dataclass(frozen=True)
class StepField:
    """One field of a step."""

    name: str
    label: str
    input: str
    value: str
    help: str
    unit: str
    suggest: str
    choices: tuple[tuple[str, str], ...]
    rare: bool
    wrong: tuple[str, ...] = ()
    missing: bool = False
    """What is wrong is that it is empty."""
    asks_again: bool = False
    """What it holds decides which other fields there are."""

    @property
    def id(self) -> str:
        """The field's id in the page."""
        return f"s-{self.name.removeprefix(PREFIX).replace('.', '-')}"


@dataclass(frozen=True)
class Group:
    """Fields that stand together: of the step, or of one item of a list."""

    place: str
    """`options.2`; empty for the step's own."""
    title: str
    summary: str
    fields: tuple[StepField, ...]
    rare: tuple[StepField, ...]
    wrong: tuple[str, ...]
    first: bool = True
    last: bool = True
    open: bool = True

    @property
    def list(self) -> str:
        """`options` of `options.2`."""
        return self.place.rpartition(".")[0]

    @property
    def anchor(self) -> str:
        """Where links lead."""
        return self.place.replace(".", "-")

    @property
    def has_wrong(self) -> bool:
        """If something of it needs a look."""
        return bool(self.wrong or any(field.wrong for field in (*self.fields, *self.rare)))

    @property
    def rare_open(self) -> bool:
        """If something needs a look under More."""
        return any(field.wrong for field in self.rare)


def groups_of(
    tree: Tree,
    checked: Checked,
    step: Step,
    *,
    opened: str = "",
    images: Sequence[tuple[str, str]] = (),
    offers: Mapping[str, tuple[tuple[str, str], ...]] = NOTHING_OFFERED,
) -> list[Group]:
    """The step's groups. `opened`: the item that stands open; `images`: names and words of the staged ones.

    `offers`: what the site has to choose from, by the field's key.
    """
    found = checked.of(step)
    specs = [replace(one, choices=offers[one.key]) if one.key in offers else one for one in OF_STEP[step]]
    plain = [spec for spec in specs if "#" not in spec.key]
    groups = []
    for place in dict.fromkeys(spec.key.partition(".#")[0] for spec in specs if "#" in spec.key):
        items = value_at(tree, path_of(place))
        of_items = [spec for spec in specs if spec.key.startswith(f"{place}.#.")]
        count = len(items) if isinstance(items, list) else 0
        for index in range(min(count, MOST_ITEMS)):
            groups.append(_item(tree, found, of_items, (place, index, count), opened))
    for section in dict.fromkeys(spec.section for spec in plain):
        own = [spec for spec in plain if spec.section == section]
        groups.append(_own(tree, found, own, images, section))
    return groups


def left_over(groups: Sequence[Group], checked: Checked, step: Step) -> list[Found]:
    """What stands at no field of the step."""
    said = {words for group in groups for field in (*group.fields, *group.rare) for words in field.wrong}
    said |= {words for group in groups for words in group.wrong}
    return [one for one in checked.of(step) if one.message not in said]


def _item(
    tree: Tree, found: Sequence[Found], specs: Sequence[Spec], of: tuple[str, int, int], opened: str
) -> Group:
    place, index, count = of
    path: Path = (*path_of(place), index)
    item = value_at(tree, path)
    kind = str(item.get("type") or "") if isinstance(item, dict) else ""
    fields = _placed(found, [one for spec in specs for one in _of_item(tree, spec, path, item, kind)])
    here = f"{place}.{index}"
    said = {words for field in fields for words in field.wrong}
    own = tuple(one.message for one in found if one.path[: len(path)] == path and one.message not in said)
    wrong = bool(own or said)
    return Group(
        here,
        LISTS[place],
        _summary(item, index),
        tuple(field for field in fields if not field.rare),
        tuple(field for field in fields if field.rare),
        own,
        first=index == 0,
        last=index == count - 1,
        open=count <= OPEN or opened == here or wrong,
    )


def _of_item(tree: Tree, spec: Spec, path: Path, item: Any, kind: str) -> Iterator[tuple[Path, StepField]]:
    """The fields of a spec in an item: none where its type has none, of choices one for each."""
    if spec.types and kind not in spec.types:
        return
    rest = spec.key.partition("#.")[2]
    if "#" not in rest:
        place: Path = (*path, *path_of(rest))
        yield place, _field(tree, spec, place)
        return
    of_list, _, key = rest.partition(".#.")
    items = item.get(of_list) if isinstance(item, dict) else None
    for number, one in enumerate(items[:MOST_CHOICES] if isinstance(items, list) else ()):
        called = str(one.get("value", number + 1) if isinstance(one, dict) else one)[:40]
        place = (*path, of_list, number, key)
        yield place, _field(tree, replace(spec, label=f"“{called}” {spec.label}"), place)


def _own(
    tree: Tree, found: Sequence[Found], specs: Sequence[Spec], images: Sequence[tuple[str, str]], section: str
) -> Group:
    places = [(path_of(spec.key), _field(tree, spec, path_of(spec.key), images)) for spec in specs]
    fields = _placed(found, places)
    filled = any(value_at(tree, path) is not None for path, _field in places)
    return Group(
        "",
        section,
        section,
        tuple(field for field in fields if not field.rare),
        tuple(field for field in fields if field.rare),
        (),
        open=filled or any(field.wrong for field in fields),
    )


def _placed(found: Sequence[Found], places: Sequence[tuple[Path, StepField]]) -> list[StepField]:
    """The fields with what is wrong with each: of what is told of a place within several, the nearest."""
    said: dict[Path, list[Found]] = {}
    for one in found:
        near = [path for path, _field in places if one.path[: len(path)] == path]
        if near:
            said.setdefault(max(near, key=len), []).append(one)
    return [
        replace(
            field,
            wrong=tuple(one.message for one in said.get(path, ())),
            missing=any(one.missing and one.path == path for one in said.get(path, ())),
        )
        for path, field in places
    ]


def _field(tree: Tree, spec: Spec, path: Path, images: Sequence[tuple[str, str]] = ()) -> StepField:
    kind, shown = kind_of(tree, path, spec), shown_at(tree, path, spec)
    choices = _choices(tree, spec, images, shown)
    return StepField(
        name=PREFIX + ".".join(map(str, path)),
        label=spec.label,
        input=kind.input,
        value=shown,
        help=spec.help,
        unit=spec.unit,
        suggest=spec.suggest,
        choices=choices,
        rare=spec.rare,
        asks_again=spec.key == "options.#.type",
    )


def _choices(tree: Tree, spec: Spec, images: Sequence[tuple[str, str]], shown: str) -> tuple[tuple[str, str], ...]:
    choices = spec.choices
    if spec.key == "image":
        choices = (("", "none"), *images)
    elif spec.key == "icon":
        choices = (("", "sliders"), *((name, name.replace("-", " ")) for name in sorted(ICONS - {"sliders"})))
    elif spec.key == "resources.default":
        variants = value_at(tree, ("resources", "variants"))
        names = (
            [one.get("name") for one in variants if isinstance(one, dict)] if isinstance(variants, list) else []
        )
        choices = tuple((str(name), str(name)) for name in names[:MOST_ITEMS])
    if spec.kind is kinds.SELECT and shown not in [value for value, _words in choices]:
        choices = (*choices, (shown, f"{shown} (not known here)" if shown else "Choose …"))
    return choices


def _summary(item: Any, index: int) -> str:
    if isinstance(item, str):
        return item[:80]
    if not isinstance(item, dict):
        return f"number {index + 1}, which cannot be read"
    label = next((str(item[key]) for key in CALLED if item.get(key)), str(index + 1))
    return label[:80]
