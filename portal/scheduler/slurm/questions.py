"""How a site's Slurm is asked, by its commands or by libslurm, and questions that are answered in JSON."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from portal.scheduler.base import SchedulerError
from portal.scheduler.slurm.commands import Answer, Commands, SlurmCommands
from portal.scheduler.slurm.config import SlurmConfig

KNOWN_PARSERS = ("v0.0.45", "v0.0.44", "v0.0.43", "v0.0.42", "v0.0.41", "v0.0.40")
"""Newest first; docs/developers/slurm.md says which of them were tried against a real Slurm."""


def commands_of(config: SlurmConfig) -> Commands:
    """How this site's Slurm is asked."""
    if config.pyslurm is None:
        return SlurmCommands(config)
    from portal.scheduler.slurm.pyslurm.commands import PyslurmCommands

    return PyslurmCommands(config)


@dataclass
class Questions:
    """Questions that are answered in JSON, in the newest dialect that Slurm and this program know."""

    commands: Commands
    config: SlurmConfig

    @cached_property
    def parser(self) -> str:
        """The dialect; asked for once. Raises SchedulerError."""
        if self.config.data_parser:
            return self.config.data_parser
        answer = self.commands.run(["squeue", "--json=list"])
        offered = set(re.findall(r"v\d\.\d\.\d{2}", answer.out + answer.err))
        for known in KNOWN_PARSERS:
            if known in offered:
                return known
        if answer.silent:
            raise silence(answer)
        raise SchedulerError(
            "This release of Slurm speaks no JSON that is known here.",
            retry=True,
            detail=f"squeue --json=list: {_line(answer)}",
        )

    def ask(self, program: str, *words: str) -> Mapping[str, Any]:
        """The reply to a question that changes nothing. Raises SchedulerError if there was none to trust."""
        answer = self.commands.run([program, f"--json={self.parser}", *words])
        if answer.code != 0:
            raise silence(answer)
        try:
            reply = json.loads(answer.out)
        except ValueError as error:
            raise SchedulerError("Slurm's answer is not JSON.", retry=True, detail=str(error)) from error
        if not isinstance(reply, dict) or not isinstance(reply.get("jobs", []), list):
            raise SchedulerError("Slurm's answer is not what it should be.", retry=True)
        if reply.get("errors"):
            raise SchedulerError("Slurm answered with an error.", retry=True, detail=str(reply["errors"][0])[:500])
        self._check_cluster(reply)
        return reply

    def _check_cluster(self, reply: Mapping[str, Any]) -> None:
        slurm = (reply.get("meta") or {}).get("slurm") or (reply.get("meta") or {}).get("Slurm") or {}
        answered = slurm.get("cluster")
        if answered and answered != self.config.cluster:
            raise SchedulerError(f"Another cluster answered: {answered}, not {self.config.cluster}.", retry=True)


def silence(answer: Answer) -> SchedulerError:
    """The error for a command that did not get, or did not give, an answer."""
    if answer.silent:
        return SchedulerError("The cluster does not answer.", retry=True, detail=_line(answer))
    return SchedulerError("Slurm refused to answer.", retry=True, detail=_line(answer))


def _line(answer: Answer) -> str:
    said = (answer.err or answer.out).strip()
    return f"exit {answer.code}: {said[-500:]}"
