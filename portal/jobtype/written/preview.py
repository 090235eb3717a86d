"""A job type of what is written so far, to show its form: what is missing is filled in, what is wrong left out.

It is only ever looked at. What can be published or tried is judged by `load.judge` alone.
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from portal.jobtype.finding import Path
from portal.jobtype.model import JobType
from portal.jobtype.strict import WRITTEN_NOW
from portal.jobtype.written.start import STANDARD, WITHOUT_INPUT

_ROUNDS: Final = 12
_MISSING: Final[dict[str, Any]] = {
    "name": "draft",
    "version": "0",
    "title": "Without a title",
    "summary": "Not described yet.",
    "category": "Not said yet",
    "contact": "its author",
    "program": {"command": ["program"]},
    "resources": {"default": "standard", "variants": [STANDARD]},
    "result_title": WITHOUT_INPUT,
    "outputs": [],
}
_LISTS: Final = (
    *("options", "inputs", "outputs", "presets", "methods", "references", "figures", "instruments"),
    *("exit_codes", "parameters", "pictures"),
)


@dataclass(frozen=True)
class Preview:
    """The form's job type, and what of the text it is without, in words; None where nothing can be shown."""

    jobtype: JobType | None
    without: tuple[str, ...] = ()


def preview(data: Any, sound: JobType | None = None) -> Preview:
    """What can be shown of a document; `sound` is its job type where it is one already."""
    if sound is not None:
        return Preview(sound)
    if not isinstance(data, dict):
        data = {}
    made = {key: deepcopy(value) for key, value in data.items() if key in JobType.model_fields}
    for key, value in _MISSING.items():
        made.setdefault(key, deepcopy(value))
    without: dict[str, None] = {}
    for _round in range(_ROUNDS):
        try:
            return Preview(JobType.model_validate(made, context=WRITTEN_NOW), tuple(without))
        except ValidationError as error:
            places = _places(error)
        for place in sorted({_root(place) for place in places}, key=str, reverse=True):
            _mend(made, place, [one for one in places if _root(one) == place], without)
    return Preview(None, tuple(without))


def _places(error: ValidationError) -> list[Path]:
    found: list[Path] = []
    for item in error.errors(include_url=False):
        found += (
            [path for path, _ in item["ctx"]["findings"]] if item["type"] == "fits_together" else [item["loc"]]
        )
    return found


def _root(place: Path) -> Path:
    """The thing that is mended or left out as a whole: an item of a list, or a key of the document."""
    if place[:2] == ("program", "command") and len(place) > 2:
        return place[:3]
    if place and place[0] in _LISTS and len(place) > 1:
        return place[:2]
    return place[:1]


def _mend(made: dict[str, Any], root: Path, places: list[Path], without: dict[str, None]) -> None:
    """Fill in or leave out what is wrong at one place."""
    key = str(root[0]) if root else ""
    value = made.get(key)
    if len(root) == 2 and isinstance(value, list) and isinstance(root[1], int) and root[1] < len(value):
        item = value[root[1]]
        if not (isinstance(item, dict) and _mend_item(item, places)):
            without[f"{key} {_called(item, root[1])}"] = None
            del value[root[1]]
    elif len(root) == 3 and isinstance(value, dict) and isinstance(value.get("command"), list):
        command, index = value["command"], root[2]
        if isinstance(index, int) and index < len(command):
            without[f"word {index + 1} of the command"] = None
            if index or len(command) == 1:
                command[index] = "?"
            else:
                del command[index]
    elif key in _MISSING:
        if value != _MISSING[key]:
            without[key] = None
        made[key] = deepcopy(_MISSING[key])
    elif key in made:
        without[key] = None
        del made[key]


def _mend_item(item: dict[str, Any], places: list[Path]) -> bool:
    """Whether an option, slot or output can be shown after a slight change: its label, or without a wrong key."""
    changed = False
    for place in places:
        last = place[-1]
        if last == "label" and item.get("name") and not item.get("label"):
            item["label"] = str(item["name"])[:200]
            changed = True
            continue
        keys = [part for part in place[2:] if isinstance(part, str) and part in item]
        if not keys or keys[0] in ("name", "type", "dataset_types", "pattern_", "choices"):
            return False
        del item[keys[0]]
        changed = True
    return changed


def _called(item: Any, index: int) -> str:
    name = item.get("name") if isinstance(item, dict) else None
    return name if isinstance(name, str) and name else str(index + 1)
