"""Asking the program that has pyslurm (`child.py`) over a pipe: started when needed, ended when late.

libslurm may end the program at any time; then nothing was answered, and the next question starts another one.
"""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from portal.scheduler.base import SchedulerError
from portal.scheduler.slurm.commands import NotRunError

PROGRAM = Path(__file__).with_name("child.py")
LASTS_S = 600.0
"""So old it is replaced: libslurm reads slurm.conf once, and may leak."""
MOST_BYTES = 1 << 30
PIECE = 1 << 20
ERROR = '{"error":'
"""How the answer begins that is none."""

Json = Mapping[str, Any]


class Pipe:
    """One program at a time, one question at a time; safe to be asked by several threads."""

    def __init__(self, python: Path, environment: Mapping[str, str], timeout_s: float) -> None:
        self._command = [str(python), "-I", str(PROGRAM)]
        self._environment = dict(environment)
        self._timeout_s = timeout_s
        self._one_at_a_time = Lock()
        self._program: _Program | None = None

    def ask(self, question: Json) -> str:
        """The answer, a JSON object. Raises NotRunError if nothing was asked, else SchedulerError with `retry`."""
        with self._one_at_a_time:
            program = self._program
            if program is None or program.is_old():
                self._end()
                program = _Program(self._command, self._environment, self._timeout_s)
                self._program = program
            try:
                program.write(question)
                return program.read()
            except (OSError, ValueError) as error:
                late = isinstance(error, TimeoutError)
                said = f"Slurm did not answer within {self._timeout_s:g} s." if late else "Slurm did not answer."
                detail = f"the program with pyslurm: {error or 'no words'}; {program.end()}"
                self._program = None
                raise SchedulerError(said, retry=True, detail=detail[:500]) from error

    def close(self) -> None:
        """End the program, if there is one."""
        with self._one_at_a_time:
            self._end()

    def _end(self) -> None:
        if self._program is not None:
            self._program.end()
            self._program = None


class _Program:
    """The running program. Its first line has been read."""

    def __init__(self, command: list[str], environment: dict[str, str], timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._since = time.monotonic()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - it is the program's for as long as it runs
        self._line, theirs = socket.socketpair()
        self._rest = b""
        try:
            with theirs:
                self._process = subprocess.Popen(
                    command,
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=self._said,
                    cwd="/",
                    env=environment,
                    start_new_session=True,
                )
        except OSError as error:
            self._line.close()
            self._said.close()
            missing = f"The Python that should have pyslurm cannot be run: {error.strerror}."
            raise NotRunError(missing, retry=True, detail=f"{command[0]}: {error}") from error
        try:
            hello = self.read()
            if not hello.startswith('{"pyslurm":'):
                raise ValueError(f"not the first line that was expected: {hello[:100]}")
        except (OSError, ValueError) as error:
            said = f"{error or 'no words'}; {self.end()}"[:500]
            raise NotRunError("Slurm cannot be asked through pyslurm.", retry=True, detail=said) from error

    def is_old(self) -> bool:
        """Whether another should take its place: it has ended, or has run for long."""
        return self._process.poll() is not None or time.monotonic() - self._since > LASTS_S

    def write(self, question: Json) -> None:
        """One line in. Raises OSError."""
        self._line.settimeout(self._timeout_s)
        self._line.sendall(json.dumps(question, separators=(",", ":")).encode() + b"\n")

    def read(self) -> str:
        """One line out. Raises OSError (TimeoutError if it is late) and ValueError."""
        deadline = time.monotonic() + self._timeout_s
        pieces, size = [self._rest], len(self._rest)
        while b"\n" not in pieces[-1]:
            self._line.settimeout(max(0.001, deadline - time.monotonic()))
            piece = self._line.recv(PIECE)
            if not piece:
                raise ConnectionError("it ended")
            pieces.append(piece)
            size += len(piece)
            if size > MOST_BYTES:
                raise ValueError("an answer without end")
        line, _, self._rest = b"".join(pieces).partition(b"\n")
        return line.decode()

    def end(self) -> str:
        """Kill it; what it had said on standard error at last."""
        self._line.close()
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        with self._said:
            self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - 300))
            return self._said.read().decode(errors="replace").strip()
