"""What this site calls its experiments (visits, beamtimes, projects): screens take the word from here alone.

Tables, addresses, the API and options of the command line keep the word experiment: they are no sentences.
"""

import re
from contextvars import ContextVar, Token
from dataclasses import dataclass
from urllib.parse import quote, unquote


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


@dataclass(frozen=True)
class Level:
    """A word in singular and plural, as it stands in the middle of a sentence."""

    one: str = "experiment"
    many: str = "experiments"

    @property
    def One(self) -> str:  # noqa: N802 - as a template writes it
        """At the beginning of a sentence."""
        return _capital(self.one)

    @property
    def Many(self) -> str:  # noqa: N802
        """At the beginning of a sentence."""
        return _capital(self.many)

    @property
    def a(self) -> str:
        """With its article: `an experiment`, `a visit`."""
        return f"{'an' if self.one[:1].lower() in 'aeio' else 'a'} {self.one}"


HEADER = "Gantry-Level"
"""Of the API's answers: by it the command line says what the portal's pages say."""
LONGEST = 30
"""Letters of a word."""
_WORD = re.compile(r"[^\W\d_](?:[^\W_]|[ -])*")


def level_line(words: Level) -> str:
    """Both words as a header holds them."""
    return f"{quote(words.one)} {quote(words.many)}"


def level_of(line: str | None) -> Level | None:
    """The words that a header holds; None where it holds none that people may be shown."""
    words = [unquote(part) for part in (line or "").split(" ")]
    if len(words) != 2 or not all(len(one) <= LONGEST and _WORD.fullmatch(one) for one in words):
        return None
    return Level(*words)


_LEVEL: ContextVar[Level] = ContextVar("level", default=Level())  # noqa: B039 - frozen


def level() -> Level:
    """The words of the site whose request (or program) this is; `experiment` where nobody said another."""
    return _LEVEL.get()


def use_level(words: Level) -> Token[Level]:
    """From here on `level()` gives these words. `forget_level` takes them back."""
    return _LEVEL.set(words)


def forget_level(token: Token[Level]) -> None:
    """The words from before are used again."""
    _LEVEL.reset(token)
