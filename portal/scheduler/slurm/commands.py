"""Running Slurm's commands: an argument list in, text out, and which texts are a silence.

A command that is late, or cannot reach a daemon, has not answered: SchedulerError with `retry` True. What sbatch
did before it was late is not known.
"""

import os
import pwd
import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from portal.scheduler.base import SchedulerError
from portal.scheduler.slurm.config import SlurmConfig

# Words of a daemon that could not be reached or is not ready, in any of the commands.
SILENT = re.compile(
    r"Unable to contact slurm controller|Socket timed out|connect failure|Connection (?:refused|reset|timed out)"
    r"|Zero Bytes were transmitted|communication (?:connection|failure|shutdown)|[Tt]ransport endpoint"
    r"|Problem talking to the database|failed to open persistent connection|PersistInit|Broken pipe"
    r"|Incompatible versions|Protocol authentication error|[Mm]unge|Invalid authentication credential"
    r"|in standby mode|Resource temporarily unavailable|Unable to process configuration file"
    r"|Unable to establish configuration|No route to host|Name or service not known"
)


class NotRunError(SchedulerError):
    """The command was not even started, so it did nothing."""


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def silent(self) -> bool:
        """It could not ask the daemon that it should ask."""
        return self.code != 0 and SILENT.search(self.err) is not None


class Commands(Protocol):
    """How commands are run: the real way, or from a recording."""

    def run(self, command: Sequence[str], *, stdin: str = "") -> Answer:
        """Run one command to its end. Raises SchedulerError (`retry` True) if it was late."""


def environment(config: SlurmConfig) -> dict[str, str]:
    """What a program that speaks with Slurm finds in its environment: made from nothing."""
    account = pwd.getpwuid(os.geteuid())
    made = {
        "PATH": "/usr/local/bin:/usr/bin:/bin" if config.commands is None else "/usr/bin:/bin",
        "HOME": account.pw_dir,
        "USER": account.pw_name,
        "LOGNAME": account.pw_name,
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        # Without it an expression of many array tasks is cut off at 64 characters.
        "SLURM_BITSTR_LEN": "0",
    }
    conf = str(config.conf) if config.conf else os.environ.get("SLURM_CONF")
    return made | ({"SLURM_CONF": conf} if conf else {})


class SlurmCommands:
    """The commands of this machine, with an environment that says nothing else."""

    def __init__(self, config: SlurmConfig) -> None:
        self._config = config

    @cached_property
    def _environment(self) -> dict[str, str]:
        return environment(self._config)

    def run(self, command: Sequence[str], *, stdin: str = "") -> Answer:
        """Run one command. Raises SchedulerError if it was late, or is not there."""
        program, *words = command
        path = str(self._config.commands / program) if self._config.commands else program
        try:
            process = subprocess.Popen(
                [path, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd="/",
                env=self._environment,
                start_new_session=True,
            )
        except OSError as error:
            missing = f"Slurm's command {program} cannot be run here: {error.strerror}."
            raise NotRunError(missing, retry=True, detail=str(error)) from error
        try:
            out, err = process.communicate(stdin.encode(), timeout=self._config.timeout_s)
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise SchedulerError(
                f"Slurm did not answer within {self._config.timeout_s:g} s.",
                retry=True,
                detail=f"{program} was late",
            ) from error
        return Answer(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))
