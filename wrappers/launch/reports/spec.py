"""The reports of job.json: how progress, parameters and pictures are told by the program itself."""

from dataclasses import dataclass

from gantry_formats.limits import MAX_CAPTION, MAX_NAME, MAX_UNITS
from gantry_formats.patterns import PatternError
from gantry_formats.patterns.lines import LinePattern
from gantry_formats.patterns.paths import PathPattern
from wrappers.launch.reading import JobSpecError, Reader

OF_PROGRESS = ("done", "total", "percent", "fraction", "stage", "message")
SHOWN = "previews/"
"""The folder of pictures that are shown and are no file of the result."""
TAKES = ("first", "last", "count", "sum", "mean", "min", "max")


@dataclass(frozen=True, slots=True)
class Progress:
    """A pattern of lines, and what the program does meanwhile."""

    pattern: LinePattern
    stage: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A quantity in a file beneath output/: by keys in JSON, or by column in CSV."""

    name: str
    units: str
    file: str
    at: tuple[str, ...]
    column: str
    take: str


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures beneath output/ that fit a pattern."""

    pattern: PathPattern
    written: str
    caption: str
    thumbnail: bool


@dataclass(frozen=True, slots=True)
class Reports:
    """All of it; nothing where a program has no need of it."""

    progress: Progress | None = None
    parameters: tuple[Wanted, ...] = ()
    pictures: tuple[Pictures, ...] = ()
    kept: tuple[PathPattern, ...] = ()
    """What becomes a result; a picture that does not, and is no shown one, would be named and not there."""

    def keeps(self, path: str) -> bool:
        """Whether a picture at this path goes along with the result."""
        return path.startswith(SHOWN) or any(pattern.takes(path) for pattern in self.kept)


NO_REPORTS = Reports()


def read_reports(top: Reader) -> Reports:
    """The reports of a job spec, which may have none. Raises JobSpecError."""
    if not top.has("reports"):
        return NO_REPORTS
    reader = top.inner("reports")
    try:
        return Reports(
            progress=_progress(reader.inner("progress")) if reader.has("progress") else None,
            parameters=tuple(map(_wanted, reader.objects("parameters") if reader.has("parameters") else ())),
            pictures=tuple(map(_pictures, reader.objects("pictures") if reader.has("pictures") else ())),
            kept=tuple(PathPattern(output.text("pattern")) for output in top.objects("outputs")),
        )
    except PatternError as error:
        raise JobSpecError(f"a pattern of reports {error}") from error


def _progress(reader: Reader) -> Progress:
    stage = reader.text("stage") if reader.has("stage") and not reader.is_null("stage") else "working"
    return Progress(LinePattern(reader.text("pattern"), OF_PROGRESS), stage[:60])


def _wanted(reader: Reader) -> Wanted:
    at = reader.array("at") if reader.has("at") and not reader.is_null("at") else []
    column = reader.text("column") if reader.has("column") and not reader.is_null("column") else ""
    take = reader.text("take") if reader.has("take") else "last"
    if bool(at) == bool(column) or take not in TAKES or not all(isinstance(key, str) for key in at):
        raise JobSpecError("reports.parameters: each has either at or column")
    return Wanted(
        name=reader.text("name")[:MAX_NAME],
        units=reader.text("units", blank=True)[:MAX_UNITS],
        file=_beneath(reader.text("file")),
        at=tuple(at),
        column=column,
        take=take,
    )


def _pictures(reader: Reader) -> Pictures:
    written = _beneath(reader.text("file"))
    return Pictures(PathPattern(written), written, reader.text("caption")[:MAX_CAPTION], reader.truth("thumbnail"))


def _beneath(path: str) -> str:
    if path.startswith("/") or ".." in path.split("/"):
        raise JobSpecError("reports: a file is not beneath the output folder")
    return path
