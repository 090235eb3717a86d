"""Other ways to read what somebody searches for, and the numbers of jobs and batches in it. Pure.

People paste with quotation marks and long dashes, and leave out the hyphen of LS-2431. Where nothing has the text
as it was typed, the same is searched for as it may have been meant; no letter and no digit is changed for that.
"""

import re
from typing import Final

SHORTEST: Final = 2
"""Characters of a text: with fewer, everything would match."""
_DASHES: Final = {ord(sign): "-" for sign in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"}
_AROUND: Final = "\"'`´‘’‚“”„«»‹›()[]{}<>,;:.!?*…"
_JOB: Final = re.compile(r"(j(?:ob)?[\s#-]*|#?)(\d{4,10})")
_BATCH: Final = re.compile(r"b(?:atch)?[\s#-]*(\d{1,9})")
_BETWEEN: Final = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
MICRO: Final = {"um": "\u03bcm", "ul": "\u03bcl", "us": "\u03bcs"}
"""As µ is typed where a keyboard has none; folded texts have it as the Greek letter."""
_SMALL: Final = (
    "a about an and are at be can could do does for from get has have how if in into is it me must my not of on "
    "or our should that the their this to was we what when where which who why will with you your"
)
SMALL: Final = frozenset(_SMALL.split())
"""Words of a question that say nothing of what is asked about."""


def readings(folded: str) -> list[str]:
    """The text without what stands around its words and with plain dashes; then with letters and digits apart."""
    plain = [word.strip(_AROUND) for word in folded.translate(_DASHES).split()]
    tidy = " ".join(filter(None, plain))
    apart = " ".join(MICRO.get(word, word) for word in _BETWEEN.sub(" ", tidy).split())
    return [text for text in dict.fromkeys((tidy, apart)) if len(text) >= SHORTEST and text != folded]


def job_number(folded: str) -> int | None:
    """1001 of `j-1001`, `job 1001`, `#1001` or `1001`; None where the text is no such number."""
    found = _JOB.fullmatch(folded.translate(_DASHES).strip(_AROUND))
    return int(found.group(2)) if found else None


def batch_number(folded: str) -> int | None:
    """17 of `b-17`, `b17` or `batch 17`; None where the text is no such number."""
    found = _BATCH.fullmatch(folded.translate(_DASHES).strip(_AROUND))
    return int(found.group(1)) if found else None


def says_kind(folded: str) -> bool:
    """If the text is a number of a job or batch and of nothing else: digits alone may be a proposal's."""
    return batch_number(folded) is not None or (job_number(folded) is not None and folded[:1] == "j")


def telling(folded: str) -> list[str]:
    """The words of a question by which help is looked for."""
    words = [word for part in folded.split() if len(word := part.strip(_AROUND)) >= SHORTEST]
    return [word for word in words if word not in SMALL] or words
