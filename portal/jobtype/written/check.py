"""What is wrong with a job type as it is written now: where, in words, and in which step of the editor. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from portal.jobtype.advice.warnings import warnings
from portal.jobtype.finding import Path
from portal.jobtype.load import judge, known_keys
from portal.jobtype.model import JobType
from portal.jobtype.written.tree import Tree

MOST_SHOWN: Final = 100


class Step(StrEnum):
    """The steps of the editor, in which each key of a job type has its place."""

    PURPOSE = "purpose"
    DATA = "data"
    COMMAND = "command"
    OPTIONS = "options"
    RESOURCES = "resources"
    TRY = "try"
    PUBLISH = "publish"


_STEP_OF: Final = {
    "inputs": Step.DATA,
    "needs": Step.DATA,
    "program": Step.COMMAND,
    "image": Step.COMMAND,
    "network": Step.COMMAND,
    "outputs": Step.COMMAND,
    "result_title": Step.COMMAND,
    "success_codes": Step.COMMAND,
    "figures": Step.COMMAND,
    "exit_codes": Step.COMMAND,
    "cause": Step.COMMAND,
    "progress": Step.COMMAND,
    "parameters": Step.COMMAND,
    "pictures": Step.COMMAND,
    "options": Step.OPTIONS,
    "presets": Step.OPTIONS,
    "crop": Step.OPTIONS,
    "resources": Step.RESOURCES,
    "licences": Step.RESOURCES,
    "licence_servers": Step.RESOURCES,
    "terms": Step.RESOURCES,
    "retry": Step.RESOURCES,
    "grace_s": Step.RESOURCES,
    "log_limit_bytes": Step.RESOURCES,
}


@dataclass(frozen=True)
class Found:
    """One thing, at a line and a column from 1."""

    path: Path
    line: int
    column: int
    message: str
    step: Step
    certain: bool = True
    """False for what was probably not meant, which keeps nobody from anything."""
    missing: bool = False
    """What is wrong is that nothing stands at `path`."""


@dataclass(frozen=True)
class Checked:
    """A text's job type, if it is one, and what there is to say of it, in the order of its lines."""

    jobtype: JobType | None
    found: tuple[Found, ...]
    unsound: Found | None = None
    """Why the text is no YAML, so that no step can change anything in it."""

    @property
    def wrong(self) -> tuple[Found, ...]:
        """What keeps it from being published."""
        return tuple(one for one in self.found if one.certain)

    def of(self, step: Step) -> tuple[Found, ...]:
        """What has its place in a step."""
        return tuple(one for one in self.found if one.step is step)


def step_of(path: Path) -> Step:
    """The step in which this place is written."""
    return _STEP_OF.get(str(path[0]), Step.PURPOSE) if path else Step.PURPOSE


def check(text: str, *, images: Collection[str] | None = None) -> Checked:
    """Judge a text. `images`: the names of those that are staged; None where none are used."""
    judged = judge(text)
    if judged.document.marks:
        marks = [
            Found((), mark.line, mark.column, mark.message, Step.PURPOSE)
            for mark in judged.document.marks[:MOST_SHOWN]
        ]
        empty = [one for one in marks if one.message == "the file is empty"]
        return Checked(None, tuple(marks), None if empty else marks[0])
    tree = Tree(text)
    found = [_found(tree, path, message) for path, message in judged.wrong]
    if judged.jobtype is not None:
        said = warnings(judged.jobtype, images=images)
        found += [_found(tree, path, message, certain=False) for path, message in said]
    return Checked(judged.jobtype, tuple(_in_order(found)))


def _found(tree: Tree, path: Path, message: str, *, certain: bool = True) -> Found:
    """With the nearest place above or at the path; parts that are in no document are passed over."""
    known: Path = ()
    line = column = 1
    for part in path:
        try:
            entry = tree.entry((*known, part))
        except KeyError:
            continue
        known = (*known, part)
        mark = (entry.key or entry.value).start_mark
        line, column = mark.line + 1, mark.column + 1
    missing = bool(path) and path[-1] not in known and path[-1] in known_keys()
    if missing:
        known = (*known, path[-1])
    return Found(known, line, column, message, step_of(path), certain, missing)


def _in_order(found: list[Found]) -> Iterator[Found]:
    seen: set[tuple[int, str]] = set()
    for one in sorted(found, key=lambda one: (not one.certain, one.line, one.column)):
        if (one.line, one.message) not in seen and len(seen) < MOST_SHOWN:
            seen.add((one.line, one.message))
            yield one
