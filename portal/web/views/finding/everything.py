"""The search over everything: datasets, experiments, jobs, analyses, people and help, as far as one may see them.

Each kind is asked by itself and may not take long: what is late is said, and the others are shown. Where nothing
is found, words that have a slip are mended by words that stand in what one may see, and it is said which.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from flask import url_for
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.catalogue.finding.experiments import WORDS
from portal.catalogue.finding.hits import first_datasets, first_experiments, first_people, texts_like
from portal.catalogue.finding.near import meant_by, pieces, slips_allowed
from portal.catalogue.models.searchable import fold
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
from portal.web.views.finding.help import PARTS

LONGEST: Final = 200
SHORTEST: Final = 2
"""Characters of a text: with fewer, everything would match."""
LIMIT_S: Final = 2.0
"""What a kind may take."""
_JOB: Final = re.compile(r"j-?(\d{4,10})")
_BATCH: Final = re.compile(r"b-?(\d{1,9})")


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
        """What matches a text, or, if nothing does, the text with its slips mended."""
        text = " ".join(typed[:LONGEST].split())
        folded = " ".join(fold(text).split()[:WORDS])
        if len(folded) < SHORTEST:
            return Everything(text, short=True)
        found = self._exactly(text, folded)
        if found.groups or found.late:
            return found
        try:
            with self.database.read_within(LIMIT_S) as session:
                mended = self._mended(session, folded)
        except DBAPIError as error:
            if not was_too_long(error):
                raise
            return replace(found, late=["words that are spelt differently"])
        if mended is None or mended == folded:
            return found
        again = self._exactly(text, mended)
        return replace(again, mended=mended if again.groups else "")

    def _exactly(self, text: str, folded: str) -> Everything:
        groups, late = [], []
        for title, ask in self._kinds(folded):
            try:
                with self.database.read_within(LIMIT_S) as session:
                    group = ask(session)
            except DBAPIError as error:
                if not was_too_long(error):
                    raise
                late.append(title.lower())
                continue
            if group.hits:
                groups.append(group)
        return Everything(text, groups, late=late)

    def _kinds(self, folded: str) -> Iterable[tuple[str, Callable[[Session], HitGroup]]]:
        numbered = ("Jobs", lambda session: self._numbered(session, folded))
        kinds: list[tuple[str, Callable[[Session], HitGroup]]] = [
            (level().Many, lambda session: self._experiments(session, folded)),
            ("Datasets", lambda session: self._datasets(session, folded)),
            ("Jobs", lambda session: self._jobs(session, folded)),
            ("Analyses", lambda _session: self._analyses(folded)),
            ("People", lambda session: self._people(session, folded)),
            ("Help", lambda _session: self._help(folded)),
        ]
        return [numbered, *kinds] if _JOB.fullmatch(folded) or _BATCH.fullmatch(folded) else kinds

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

    def _numbered(self, session: Session, folded: str) -> HitGroup:
        """The job or batch with this number."""
        try:
            if found := _JOB.fullmatch(folded):
                number = int(found.group(1)) - NUMBER_OFFSET
                return HitGroup("Jobs", [_job_hit(get_job(session, self.actor, number))] if is_id(number) else [])
            if found := _BATCH.fullmatch(folded):
                name = f"B-{int(found.group(1))}"
                batch = get_submission(session, self.actor, name)
                address = url_for("batches.show", submission_id=name)
                return HitGroup("Jobs", [Hit(batch.title, f"{name} · batch", address, "list-check")])
        except NotFoundError:
            pass
        return HitGroup("Jobs", [])

    def _jobs(self, session: Session, folded: str) -> HitGroup:
        query = visible_jobs(self.actor)
        for word in folded.split():
            query = query.where(Job.title.icontains(word, autoescape=True))
        query = query.where(~telling_titles(self.actor)) if folded else query
        found = session.scalars(query.order_by(Job.id.desc()).limit(self.most + 1)).all()
        hide_in_titles(session, self.actor, found)
        more = url_for("jobs.show", q=folded, whose="all")
        return self._group("Jobs", [_job_hit(one) for one in found], more)

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
        hits = [
            Hit(title, "Help", url_for("help.show", _anchor=place), "question-circle")
            for place, title, more in PARTS
            if all(word in fold(f"{title} {more}") for word in folded.split())
        ]
        return self._group("Help", hits)

    def _mended(self, session: Session, folded: str) -> str | None:
        """The text with each word that stands nowhere mended; None where one of them cannot be."""
        ours = [fold(f"{one.title} {one.category}") for one in self.jobtypes.values()]
        ours += [fold(f"{title} {more}") for _place, title, more in PARTS]
        words = []
        for word in folded.split():
            meant = self._meant(session, word, ours) if slips_allowed(word) else word
            if meant is None:
                return None
            words.append(meant)
        return " ".join(words)

    def _meant(self, session: Session, word: str, ours: Sequence[str]) -> str | None:
        """First among what shares all pieces of the word but one, then among what shares any."""
        number = len(pieces(word))
        for shared in sorted({max(1, number - 1), 1}, reverse=True):
            texts = texts_like(session, self.actor, word, shared=shared)
            meant = meant_by(word, [*texts, *ours])
            if meant is not None:
                return meant
        return None


def _job_hit(job: Job) -> Hit:
    return Hit(job.title, f"{job.number} · {job.state.words}", url_for("jobs.job", job_id=job.id), "list-check")
