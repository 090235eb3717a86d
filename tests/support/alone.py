"""A backend takes many and answers each; most tests ask about one."""

from collections.abc import Sequence
from typing import TypeVar

from portal.scheduler.base import SchedulerError

Told = TypeVar("Told")


def alone(results: Sequence[Told | SchedulerError]) -> Told:
    """The result of a list of one. Raises the SchedulerError that it is."""
    [result] = results
    if isinstance(result, SchedulerError):
        raise result
    return result
