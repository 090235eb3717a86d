"""From a pattern's text to its parts. What means different things to Python and JavaScript is refused in words."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, NoReturn

from gantry_formats.patterns import characters
from gantry_formats.patterns.characters import Characters

LONGEST: Final = 200
DEEPEST: Final = 8
MOST_TIMES: Final = 4000
"""Of `{m,n}`: a text has no more characters."""
MOST_PARTS: Final = 1000
"""Parts, each counted as often as it must be there."""
SPECIAL: Final = frozenset("\\^$.|?*+()[]{}")
CLASSES: Final = {"d": characters.DIGITS, "w": characters.WORD, "s": characters.SPACE}


class PatternError(ValueError):
    """Why a pattern is not taken, in words."""


@dataclass(frozen=True)
class One:
    """One character of these."""

    of: Characters


@dataclass(frozen=True)
class Chain:
    """One part after the other."""

    parts: tuple["Part", ...]


@dataclass(frozen=True)
class Either:
    """One of several."""

    parts: tuple["Part", ...]


@dataclass(frozen=True)
class Times:
    """A part at least and at most so often; `most` is None for any number."""

    part: "Part"
    least: int
    most: int | None


@dataclass(frozen=True)
class Named:
    """A part whose text is wanted, under a name."""

    name: str
    part: "Part"


Part = One | Chain | Either | Times | Named


def read(pattern: str, names: Collection[str] = ()) -> Part:
    """The parts; `names`: of the groups `(?<name>…)` that it may have. Raises PatternError."""
    if len(pattern) > LONGEST:
        raise PatternError(f"has more than {LONGEST} characters")
    if not pattern.isprintable():
        raise PatternError("holds a character that cannot be seen")
    text = pattern.removeprefix("^")
    if text.endswith("$") and not text.endswith("\\$"):
        text = text[:-1]  # the whole text must fit in any case
    reader = _Reader(text, names)
    found = reader.either(0)
    if reader.here:
        reader.refuse("a ) that nothing opened")
    if size(found) > MOST_PARTS:
        raise PatternError(f"asks for more than {MOST_PARTS:,} characters or parts one after the other")
    return found


def size(part: Part) -> int:
    """Parts, each counted as often as it must be there, and once more where it may be there again."""
    if isinstance(part, One):
        return 1
    if isinstance(part, Times):
        return size(part.part) * (part.least + (part.most != part.least))
    if isinstance(part, Named):
        return size(part.part)
    return sum(map(size, part.parts))


class _Reader:
    def __init__(self, text: str, names: Collection[str]) -> None:
        self.text, self.at, self.names = text, 0, names
        self.seen: set[str] = set()

    @property
    def here(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        found = self.here
        self.at += 1
        return found

    def refuse(self, what: str) -> NoReturn:
        raise PatternError(f"has {what}")

    def either(self, depth: int) -> Part:
        if depth > DEEPEST:
            self.refuse(f"groups more than {DEEPEST} levels deep")
        parts = [self.chain(depth)]
        while self.here == "|":
            self.take()
            parts.append(self.chain(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def chain(self, depth: int) -> Part:
        parts: list[Part] = []
        while self.here and self.here not in "|)":
            parts.append(self.times(self.part(depth)))
        return parts[0] if len(parts) == 1 else Chain(tuple(parts))

    def part(self, depth: int) -> Part:
        character = self.take()
        if character == "(":
            return self.group(depth)
        if character == "[":
            return One(self.klass())
        if character == ".":
            return One(characters.ANY)
        if character == "\\":
            return One(self.escape())
        if character in SPECIAL:
            self.refuse(f"a {character} where it means nothing; write \\{character} for the character itself")
        return One(characters.of([character]))

    def group(self, depth: int) -> Part:
        name = self.name() if self.names else ""
        if self.here == "?" and not name:
            if self.text[self.at : self.at + 2] != "?:":
                self.refuse("a group with (?…, which not everybody reads alike; only (…) and (?:…) are taken")
            self.at += 2
        found = self.either(depth + 1)
        if self.take() != ")":
            self.refuse("a ( that is not closed")
        return Named(name, found) if name else found

    def name(self) -> str:
        """The name of a group that begins here, written (?<name>…) or as Python does, (?P<name>…); else empty."""
        rest = self.text[self.at :]
        start = next((start for start in ("?P<", "?<") if rest.startswith(start)), None)
        if start is None:
            return ""
        name, closed, _ = rest[len(start) :].partition(">")
        known = ", ".join(self.names)
        if not closed or name not in self.names:
            self.refuse(f"a group named {name[:30]}, which means nothing here; there are {known}")
        if name in self.seen:
            self.refuse(f"two groups named {name}")
        self.seen.add(name)
        self.at += len(start) + len(name) + 1
        return name

    def escape(self) -> Characters:
        character = self.take()
        if character.lower() in CLASSES and character:
            found = CLASSES[character.lower()]
            return found if character.islower() else characters.without(found)
        if not character or character.isalnum() or not character.isascii():
            self.refuse(f"\\{character}, which not everybody reads alike; of letters only \\d \\w \\s are taken")
        return characters.of([character])

    def klass(self) -> Characters:
        negated = self.here == "^"
        self.at += negated
        ranges: list[characters.Range] = []
        while self.here != "]":
            low = self.member()
            single = len(low) == 1 and low[0][0] == low[0][1]
            if single and self.here == "-" and self.text[self.at + 1 : self.at + 2] not in ("", "]"):
                self.take()
                high = self.member()
                if not (len(high) == 1 and high[0][0] == high[0][1] and low[0][0] <= high[0][0]):
                    self.refuse("a range in […] whose ends are not in order")
                low = ((low[0][0], high[0][0]),)
            ranges.extend(low)
        self.take()
        if not ranges:
            self.refuse("an empty […]; write \\] for the character itself")
        found = characters.union(ranges)
        return characters.without(found) if negated else found

    def member(self) -> Characters:
        character = self.take()
        if not character:
            self.refuse("a [ that is not closed")
        if character == "[":
            self.refuse("a [ inside […]; write \\[ for the character itself")
        return self.escape() if character == "\\" else characters.of([character])

    def times(self, part: Part) -> Part:
        """The part with what says how often."""
        bounds = self.bounds()
        if bounds is None:
            return part
        if self.here and self.here in "?*+{":
            self.refuse(f"{self.here} after ?, *, + or {{}}: how often is said twice")
        return Times(part, *bounds)

    def bounds(self) -> tuple[int, int | None] | None:
        simple: dict[str, tuple[int, int | None]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}
        if self.here in simple:
            return simple[self.take()]
        if self.here != "{":
            return None
        inner, closed, _ = self.text[self.at + 1 :].partition("}")
        low, comma, high = inner.partition(",")
        numbers = [low, high] if high else [low]
        if not closed or not all(one.isascii() and one.isdigit() and len(one) <= 4 for one in numbers):
            self.refuse("a { that is not {m}, {m,} or {m,n}; write \\{ for the character itself")
        self.at += len(inner) + 2
        least, most = int(low), int(high) if high else (None if comma else int(low))
        if (most if most is not None else least) > MOST_TIMES or (most is not None and most < max(least, 1)):
            self.refuse(f"a {{m,n}} that is not in order, 0, or beyond {MOST_TIMES:,}")
        return least, most
