"""The image that a job made, on the job's page: how it can be staged, what was asked, what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask import url_for
from sqlalchemy.orm import Session

from portal.identity.actor import Actor, Role
from portal.identity.people import full_names
from portal.jobs.models import Job
from portal.staging import asking
from portal.staging.models import ImageWish
from portal.web.context import portal
from portal.words import size


class How(StrEnum):
    """How far an image is."""

    MAKING = "making"
    """The job is not over."""
    ASKABLE = "askable"
    WAITS = "waits"
    """To be signed off."""
    SIGNED = "signed"
    """The stager is at work, or will be soon."""
    STAGED = "staged"
    REFUSED = "refused"
    """It can be asked for again."""


@dataclass(frozen=True)
class AskedImage:
    """What the job's page says of its image."""

    how: How
    at_once: bool
    """Nobody signs it off."""
    digest: str = ""
    size: str = ""
    name: str = ""
    """The name that is proposed, or under which it was asked for."""
    why: str = ""
    """Why it was refused, and by whom."""
    by: str = ""
    asked: datetime | None = None
    request: int = 0

    @property
    def signs(self) -> str:
        """Who signs off here: operator, staff or oneself."""
        return portal().settings.signs.value

    @property
    def again_s(self) -> int | None:
        """When to look again; None where nothing changes by itself."""
        return {How.MAKING: 5, How.SIGNED: 3, How.WAITS: 30}.get(self.how)


def asked(session: Session, actor: Actor, job: Job) -> AskedImage | None:
    """Of one's own job that makes images, for staff; None of every other, and where it left none."""
    if job.person_id != actor.person_id or Role.STAFF not in actor.roles or not asking.makes_images(job):
        return None
    at_once = portal().settings.stages_at_once
    if not job.state.final:
        return AskedImage(How.MAKING, at_once)
    made = asking.made_by(session, actor, job)
    if made is None:
        return None
    shown = size(made.size) if made.size is not None else ""
    wishes = asking.wishes_of(session, job.id)
    if wishes:
        return _of_wish(session, wishes[0], at_once, made.digest, shown)
    name = asking.proposed(job.options.get("called"), portal().images.names())
    return AskedImage(How.ASKABLE, at_once, made.digest, shown, name)


def _of_wish(session: Session, wish: ImageWish, at_once: bool, digest: str, shown: str) -> AskedImage:
    deed, approval = wish.deed, wish.approval
    if deed is None:
        how = How.SIGNED if at_once or approval is not None else How.WAITS
        by = _called(session, approval.by) if approval is not None else ""
        return AskedImage(how, at_once, digest, shown, wish.name, "", by, wish.at, wish.id)
    how = How.STAGED if deed.done else How.REFUSED
    return AskedImage(
        how, at_once, digest, shown, wish.name, deed.words, _called(session, deed.by), deed.at, wish.id
    )


def _called(session: Session, by: str) -> str:
    """The name of who signed it off, where it is one of the portal's people."""
    return full_names(session, [by]).get(by) or by


@dataclass(frozen=True)
class MadeHere:
    """A job of one's own that made or makes an image, for the editor."""

    number: str
    title: str
    url: str
    words: str


def made_here(session: Session, actor: Actor, analyses: Iterable[str]) -> list[MadeHere]:
    """One's own last jobs that make images, each with how far its image is."""
    found = []
    for job in asking.latest_jobs(session, actor, list(analyses)):
        one = asked(session, actor, job)
        if one is not None:
            url = url_for("jobs.job", job_id=job.id)
            found.append(MadeHere(job.number, job.title, url, _words(one)))
    return found


def _words(one: AskedImage) -> str:
    return {
        How.MAKING: "is being made",
        How.ASKABLE: "is made; ask on its page that it is staged",
        How.WAITS: f"waits to be signed off as {one.name}",
        How.SIGNED: f"is being staged as {one.name}",
        How.STAGED: f"is staged as {one.name}",
        How.REFUSED: f"was not staged as {one.name}",
    }[one.how]
