"""What the hosts install of this checkout: its wheels, and a wheelhouse for Debian 13's Python."""

import os
import shutil
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hosts.commands import succeed
from hosts.host import Host
from hosts.place import CHECKOUT, LabError, Place, digest

LOCK = CHECKOUT / "requirements" / "server.txt"
PACKAGED = ("portal", "wrappers", "gantry_formats", "jobtypes", "setup.py", "pyproject.toml", "README.md")
BUILT = Path("portal/web/static/dist")
KEPT = 3


@dataclass(frozen=True)
class Code:
    """Everything that the roles install of this checkout."""

    key: str
    wheels: Path
    wheelhouse: Path

    def variables(self) -> dict[str, object]:
        """For the roles `launch` and `portal`."""
        return {
            "launch_wheels": str(self.wheels),
            "portal_wheels": str(self.wheels),
            "portal_jobtypes": str(CHECKOUT / "jobtypes"),
            "portal_wheelhouse": str(self.wheelhouse),
            "portal_lock": str(LOCK),
        }


def checkout_files() -> list[Path]:
    """The files that are packaged, as git sees the working tree, and the built front end."""
    listed = succeed(
        "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *PACKAGED, cwd=CHECKOUT
    )
    files = [CHECKOUT / name for name in listed.split("\0") if name]
    files += [path for path in (CHECKOUT / BUILT).rglob("*") if path.is_file()]
    return sorted(path for path in set(files) if path.is_file())


def wheels(place: Place) -> Path:
    """A folder with the wheels of this checkout (portal, wrappers, formats), built if not there."""
    files = checkout_files()
    parts: list[str | bytes] = []
    for file in files:
        parts += [str(file.relative_to(CHECKOUT)), file.read_bytes()]
    folder = place.cache / "wheels" / digest(parts)
    if not folder.is_dir():
        with tempfile.TemporaryDirectory() as scratch:
            source, built = Path(scratch) / "source", Path(scratch) / "built"
            for file in files:
                target = source / file.relative_to(CHECKOUT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
            build = (
                sys.executable,
                "-m",
                "pip",
                "wheel",
                "--quiet",
                "--no-deps",
                "--no-build-isolation",
                "--no-index",
            )
            # The same files are to make the same wheel: the nodes keep each version of launch under its digest.
            env = {**os.environ, "SOURCE_DATE_EPOCH": "315532800"}
            succeed(*build, "-w", built, source, source / "wrappers", source / "gantry_formats", env=env)
            folder.parent.mkdir(parents=True, exist_ok=True)
            making = folder.with_name(f"{folder.name}.{os.getpid()}")
            shutil.copytree(built, making)
            try:
                making.rename(folder)
            except OSError:
                # Another process has made the very same meanwhile.
                shutil.rmtree(making)
                if not folder.is_dir():
                    raise
        _forget_all_but_newest(folder.parent)
    return folder


def wheelhouse_file(place: Place) -> Path:
    """Where the wheelhouse of this lock file is, or will be."""
    return place.cache / f"wheelhouse-{digest([LOCK.read_bytes()])}.tar"


def fill_wheelhouse(place: Place, host: Host) -> Path:
    """Let a bare Debian host, which is on, fetch what the lock file names with its own pip. Minutes, once."""
    target = wheelhouse_file(place)
    (wheelhouse_folder(host) / "lock.txt").write_bytes(LOCK.read_bytes())
    for command in (
        ("apt-get", "update", "-qq"),
        ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "python3-pip"),
        ("python3", "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--require-hashes", "-r",
         "/wheelhouse/lock.txt", "-d", "/wheelhouse"),
    ):  # fmt: skip
        done = host.run(*command, timeout=1800)
        if done.returncode:
            raise LabError(f"{' '.join(command)} failed in a Debian host:\n{done.stderr[-2000:]}")
    folder = wheelhouse_folder(host)
    making = target.with_name(f"{target.name}.{os.getpid()}")
    with tarfile.open(making, "w") as archive:
        for wheel in sorted(folder.glob("*.whl")):
            archive.add(wheel, wheel.name)
    making.rename(target)
    for other in place.cache.glob("wheelhouse-*.tar"):
        if other != target:
            other.unlink()
    return target


def wheelhouse_folder(host: Host) -> Path:
    """The folder that is /wheelhouse in the host that fills it."""
    return host.folder / "wheelhouse"


def _forget_all_but_newest(folder: Path) -> None:
    for old in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
        shutil.rmtree(old)
