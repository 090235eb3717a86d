"""Asking an image for what is kept beside it: once, confined, when an operator stages it.

A program of the image runs without network, binds, home and environment, as an account that owns nothing where
root asks, for a bounded time, and no more than a bounded part of what it prints is read.
"""

import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from portal.errors import InvalidError
from portal.images.manifest import Manifest
from portal.images.plain import plain
from portal.images.recorded import LONGEST_HELP, MOST_APPS, MOST_PROGRAMS, Help, Recorded, labels_of

RUNTIMES: Final = ("apptainer", "singularity")
PATH: Final = "/usr/local/bin:/usr/bin:/bin"
NOBODY: Final = 65534
PROGRAM: Final = re.compile(r"[A-Za-z0-9_/][A-Za-z0-9_.+/-]{0,199}")
PROGRAMS_LABEL: Final = "gantry.programs"
SECONDS: Final = 20.0
PAUSE: Final = 0.02
MOST_READ: Final = 4 * LONGEST_HELP
LIMITS: Final = ("--core=0", "--cpu=30", "--fsize=67108864", "--nofile=1024")
NOT_THERE: Final = "executable file not found"
NO_GUESS: Final = frozenset({"env", "sh", "bash", "dash", "python", "python3", "perl", "micromamba", "conda"})
"""What runs a program rather than being one that somebody would want the help of."""


@dataclass(frozen=True)
class Printed:
    """What a command printed, and how it ended: `code` is None where it was stopped."""

    raw: bytes
    code: int | None
    more: bool


def ask(folder: Path, manifest: Manifest, programs: Sequence[str], *, seconds: float = SECONDS) -> Recorded:
    """What can be learned of a staged image; what cannot is said so. Raises InvalidError for a program's name.

    `programs` are those that whoever stages it names; without any, those of its label `gantry.programs`, else the
    one that it runs by itself, which is a guess and marked as one. `seconds` bounds each question.
    """
    for name in programs:
        if not PROGRAM.fullmatch(name):
            raise InvalidError(f"{name!r} cannot be the name of a program.")
    if len(programs) > MOST_PROGRAMS:
        raise InvalidError(f"{MOST_PROGRAMS} programs at most can be named.")
    at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    runtime = next((found for name in RUNTIMES if (found := shutil.which(name, path=PATH))), None)
    if runtime is None:
        why = "There was no Apptainer on the host that staged it."
        helps = tuple(Help(name, "stager", unknown=why) for name in programs)
        return Recorded(manifest.digest, at, helps=helps, unknown=why)
    with tempfile.TemporaryDirectory(prefix="gantry-images-") as home:
        if os.geteuid() == 0:
            os.chown(home, NOBODY, NOBODY)
        asked = _Asked(runtime, str(folder / manifest.file), home, seconds)
        labels, unknown = asked.labels()
        kept, left_out = labels_of(labels)
        named = asked.named(programs, labels)
        helps = tuple(asked.help(name, by) for name, by in named[:MOST_PROGRAMS])
        return Recorded(manifest.digest, at, kept, left_out, asked.apps(), helps, unknown)


class _Asked:
    """One image that is asked several things."""

    def __init__(self, runtime: str, image: str, home: str, seconds: float) -> None:
        self._runtime, self._image, self._home, self._seconds = runtime, image, home, seconds

    def labels(self) -> tuple[dict[str, Any], str]:
        """Its labels, and why they are not known where they are not."""
        printed = self._run("inspect", "--json", "--labels", self._image, most=1 << 20)
        try:
            found = json.loads(printed.raw)["data"]["attributes"]["labels"]
        except (ValueError, KeyError, TypeError, RecursionError):
            found = None
        if printed.code == 0 and isinstance(found, dict):
            return found, ""
        return {}, "Apptainer could not read its labels."

    def apps(self) -> tuple[str, ...]:
        """The names of its apps, in the sense of SCIF."""
        printed = self._run("inspect", "--list-apps", self._image, most=1 << 16)
        text, _cut = plain(printed.raw, 1 << 14)
        return (
            tuple(name for name in text.split() if PROGRAM.fullmatch(name))[:MOST_APPS] if not printed.code else ()
        )

    def named(self, programs: Sequence[str], labels: dict[str, Any]) -> list[tuple[str, str]]:
        """The programs to ask, and from what they are known."""
        if programs:
            return [(name, "stager") for name in dict.fromkeys(programs)]
        label = labels.get(PROGRAMS_LABEL)
        if isinstance(label, str) and label.split():
            return [(name, "label") for name in dict.fromkeys(label.split()) if PROGRAM.fullmatch(name)]
        printed = self._run("inspect", "--runscript", self._image, most=1 << 16)
        if printed.code != 0:
            return []
        return [(name, "runscript") for name in guess(plain(printed.raw, 1 << 14)[0])]

    def help(self, program: str, by: str) -> Help:
        """What it prints for --help."""
        contained = ("--containall", "--no-home", "--cleanenv", "--net", "--network", "none", "--pwd", "/")
        printed = self._run("exec", *contained, self._image, program, "--help", most=MOST_READ)
        text, cut = plain(printed.raw, LONGEST_HELP)
        if printed.code == 255 and NOT_THERE in text:
            return Help(program, by, unknown="The image has no program of that name.")
        if printed.code == 255 and text.startswith("FATAL:"):
            return Help(program, by, unknown="Apptainer could not start it.")
        if not text:
            stopped = f"It printed nothing within {self._seconds:.0f} seconds." if printed.code is None else ""
            return Help(program, by, code=printed.code, unknown=stopped or "It printed nothing.")
        return Help(program, by, text, cut or printed.more, printed.code)

    def _run(self, verb: str, *words: str, most: int) -> Printed:
        argv = ["prlimit", *LIMITS, "--", self._runtime, "--quiet", verb, *words]
        environment = {"PATH": PATH, "HOME": self._home, "TMPDIR": self._home, "LANG": "C.UTF-8"}
        return bounded(argv, environment, self._home, most=most, seconds=self._seconds)


def guess(runscript: str) -> list[str]:
    """The program that a runscript ends in, where that is plain to see; else nothing."""
    for written in reversed(runscript.splitlines()):
        words = written.split()
        if not words or words[0].startswith("#"):
            continue
        program = words[1].strip("\"'") if words[0] == "exec" and len(words) > 1 else ""
        known = PROGRAM.fullmatch(program) and Path(program).name not in NO_GUESS
        return [program] if known else []
    return []


def bounded(
    argv: Sequence[str], environment: dict[str, str], folder: str, *, most: int, seconds: float
) -> Printed:
    """Run a command and read what it prints, both streams as one: no more than `most` bytes and `seconds` long.

    What goes beyond is killed with all that it started. As root it becomes the account that owns nothing.
    """
    account: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    process = subprocess.Popen(
        list(argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=folder,
        start_new_session=True,
        **account,
    )
    assert process.stdout is not None
    raw, ended, until = bytearray(), False, time.monotonic() + seconds
    with selectors.DefaultSelector() as waiting, process.stdout:
        waiting.register(process.stdout, selectors.EVENT_READ)
        while len(raw) <= most and (left := until - time.monotonic()) > 0 and waiting.select(left):
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk:
                ended = True
                break
            raw += chunk
    while ended and not _is_over(process.pid):
        ended = time.monotonic() < until
        time.sleep(PAUSE)
    # It is not waited for yet: so its number is no other's, and what it left behind goes with it.
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return Printed(bytes(raw[:most]), process.returncode if ended else None, len(raw) > most)


def _is_over(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
