"""A step that was sent when the draft had been saved meanwhile: what each of both changed, and if that fits."""

from collections.abc import Mapping
from typing import Any

from portal.jobtype.finding import Path
from portal.jobtype.written.check import Step
from portal.jobtype.written.edit import same
from portal.jobtype.written.together import kept_together
from portal.jobtype.written.tree import Tree, UnsoundError
from portal.web.views.drafts.apply import applied, done, value_at
from portal.web.views.drafts.fields import LISTS, OF_STEP, PREFIX, key_of, path_of


def with_step(text: str, step: Step, typed: Mapping[str, str], button: str) -> str:
    """The text with what was typed, and then what the button does. Raises UnsoundError.

    A word of the command stays with a value that can be missing from then on.
    """
    return kept_together(text, done(applied(text, step, typed), step, button))


def merged(base: str, theirs: str, step: Step, typed: Mapping[str, str], button: str) -> str | None:
    """Both changes of `base`; None where they are of the same places, or the places cannot be told apart any more.

    `theirs` is what was saved meanwhile.
    """
    try:
        before, now = Tree(base), Tree(theirs)
        mine: dict[str, str] = {}
        specs = {spec.key for spec in OF_STEP[step]}
        for name, value in typed.items():
            path = path_of(name.removeprefix(PREFIX))
            if not name.startswith(PREFIX) or key_of(path) not in specs:
                continue
            if applied(base, step, {name: value}) == base:
                continue  # as it was: what she did not touch
            if applied(theirs, step, {name: value}) == theirs and _alike(before, now, path):
                continue  # it is so already: her own, saved as she typed
            if not same(value_at(before, path), value_at(now, path)) or not _alike(before, now, path):
                return None
            mine[name] = value
        typed_too = Tree(applied(base, step, typed))
        for path in [path_of(place) for place in LISTS if button.startswith(f"{place}.")]:
            held = value_at(now, path)
            known = same(value_at(before, path), held) or same(value_at(typed_too, path), held)
            if not known and (button.endswith(".remove") or _names(value_at(before, path)) != _names(held)):
                return None
        return with_step(theirs, step, mine, button)
    except UnsoundError:
        return None


def _names(items: Any) -> list[Any]:
    """By which the items of a list are told apart."""
    found = items if isinstance(items, list) else []
    return [item.get("name") if isinstance(item, dict) else item for item in found]


def _alike(before: Tree, now: Tree, path: Path) -> bool:
    """If the items that the path goes through are the same ones, by their names."""
    for length, part in enumerate(path):
        if isinstance(part, int):
            items = [value_at(tree, path[: length + 1]) for tree in (before, now)]
            names = [item.get("name") if isinstance(item, dict) else item for item in items]
            if not same(names[0], names[1]):
                return False
    return True
