"""Where somebody is in the editor: the datasets that were chosen, which go along to all that it leads to."""

from collections.abc import Iterable, Mapping
from typing import Final

OTHERS: Final = "with."
"""Before the names of further slots, in the live form."""
MOST_SLOTS: Final = 5
"""Slots of which it is said what fits, and on whose datasets the form is looked at."""
LONGEST_WORDS: Final = 200
"""Of what is looked for."""
TYPED: Final = ("option.", "shown.")
MOST_TYPED: Final = 200
LONGEST_TYPED: Final = 500

Here = dict[str, int | None]
"""What an address or a form takes along: `on`, and `with.SLOT` of the further slots."""


def whole_of(text: str) -> int:
    """A whole number of a form; 0 where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def other_datasets(sent: Mapping[str, str]) -> dict[str, int]:
    """The datasets that were chosen for the further slots, by the slot's name."""
    found = {name[len(OTHERS) :]: whole_of(text) for name, text in sent.items() if name.startswith(OTHERS)}
    return dict([pair for pair in found.items() if pair[1]][:MOST_SLOTS])


def here_of(sent: Mapping[str, str]) -> Here:
    """What was chosen, of an address or a form."""
    return here(whole_of(sent.get("on", "")) or None, other_datasets(sent).items())


def here(on: int | None, others: Iterable[tuple[str, int | None]]) -> Here:
    """What goes along with these datasets in the first slot and the further ones."""
    return {"on": on, **{f"{OTHERS}{slot}": number for slot, number in others}}


def chosen_in(sent: Mapping[str, str]) -> list[int]:
    """The numbers of all datasets that were chosen."""
    return sorted({number for number in here_of(sent).values() if number is not None})


def words_in(sent: Mapping[str, str]) -> str:
    """The words by which datasets are looked for."""
    return sent.get("find", "")[:LONGEST_WORDS]


def typed_in(sent: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """What stood in the live form's fields, for a form without scripts that must not lose it."""
    kept = [(name, text) for name, text in sent if name.startswith(TYPED) and len(text) <= LONGEST_TYPED]
    return kept[:MOST_TYPED]
