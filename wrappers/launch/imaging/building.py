"""The steps of making an image, each a run of the container runtime as this very account."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from gantry_formats.recipes.environment import python_fits
from gantry_formats.recipes.packages import RecipeError
from gantry_formats.recipes.reference import Reference

PIP: Final = Path("/usr/share/python-wheels")
PIP_CONFIGURATION: Final = Path("/etc/pip.conf")
APT: Final = Path("/etc/apt")
APT_SOURCES: Final = ("sources.list", "sources.list.d/debian.sources")
"""Of the node's sources those of Debian itself: keys of others are not in the image."""
MOST_CONFIGURED: Final = 1 << 16
AUTHORITIES: Final = "etc/ssl/certs/ca-certificates.crt"
SQUASHFS: Final = "-comp zstd -Xcompression-level 6 -no-xattrs -no-progress"
MOST_LISTED: Final = 1 << 20
CONTAINED: Final = ("--contain", "--no-home", "--cleanenv", "--pwd", "/")
APART: Final = ("--containall", "--no-home", "--cleanenv", "--net", "--network", "none", "--pwd", "/")


def say(words: str) -> None:
    """A line of the log, before what the next step prints."""
    sys.stdout.write(f"== {words}\n")
    sys.stdout.flush()


class Build:
    """One image in the making, in a folder of the job's own."""

    def __init__(self, runtime: str, work: Path) -> None:
        self.runtime, self.work = runtime, work
        self.box, self.bound = work / "box", work / "build"

    def run(self, verb: str, *words: str) -> None:
        """One run of the runtime, whose output is the log. Raises RecipeError where it fails."""
        code = subprocess.run(
            [self.runtime, "--quiet", verb, *words], stdin=subprocess.DEVNULL, check=False
        ).returncode
        if code:
            raise RecipeError(
                f"This step ended with exit code {code}; the lines above say why. No image was made."
            )

    def unpack(self, base: str) -> None:
        """Make the base image's files this account's. What is set-uid in it is not so here."""
        self.run("build", "--fix-perms", "--sandbox", str(self.box), base)
        self._take_rights_away()

    def fetch(self, image: Reference) -> None:
        """The same of an image of a registry, whose bytes the runtime compares with the digest."""
        plain = ["--no-https"] if image.on_loopback else []
        self.run("build", "--fix-perms", *plain, "--sandbox", str(self.box), f"docker://{image.words}")
        taken = self._take_rights_away()
        if taken:
            say(f"{taken} of its files were set-uid or set-gid, and are not so any more")

    def _take_rights_away(self) -> int:
        found = [one for one in _files(self.box) if one[1].st_mode & (stat.S_ISUID | stat.S_ISGID)]
        for path, status in found:
            path.chmod(stat.S_IMODE(status.st_mode) & 0o777)
        return len(found)

    def check_python(self, wanted: str) -> None:
        """Raise RecipeError where the image's own Python is not what was asked for: no other can be had."""
        asked = ["python3", "-c", "import platform; print(platform.python_version())"]
        (there,) = self.told("exec", *APART, str(self.box), *asked)[:1] or [""]
        if not re.fullmatch(r"[0-9]+(?:\.[0-9]+)*[a-z0-9+]*", there) or not python_fits(wanted, there):
            raise RecipeError(
                f"The environment asks for Python {wanted}, and the image that it is built on has "
                f"{there or 'none that answers'}. No image was made."
            )

    def label(self, labels: dict[str, str]) -> None:
        """Write the image's labels; before anything else's programs ran in it."""
        meta = self.box / ".singularity.d"
        meta.mkdir(exist_ok=True)
        path = meta / "labels.json"
        known: dict[str, Any] = {}
        if path.is_file() and not path.is_symlink():
            known = json.loads(path.read_text(encoding="utf-8"))
        kept = {
            name: value for name, value in known.items() if not name.startswith(("org.opencontainers.", "gantry."))
        }
        path.unlink(missing_ok=True)
        path.write_text(json.dumps(kept | labels, indent=1), encoding="utf-8")

    def bind(self) -> None:
        """Make the folder that both sides see while something is installed, and its place in the image."""
        self.bound.mkdir()
        (self.box / "build").mkdir()

    def unbind(self) -> None:
        """Take its place away again."""
        (self.box / "build").rmdir()

    def install_debian(self, packages: Sequence[str]) -> list[str]:
        """Install them from the node's own mirror of Debian; all that is there afterwards, name=version."""
        sources = [APT / name for name in APT_SOURCES if (APT / name).is_file() and (APT / name).stat().st_size]
        if not sources:
            raise RecipeError("This node has no sources of Debian packages. Ask whoever runs it.")
        (self.bound / "sources").mkdir()
        for source in sources:
            shutil.copy(source, self.bound / "sources" / source.name)
        (self.bound / "apt.conf").write_text(_apt_configuration(), encoding="utf-8")
        inside = [*CONTAINED, "--bind", f"{self.bound}:/build", "--env", "APT_CONFIG=/build/apt.conf"]
        root = [
            "exec",
            "--writable",
            "--fakeroot",
            *inside,
            "--env",
            "DEBIAN_FRONTEND=noninteractive",
            str(self.box),
        ]
        self.run(*root, "apt-get", "update", "-qq")
        self.run(*root, "apt-get", "install", "-y", "-q", "--no-install-recommends", "--", *packages)
        self.run(*root, "apt-get", "clean")
        # As root of its own: what a package left there may be closed to others.
        self.run(*root, "sh", "-c", "rm -rf /var/lib/apt/lists/* /var/log/apt /var/cache/apt/*.bin")
        asked = ["dpkg-query", "--show", "--showformat=${Package}=${Version}\n"]
        return self.told("exec", *inside, "--net", "--network", "none", str(self.box), *asked)

    def told(self, verb: str, *words: str) -> list[str]:
        """The words that one run of the runtime prints. Raises RecipeError where it fails."""
        argv = [self.runtime, "--quiet", verb, *words]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
        if done.returncode:
            raise RecipeError("What was installed could not be listed. No image was made.")
        return done.stdout[:MOST_LISTED].decode("utf-8", "replace").split()

    def install(self, requirements: Sequence[str]) -> list[str]:
        """Install them with the node's pip and its configuration; what is there afterwards, name==version."""
        wheels = sorted(PIP.glob("pip-*.whl"))
        if not wheels:
            raise RecipeError("This node has no pip for images (Debian's python3-pip-whl). Ask whoever runs it.")
        shutil.copy(wheels[-1], self.bound / "pip.whl")
        (self.bound / "requirements.txt").write_text("\n".join(requirements) + "\n", encoding="ascii")
        configuration = PIP_CONFIGURATION.read_bytes() if PIP_CONFIGURATION.is_file() else b""
        (self.bound / "pip.conf").write_bytes(configuration)
        borrowed = self._borrow_authorities()
        environment = {"PIP_CONFIG_FILE": "/build/pip.conf", "PIP_BREAK_SYSTEM_PACKAGES": "1", "TMPDIR": "/tmp"}  # noqa: S108
        settings = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
        inside = [*CONTAINED, "--bind", f"{self.bound}:/build", *settings]
        pip = [str(self.box), "python3", "/build/pip.whl/pip"]
        quiet = ["--no-input", "--disable-pip-version-check", "--no-cache-dir"]
        before = self._complaints(inside, pip)
        self.run(
            "exec", "--writable", *inside, *pip, "install", *quiet, "--progress-bar", "off", "--prefer-binary",
            "-r", "/build/requirements.txt",
        )  # fmt: skip
        new = sorted(self._complaints(inside, pip) - before)
        if new:
            raise RecipeError(f"The packages do not fit together: {'; '.join(new[:5])}. No image was made."[:2000])
        listing = [*pip, "list", "--format=freeze", "--disable-pip-version-check"]
        if not any(re.match(r"pip(?![A-Za-z0-9._-])", one, re.IGNORECASE) for one in requirements):
            listing += ["--exclude", "pip"]  # the node's own, which is not in the image
        listed = self.told("exec", *inside, "--net", "--network", "none", *listing)
        # In the container: a link that an installed package left leads nowhere else.
        if borrowed:
            self.run("exec", "--writable", *CONTAINED, str(self.box), "rm", "-f", f"/{AUTHORITIES}")
        return listed

    def _complaints(self, inside: Sequence[str], pip: Sequence[str]) -> set[str]:
        """What pip says does not fit together; a base image may be so, and is none of this build's business."""
        asked = [*inside, "--net", "--network", "none", *pip, "check", "--disable-pip-version-check"]
        done = subprocess.run(
            [self.runtime, "--quiet", "exec", *asked],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=False,
        )
        return set(done.stdout[:MOST_LISTED].decode("utf-8", "replace").splitlines()) if done.returncode else set()

    def _borrow_authorities(self) -> bool:
        """Debian's pip reads the certificates that Debian has; an image without them has the node's meanwhile."""
        ours, theirs = Path("/", AUTHORITIES), self.box / AUTHORITIES
        if theirs.exists() or not ours.is_file():
            return False
        theirs.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ours, theirs)
        return True

    def look_over(self) -> None:
        """Raise RecipeError for a file that would give somebody rights, or is no file at all."""
        for path, status in _files(self.box):
            what = trouble(status.st_mode)
            if what is None and stat.S_ISREG(status.st_mode):
                known = os.listxattr(path, follow_symlinks=False)
                what = "has rights of its own (capabilities)" if "security.capability" in known else None
            if what:
                raise RecipeError(f"/{path.relative_to(self.box)} {what}. No image was made.")

    def pack(self, image: Path, test: Sequence[str]) -> None:
        """Make one file of it, and try it as a job would run it."""
        self.run("build", f"--mksquashfs-args={SQUASHFS}", str(image), str(self.box))
        say(f"Trying it: {' '.join(test)}")
        self.run("exec", *APART, str(image), *test)

    def tidy(self) -> None:
        """Remove what is not needed any more, whatever modes installed folders have."""
        _files(self.box)
        shutil.rmtree(self.work)


