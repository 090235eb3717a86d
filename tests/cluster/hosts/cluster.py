"""The whole cluster: bare hosts, turned by Ansible into a facility, kept as layers, up again in seconds."""

import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hosts import base, images, layers, mirrors, playbook, wheels
from hosts.commands import succeed
from hosts.host import Host
from hosts.network import Network
from hosts.place import LabError, Place, alone, digest, need_root

# Host -> the last number of its address, and the groups of site.yml that it is in.
HOSTS = {"ctl": 11, "node1": 21, "node2": 22, "portal": 31}
GROUPS = {
    "slurm_controller": ["ctl"],
    "slurm_nodes": ["node1", "node2"],
    "gantry_images": ["ctl"],
    "gantry_portal": ["portal"],
}
CODE_NOTE = "/var/lib/gantry-lab-code"
FROM_NOTHING = " from nothing"
SLURM_SECONDS = 240
WATCHERS = Path("/proc/sys/fs/inotify/max_user_instances")
ENOUGH_WATCHERS = 1024
# sinfo's words; a star after one means that the node does not answer.
NOT_YET = ("unknown", "down", "future", "powering", "reboot")
ROOTS_HOME = "/root"
APT_OPTIONS = 'Acquire::Languages "none";\n'


@dataclass(frozen=True)
class Stage:
    """How long a step of bringing the cluster up took, in seconds."""

    name: str
    seconds: float


