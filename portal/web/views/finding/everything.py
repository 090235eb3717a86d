"""The search over everything: datasets, experiments, jobs, analyses, people and help, as far as one may see them.

Each kind is asked by itself and may not take long: what is late is said, and the others are shown. Where nothing
is found, the text is read in other ways (`readings`), then words that have a slip are mended by words that stand
in what one may see, and it is said what was searched for instead.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from flask import url_for
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.catalogue.finding.experiments import WORDS
from portal.catalogue.finding.hits import NEWEST, Likely, first_datasets, first_experiments, first_people
from portal.catalogue.finding.near import is_short, meant_by, pieces, short_meant_by, slips_allowed
from portal.catalogue.models.searchable import fold
from portal.catalogue.search import count_datasets
from portal.db import Database, is_id, was_too_long
from portal.errors import NotFoundError
from portal.identity.actor import Actor
from portal.jobs.access import get_job, visible_jobs
from portal.jobs.models import NUMBER_OFFSET, Job
from portal.jobs.read import get_submission
from portal.jobs.unseen import hide_in_titles, telling_titles
from portal.jobtype.model import JobType
from portal.level import level
from portal.web.formats import dates, short_date
from portal.web.views.analyses import analysis_card
from portal.web.views.datasets import origin
from portal.web.views.finding.days import day_of, doubtful, written
from portal.web.views.finding.help import PARTS
from portal.web.views.finding.readings import SHORTEST, batch_number, job_number, readings, says_kind, telling
from portal.web.views.searching import query_of
from portal.words import count

LONGEST: Final = 200
LIMIT_S: Final = 2.0
"""What a kind may take."""
SLIPS_S: Final = 1.5
"""What looking for words with slips may take."""
ALL_S: Final = 5.0
"""And all of a search."""
_RUN: Final = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Hit:
    """One of what was found."""

    title: str
    detail: str
    href: str
    icon: str


@dataclass(frozen=True)
class HitGroup:
    """What was found of one kind."""

    title: str
    hits: list[Hit]
    more: str | None = None
    """Where all of them are, if there are more."""


@dataclass(frozen=True)
class Everything:
    """What was found."""

    text: str
    groups: list[HitGroup] = field(default_factory=list)
    mended: str = ""
    """What was searched for instead, since nothing has the text."""
    late: list[str] = field(default_factory=list)
    """Kinds that took too long."""
    short: bool = False
    """The text is too short to be searched for."""
    hint: str = ""
    """What would be found if it were written otherwise: a day that can be read in two ways."""
    only_newest: bool = False
    """Slips were looked for among the newest datasets only: all would have taken too long."""

    @property
    def total(self) -> int:
        """How many are shown."""
        return sum(len(group.hits) for group in self.groups)


@dataclass(frozen=True)
class Finder:
    """Who searches, and where."""

    database: Database
    actor: Actor
    jobtypes: Mapping[str, JobType]
    most: int
    """Hits of each kind."""

    def find(self, typed: str) -> Everything:
        """What matches a text, or, if nothing does, the text read otherwise, or with its slips mended."""
        found = self._find(typed)
        return found if found.groups else replace(found, hint=doubtful(found.text))

    def _find(self, typed: str) -> Everything:
        text = " ".join(typed[:LONGEST].split())
        folded = " ".join(fold(text).split()[:WORDS])
        if len(folded) < SHORTEST:
            return Everything(text, short=True)
        end = time.monotonic() + ALL_S
        found = self._exactly(text, folded, end)
        if found.groups or found.late:
            return found
        others = readings(folded)
        for other in others:
            again = self._exactly(text, other, end)
            if again.groups:
                return replace(again, mended=other)
        return self._with_slips(found, others[-1] if others else folded, end)

    def _with_slips(self, found: Everything, folded: str, end: float) -> Everything:
        """Among the newest datasets first, which is quick; then among all, as far as the time reaches."""
        stop = min(end, time.monotonic() + SLIPS_S)
        cut = False
        for newest in (NEWEST, None):
            try:
                with self.database.read_within(left_of(stop)) as session:
                    texts = Likely(session, self.actor, newest)
                    mended = self._mended(texts, folded, stop)
            except (DBAPIError, TimeoutError) as error:
                if isinstance(error, DBAPIError) and not was_too_long(error):
                    raise
                return replace(found, only_newest=cut, late=[] if cut else ["words that are spelt differently"])
            if mended is not None and mended != folded:
                again = self._exactly(found.text, mended, end)
                return replace(again, mended=mended if again.groups else "")
            if not texts.cut:
                break
            cut = True
        return found

    def _exactly(self, text: str, folded: str, end: float) -> Everything:
        groups, late = [], []
        for title, ask in self._kinds(folded):
            try:
                with self.database.read_within(min(LIMIT_S, left_of(end))) as session:
                    group = ask(session)
            except (DBAPIError, TimeoutError) as error:
                if isinstance(error, DBAPIError) and not was_too_long(error):
                    raise
                late.append(title.lower())
                continue
            if group.hits:
                groups.append(group)
        return Everything(text, groups, late=late)

    def _kinds(self, folded: str) -> Iterable[tuple[str, Callable[[Session], HitGroup]]]:
        kinds: list[tuple[str, Callable[[Session], HitGroup]]] = [
            (level().Many, lambda session: self._experiments(session, folded)),
            ("Datasets", lambda session: self._datasets(session, folded)),
            ("Jobs", lambda session: self._jobs(session, folded)),
            ("Analyses", lambda _session: self._analyses(folded)),
            ("People", lambda session: self._people(session, folded)),
            ("Help", lambda _session: self._help(folded)),
        ]
        day = day_of(folded).day
        if day is not None:
            kinds.insert(0, ("Days", lambda session: self._days(session, day)))
        return sorted(kinds, key=lambda kind: kind[0] != "Jobs") if says_kind(folded) else kinds

    def _group(self, title: str, hits: Sequence[Hit], more: str | None = None) -> HitGroup:
        return HitGroup(title, list(hits[: self.most]), more if len(hits) > self.most else None)

    def _experiments(self, session: Session, folded: str) -> HitGroup:
        hits = [
            Hit(
                one.title,
                " · ".join(filter(None, (one.name, dates(one.start_date, one.end_date)))),
                url_for("experiments.show", investigation_id=one.id),
                "layers",
            )
            for one in first_experiments(session, self.actor, folded, self.most + 1)
        ]
        return self._group(level().Many, hits, url_for("experiments.index", q=folded))

    def _days(self, session: Session, day: date) -> HitGroup:
        """All that was measured or made on a day."""
        span = {"start": day.isoformat(), "end": day.isoformat()}
        number, more = count_datasets(session, self.actor, query_of(span))
        words = f"more than {number:,} datasets" if more else count(number, "dataset")
        hit = Hit(f"Data of {written(day)}", words, url_for("data.show", start=day, end=day), "calendar3")
        return HitGroup("Days", [hit] if number else [])

    def _datasets(self, session: Session, folded: str) -> HitGroup:
        hits = [
            Hit(
                one.name,
                " · ".join((origin(one), short_date(one.date), one.investigation.title)),
                url_for("datasets.show", dataset_id=one.id),
                "database",
            )
            for one in first_datasets(session, self.actor, folded, self.most + 1)
        ]
        return self._group("Datasets", hits, url_for("data.show", q=folded))

    def _numbered(self, session: Session, folded: str) -> list[Hit]:
        """The job or batch with this number."""
        try:
            if (number := job_number(folded)) is not None:
                number -= NUMBER_OFFSET
                return [_job_hit(get_job(session, self.actor, number))] if is_id(number) else []
            if (number := batch_number(folded)) is not None:
                batch = get_submission(session, self.actor, f"B-{number}")
                address = url_for("batches.show", submission_id=f"B-{number}")
                return [Hit(batch.title, f"B-{number} · batch", address, "list-check")]
        except NotFoundError:
            pass
        return []

    def _jobs(self, session: Session, folded: str) -> HitGroup:
        query = visible_jobs(self.actor)
        for word in folded.split():
            query = query.where(Job.title.icontains(word, autoescape=True))
        query = query.where(~telling_titles(self.actor)) if folded else query
        found = session.scalars(query.order_by(Job.id.desc()).limit(self.most + 1)).all()
        hide_in_titles(session, self.actor, found)
        more = url_for("jobs.show", q=folded, whose="all")
        hits = [*self._numbered(session, folded), *map(_job_hit, found)]
        return self._group("Jobs", list(dict.fromkeys(hits)), more)

    def _analyses(self, folded: str) -> HitGroup:
        hits = []
        for jobtype in self.jobtypes.values():
            text = fold(f"{jobtype.title} {jobtype.name} {jobtype.category} {jobtype.summary}")
            if all(word in text for word in folded.split()):
                card = analysis_card(jobtype)
                hits.append(Hit(card.title, card.summary, card.url, "grid"))
        return self._group("Analyses", hits, url_for("analyses.show"))

    def _people(self, session: Session, folded: str) -> HitGroup:
        hits = [
            Hit(
                one.full_name or one.name,
                f"{level().Many} with {one.full_name or one.name}",
                url_for("experiments.index", person=one.name),
                "person-circle",
            )
            for one in first_people(session, self.actor, folded, self.most + 1)
        ]
        return self._group("People", hits)

    def _help(self, folded: str) -> HitGroup:
        words = telling(folded)
        hits = [
            Hit(title, "Help", url_for("help.show", _anchor=place), "question-circle")
            for place, title, more in PARTS
            if words and all(word in fold(f"help {title} {more}") for word in words)
        ]
        return self._group("Help", hits)

    def _mended(self, texts: Likely, folded: str, end: float) -> str | None:
        """The text with each word that stands nowhere mended; None where one of them cannot be.

        A word with a digit stays; of others each run of letters is a word.
        """
        words = []
        for typed in folded.split():
            word, runs = typed, [] if any(map(str.isdigit, typed)) else _RUN.findall(typed)
            for run in filter(slips_allowed, runs):
                left_of(end)
                meant = self._meant(texts, run)
                if meant is None:
                    return None
                word = word.replace(run, meant, 1)
            words.append(word)
        return self._short_mended(texts, words)

    def _meant(self, texts: Likely, word: str) -> str | None:
        """First among what shares all pieces of the word but one, then among what shares any."""
        number = len(pieces(word))
        for shared in sorted({max(1, number - 1), 1}, reverse=True):
            meant = meant_by(word, [*texts.like(word, shared=shared), *self._ours()])
            if meant is not None:
                return meant
        return None

    def _short_mended(self, texts: Likely, words: Sequence[str]) -> str:
        """Words of three letters beside others: among the texts that have the others, where none has all."""
        short = [word for word in words if is_short(word)]
        others = [word for word in words if not is_short(word)]
        for word in short:
            near = [*texts.having(others), *(one for one in self._ours() if all(other in one for other in others))]
            meant = short_meant_by(word, near) if others else None
            words = [meant if meant is not None and one == word else one for one in words]
        return " ".join(words)

    def _ours(self) -> list[str]:
        """Folded texts of what is no row of the database."""
        ours = [fold(f"{one.title} {one.category}") for one in self.jobtypes.values()]
        return ours + [fold(f"{title} {more}") for _place, title, more in PARTS]


def left_of(end: float) -> float:
    """Seconds until `end`, by the monotonic clock. Raises TimeoutError where there are none."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _job_hit(job: Job) -> Hit:
    return Hit(job.title, f"{job.number} · {job.state.words}", url_for("jobs.job", job_id=job.id), "list-check")
