"""A verb of a small program, said once: its name, how an item and its answer go over the wire, its limits.

The program that is asked reads items by the same table from which the client writes them. Standard library only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from portal.rpc.exchange import (
    SCHEMA,
    AnswerLostError,
    Handler,
    Handlers,
    Heard,
    Refusal,
    Together,
    call,
    clean_environment,
    fields,
    refusal,
)

Asked = TypeVar("Asked")
Told = TypeVar("Told")


@dataclass(frozen=True)
class Verb(Generic[Asked, Told]):
    """One thing that a program can be asked to do with many items."""

    name: str
    item: Callable[[Asked], Mapping[str, Any]]
    """An item, to the wire."""
    answer: Callable[[Mapping[str, Any]], Told]
    """The answer for it, from the wire. KeyError, TypeError or ValueError: it cannot be read."""
    required: tuple[str, ...]
    """The keys that an item must have on the wire; with `optional`, all that it may have."""
    optional: tuple[str, ...] = ()
    an_item_s: float = 0.0
    """How many seconds longer an answer is waited for with each item."""

    def read(self, item: object) -> dict[str, Any]:
        """An item from the wire: its keys are known, those left out are None. Raises RefusedError `request`."""
        return fields(item, "The item", required=self.required, optional=self.optional)


@dataclass(frozen=True)
class Program:
    """A way to ask a program. `config` is what an embedded one is told beneath `config_key`."""

    what: str
    command: Sequence[str]
    config_key: str
    config: Mapping[str, Any]
    timeout_s: float
    longest_s: float

    def ask(
        self, verb: Verb[Asked, Told], items: Sequence[Asked], heard: Heard | None = None
    ) -> list[Told | Refusal]:
        """One result an item, in order. Raises AnswerLostError and CallRefusedError, as `call`."""
        if not items:
            return []
        documents = [dict(verb.item(item)) for item in items]
        request = {"schema": SCHEMA, "verb": verb.name, self.config_key: dict(self.config), "items": documents}
        patience_s = min(self.longest_s, self.timeout_s + verb.an_item_s * len(items))
        answers = call(self.command, request, timeout_s=patience_s, environment=clean_environment(), heard=heard)
        try:
            return [refusal(answer) or verb.answer(answer) for answer in answers]
        except (KeyError, TypeError, ValueError) as error:
            raise AnswerLostError(f"The {self.what}'s answer cannot be read.", detail=repr(error)) from error


def handlers(verbs: Sequence[Verb[Any, Any]], by_verb: Mapping[str, Handler | Together]) -> Handlers:
    """A program's handlers by the names of its verbs: each has one, and there is no other."""
    names = [verb.name for verb in verbs]
    if sorted(names) != sorted(by_verb):
        raise AssertionError(f"verbs {sorted(names)} are handled as {sorted(by_verb)}")
    return by_verb
