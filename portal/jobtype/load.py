"""Job types from YAML files. One bad file harms no other; each problem has a file, a line and a reason."""

import os
import stat
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

import portal
from portal.errors import NotFoundError
from portal.jobtype import lines
from portal.jobtype.command.beside import DEEPEST, Reader, filled, folder_reader
from portal.jobtype.finding import Finding, suggestion
from portal.jobtype.kept import Kept
from portal.jobtype.kind import NOT_INSTALLED, Kind
from portal.jobtype.kinds.every import KINDS
from portal.jobtype.model import JobType
from portal.jobtype.offer.audience import Audience
from portal.jobtype.shapes import is_value, shape_words
from portal.jobtype.strict import WRITTEN_NOW

SUFFIXES = frozenset({".yaml", ".yml"})


@dataclass(frozen=True)
class Problem:
    """What is wrong, and where. `line` counts from 1."""

    file: Path
    line: int
    message: str
    of_folder: bool = False
    """A folder that cannot be read: nobody knows which job types it would have."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Unpublished:
    """What stands in a file and is not on offer, or not so: why, and what is on offer in its place."""

    name: str
    """Empty where the file does not tell it."""
    reason: str
    kept: str = ""
    """The revision that stays on offer; empty where there is none."""


@dataclass(frozen=True)
class JobTypes:
    """The sound job types by name, and what was wrong with the others."""

    by_name: Mapping[str, JobType] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    unpublished: tuple[Unpublished, ...] = ()
    """For staff: what they wrote that people are not offered."""
    audiences: Mapping[str, Audience] = field(default_factory=dict)
    """To whom those are published that were made in the browser; the others are everyone's."""
    taken: frozenset[str] = frozenset()
    """Names that files of the site have, or root published: nothing that is made in the browser gets them."""

    def only(self, names: Container[str]) -> "JobTypes":
        """Those of these names; what was wrong with files stays as it is."""
        kept = {name: one for name, one in self.by_name.items() if name in names}
        return replace(self, by_name=kept)

    def named(self, name: str) -> JobType:
        """The job type of this name. Raises NotFoundError."""
        try:
            return self.by_name[name]
        except KeyError:
            if any(one.name == name for one in self.unpublished):
                told = f"The analysis {name} is not published, so it cannot be started. Staff can publish it."
                raise NotFoundError(told) from None
            raise NotFoundError(f"There is no analysis called {name}.") from None


def shipped_folder() -> Path:
    """The folder of the job types that come with the portal: in it if it is installed, beside it in a checkout."""
    package = Path(portal.__file__).resolve().parent
    installed = package / "jobtype" / "shipped"
    return installed if installed.is_dir() else package.parent / "jobtypes"


def state_of(paths: Iterable[Path]) -> tuple[tuple[str, int, int], ...]:
    """The files in these folders, scripts too, with time and size: another state, other job types."""
    found = []
    for file in (file for folder in paths for file in _files_beneath(folder, DEEPEST)):
        try:
            status = file.stat()
        except OSError:  # an editor is just replacing it
            continue
        found.append((str(file), status.st_mtime_ns, status.st_size))
    return tuple(found)


def _files_beneath(folder: Path, deep: int) -> Iterator[Path]:
    """Files as deep as a script may lie, links to folders not followed."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if not entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)
        elif deep > 1:
            yield from _files_beneath(Path(entry.path), deep - 1)


def load_folders(paths: Iterable[Path]) -> JobTypes:
    """All job types in these folders (not in their subfolders).

    Of folders that have one name the first counts. Of two files of one folder, a copy perhaps, neither does: which
    is meant cannot be told.
    """
    by_name: dict[str, JobType] = {}
    came_from: dict[str, Path] = {}
    problems: list[Problem] = []
    for folder in paths:
        try:
            files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)
        except OSError as error:
            problems.append(Problem(folder, 1, f"the folder cannot be read: {error.strerror}", of_folder=True))
            continue
        here: dict[str, list[tuple[Path, JobType]]] = {}
        for file in files:
            jobtype, found = load_file(file)
            problems.extend(found)
            if jobtype is not None:
                here.setdefault(jobtype.name, []).append((file, jobtype))
        for name, several in here.items():
            alike = len({jobtype.revision for _file, jobtype in several}) == 1
            problems.extend(_twice(name, several, alike=alike))
            file, jobtype = several[0]
            if name in by_name:
                problems.append(Problem(file, 1, f"the name {name} is taken by {came_from[name]}"))
            elif alike:
                by_name[name], came_from[name] = jobtype, file
    return JobTypes(by_name, tuple(problems))


def _twice(name: str, several: Sequence[tuple[Path, JobType]], *, alike: bool) -> Iterator[Problem]:
    """What is said of files of one folder that have one name; `alike`: and say the same."""
    first = several[0][0]
    for file, _jobtype in several[1:]:
        if alike:
            yield Problem(file, 1, f"the name {name} is taken by {first}, which says the same")
        else:
            yield Problem(file, 1, f"{first.name} has the name {name} too, so neither of the two counts")
    if len(several) > 1 and not alike:
        yield Problem(first, 1, f"{several[1][0].name} has the name {name} too, so neither of the two counts")


def load_file(file: Path) -> tuple[JobType | None, list[Problem]]:
    """One job type, or None and why not. No more is read than a job type may have, and of a file only."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would wait for its writer
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            return None, [Problem(file, 1, "cannot be read: it is no ordinary file")]
        with os.fdopen(descriptor, "rb") as stream:
            raw = stream.read(lines.MAX_BYTES + 1)
        if len(raw) > lines.MAX_BYTES:
            return None, [Problem(file, 1, lines.TOO_LARGE)]
        text = raw.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except OSError as error:
        return None, [Problem(file, 1, f"cannot be read: {error.strerror}")]
    except UnicodeDecodeError as error:
        return None, [Problem(file, 1, f"not UTF-8 text: {error.reason} at byte {error.start}")]
    return parse_text(text, file, beside=folder_reader(file.parent))


