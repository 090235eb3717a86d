"""What a job type said when something ran with it: of its very revision, as it was kept, by whatever release."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.jobtype.methods import Part, Reference, parts_of, references_of


@dataclass(frozen=True)
class ToldOption:
    """An option as people read it."""

    name: str
    label: str
    units: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    """The labels of a choice's values."""


@dataclass(frozen=True)
class Told:
    """A job type as it was: what is not known of it is empty."""

    title: str
    options: tuple[ToldOption, ...] = ()
    slots: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    references: tuple[Reference, ...] = ()

    def option(self, name: str) -> ToldOption | None:
        """The option of that name."""
        return next((option for option in self.options if option.name == name), None)


def told(document: Any, name: str) -> Told:
    """What the kept document says; of one that is not there, or not sound, the name alone."""
    if not isinstance(document, Mapping):
        return Told(name)
    return Told(
        title=_text(document.get("title")) or name,
        options=tuple(_option(one) for one in _items(document.get("options")) if _text(one.get("name"))),
        slots=tuple(_text(one.get("name")) for one in _items(document.get("inputs"))),
        parts=tuple(parts_of(document.get("methods"))),
        references=tuple(references_of(document.get("references"))),
    )


def _option(one: Mapping[str, Any]) -> ToldOption:
    choices = {
        _text(item.get("value")): _text(item.get("label")) or _text(item.get("value"))
        for item in _items(one.get("choices"))
    }
    name = _text(one.get("name"))
    return ToldOption(name, _text(one.get("label")) or name, _text(one.get("units")), choices)


def _items(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
