"""The package sources of this machine, read anew each time: no address of a mirror is ever written down here."""

import os
import re
import sys
from dataclasses import dataclass

from hosts.commands import attempt, succeed
from hosts.place import LabError

APT_OPTIONS = re.compile(r'^(Acquire::(?:Check-Valid-Until|Check-Date|https?::Proxy)\S*) "(.*)";$', re.MULTILINE)
PIP_OPTIONS = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout")


@dataclass(frozen=True)
class Mirrors:
    """Where Debian's archives are for this machine; `security` is None where the machine has no such source."""

    archive: str
    security: str | None
    apt_options: str
    pip_config: str


def of_this_machine() -> Mirrors:
    """Read apt's and pip's own configuration. Raises LabError where apt has no archive of Debian."""
    found = _debian_archives()
    if "Debian" not in found:
        raise LabError(
            "apt on this machine has no source of Debian itself; is this Debian, and was apt-get update run?"
        )
    options = APT_OPTIONS.findall(succeed("apt-config", "dump"))
    apt_options = "".join(f'{name} "{value}";\n' for name, value in options)
    return Mirrors(found["Debian"], found.get("Debian-Security"), apt_options, _pip_config())


def _debian_archives() -> dict[str, str]:
    """Label -> address of every archive whose Origin is Debian, as apt itself understood its sources."""
    listed = succeed(
        "apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages"
    )
    found: dict[str, str] = {}
    for line in listed.splitlines():
        origin, label, address = line.split("|", 2)
        if origin == "Debian":
            found.setdefault(label, address.rstrip("/"))
    return found


def _pip_config() -> str:
    """A pip.conf for a host: what this machine's pip was told, less what lies on this machine's own disk."""
    told = dict(
        re.findall(
            r"^global\.([\w-]+)='(.*)'$", attempt(sys.executable, "-m", "pip", "config", "list").stdout, re.M
        )
    )
    lines = ["[global]"]
    for option in PIP_OPTIONS:
        value = os.environ.get("PIP_" + option.upper().replace("-", "_")) or told.get(option, "")
        words = [word for word in value.split() if not word.startswith(("file:", "/"))]
        if words:
            lines.append(f"{option} = {' '.join(words)}")
    return "\n".join(lines) + "\n"
