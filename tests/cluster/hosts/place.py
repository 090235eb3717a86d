"""Where the lab's parts lie, and the words in which it refuses to work."""

import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]


class LabError(Exception):
    """The lab cannot do what was asked; the text says why, and what would help."""


class UsageError(LabError):
    """The command line is mistyped; the text says how."""


@dataclass(frozen=True)
class Place:
    """The lab's folder outside the checkout.

    `cache` outlives every cluster (base tree, layers, wheelhouses, tools); `running` is the present one.
    `name` tells labs apart that are up at the same time; the usual one has none.
    """

    cache: Path
    name: str = ""

    @property
    def running(self) -> Path:
        """State of the hosts that run now: their disks, processes, key and common file system."""
        return self.cache / (f"lab-{self.name}" if self.name else "lab")

    @property
    def shared(self) -> Path:
        """The common file system, bound to /shared in every host."""
        return self.running / "shared"

    @property
    def key(self) -> Path:
        """The private key with which ssh enters the hosts."""
        return self.running / "ssh" / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """The hosts' public keys."""
        return self.running / "ssh" / "known_hosts"


def the_place() -> Place:
    """The place named by GANTRY_CACHE, else /var/cache/gantry; the lab named by GANTRY_LAB, else the usual one."""
    return Place(Path(os.environ.get("GANTRY_CACHE") or "/var/cache/gantry").absolute(), lab_name())


def lab_name() -> str:
    """The word in GANTRY_LAB. Raises LabError unless it fits into the name of a network link."""
    name = os.environ.get("GANTRY_LAB", "")
    if not re.fullmatch("[a-z0-9]{0,4}", name):
        raise LabError(f"GANTRY_LAB={name} must be one to four small letters or digits.")
    return name


@contextmanager
def alone(folder: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Only one process changes what lies in a folder of the lab's at a time; others wait here, and say so."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Somebody else is at work on the lab; waiting …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def need_root() -> None:
    """Raise LabError unless this process may make namespaces, bridges and mounts."""
    if os.geteuid() != 0:
        raise LabError("The lab makes namespaces, a bridge and mounts: it needs root (sudo ./run lab …).")


def digest(parts: Iterable[str | bytes]) -> str:
    """Sixteen hex digits that stand for these parts in this order."""
    sha = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        sha.update(len(data).to_bytes(8, "big") + data)
    return sha.hexdigest()[:16]


def digest_of_files(paths: Iterable[Path], root: Path) -> str:
    """Digest of names, modes and contents of files; folders are walked."""
    parts: list[str | bytes] = []
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            if "__pycache__" in file.parts:
                continue
            parts += [str(file.relative_to(root)), oct(file.stat().st_mode & 0o111), file.read_bytes()]
    return digest(parts)
