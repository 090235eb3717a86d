"""The previous release, taken from this repository's history, installed as a site has it: at one path for ever.

An upgrade puts other files at the same path, beneath processes that go on. So does `Installation.upgrade`.
"""

import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
NAMED = REPOSITORY / "tests" / "flow" / "upgrade" / "PREVIOUS"
PARTS = ("portal", "wrappers", "jobtypes")
"""What an installation of the previous release is made of."""
PARTS_NOW = (*PARTS, "gantry_formats")
NO_CODE = shutil.ignore_patterns("frontend", "static", "*.egg-info", "build")


def previous_commit() -> str:
    """The whole id of the commit that PREVIOUS names."""
    return NAMED.read_text(encoding="ascii").split()[0]


def git(*words: str) -> bytes:
    """What git answers about this repository. Fails the test in words if it is not there, or not whole."""
    # Tests as root may be about somebody else's checkout.
    command = ["git", "-c", f"safe.directory={REPOSITORY}", "-C", str(REPOSITORY), *words]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        pytest.fail(
            f"Upgrades are tested from {previous_commit()}, which this checkout's history does not give: {said}\n"
            "A shallow clone becomes whole by: git fetch --unshallow",
            pytrace=False,
        )
    return done.stdout


def files_of_previous(*paths: str) -> dict[str, str]:
    """The text files of the previous release beneath these paths, by name."""
    found = {}
    with tarfile.open(fileobj=BytesIO(git("archive", previous_commit(), "--", *paths))) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                found[member.name] = file.read().decode("utf-8", errors="replace")
    return found


@dataclass(frozen=True)
class Installation:
    """A Python environment and, at a path that stays, the code of one release."""

    folder: Path

    @property
    def python(self) -> Path:
        """Runs the code that is installed now."""
        return self.folder / "venv" / "bin" / "python"

    @property
    def code(self) -> Path:
        """Where the code is, of whichever release."""
        return self.folder / "code"

    def upgrade(self) -> None:
        """Put this checkout's code where the previous release's was, all at once."""
        fresh = self.folder / "fresh"
        for part in PARTS_NOW:
            shutil.copytree(REPOSITORY / part, fresh / part, ignore=NO_CODE)
        self.code.rename(self.folder / "code-before")
        fresh.rename(self.code)

    def run(self, *words: str | Path, timeout: float = 60) -> "subprocess.CompletedProcess[str]":
        """Run its Python as a unit does: in no folder of its own, with nothing of the tests' environment."""
        return subprocess.run(
            [self.python, *words],
            cwd="/",
            env=plain_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def processes(self) -> Iterator[int]:
        """The ids of what its Python runs now: no other installation lies at this path."""
        own = os.fsencode(self.python)
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended meanwhile
                if (folder / "cmdline").read_bytes().split(b"\0")[0] == own:
                    yield int(folder.name)

    def end_all(self) -> None:
        """End what still runs: daemons that were left alive, jobs whose gates nobody opened, in any order."""
        while left := list(self.processes()):
            for process in left:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.05)


def plain_environment() -> dict[str, str]:
    """This process's, without what would lead to other code or settings."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GANTRY_", "PYTHON", "VIRTUAL_ENV"))
    }


def install_previous(folder: Path) -> Installation:
    """Install the previous release, with the packages of the environment that the tests run in."""
    made = Installation(folder)
    made.code.mkdir(parents=True)
    with tarfile.open(
        fileobj=BytesIO(git("archive", previous_commit(), "--", *PARTS, "tests/support"))
    ) as archive:
        archive.extractall(made.code, filter="data")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    (site_packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    # Its own code comes first; this checkout's is on nobody's path.
    (site_packages / "release.pth").write_text("\n".join([str(made.code), *_packages()]) + "\n")
    made.run("-m", "compileall", "-q", made.code)
    return made


def _packages() -> Sequence[str]:
    return [path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"}]
