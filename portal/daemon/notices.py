"""The step that tells people what has become of their jobs, and keeps old news for a while only."""

from datetime import datetime

from portal.daemon.context import Deps
from portal.notify.drain import anything_new, drain


def notices_step(deps: Deps, _now: datetime) -> bool:
    """Make the notices of what has happened; True if there may be more."""
    with deps.database.read() as session:
        if not anything_new(session):
            return False
    with deps.write() as session:
        return drain(session)
