"""What was made of a text is kept, so that looking at an unchanged one again costs nothing."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final, Generic, TypeVar

Made = TypeVar("Made")
MOST: Final = 64
MOST_CHARACTERS: Final = 300_000
"""Of all texts of which something is kept: what is made of a text takes about 200 bytes a character."""


class Kept(Generic[Made]):
    """A function of a text, with what it gave for the newest texts; bounded by their number and their length.

    What it gives is shared, so nobody changes it. The last text's is kept even if it is longer than all may be.
    """

    def __init__(self, make: Callable[[str], Made]) -> None:
        self._make = make
        self._made: OrderedDict[str, Made] = OrderedDict()
        self._characters = 0
        self._lock = Lock()

    def __call__(self, text: str) -> Made:
        """What is made of this text. Raises what the function raises, of which nothing is kept."""
        with self._lock:
            if text in self._made:
                self._made.move_to_end(text)
                return self._made[text]
        made = self._make(text)  # outside the lock: others wait for no long text
        with self._lock:
            if text not in self._made:
                self._characters += len(text)
            self._made[text] = made
            while len(self._made) > 1 and (len(self._made) > MOST or self._characters > MOST_CHARACTERS):
                gone, _ = self._made.popitem(last=False)
                self._characters -= len(gone)
        return made