def _apt_configuration() -> str:
    """The node's own settings of how packages are fetched, and where those of the build are."""
    lines = [
        'APT::Sandbox::User "root";',
        'APT::Cmd::Pattern-Only "true";',  # a name that is not there is no pattern of others
        'Acquire::Languages "none";',
        'Dir::Etc::sourcelist "/dev/null";',
        'Dir::Etc::sourceparts "/build/sources";',
    ]
    for path in sorted((APT / "apt.conf.d").glob("*")) if (APT / "apt.conf.d").is_dir() else []:
        with path.open(encoding="utf-8", errors="replace") as file:
            written = file.read(MOST_CONFIGURED).splitlines()
        lines += [line for line in written if line.startswith("Acquire::") and line.rstrip().endswith(";")]
    return "\n".join(lines) + "\n"


def trouble(mode: int) -> str | None:
    """Why a thing of this mode cannot be in an image, as the end of a sentence; else None."""
    if stat.S_ISREG(mode):
        return "is set-uid or set-gid" if mode & (stat.S_ISUID | stat.S_ISGID) else None
    return None if stat.S_ISDIR(mode) or stat.S_ISLNK(mode) else "is a device, a socket or a FIFO"


def _files(folder: Path) -> list[tuple[Path, os.stat_result]]:
    """All that lies beneath a folder but folders; links are not followed, and a closed folder is opened."""
    found = []
    for here, folders, names in os.walk(folder, onerror=_raise):
        for name in (*names, *folders):
            path = Path(here, name)
            status = path.lstat()
            if not stat.S_ISDIR(status.st_mode):
                found.append((path, status))
            elif status.st_mode & stat.S_IRWXU != stat.S_IRWXU:
                path.chmod(stat.S_IMODE(status.st_mode) | stat.S_IRWXU)
    return found


def _raise(error: OSError) -> None:
    raise error
