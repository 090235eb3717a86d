"""One host: boot it from layers, run in it, cut it off, switch it off, pull its plug."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hosts import network as net
from hosts.commands import attempt, succeed
from hosts.network import Network
from hosts.place import LabError, Place

BOOT_SECONDS = 240


@dataclass(frozen=True)
class Host:
    """A host by its name and the last number of its address."""

    name: str
    last: int
    place: Place
    network: Network

    @property
    def address(self) -> str:
        """Its address on the lab's bridge."""
        return self.network.address(self.last)

    @property
    def folder(self) -> Path:
        """Its disk and state on this machine."""
        return self.place.running / "hosts" / self.name

    @property
    def link(self) -> str:
        """Its cable, at the bridge's end."""
        return self.network.link(self.last)

    @property
    def _cgroup(self) -> Path:
        return _cgroup2() / f"{self.network.bridge}-{self.name}"

    @property
    def pid(self) -> int | None:
        """Its first process as this machine sees it; None if the host is off."""
        try:
            recorded = json.loads((self.folder / "init.json").read_text(encoding="utf-8"))
            pid = int(recorded["pid"])
            return pid if started(pid) == recorded["started"] else None
        except (FileNotFoundError, ProcessLookupError):
            return None

    @property
    def disk(self) -> str | None:
        """What its disk was made as; None if it has none."""
        try:
            return (self.folder / "disk").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def boot(
        self, lower: Sequence[Path], disk: str, *, binds: Mapping[str, tuple[Path, str]], files: Mapping[str, str]
    ) -> None:
        """Switch the host on with these layers beneath its own disk, and wait until systemd says that it is up.

        `disk` names what the disk is made from; a disk that was made as something else is forgotten first.
        `binds` maps a path in the host to (path here, "rw" or "ro"); `files` are written onto the disk.
        """
        if self.pid is not None:
            raise LabError(f"{self.name} is on already.")
        if self.disk not in {None, disk}:
            self.wipe()
        for name in ("upper", "work", "root"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        order = {
            "name": self.name,
            "root": str(self.folder / "root"),
            "upper": str(self.folder / "upper"),
            "work": str(self.folder / "work"),
            "lower": [str(layer) for layer in lower],
            "binds": {target: [str(source), mode] for target, (source, mode) in binds.items()},
            "files": dict(files),
        }
        self.mark(disk)
        (self.folder / "order.json").write_text(json.dumps(order), encoding="utf-8")
        self._start()

    def mark(self, disk: str) -> None:
        """Note what its disk has become."""
        (self.folder / "disk").write_text(disk, encoding="utf-8")

    def power_on(self) -> None:
        """Switch a host on again with the disk that it had."""
        if self.pid is not None:
            raise LabError(f"{self.name} is on already.")
        if self.disk is None:
            raise LabError(f"{self.name} has no disk.")
        self.kill()
        self._start()

    def _start(self) -> None:
        init = self._unshare()
        # Other threads may ask for the host's pid in this moment: the note is there whole or not at all.
        written = self.folder / "init.json.new"
        written.write_text(json.dumps({"pid": init, "started": started(init)}), encoding="utf-8")
        written.rename(self.folder / "init.json")
        self.network.plug(self.link, init, self.last)
        self._wait_until_up()

    def _unshare(self) -> int:
        """Start init.py in namespaces and a control group of its own; its pid out here."""
        self._cgroup.mkdir(exist_ok=True)
        enter = (
            "import os, sys; open(sys.argv[1], 'w').write(str(os.getpid()));"
            "os.execvp('unshare', ['unshare', '-m', '-u', '-i', '-p', '-n', '-C', '-f', *sys.argv[2:]])"
        )
        script = Path(__file__).with_name("init.py")
        with (self.folder / "console.log").open("wb") as console:
            outer = subprocess.Popen(
                [sys.executable, "-c", enter, self._cgroup / "cgroup.procs",
                 sys.executable, script, self.folder / "order.json"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < deadline and outer.poll() is None:
            children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text(encoding="ascii").split()
            if children and Path(f"/proc/{children[0]}/comm").read_text(encoding="utf-8").strip() == "systemd":
                return int(children[0])
            time.sleep(0.02)
        console_log = (self.folder / "console.log").read_text(encoding="utf-8", errors="replace")
        raise LabError(f"{self.name} did not start:\n{console_log[-2000:]}")

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + BOOT_SECONDS
        state = ""
        while time.monotonic() < deadline:
            state = self.run("systemctl", "is-system-running").stdout.strip()
            if state in {"running", "degraded"}:
                return
            time.sleep(0.1)
        raise LabError(f"{self.name} did not come up (systemd says {state!r}); see {self.folder / 'console.log'}")

    def run(self, *command: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command in the host as its root, without ssh. Raises LabError if the host is off."""
        pid = self.pid
        if pid is None:
            raise LabError(f"{self.name} is off.")
        env = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "HOME": "/root",
        }
        return attempt(
            "nsenter",
            "-t",
            str(pid),
            "-m",
            "-u",
            "-i",
            "-n",
            "-p",
            "-C",
            "-r",
            "-w",
            "--",
            *command,
            env=env,
            timeout=timeout,
        )

    def switch_off(self) -> None:
        """Shut down in order, so that databases close; pull the plug if that does not end."""
        if self.pid is not None:
            self.run("systemctl", "--no-block", "poweroff")
            deadline = time.monotonic() + BOOT_SECONDS
            while self.pid is not None and time.monotonic() < deadline:
                time.sleep(0.05)
        self.kill()

    def kill(self) -> None:
        """Pull the plug: every process of the host ends at once."""
        group = self._cgroup
        if group.exists():
            (group / "cgroup.kill").write_text("1", encoding="ascii")
            deadline = time.monotonic() + BOOT_SECONDS
            while (
                "populated 1" in (group / "cgroup.events").read_text(encoding="ascii")
                and time.monotonic() < deadline
            ):
                time.sleep(0.02)
            for inner in sorted(group.rglob("*/"), reverse=True):
                if inner.is_dir():
                    inner.rmdir()
            group.rmdir()
        attempt("ip", "link", "del", self.link)
        (self.folder / "init.json").unlink(missing_ok=True)

    def wipe(self) -> None:
        """Forget the disk of a host that is off."""
        if self.pid is not None:
            raise LabError(f"{self.name} is on; its disk cannot be forgotten.")
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def unplug(self) -> None:
        """Pull the network cable."""
        succeed("ip", "link", "set", self.link, "down")

    def plug_in(self) -> None:
        """Put the cable back."""
        succeed("ip", "link", "set", self.link, "up")

    def cut(self, other: "Host") -> None:
        """Lose all packets between this host and another, both ways, without either being told."""
        net.drop_between(self._on(), other.address)

    def mend(self, other: "Host") -> None:
        """Let packets pass again."""
        net.mend_between(self._on(), other.address)

    def _on(self) -> int:
        pid = self.pid
        if pid is None:
            raise LabError(f"{self.name} is off.")
        return pid


def started(pid: int) -> str:
    """When a process started, in ticks since boot: with the pid, its identity."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]


def _cgroup2() -> Path:
    """Where this machine has the second version of control groups, alone or beside the first."""
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, target, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(target)
    raise LabError("This machine has no cgroup2 file system mounted.")
