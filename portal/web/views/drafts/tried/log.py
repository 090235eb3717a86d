"""What the draft's patterns find in a log that was pasted. Bounded: the patterns cannot stall, the log is cut."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from gantry_formats.patterns import PatternError
from gantry_formats.patterns.lines import LinePattern
from gantry_formats.patterns.told import fraction_of
from portal.jobtype.reports.model import OF_CAUSE, OF_PROGRESS, Progress, check_cause

MOST_CHARACTERS: Final = 200_000
MOST_LINES: Final = 2_000
MOST_SHOWN: Final = 20
LONGEST_SHOWN: Final = 200


@dataclass(frozen=True)
class Line:
    """A line that a pattern fits, by its number from 1."""

    number: int
    text: str
    told: str


@dataclass(frozen=True)
class Tried:
    """What a pattern found."""

    what: str
    wrong: str
    """Why the pattern cannot be used; empty if it can."""
    lines: tuple[Line, ...] = ()
    more: int = 0
    looked_at: int = 0
    cut: bool = False
    """Not all of the log was looked at."""

    @property
    def words(self) -> str:
        """The sentence above the lines."""
        count = len(self.lines) + self.more
        end = " The log is longer than what is looked at here." if self.cut else ""
        return f"{self.what}: {count:,} of {self.looked_at:,} lines fit.{end}"


def tried(log: str, progress: str, cause: str) -> list[Tried]:
    """What each pattern that is given finds in the log."""
    found = []
    if progress.strip():
        found.append(_tried(log, "How far it is", progress.strip(), _progress, _how_far))
    if cause.strip():
        found.append(
            _tried(log, "Why it failed", cause.strip(), _cause, lambda groups: groups.get("cause", "").strip())
        )
    return found


def _tried(
    log: str,
    what: str,
    text: str,
    read: Callable[[str], LinePattern],
    told: Callable[[Mapping[str, str]], str],
) -> Tried:
    try:
        pattern = read(text)
    except PatternError as error:
        return Tried(what, f"The pattern {error}.")
    except ValidationError as error:
        told_wrong = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        return Tried(what, f"{told_wrong[:1].upper()}{told_wrong[1:]}.")
    except ValueError as error:
        return Tried(what, f"{str(error)[:1].upper()}{str(error)[1:]}.")
    whole = log[:MOST_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = whole[:MOST_LINES]
    if lines and not lines[-1]:
        lines.pop()
    fit: list[Line] = []
    count = 0
    for number, line in enumerate(lines, 1):
        groups = pattern.found(line)
        if groups is None:
            continue
        count += 1
        if len(fit) < MOST_SHOWN:
            fit.append(Line(number, line[:LONGEST_SHOWN], told(groups)))
    cut = len(log) > MOST_CHARACTERS or len(whole) > MOST_LINES
    return Tried(what, "", tuple(fit), count - len(fit), len(lines), cut)


def _progress(text: str) -> LinePattern:
    Progress(pattern=text)
    return LinePattern(text, OF_PROGRESS)


def _cause(text: str) -> LinePattern:
    check_cause(text)
    return LinePattern(text, OF_CAUSE)


def _why(groups: Mapping[str, str]) -> str:
    return groups.get("cause", "").strip()[:LONGEST_SHOWN]


def _how_far(groups: Mapping[str, str]) -> str:
    share = fraction_of(groups)
    far = "how far is not told" if share is None else f"{share * 100:.3g} %"
    words = [groups[name].strip() for name in ("stage", "message") if groups.get(name, "").strip()]
    return ", ".join([far, *words])[:LONGEST_SHOWN]
