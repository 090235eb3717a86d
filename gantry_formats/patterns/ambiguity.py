"""Whether it is clear at every character how a pattern goes on: then no engine has anything to try twice.

That is one-unambiguity in its strong form (Brüggemann-Klein and Wood, 1998; Kilpeläinen and Tuhkanen, 2007): of
two ways to go on, each begins with characters that the other cannot begin with, and of two repetitions within
each other likewise. Counted repetition is taken as endless, which refuses a little more than is needed.
"""

from dataclasses import dataclass

from gantry_formats.patterns.characters import Characters, overlap, union
from gantry_formats.patterns.syntax import Chain, Either, Named, One, Part, PatternError, Times


@dataclass(frozen=True)
class Ends:
    """How a part begins and goes on behind its end."""

    first: Characters
    """With which characters it may begin."""
    more: Characters
    """With which characters it may go on where it could also end."""
    empty: bool
    """It may be nothing."""


NOTHING = Ends((), (), True)


def check(part: Part) -> Ends:
    """Raises PatternError where there is more than one way to go on."""
    if isinstance(part, One):
        return Ends(part.of, (), False)
    if isinstance(part, Named):
        return check(part.part)
    if isinstance(part, Chain):
        found = NOTHING
        for one in part.parts:
            found = _behind(found, check(one))
        return found
    return _either(part) if isinstance(part, Either) else _times(part)


def _behind(before: Ends, after: Ends) -> Ends:
    if overlap(before.more, after.first):
        raise PatternError(
            "has a repetition that may run into what follows it: nobody can say where it ends (a*a, [a-z]*b)"
        )
    first = union((*before.first, *after.first)) if before.empty else before.first
    if before.empty and overlap(before.first, after.first):
        raise PatternError("has something that may be left out before what begins alike (a?a)")
    more = union((*before.more, *after.first, *after.more)) if after.empty else after.more
    return Ends(first, more, before.empty and after.empty)


def _either(part: Either) -> Ends:
    ends = [check(one) for one in part.parts]
    for place, one in enumerate(ends):
        for other in range(place):
            alike = overlap(one.first, ends[other].first) or (one.empty and ends[other].empty)
            if alike and not _apart(part.parts[place], part.parts[other]):
                raise PatternError(
                    "has alternatives that may begin alike (a+|ab): write what they share once, before the group"
                )
    first = union(span for one in ends for span in one.first)
    return Ends(first, union(span for one in ends for span in one.more), any(one.empty for one in ends))


def _apart(one: Part, other: Part) -> bool:
    """Whether two plain words differ in one of their places, neither being the beginning of the other."""
    pairs = zip(_places(one), _places(other), strict=False)
    return any(not overlap(here, there) for here, there in pairs)


def _places(part: Part) -> list[Characters]:
    """The characters of each place, up to the first where their number is open."""
    places: list[Characters] = []
    for one in part.parts if isinstance(part, Chain) else (part,):
        if isinstance(one, One):
            places.append(one.of)
        elif isinstance(one, Times) and isinstance(one.part, One) and one.least == one.most:
            places.extend([one.part.of] * one.least)
        else:
            break
    return places


def _times(part: Times) -> Ends:
    inner = check(part.part)
    if inner.empty:
        raise PatternError("repeats something that may be nothing ((a*)*)")
    if part.most == 1:
        return Ends(inner.first, inner.more, part.least == 0)
    # From the end of one to the beginning of the next: the same question as between two parts.
    again = _behind(inner, inner)
    if part.least == part.most:
        return Ends(inner.first, again.more, False)
    return Ends(inner.first, union((*inner.more, *inner.first)), part.least == 0)
