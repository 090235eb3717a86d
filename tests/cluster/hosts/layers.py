"""What Ansible made of a bare host, kept as a read-only layer under a key of all that it was made from."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hosts.commands import succeed
from hosts.host import Host
from hosts.place import LabError, Place

SHARED = "shared"


@dataclass(frozen=True)
class Layer:
    """The difference between the base tree and a host that has been made into something."""

    folder: Path

    @property
    def tree(self) -> Path:
        """The files, to be laid over the base tree."""
        return self.folder / "tree"

    @property
    def packages(self) -> dict[str, str]:
        """Debian packages in it and their versions."""
        told = json.loads((self.folder / "packages.json").read_text(encoding="utf-8"))
        return {str(name): str(version) for name, version in told.items()}


def find(place: Place, name: str, key: str) -> Layer | None:
    """The layer of this name and key, if it is kept."""
    layer = Layer(_folder(place, name, key))
    return layer if layer.folder.is_dir() else None


def newest(place: Place, name: str) -> Layer | None:
    """The layer of this name that was made last, whatever from."""
    whole = [folder for folder in (place.cache / "layers").glob(f"{name}-*") if "." not in folder.name]
    kept = sorted(whole, key=lambda folder: folder.stat().st_mtime)
    return Layer(kept[-1]) if kept else None


def keep(place: Place, host: Host, key: str, packages: Mapping[str, str]) -> Layer:
    """Turn the disk of a host that has been switched off into a layer; older layers of the host are forgotten."""
    if host.pid is not None:
        raise LabError(f"{host.name} is on; its disk cannot become a layer.")
    folder = _folder(place, host.name, key)
    making = folder.with_name(f"{folder.name}.{os.getpid()}")
    making.mkdir(parents=True)
    (host.folder / "upper").rename(making / "tree")
    (making / "packages.json").write_text(json.dumps(dict(packages), indent=1, sort_keys=True), encoding="utf-8")
    making.rename(folder)
    used = _in_use(place)
    for other in folder.parent.glob(f"{host.name}-*"):
        if other != folder and str(other / "tree") not in used:
            shutil.rmtree(other)
    return Layer(folder)


def _in_use(place: Place) -> set[str]:
    """The layers beneath the disks of any lab's hosts, on or off."""
    orders = place.cache.glob("lab*/hosts/*/order.json")
    return {lower for order in orders for lower in json.loads(order.read_text(encoding="utf-8"))["lower"]}


def keep_shared(place: Place, key: str) -> None:
    """Keep a copy of the common file system as the roles made it, once for a key."""
    folder = _folder(place, SHARED, key)
    if folder.exists():
        return
    making = folder.with_name(f"{folder.name}.{os.getpid()}")
    making.mkdir(parents=True)
    succeed("cp", "-a", f"{place.shared}/.", making)
    making.rename(folder)
    for other in folder.parent.glob(f"{SHARED}-*"):
        if other != folder:
            shutil.rmtree(other)


def restore_shared(place: Place, key: str) -> bool:
    """Fill an empty common file system with what was kept; False if it is empty and nothing is kept."""
    place.shared.mkdir(exist_ok=True)
    if any(place.shared.iterdir()):
        return True
    folder = _folder(place, SHARED, key)
    if not folder.is_dir():
        return False
    succeed("cp", "-a", f"{folder}/.", place.shared)
    return True


def installed(host: Host) -> dict[str, str]:
    """Debian packages of a host that is on, with their versions."""
    listed = host.run("dpkg-query", "-W", "-f", "${Package} ${Version}\n").stdout
    pairs = (line.split(" ", 1) for line in listed.splitlines())
    return {pair[0]: pair[1] for pair in pairs}


def _folder(place: Place, name: str, key: str) -> Path:
    return place.cache / "layers" / f"{name}-{key}"
