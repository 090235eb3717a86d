"""How often analyses were used, counted at most every ten minutes by each process."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from flask import current_app

from portal.jobs.timing.usage import Usage, usage
from portal.web.context import now, session

OLDEST: Final = timedelta(minutes=10)
"""Counting reads the jobs of three months: no page waits for that more often."""
_KEPT: Final = "gantry_usage"


@dataclass(frozen=True)
class _Counted:
    at: datetime
    found: Mapping[str, Usage]


def recent_usage() -> Mapping[str, Usage]:
    """By name of the job type; those that were not used are not in it. At most ten minutes old."""
    kept: _Counted | None = current_app.extensions.get(_KEPT)
    if kept is None or not timedelta() <= now() - kept.at < OLDEST:
        kept = _Counted(now(), usage(session(), now()))
        current_app.extensions[_KEPT] = kept
    return kept.found
