"""What a request can ask for: the portal's parts, who asks, what time it is, and a session for reading."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import cast

from flask import current_app, g, has_request_context
from flask_limiter.util import get_remote_address
from sqlalchemy.orm import Session

from portal.audit.who import Origin, Via
from portal.catalogue.offered import offered_to
from portal.config import Settings
from portal.db import Database
from portal.identity.actor import NOBODY, Actor
from portal.images.places import Places
from portal.jobs.submit.again import Terms
from portal.jobtype.load import JobTypes


@dataclass(frozen=True)
class Portal:
    """The parts that pages and the API work with, in `app.extensions["gantry"]`."""

    settings: Settings
    database: Database
    load_jobtypes: Callable[[], JobTypes]

    @property
    def jobtypes(self) -> JobTypes:
        """The job types as they are now, those that are on offer to whoever asks, in each list and look-up."""
        found = self.load_jobtypes()
        return offered_to(session(), actor(), found) if found.audiences else found

    @property
    def images(self) -> Places:
        """Where staged images lie."""
        return Places(self.settings.images, self.settings.made_images)


def portal() -> Portal:
    """The parts of the application that answers this request."""
    return cast(Portal, current_app.extensions["gantry"])


def terms() -> Terms:
    """On which terms jobs may be queued again."""
    return Terms(portal().jobtypes, portal().settings.limits)


def actor() -> Actor:
    """Who asks: the signed-in person, or nobody."""
    return cast(Actor, g.get("actor") or replace(NOBODY, origin=origin(Via.NOBODY)))


def origin(via: Via) -> Origin:
    """How whoever asks came in, and from where, for what is written down."""
    return Origin(via, get_remote_address())


def now() -> datetime:
    """The moment this request came in, the same throughout it."""
    moment = g.get("now")
    if moment is None:
        moment = g.now = datetime.now(UTC)
    return cast(datetime, moment)


def session() -> Session:
    """This request's session for reading, opened when it is first needed and closed at the end."""
    if "reading" not in g:
        g.reading = portal().database.read()
        g.session = g.reading.__enter__()
    return cast(Session, g.session)


def look_again() -> None:
    """Something was written: what this request reads from now on is of after it, on SQLite too."""
    if has_request_context() and "session" in g:
        session().rollback()


def close_session(_error: BaseException | None = None) -> None:
    """End this request's reading; called when the request is torn down, or before a write must be seen."""
    reading = g.pop("reading", None)
    g.pop("session", None)
    if reading is not None:
        reading.__exit__(None, None, None)