class Cluster:
    """The lab's hosts as one thing."""

    def __init__(self, place: Place, network: Network, say: Callable[[str], None]) -> None:
        self.place = place
        self.network = network
        self.say = say
        self.stages: list[Stage] = []

    @cached_property
    def mirrors(self) -> mirrors.Mirrors:
        """This machine's package sources."""
        return mirrors.of_this_machine()

    @cached_property
    def hosts(self) -> dict[str, Host]:
        """All hosts by name, on or off."""
        return {name: self.host(name, last) for name, last in HOSTS.items()}

    def host(self, name: str, last: int) -> Host:
        """A host of this lab."""
        return Host(name, last, self.place, self.network)

    def _files(self, name: str) -> dict[str, str]:
        """What is written onto a host's disk at each boot, because it depends on this machine."""
        names = "".join(f"{self.network.address(last)} {host}\n" for host, last in HOSTS.items())
        resolver = Path("/run/systemd/resolve/resolv.conf")
        resolver = resolver if resolver.exists() else Path("/etc/resolv.conf")
        files = {
            "/etc/hostname": f"{name}\n",
            "/etc/hosts": f"127.0.0.1 localhost\n{names}",
            "/etc/resolv.conf": resolver.read_text(encoding="utf-8"),
            "/etc/apt/sources.list.d/debian.sources": base.sources(self.mirrors),
            "/etc/apt/apt.conf.d/90lab": self.mirrors.apt_options + APT_OPTIONS,
            "/etc/pip.conf": self.mirrors.pip_config,
            f"{ROOTS_HOME}/.ssh/authorized_keys": self.place.key.with_suffix(".pub").read_text(encoding="utf-8"),
        }
        certificates = Path("/etc/ssl/certs/ca-certificates.crt")
        if certificates.exists():
            files[str(certificates)] = certificates.read_text(encoding="utf-8")
        return files

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Note how long the block took."""
        began = time.monotonic()
        self.say(f"{name} …")
        yield
        self.stages.append(Stage(name, time.monotonic() - began))

    # ---- up and down ------------------------------------------------------------------------------------------

    def prepare(self) -> Path:
        """Everything before the first host: tools, the base tree, key, bridge. The base tree's folder."""
        need_root()
        self.place.running.mkdir(parents=True, exist_ok=True)
        if self.place.cache.stat().st_uid == 0:
            self.place.running.chmod(0o700)
        with self.stage("Ansible's environment"):
            playbook.environment(self.place)
        with self.stage("Base tree"):
            tree = base.ensure(self.place, self.mirrors)
        self._make_key(tree)
        self.network.up()
        # The systemds of all labs watch files as one user; one that may not, ends at boot without a word.
        if int(WATCHERS.read_text(encoding="ascii")) < ENOUGH_WATCHERS:
            WATCHERS.write_text(f"{ENOUGH_WATCHERS}\n", encoding="ascii")
        return tree

    def _make_key(self, tree: Path) -> None:
        self.place.key.parent.mkdir(exist_ok=True, mode=0o700)
        if not self.place.key.exists():
            succeed("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", self.place.key)
        public = (tree / "etc/ssh/ssh_host_ed25519_key.pub").read_text(encoding="utf-8").split()
        lines = [f"{self.network.address(last)},{name} {public[0]} {public[1]}\n" for name, last in HOSTS.items()]
        self.place.known_hosts.write_text("".join(lines), encoding="utf-8")

    def up(self) -> None:
        """Bring up what is not up: from layers where they fit, else from the bare base through Ansible."""
        with alone(self.place.cache, self.say), alone(self.place.running, self.say):
            self._up()

    def _up(self) -> None:
        tree = self.prepare()
        code = self._code(tree)
        keys = {name: self._key(name) for name in HOSTS}
        everything = digest([*keys.values(), *images.made(self.place)])
        whole = layers.restore_shared(self.place, everything)
        with self.stage("Boot"), ThreadPoolExecutor(len(HOSTS)) as pool:
            list(pool.map(lambda name: self._boot(name, tree, keys), HOSTS))
        bare = [name for name in HOSTS if self.hosts[name].disk == keys[name] + FROM_NOTHING]
        stale = [name for name in HOSTS if not str(self.hosts[name].disk).startswith(keys[name])]
        if bare or stale or not whole:
            with self.stage(f"Ansible: {', '.join(bare + stale)}"):
                self._apply()
        elif not self._has_code(code):
            with self.stage("This checkout's code"):
                self._apply("--tags", "code")
        for name in stale:
            self.hosts[name].mark(f"{keys[name]} brought up to date")
        self._note_code(code)
        if bare or not whole:
            layers.keep_shared(self.place, everything)
        if bare:
            with self.stage("Keep as layers"):
                self._keep(bare, tree, keys)
        with self.stage("Slurm"):
            self._wait_for_slurm()

    def _code(self, tree: Path) -> wheels.Code:
        """Wheels of this checkout, and what they need, fetched in a Debian host of its own."""
        with self.stage("Wheels of this checkout"):
            built = wheels.wheels(self.place)
        house = wheels.wheelhouse_file(self.place)
        if not house.exists():
            errand = self.spare("wheels", 99, [tree], {"/wheelhouse": "wheelhouse"})
            with self.stage("Wheelhouse"), errand as host:
                wheels.fill_wheelhouse(self.place, host)
        return wheels.Code(digest([built.name, house.name]), built, house)

    @contextmanager
    def spare(
        self, name: str, last: int, lower: Sequence[Path], folders: Mapping[str, str], disk: str = "spare"
    ) -> Iterator[Host]:
        """A host for one errand, forgotten at the end. `folders`: path in the host -> a folder beside its disk."""
        host = self.host(name, last)
        # Whoever was here before may have been killed.
        host.kill()
        host.wipe()
        binds = {path: (host.folder / folder, "rw") for path, folder in folders.items()}
        for source, _mode in binds.values():
            source.mkdir(parents=True, exist_ok=True)
        host.boot(lower, disk, binds=binds, files=self._files(name))
        try:
            yield host
        finally:
            host.kill()
            host.wipe()

    def node_layers(self) -> list[Path]:
        """What a compute node's disk lies over: any that is kept will do; else the cluster is made."""
        tree = self.prepare()
        found = self._layer("node1", {"node1": self._key("node1")}) or layers.newest(self.place, "node1")
        if found is None:
            self.up()
            self.down()
            found = layers.newest(self.place, "node1")
        assert found
        return [found.tree, tree]

    def _has_code(self, code: wheels.Code) -> bool:
        """Whether each host has this very code, as noted on it: its layer may be older than another's."""
        return all(host.run("cat", CODE_NOTE).stdout == code.key for host in self.hosts.values())

    def _note_code(self, code: wheels.Code) -> None:
        for host in self.hosts.values():
            host.run("sh", "-c", f"printf %s {code.key} >{CODE_NOTE}")

    def _wait_for_slurm(self) -> None:
        """Until all nodes answer and the controller has told the accounting daemon where it is.

        Before that, associations that are added reach the controller only when it is started again.
        """
        ctl = self.hosts["ctl"]
        deadline = time.monotonic() + SLURM_SECONDS
        while time.monotonic() < deadline:
            asked = ctl.run("sinfo", "--noheader", "--Node", "-o", "%T")
            states = set(asked.stdout.split())
            answering = states and not any(s.startswith(NOT_YET) or s.endswith("*") for s in states)
            known = ctl.run("sacctmgr", "-nP", "show", "cluster", "format=controlhost,controlport")
            if asked.returncode == 0 and answering and re.search(r"[^|\s]\|[1-9]", known.stdout):
                return
            time.sleep(0.2)
        raise LabError(f"Slurm does not come up: {asked.stdout}{asked.stderr}{known.stdout}{known.stderr}")

    def power_on(self, name: str) -> None:
        """Switch a host on again after a lost power cord."""
        self.hosts[name].power_on()

    def inventory(self) -> Path:
        """Write and return the inventory."""
        code = wheels.Code("", wheels.wheels(self.place), wheels.wheelhouse_file(self.place))
        variables = code.variables() | {"images_built": images.made(self.place)}
        return playbook.write_inventory(self.place, self.hosts, GROUPS, variables)

    def apply(self, *words: str) -> playbook.Recap:
        """Run site.yml on all hosts."""
        with alone(self.place.running, self.say):
            return self._apply(*words)

    def _apply(self, *words: str) -> playbook.Recap:
        return playbook.run(self.place, self.inventory(), *words)

    def down(self, *, wipe: bool = False) -> None:
        """Switch all hosts off; `wipe` forgets their disks and the common file system too. Caches stay."""
        for host in self.hosts.values():
            host.kill()
            if wipe:
                host.wipe()
        self.network.down()
        if wipe and self.place.shared.exists():
            shutil.rmtree(self.place.shared)

    def _key(self, name: str) -> str:
        house = wheels.wheelhouse_file(self.place).name if name == "portal" else ""
        groups = [group for group, names in GROUPS.items() if name in names]
        return playbook.key(
            self.place, ["all", *groups], [base.key(), name, *(f"{k}={v}" for k, v in HOSTS.items()), house]
        )

    def _layer(self, name: str, keys: dict[str, str]) -> layers.Layer | None:
        return layers.find(self.place, name, keys[name])

    def _boot(self, name: str, tree: Path, keys: dict[str, str]) -> None:
        host = self.hosts[name]
        if host.pid is not None:
            return
        host.kill()
        layer = self._layer(name, keys)
        lower = [layer.tree, tree] if layer else [tree]
        disk = keys[name] + ("" if layer else FROM_NOTHING)
        host.boot(lower, disk, binds={"/shared": (self.place.shared, "rw")}, files=self._files(name))

    def _keep(self, names: list[str], tree: Path, keys: dict[str, str]) -> None:
        for name in names:
            host = self.hosts[name]
            packages = layers.installed(host)
            host.switch_off()
            layers.keep(self.place, host, keys[name], packages)
            host.wipe()
        with ThreadPoolExecutor(len(names)) as pool:
            list(pool.map(lambda name: self._boot(name, tree, keys), names))