@dataclass(frozen=True)
class Judged:
    """A text with the job type in it, or with what is wrong: the place in the document, and why."""

    document: lines.Document
    jobtype: JobType | None
    wrong: tuple[Finding, ...] = ()
    """Empty too where the text is no sound YAML: then the document's own marks say why."""


def parse_text(text: str, file: Path, *, beside: Reader | None = None) -> tuple[JobType | None, list[Problem]]:
    """The job type written in `text`; `file` only names it in problems. `beside` reads the scripts beside it."""
    found = judge(text, beside=beside)
    document = found.document
    if document.marks:
        return None, [Problem(file, mark.line, mark.message) for mark in document.marks]
    wrong = dict.fromkeys((document.line_of(place), message) for place, message in found.wrong)
    return found.jobtype, [Problem(file, line, message) for line, message in sorted(wrong)]


def judge(text: str, *, beside: Reader | None = None) -> Judged:
    """The one judgement of a job type that somebody writes, for files, editors and the command line.

    `beside` reads the scripts that lie beside the text; without it there is nothing beside, and the judgement is
    kept for when the text is looked at again.
    """
    return _kept(text) if beside is None else _judged(text, beside)


def _judged(text: str, beside: Reader | None = None) -> Judged:
    document = lines.parse(text)
    if document.marks:
        return Judged(document, None)
    data, lacking = filled(document.data, beside) if beside is not None else (document.data, [])
    if lacking:
        return Judged(document, None, tuple(lacking))
    try:
        jobtype = JobType.model_validate(data, context=WRITTEN_NOW)
    except ValidationError as error:
        return Judged(document, None, tuple(_wrong(error, document)))
    if jobtype.kind is Kind.INTERACTIVE:
        return Judged(document, None, ((("kind",), f"kind: {NOT_INSTALLED}"),))
    return Judged(document, jobtype)


_kept: Final = Kept(_judged)


def _wrong(error: ValidationError, document: lines.Document) -> Iterator[Finding]:
    """One finding for each thing that pydantic found."""
    for item in error.errors(include_url=False):
        if item["type"] == "fits_together":
            yield from item["ctx"]["findings"]
        else:
            yield item["loc"], _words(dict(item), document)


def _words(item: dict[str, Any], document: lines.Document) -> str:
    loc: tuple[str | int, ...] = item["loc"]
    if is_value(loc) and loc not in document.lines and loc[:-1] in document.lines:
        return f"{_place(loc[:-1], document)} must be a number, text, true or false"
    place = str(loc[-2]) if loc[-1:] == ("[key]",) else _place(loc, document)
    match item["type"]:
        case "extra_forbidden":
            words = f"unknown key {place}{suggestion(str(loc[-1]), known_keys())}"
        case "missing":
            words = f"{place} is missing"
        case "union_tag_not_found":
            words = f"{place} needs a type: {', '.join(KINDS[:-1])} or {KINDS[-1]}"
        case "union_tag_invalid":
            tag = item["ctx"]["tag"]
            words = f"{place}: {tag} is no kind of option; there are {', '.join(KINDS[:-1])} and {KINDS[-1]}"
        case "string_type" if isinstance(item["input"], int | float):
            words = f'{place} must be text; write "{item["input"]}" in quotes'
        case _:
            said = str(item["msg"]).removeprefix("Value error, ").removeprefix("Input ")
            words = shape_words(item, place) or f"{place}: {said}"
    return words


def _place(loc: tuple[str | int, ...], document: lines.Document) -> str:
    """`options[2].default`, without the parts that pydantic adds for unions; the last part always stays."""
    words = ""
    known: tuple[str | int, ...] = ()
    for position, part in enumerate(loc):
        if (*known, part) in document.lines:
            known = (*known, part)
        elif position != len(loc) - 1 or known[-1:] == (part,):  # of a union whose key is called as its kind
            continue
        if isinstance(part, int):
            words += f"[{part + 1}]"
        else:
            words += f".{part}" if words else part
    return words or "the file"


@cache
def known_keys() -> set[str]:
    """Every key that may stand anywhere in a job type."""
    keys: set[str] = set()
    pending: list[Any] = [JobType.model_json_schema()]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            properties = item.get("properties")
            if isinstance(properties, dict):
                keys.update(properties)
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    return keys
