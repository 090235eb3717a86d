"""The options of a job type of IJP as ours, with the arguments that they become."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from portal.jobtype.ijp.conditions import translated
from portal.jobtype.ijp.read import Element

KEYS: Final = frozenset(
    {
        "name", "groupName", "type", "programParameter", "values", "defaultValue", "minValue", "maxValue",
        "condition", "tip",
    }
)  # fmt: skip
TYPES: Final = {
    "boolean": "boolean",
    "enumeration": "choice",
    "integer": "integer",
    "float": "float",
    "string": "text",
}
_SECRET: Final = re.compile(r"pass(word|wd|phrase)|secret|token|api.?key|session.?id|credential", re.IGNORECASE)
LONGEST_NAME: Final = 50
NO_SECRETS: Final = (
    "it looks like a password or another secret, which everybody could read on the command line: have the program "
    "read it from a file that only it can read"
)


@dataclass
class Told:
    """What staff are told of a conversion, sentence by sentence."""

    fill_in: list[str] = field(default_factory=list)
    not_carried: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


def options_of(root: Element, slot: str | None, told: Told) -> tuple[list[dict[str, Any]], list[Any]]:
    """Our options in the order of theirs, and the arguments of the command."""
    made: list[dict[str, Any]] = []
    arguments: list[Any] = []
    taken = {"experiment"}
    for group in _grouped(list(root.each("jobOptions"))):
        called = f"option “{_name(group[0])}”" if len(group) == 1 else f"options “{_group(group[0])}”"
        for option in group:
            _tell_unknown(option, told)
        secret = [one for one in group if _SECRET.search(f"{_name(one)} {one.said('programParameter')}")]
        if secret:
            told.not_carried.append(f"{called}: {NO_SECRETS}")
            continue
        if not any(one.said("programParameter") for one in group):
            told.not_carried.append(f"{called}: it has no programParameter, so that IJP passes nothing of it on")
            continue
        name = free_name(_name(group[0]) if len(group) == 1 and not _group(group[0]) else _group(group[0]), taken)
        one, passed = (_radio if _group(group[0]) and _is(group[0], "boolean") else _plain)(
            group, name, slot, told
        )
        made.append(one)
        arguments.append(passed)
    return made, arguments


def free_name(said: str, taken: set[str]) -> str:
    """A name as options have it that is not taken yet, and is from then on."""
    plain = re.sub(r"[^a-z0-9]+", "_", said.lower()).strip("_")[: LONGEST_NAME - 3] or "option"
    plain = plain if plain[0].isalpha() else f"option_{plain}"[: LONGEST_NAME - 3]
    name, number = plain, 1
    while name in taken:
        number += 1
        name = f"{plain}_{number}"
    taken.add(name)
    return name


def line(said: str, otherwise: str) -> str:
    """One line of at most 200 characters, or else these words."""
    return " ".join(said.split())[:200] or otherwise


def _name(option: Element) -> str:
    return line(option.said("name"), "unnamed")


def _group(option: Element) -> str:
    return line(option.said("groupName"), "") if _is(option, "boolean") else ""


def _is(option: Element, kind: str) -> bool:
    return option.said("type").lower() == kind


def _grouped(options: Sequence[Element]) -> Iterator[list[Element]]:
    """Boxes of one group are buttons of which one can be chosen: together, where the first stands."""
    groups: dict[object, list[Element]] = {}
    for place, option in enumerate(options):
        groups.setdefault(_group(option) or place, []).append(option)
    yield from groups.values()


def _tell_unknown(option: Element, told: Told) -> None:
    known = {*option.attributes, *(one.name for one in option.within)}
    for key in sorted(known - KEYS):
        told.not_carried.append(f"option “{_name(option)}”: {key}: no key of IJP's that is known here")
    if option.said("groupName") and not _is(option, "boolean"):
        told.not_carried.append(f"option “{_name(option)}”: groupName: IJP reads it of booleans only")
    if option.said("type").lower() not in TYPES:
        kind = option.said("type") or "none"
        told.changed.append(
            f"option “{_name(option)}”: its type is {kind[:40]}, which IJP does not know: a text here"
        )


def _plain(group: Sequence[Element], name: str, slot: str | None, told: Told) -> tuple[dict[str, Any], Any]:
    option = group[0]
    called = f"option “{_name(option)}”"
    kind = TYPES.get(option.said("type").lower(), "text")
    made: dict[str, Any] = {"name": name, "type": kind, "label": _name(option)}
    if option.said("tip"):
        made["help"] = option.said("tip")
    parameter = option.said("programParameter")
    if kind == "boolean":
        if option.said("defaultValue"):
            told.not_carried.append(
                f"{called}: defaultValue {option.said('defaultValue')[:40]}: IJP shows it and ticks no box; add "
                "default: true if the box is to be ticked, so that the argument is passed"
            )
        made |= _conditional(option, slot, called, told)
        return made, {"flag": parameter, "when": name}
    made |= _values(option, kind, called, told)
    made |= _conditional(option, slot, called, told)
    return made, {"together": [parameter, {"option": name}]}


def _values(option: Element, kind: str, called: str, told: Told) -> dict[str, Any]:
    default = option.said("defaultValue")
    found: dict[str, Any] = {}
    if kind == "choice":
        values = list(dict.fromkeys(line(one.text, "") for one in option.each("values")))
        found["choices"] = [one for one in values if one] or ["none"]
        if found["choices"] == ["none"]:
            told.fill_in.append(f"{called}: choices: IJP's enumeration has no values")
        found["default"] = default if default in found["choices"] else found["choices"][0]
        found["required"] = True
    elif next(option.each("values"), None) is not None:
        told.not_carried.append(f"{called}: values: IJP reads them of enumerations only")
    found |= _bounds(option, kind, called, told)
    if kind == "text" and default:
        found["default"] = line(default, "")
    if default and "default" in found:
        told.changed.append(
            f"{called}: defaultValue {default[:40]}: IJP only shows it; here it stands in the field and is passed"
        )
    elif default and kind == "choice":
        told.not_carried.append(f"{called}: defaultValue {default[:40]}: it is none of the values")
    return found


def _bounds(option: Element, kind: str, called: str, told: Told) -> dict[str, Any]:
    """What is said in numbers."""
    if kind not in ("integer", "float"):
        for key in ("minValue", "maxValue"):
            if option.said(key):
                told.not_carried.append(f"{called}: {key}: IJP reads it of numbers only")
        return {}
    found: dict[str, Any] = {}
    for key, ours in (("minValue", "min"), ("maxValue", "max"), ("defaultValue", "default")):
        try:
            found |= {ours: _number(option.said(key), kind)} if option.said(key) else {}
        except ValueError as error:
            told.not_carried.append(f"{called}: {key} {option.said(key)[:40]}: {error}")
    if kind == "integer":
        told.changed.append(f"{called}: IJP passes whole numbers on as 5.0; here it is 5")
    return found


def _number(text: str, kind: str) -> int | float:
    try:
        number = float(text)
        whole = int(number)
    except (ValueError, OverflowError):
        raise ValueError("this is no number") from None
    if kind == "float":
        return number
    if whole != number:
        raise ValueError("this is no whole number")
    return whole


def _conditional(option: Element, slot: str | None, called: str, told: Told) -> dict[str, str]:
    condition = option.said("condition")
    if not condition:
        return {}
    if slot is None:
        told.not_carried.append(
            f"{called}: condition {condition[:100]}: there is no dataset of which it could hold, and IJP never "
            "shows such an option"
        )
        return {}
    try:
        found = translated(condition, slot)
    except ValueError as error:
        told.not_carried.append(f"{called}: condition {condition[:100]}: {error}. Now it is always asked for")
        return {}
    told.changed += [f"{called}: condition {condition[:100]}: {words}" for words in found.differs]
    return {"show_when": found.text}


def _radio(group: Sequence[Element], name: str, slot: str | None, told: Told) -> tuple[dict[str, Any], Any]:
    """Buttons of which one is chosen: a choice whose values are the arguments that they stand for."""
    title = _group(group[0])
    called = f"options “{title}”"
    items: list[dict[str, Any]] = []
    for option in group:
        argument = line(option.said("programParameter"), "")
        if not argument:
            told.changed.append(f"{called}: “{_name(option)}” passes nothing on: here that is the empty choice")
            continue
        items.append({"value": argument, "label": _name(option), **_item_condition(option, slot, called, told)})
        if option.said("tip"):
            told.not_carried.append(
                f"{called}: tip of “{_name(option)}”: a choice's values have no help of their own"
            )
        if option.said("defaultValue"):
            told.not_carried.append(
                f"{called}: defaultValue of “{_name(option)}”: IJP shows it, and takes the first of the group"
            )
    values = [item["value"] for item in items]
    for value in sorted({one for one in values if values.count(one) > 1}):
        told.fill_in.append(f"{called}: two of them pass on {value}: give each a value of its own")
    made: dict[str, Any] = {"name": name, "type": "choice", "label": title, "choices": items}
    if len(items) == len(group):
        made |= {"default": values[0], "required": True}
    elif group[0].said("programParameter"):
        made["default"] = values[0]
    return made, {"option": name}


def _item_condition(option: Element, slot: str | None, called: str, told: Told) -> dict[str, str]:
    found = _conditional(option, slot, f"{called}: “{_name(option)}”", told)
    return {"when": found["show_when"]} if found else {}
