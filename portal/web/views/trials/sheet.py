"""The sheet of a trial as a page shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from portal.jobs.clusters.status import ClusterStatus
from portal.jobs.read import sentence
from portal.jobs.state import State
from portal.jobs.timing.progress import progress_of
from portal.jobs.trials.sheet import Number, Sheet, Tried
from portal.web.views.jobs import job_url
from portal.web.views.pictures import Picture


@dataclass(frozen=True)
class SheetTile:
    """One value of a trial."""

    index: int
    words: str
    url: str
    """Its result, or its job while there is none."""
    job_url: str
    number: str
    state: str
    sentence: str
    active: bool
    fraction: float | None
    picture: Picture | None
    numbers: tuple[Number, ...]
    summary: str
    warnings: tuple[str, ...]
    use: str
    use_all: str


def sheet_tiles(
    sheet: Sheet, now: datetime, *, pictures: Mapping[int, Picture], status: ClusterStatus
) -> list[SheetTile]:
    """The tiles, in the order of the values; `pictures` by the place of a value."""
    return [_tile(sheet, one, now, pictures=pictures, status=status) for one in sheet.tried]


def _tile(
    sheet: Sheet, one: Tried, now: datetime, *, pictures: Mapping[int, Picture], status: ClusterStatus
) -> SheetTile:
    job = one.job
    progress = progress_of(job.progress, job.started, now) if job.state is State.RUNNING else None
    return SheetTile(
        index=one.index,
        words=one.words,
        url=job_url(job) if one.result is None else url_for("datasets.show", dataset_id=one.result),
        job_url=job_url(job),
        number=job.number,
        state=job.state.words,
        sentence=sentence(job, now, status=status),
        active=not job.state.final,
        fraction=progress.fraction if progress else None,
        picture=pictures.get(one.index),
        numbers=one.numbers,
        summary=one.summary,
        warnings=one.warnings,
        use=url_for("trials.use", submission_id=sheet.submission.id, index=one.index),
        use_all=url_for("trials.use", submission_id=sheet.submission.id, index=one.index, all=1),
    )
