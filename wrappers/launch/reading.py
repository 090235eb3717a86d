"""Typed reading of a decoded JSON document: every wrong value is named by its place."""

from collections.abc import Callable, KeysView
from typing import Any, TypeVar

T = TypeVar("T")


class JobSpecError(ValueError):
    """A document does not have the form it must have. The text names the place."""


class Reader:
    """An object of a JSON document and its place in it."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            raise JobSpecError(f"{place or 'the document'} must be an object")
        self._value: dict[str, Any] = value
        self._place = place

    def _at(self, key: str) -> str:
        return f"{self._place}.{key}" if self._place else key

    def _get(self, key: str) -> Any:
        if key not in self._value:
            raise JobSpecError(f"{self._at(key)} is missing")
        return self._value[key]

    def has(self, key: str) -> bool:
        """Whether the key is present."""
        return key in self._value

    def only(self, *keys: str) -> None:
        """Raise JobSpecError for a key that is none of these."""
        unknown = sorted(set(self._value) - set(keys))
        if unknown:
            raise JobSpecError(f"{self._at(unknown[0])} is no key that this version knows")

    def keys(self) -> KeysView[str]:
        """The keys of this object."""
        return self._value.keys()

    def text(self, key: str, *, blank: bool = False) -> str:
        """A string without NUL, which no system call would take; not empty unless it may be `blank`."""
        value = self._get(key)
        if not isinstance(value, str) or not (value or blank) or "\0" in value:
            raise JobSpecError(f"{self._at(key)} must be a text")
        return value

    def absolute(self, key: str) -> str:
        """An absolute path."""
        value = self.text(key)
        if not value.startswith("/"):
            raise JobSpecError(f"{self._at(key)} must be an absolute path")
        return value

    def whole(self, key: str, least: int = 0) -> int:
        """An integer of at least `least`; JSON's true and false are none."""
        value = self._get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise JobSpecError(f"{self._at(key)} must be a whole number of at least {least}")
        return value

    def number(self, key: str, above: float | None = None) -> float:
        """A number, not negative, and greater than `above` where that is given."""
        value = self._get(key)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < float("inf"):
            raise JobSpecError(f"{self._at(key)} must be a number and not negative")
        if above is not None and value <= above:
            raise JobSpecError(f"{self._at(key)} must be greater than {above}")
        return float(value)

    def truth(self, key: str) -> bool:
        """True or false."""
        value = self._get(key)
        if not isinstance(value, bool):
            raise JobSpecError(f"{self._at(key)} must be true or false")
        return value

    def array(self, key: str) -> list[Any]:
        """A list of anything."""
        value = self._get(key)
        if not isinstance(value, list):
            raise JobSpecError(f"{self._at(key)} must be a list")
        return value

    def mapping(self, key: str) -> dict[str, Any]:
        """An object, as it is."""
        return self.inner(key)._value

    def inner(self, key: str) -> "Reader":
        """A reader of an object within."""
        return Reader(self._get(key), self._at(key))

    def any(self, key: str) -> Any:
        """Whatever is there."""
        return self._get(key)

    def objects(self, key: str) -> list["Reader"]:
        """Readers of a list of objects."""
        return [Reader(item, f"{self._at(key)}[{i}]") for i, item in enumerate(self.array(key))]

    def optional(self, key: str, read: Callable[["Reader"], T]) -> T | None:
        """None where the value is null, else what `read` makes of the object."""
        return None if self._get(key) is None else read(self.inner(key))

    def is_null(self, key: str) -> bool:
        """Whether the value is null."""
        return self._get(key) is None
