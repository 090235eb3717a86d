"""The step that tells people what has become of their jobs, and keeps old news for a while only."""

from datetime import datetime

from portal.daemon.context import Deps
from portal.notify.access.pass_on import anything_asked, pass_on
from portal.notify.drain import anything_new, drain


def notices_step(deps: Deps, now: datetime) -> bool:
    """Make the notices of what has happened, and ask whom people want asked; True if there may be more."""
    return _pass_on(deps, now) | _drain(deps)


def _pass_on(deps: Deps, now: datetime) -> bool:
    with deps.database.read() as session:
        if not anything_asked(session):
            return False
    with deps.write() as session:
        return pass_on(session, now=now)


def _drain(deps: Deps) -> bool:
    with deps.database.read() as session:
        if not anything_new(session):
            return False
    with deps.write() as session:
        return drain(session)
