"""Runs as the first process of a host's namespaces: builds its root file system and becomes systemd.

Usage: init.py ORDER.json; started by hosts.host, with nothing of the project importable.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

# Names and numbers from the kernel's Documentation/admin-guide/devices.txt.
DEVICES = {
    "null": (1, 3),
    "zero": (1, 5),
    "full": (1, 7),
    "random": (1, 8),
    "urandom": (1, 9),
    "tty": (5, 0),
    "fuse": (10, 229),
}
LINKS = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}


def mount(*words: str | Path) -> None:
    """mount(8)."""
    subprocess.run(["mount", *(str(word) for word in words)], check=True)


def disk(order: dict[str, object], root: Path) -> None:
    """The host's own copy-on-write disk, and the common file systems that it mounts."""
    lower = ":".join(str(layer) for layer in order["lower"])  # type: ignore[attr-defined]
    mount("--make-rprivate", "/")
    options = f"lowerdir={lower},upperdir={order['upper']},workdir={order['work']}"
    mount("-t", "overlay", "overlay", "-o", options, root)
    binds: dict[str, list[str]] = order["binds"]  # type: ignore[assignment]
    for target, (source, mode) in binds.items():
        inside = root / target.lstrip("/")
        inside.mkdir(parents=True, exist_ok=True)
        mount("--bind", source, inside)
        if mode == "ro":
            mount("-o", "remount,bind,ro", inside)
    files: dict[str, str] = order["files"]  # type: ignore[assignment]
    for name, text in files.items():
        file = root / name.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_symlink() or not file.exists() or file.read_text(encoding="utf-8") != text:
            file.unlink(missing_ok=True)
            file.write_text(text, encoding="utf-8")


def kernel_file_systems(root: Path) -> None:
    """/proc, /sys, cgroups and a small /dev."""
    mount("-t", "proc", "proc", root / "proc")
    mount("-t", "sysfs", "sysfs", root / "sys")
    mount("-t", "cgroup2", "cgroup2", root / "sys/fs/cgroup")
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", root / "run")
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", root / "tmp")
    dev = root / "dev"
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", dev)
    (dev / "pts").mkdir()
    (dev / "shm").mkdir()
    mount("-t", "devpts", "-o", "gid=5,mode=620,ptmxmode=666", "devpts", dev / "pts")
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", dev / "shm")
    os.umask(0)
    for name, (major, minor) in DEVICES.items():
        # /dev/fuse is for everybody: Apptainer mounts images as the person who runs it.
        os.mknod(dev / name, stat.S_IFCHR | 0o666, os.makedev(major, minor))
    os.umask(0o022)
    for name, target in LINKS.items():
        (dev / name).symlink_to(target)


def main() -> None:
    """Never returns: the process becomes the host's systemd."""
    order = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    root = Path(order["root"])
    os.umask(0o022)
    disk(order, root)
    # A key that others could read would be refused by sshd.
    (root / "root/.ssh").chmod(0o700)
    subprocess.run(["hostname", order["name"]], check=True)
    kernel_file_systems(root)
    if shutil.which("pivot_root") is None:
        sys.exit("pivot_root is missing")
    (root / "mnt").mkdir(exist_ok=True)
    os.chdir(root)
    subprocess.run(["pivot_root", ".", "mnt"], check=True)
    os.chroot(".")
    os.chdir("/")
    # umount lies in the new root now; lazily, as this interpreter still uses the old one.
    subprocess.run(["/bin/umount", "-l", "/mnt"], check=True)
    os.execve(
        "/lib/systemd/systemd", ["systemd"], {"container": "gantry-lab", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    )


if __name__ == "__main__":
    main()
