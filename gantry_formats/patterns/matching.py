"""Does a text fit a pattern, in a time that the text's writer cannot stretch."""

import re
from functools import lru_cache

from gantry_formats.patterns import ambiguity
from gantry_formats.patterns.characters import Characters, holds, written
from gantry_formats.patterns.syntax import Chain, Either, Named, One, Part, PatternError, Times, read

MOST_STEPS = 2000
"""Of a pattern that is matched step by step."""
LONGEST_TEXT = 4000

Step = tuple[Characters, int] | tuple[int, ...]
"""One of these characters, then on at that place; or on at each of several places; none: the end."""


def objection(pattern: str) -> str | None:
    """Why a job type may not have this pattern, in words that follow "the pattern"; None where it may."""
    try:
        ambiguity.check(read(pattern))
    except PatternError as error:
        return str(error)
    return None


def portable(pattern: str) -> str:
    """The same for the whole text, as Python and JavaScript (flag u) read it alike. Raises PatternError."""
    return f"^(?:{expression(read(pattern))})$"


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text fits. Raises PatternError for what is no pattern of this kind, or too large a one."""
    if len(text) > LONGEST_TEXT:
        return False
    compiled, steps = _compiled(pattern)
    if compiled is not None:
        return compiled.fullmatch(text) is not None
    return _walk(steps, text)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> tuple[re.Pattern[str] | None, tuple[Step, ...]]:
    parts = read(pattern)
    try:
        ambiguity.check(parts)
    except PatternError:
        # Published before this was asked: `re` would try every way, so it is walked along all ways at once.
        return None, tuple(_Steps().of(parts))
    return re.compile(expression(parts)), ()


def expression(part: Part) -> str:
    """The part for Python's `re`, which reads what is written here as JavaScript does, but for names of groups."""
    if isinstance(part, One):
        return written(part.of)
    if isinstance(part, Chain):
        return "".join(map(expression, part.parts))
    if isinstance(part, Either):
        return f"(?:{'|'.join(map(expression, part.parts))})"
    if isinstance(part, Named):
        return f"(?P<{part.name}>{expression(part.part)})"
    inner = expression(part.part) if isinstance(part.part, One) else f"(?:{expression(part.part)})"
    often = {(0, 1): "?", (0, None): "*", (1, None): "+"}.get((part.least, part.most))
    if often is None:
        often = f"{{{part.least}}}" if part.least == part.most else f"{{{part.least},{part.most or ''}}}"
    return inner + often


class _Steps:
    """A pattern as steps (Thompson, 1968)."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def of(self, part: Part) -> list[Step]:
        self.add(part)
        self.steps.append(())
        return self.steps

    def _new(self, step: Step) -> int:
        if len(self.steps) >= MOST_STEPS:
            raise PatternError("is too large to be matched")
        self.steps.append(step)
        return len(self.steps) - 1

    def add(self, part: Part) -> None:
        if isinstance(part, One):
            here = self._new(())
            self.steps[here] = (part.of, here + 1)
        elif isinstance(part, Chain):
            for one in part.parts:
                self.add(one)
        elif isinstance(part, Named):
            self.add(part.part)
        elif isinstance(part, Either):
            self._either(part)
        else:
            self._times(part)

    def _either(self, part: Either) -> None:
        fork = self._new(())
        starts, ends = [], []
        for one in part.parts:
            starts.append(len(self.steps))
            self.add(one)
            ends.append(self._new(()))
        self.steps[fork] = tuple(starts)
        for end in ends:
            self.steps[end] = (len(self.steps),)

    def _times(self, part: Times) -> None:
        for _ in range(part.least):
            self.add(part.part)
        if part.most is None:
            fork = self._new(())
            self.add(part.part)
            self._new((fork,))
            self.steps[fork] = (fork + 1, len(self.steps))
            return
        forks = []
        for _ in range(part.most - part.least):
            forks.append(self._new(()))
            self.add(part.part)
        for fork in forks:
            self.steps[fork] = (fork + 1, len(self.steps))


def _walk(steps: tuple[Step, ...], text: str) -> bool:
    places = _reached(steps, {0})
    for character in text:
        onward = set()
        for place in places:
            step = steps[place]
            if step and isinstance(step[0], tuple) and holds(step[0], character):
                onward.add(step[1])
        places = _reached(steps, onward)
        if not places:
            return False
    return len(steps) - 1 in places


def _reached(steps: tuple[Step, ...], places: set[int]) -> set[int]:
    """The places where a character is awaited, or the end."""
    seen: set[int] = set()
    waiting = list(places)
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        step = steps[place]
        if step and not isinstance(step[0], tuple):
            waiting.extend(step)
    return seen
