"""Many numbers of datasets in an address: as many as a submission takes, in their order, within its bound. Pure.

Up to AS_THEY_ARE they stand there one by one (`dataset=12&dataset=13`). More are one text: `~`, then the first
number and the step to each next one, in base 36 (`dataset=~c.1.-4`). What was ticked lies near each other, so a
thousand take two to five thousand characters, and the address stays one to reload, bookmark and send. The script
of ticks (`src/id-lists.ts`) writes the same.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

AS_THEY_ARE: Final = 40
MARK: Final = "~"
_STEP: Final = re.compile(r"-?[0-9a-z]{1,13}")
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def texts_of(ids: Sequence[int]) -> list[str]:
    """The values of a field that names these numbers: one each, or one for all."""
    if len(ids) <= AS_THEY_ARE:
        return [str(number) for number in ids]
    steps = [ids[0], *(later - earlier for earlier, later in pairwise(ids))]
    return [MARK + ".".join(map(_base_36, steps))]


def numbers_of(text: str, *, most: int) -> list[int]:
    """The numbers behind the mark, up to one more than `most`; none where it is no such text."""
    if not text.startswith(MARK):
        return []
    found, place = [], 0
    for step in text[1:].split(".", most + 1)[: most + 1]:
        if not _STEP.fullmatch(step):
            return []
        place += int(step, 36)
        if place < 0:
            return []
        found.append(place)
    return found


def _base_36(number: int) -> str:
    rest, digits = abs(number), ""
    while rest or not digits:
        rest, digit = divmod(rest, 36)
        digits = _DIGITS[digit] + digits
    return f"-{digits}" if number < 0 else digits
