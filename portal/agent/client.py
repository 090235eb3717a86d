"""Asking the agent: what the daemon uses. Each method takes many items and gives one result an item, in order.

A result is what was asked for or a Refusal; a refused item harms no other. AnswerLostError: the effect is not
known (ask `find`); CallRefusedError that nothing was done.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from portal.agent import wire
from portal.agent.wire import Estimated, Fenced, Sealed, Submitted, Taken, Wanted, Wish
from portal.rpc.exchange import AnswerLostError, CallRefusedError, Refusal
from portal.rpc.verb import Program

__all__ = [
    "AgentClient",
    "AnswerLostError",
    "CallRefusedError",
    "Estimated",
    "Fenced",
    "Refusal",
    "Sealed",
    "Submitted",
    "Taken",
]

LONGEST_S = 590.0
"""A little less than the agent gives itself (portal/agent/__main__.py)."""


def local_command() -> tuple[str, ...]:
    """The agent as this very account: the embedded default."""
    return (sys.executable, "-m", "portal.agent")


class AgentClient:
    """One way to run the agent: `command` ends up as the person, `backend` is what embedded agents are told."""

    def __init__(self, command: Sequence[str], backend: Mapping[str, Any], timeout_s: float = 60.0) -> None:
        self._agent = Program("agent", tuple(command), "backend", dict(backend), timeout_s, LONGEST_S)

    def submit(self, items: Sequence[Mapping[str, Any]]) -> list[Submitted | Refusal]:
        """Submit `{"attempt", "name", "order"[, "share", "place"]}`; twice with one attempt gives the same."""
        return self._agent.ask(wire.SUBMIT, items)

    def find(self, items: Sequence[tuple[str, str]]) -> list[Taken | Refusal | None]:
        """The jobs of (attempt, name) if the scheduler ever took them; None where it did not."""
        return self._agent.ask(wire.FIND, items)

    def fence(self, attempts: Sequence[str]) -> list[Fenced | Refusal]:
        """Take the claims of attempts, so that those won can never run."""
        return self._agent.ask(wire.FENCE, attempts)

    def cancel(self, items: Sequence[tuple[str, str, str]], *, by: str | None = None) -> list[bool | Refusal]:
        """Ask for the end of (attempt, job id, name); False where it had ended already."""
        return self._agent.ask(wire.CANCEL, [Wish(*item, by) for item in items])

    def seal(self, attempts: Sequence[str]) -> list[Sealed | Refusal]:
        """Let the portal read attempts' folders."""
        return self._agent.ask(wire.SEAL, attempts)

    def purge(self, attempts: Sequence[str]) -> list[bool | Refusal]:
        """Remove attempts' folders; False where there was none."""
        return self._agent.ask(wire.PURGE, attempts)

    def estimate(
        self, resources: Sequence[Mapping[str, Any]], *, person: str = "", share: float = 1.0
    ) -> list[Estimated | Refusal]:
        """When jobs with these resources would start: for the form, which does not ask it yet."""
        return self._agent.ask(wire.ESTIMATE, [Wanted(item, person, share) for item in resources])
