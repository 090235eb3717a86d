"""Running the machine's own programs: argument lists in, text out, a failure in words."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from hosts.place import LabError


def succeed(
    *command: str | Path,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 600,
) -> str:
    """What the command printed. Raises LabError with its last words if it fails or takes too long."""
    try:
        done = attempt(*command, stdin=stdin, env=env, cwd=cwd, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{_short(command)} did not end within {timeout:.0f} s") from error
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise LabError(f"{_short(command)} failed with {done.returncode}:\n{words}")
    return done.stdout


def attempt(
    *command: str | Path,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 600,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, whatever that is. Raises LabError if there is no such program."""
    try:
        return subprocess.run(
            [str(word) for word in command],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            env=env,
            cwd=cwd,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise LabError(f"{command[0]} is missing on this machine.") from error


def succeeds(*command: str | Path, timeout: float = 60) -> bool:
    """Whether the command ends with 0."""
    return attempt(*command, timeout=timeout).returncode == 0


def _short(command: Sequence[str | Path]) -> str:
    words = " ".join(str(word) for word in command)
    return words if len(words) < 120 else words[:117] + "…"
