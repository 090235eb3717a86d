"""The bare Debian host that every host starts as: made once, kept under a key of what it is made from."""

import os
import shutil
from pathlib import Path

from hosts.commands import attempt, succeed
from hosts.mirrors import Mirrors
from hosts.place import LabError, Place, digest

SUITE = "trixie"
# What an installed Debian server has and `minbase` lacks, as far as ssh and Ansible need it.
PACKAGES = (
    "acl", "ca-certificates", "dbus", "iproute2", "less", "openssh-server", "procps", "python3", "python3-apt",
    "sudo", "systemd", "systemd-sysv",
)  # fmt: skip
FORM = "4"  # raise it when what this module does to the tree changes
DPKG = """\
# A lost power cord costs a cluster made for tests nothing.
force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/info/*
"""


def key() -> str:
    """Changes when the base tree would."""
    return digest([FORM, SUITE, DPKG, *PACKAGES])


def ensure(place: Place, mirrors: Mirrors) -> Path:
    """The base tree's folder, made if it is not there (about a minute)."""
    folder = place.cache / f"base-{key()}"
    if folder.is_dir():
        return folder
    making = folder.with_name(f"{folder.name}.{os.getpid()}")
    making.mkdir(parents=True)
    try:
        _make(making, mirrors)
        making.rename(folder)
    finally:
        if making.exists():
            shutil.rmtree(making)
    return folder


def _make(tree: Path, mirrors: Mirrors) -> None:
    if attempt("debootstrap", "--version").returncode:
        raise LabError("debootstrap does not work here: apt-get install debootstrap")
    settings = tree / "etc/dpkg/dpkg.cfg.d"
    settings.mkdir(parents=True)
    (settings / "lab").write_text(DPKG, encoding="utf-8")
    succeed(
        "debootstrap", "--variant=minbase", "--merged-usr", f"--include={','.join(PACKAGES)}",
        SUITE, tree, mirrors.archive, timeout=1800,
    )  # fmt: skip
    for deb in (tree / "var/cache/apt/archives").glob("*.deb"):
        deb.unlink()
    # The mirrors' addresses come at boot, from the machine that boots.
    (tree / "etc/apt/sources.list").unlink(missing_ok=True)
    ssh = tree / "etc/ssh/sshd_config.d"
    (ssh / "lab.conf").write_text("PermitRootLogin prohibit-password\nUseDNS no\n", encoding="utf-8")
    # The kernel is this machine's; its modules are not the host's to load.
    (tree / "etc/systemd/system/systemd-modules-load.service").symlink_to("/dev/null")
    machine_id = tree / "etc/machine-id"
    machine_id.unlink(missing_ok=True)
    machine_id.write_text("", encoding="utf-8")


def sources(mirrors: Mirrors) -> str:
    """A host's deb822 package sources."""
    signed = "Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp\n"
    stanza = "Types: deb\nURIs: {}\nSuites: {}\nComponents: main\n" + signed
    parts = [stanza.format(mirrors.archive, f"{SUITE} {SUITE}-updates")]
    if mirrors.security:
        parts.append(stanza.format(mirrors.security, f"{SUITE}-security"))
    return "\n".join(parts)
