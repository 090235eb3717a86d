"""What lists say of texts: few words, kept for many texts, so that a list judges what is new and no more."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import Final

from portal.jobtype.written.check import Checked, check

MOST: Final = 4_000
"""Texts of which the verdict is kept, by their digests: a few hundred bytes each."""
MOST_ANEW: Final = 400_000
"""Characters of texts that one list judges; of what comes behind them it says that it was not looked at."""


@dataclass(frozen=True)
class Verdict:
    """How a text stands."""

    name: str | None
    """Of the analysis; None where the text cannot be used."""
    revision: str
    """Of the analysis; empty where the text cannot be used."""
    wrong: int
    """How many things are to be filled in or mended."""
    unsound_at: int | None
    """The line from which on it is no YAML; None where it is."""


_known: Final[OrderedDict[bytes, Verdict]] = OrderedDict()
_lock: Final = Lock()


def verdicts(texts: Iterable[str]) -> list[Verdict | None]:
    """How each text stands; None: not known, since too much was to be judged at once. The next look knows more."""
    left = MOST_ANEW
    found: list[Verdict | None] = []
    for text in texts:
        key = sha256(text.encode("utf-8", "surrogatepass")).digest()
        verdict = _known.get(key)
        if verdict is None and (left == MOST_ANEW or len(text) <= left):
            left -= len(text)
            verdict = verdict_of(check(text))
            with _lock:
                _known[key] = verdict
                while len(_known) > MOST:
                    _known.popitem(last=False)
        found.append(verdict)
    return found


def verdict_of(checked: Checked) -> Verdict:
    """What a list says of what was judged."""
    jobtype, unsound = checked.jobtype, checked.unsound
    return Verdict(
        jobtype.name if jobtype is not None else None,
        jobtype.revision if jobtype is not None else "",
        len(checked.wrong),
        unsound.line if unsound is not None else None,
    )
