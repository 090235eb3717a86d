"""Maps in fields, one key a line, `name = value`: variables of the environment, the values of a preset.

A text in which a line has no `=` stays as it was typed: the check says what is wrong with it.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from portal.jobtype.lines import parse
from portal.jobtype.written import dump
from portal.web.views.drafts import kinds
from portal.web.views.drafts.kinds import Kind

_MARKS: Final = ("{", "[", '"')
"""A value that begins so is written as in the YAML: `{option: sigma}`."""
_SAID: Final = {"true": True, "false": False, "null": None}
_BY_TYPE: Final = {**kinds.DEFAULTS, "several": kinds.LIST}


def _as_text(value: Any) -> str:
    plain = (
        isinstance(value, str) and not value.startswith(_MARKS) and value == value.strip() and "\n" not in value
    )
    return value if plain else dump.flow(value)


def _of_text(text: str) -> Any:
    if not text.startswith(_MARKS):
        return text
    document = parse(text)
    return text if document.marks else document.data


def _found_read(text: str) -> Any:
    if text in _SAID:
        return _SAID[text]
    return _of_text(text) if text.startswith(_MARKS) else kinds.NUMBER.read(text)


def _found_shown(value: Any) -> str:
    text = _as_text(value)
    return json.dumps(value) if isinstance(value, str) and _found_read(text) != value else text


def _shown(value: Any, one: Callable[[str, Any], str]) -> str:
    if not isinstance(value, dict):
        return kinds.LINE.shown(value)
    return "\n".join(f"{name} = {one(str(name), part)}" for name, part in value.items())


def _read(text: str, one: Callable[[str, str], Any]) -> Any:
    found: dict[str, Any] = {}
    for line in text.split("\n"):
        name, sign, value = (part.strip() for part in line.partition("="))
        if not line.strip():
            continue
        if not sign or not name or name in found:
            return text
        found[name] = one(name, value)
    return found


PAIRS: Final = Kind(
    "words",
    lambda value: _shown(value, lambda _name, part: _as_text(part)),
    lambda text: _read(text, lambda _name, part: _of_text(part)),
)
NAMED_LISTS: Final = Kind(
    "words",
    lambda value: _shown(value, lambda _name, part: kinds.LIST.shown(part)),
    lambda text: _read(text, lambda _name, part: kinds.LIST.read(part)),
)
FOUND: Final = Kind(
    "words",
    lambda value: _shown(value, lambda _name, part: _found_shown(part)),
    lambda text: _read(text, lambda _name, part: _found_read(part)),
)
"""Values of a result by name: true, a number, or a text; a text that looks like one of these is quoted."""
VALUES: Final = Kind("words", PAIRS.shown, PAIRS.read)
"""Values of options by name, each as its option's type stands in fields: see `of_options`."""


def of_options(types: Mapping[str, str]) -> Kind:
    """Values of options of these types."""

    def shown(name: str, value: Any) -> str:
        kind = _BY_TYPE.get(types.get(name, ""))
        text = kind.shown(value) if kind is not None else _as_text(value)
        return text if kind is None or read(name, text) == value else _as_text(value)

    def read(name: str, text: str) -> Any:
        kind = _BY_TYPE.get(types.get(name, ""))
        if text.startswith(_MARKS):
            return _of_text(text)
        if kind is kinds.TICK:
            return {"true": True, "false": False}.get(text.lower(), text)
        return kind.read(text) if kind is not None else text

    return Kind("words", lambda value: _shown(value, shown), lambda text: _read(text, read))
