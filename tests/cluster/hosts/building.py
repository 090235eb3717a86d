"""Building container images, as an ordinary user, in a Debian host of its own."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hosts import base, images, wheels
from hosts.cluster import Cluster
from hosts.host import Host
from hosts.images import Recipe
from hosts.place import LabError, alone, digest

BUILDER = "builder"
WORK = "/var/tmp/images"
FOLDER = "images"  # not "work", which is the disk's own
# zstd is read several times as fast as gzip, and written faster.
SQUASHFS = "-comp zstd -Xcompression-level 6 -no-progress"
LONGEST_S = 3600
PACKAGES = ("debootstrap", "python3-pip")
LABELS = ("org.opencontainers.", "gantry.")


@dataclass(frozen=True)
class Built:
    """One image that was made now, and how long it took."""

    name: str
    seconds: float
    size: int


def ensure(cluster: Cluster, names: Sequence[str], say: Callable[[str], None]) -> list[Built]:
    """Build those of the images, and of what they are made from, that are not in the cache."""
    place, built = cluster.place, []
    wanted = images.recipes(list(names))
    with alone(images.cache(place), say):
        missing = [recipe for recipe in wanted if images.manifest(place, recipe) is None]
        if not missing:
            return []
        layers = cluster.node_layers()
        try:
            with builder(cluster, layers) as host:
                for recipe in missing:
                    say(f"Image {recipe.name} …")
                    built.append(_build(cluster, host, recipe))
        finally:
            if all(host.pid is None for host in cluster.hosts.values()):
                cluster.network.down()
    return built


@contextmanager
def builder(cluster: Cluster, layers: Sequence[Path]) -> Iterator[Host]:
    """A host with Apptainer and an ordinary user `builder`; WORK is hers, and FOLDER beside its disk here."""
    with cluster.spare(BUILDER, 98, layers, {WORK: FOLDER}) as host:
        _succeed(host, "apt-get", "update", "-qq")
        _succeed(host, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES)
        _succeed(host, "useradd", "--create-home", BUILDER)
        _succeed(host, "chown", f"{BUILDER}:", WORK)
        yield host


def work(host: Host) -> Path:
    """WORK as this machine sees it."""
    return host.folder / FOLDER


def _build(cluster: Cluster, host: Host, recipe: Recipe) -> Built:
    began = time.monotonic()
    place, here = cluster.place, work(host)
    shutil.rmtree(here / "build", ignore_errors=True)
    (here / "build" / "apt").mkdir(parents=True)
    (here / "build/apt/debian.sources").write_text(base.sources(cluster.mirrors), encoding="utf-8")
    options = cluster.mirrors.apt_options + 'Acquire::Languages "none";\n'
    (here / "build/apt/options").write_text(options, encoding="utf-8")
    for script in images.SCRIPTS:
        shutil.copy(images.FOLDER / script, here / "build" / script)
    if recipe.lock:
        _wheels(cluster, host, recipe.lock)
        shutil.copy(recipe.lock, here / "build/wheels" / f"{recipe.name}.txt")
    parent = images.manifest(place, recipe.parent) if recipe.parent else None
    if recipe.parent and parent:
        shutil.copy(images.folder(place, recipe.parent) / parent["file"], here / f"{recipe.parent.name}.sif")
    else:
        for distribution in images.INSTALLED:
            [wheel] = wheels.wheels(place).glob(f"gantry_{distribution.removeprefix('gantry_')}-*.whl")
            shutil.copy(wheel, here / "build")
    shutil.copy(recipe.definition, here)
    arguments = {"MIRROR": cluster.mirrors.archive, "VERSION": images.version(), "SOURCE": recipe.key}
    lines = [f"{name}={value}\n" for name, value in arguments.items() if f"{{{{ {name} }}}}" in _text(recipe)]
    (here / "arguments").write_text("".join(lines), encoding="utf-8")
    _as_builder(
        host, "apptainer", "--quiet", "build", "--fakeroot", "--force", "--build-arg-file", "arguments",
        f"--mksquashfs-args={SQUASHFS}", "made.sif", f"{recipe.name}.def",
    )  # fmt: skip
    document = _manifest(host, recipe, parent["digest"] if parent else None)
    _keep(cluster, host, recipe, document)
    return Built(recipe.name, time.monotonic() - began, document["size"])


def _text(recipe: Recipe) -> str:
    return recipe.definition.read_text(encoding="utf-8")


def _wheels(cluster: Cluster, host: Host, lock: Path) -> None:
    """Put what the lock file names into build/wheels, fetched by the host's own pip if it is not kept."""
    kept = images.cache(cluster.place) / f"wheels-{digest([lock.read_bytes()])}"
    target = work(host) / "build" / "wheels"
    if not kept.is_dir():
        shutil.copy(lock, work(host) / "lock.txt")
        _as_builder(
            host, "python3", "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--require-hashes",
            "-r", "lock.txt", "-d", "fetched",
        )  # fmt: skip
        shutil.copytree(work(host) / "fetched", kept.with_name(f"{kept.name}.{os.getpid()}"))
        kept.with_name(f"{kept.name}.{os.getpid()}").rename(kept)
        shutil.rmtree(work(host) / "fetched")
    shutil.copytree(kept, target)


def _manifest(host: Host, recipe: Recipe, parent: str | None) -> dict[str, object]:
    """What is known of work/made.sif: see docs/developers/formats.md, the manifest of an image."""
    told = json.loads(_as_builder(host, "apptainer", "inspect", "--json", "--labels", "made.sif"))
    labels = told["data"]["attributes"]["labels"]
    file = work(host) / "made.sif"
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    status = file.stat()
    return {
        "schema": 1,
        "name": recipe.name,
        "file": f"{recipe.name}-{found[:16]}.sif",
        "digest": f"sha256:{found}",
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "built": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "source": recipe.key,
        "parent": parent,
        "labels": {name: value for name, value in sorted(labels.items()) if name.startswith(LABELS)},
    }


def _keep(cluster: Cluster, host: Host, recipe: Recipe, document: dict[str, object]) -> None:
    making = images.folder(cluster.place, recipe)
    making = making.with_name(f"making-{making.name}.{os.getpid()}")
    making.mkdir(parents=True)
    target = making / str(document["file"])
    shutil.move(work(host) / "made.sif", target)
    os.chown(target, 0, 0)
    target.chmod(0o644)
    os.utime(target, ns=(int(str(document["mtime_ns"])),) * 2)
    (making / images.MANIFEST).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    images.keep(cluster.place, recipe, making)


def _as_builder(host: Host, *command: str) -> str:
    """What the command printed, run by the ordinary user in WORK."""
    settings = [f"HOME={WORK}", f"APPTAINER_TMPDIR={WORK}", f"APPTAINER_CACHEDIR={WORK}/cache", "LANG=C.UTF-8"]
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return _succeed(host, "runuser", "-u", BUILDER, "--", "env", "-i", "-C", WORK, path, *settings, *command)


def _succeed(host: Host, *command: str) -> str:
    done = host.run(*command, timeout=LONGEST_S)
    if done.returncode:
        words = (done.stdout + done.stderr)[-4000:]
        raise LabError(f"In the host that builds images {' '.join(command[:3])} … failed:\n{words}")
    return done.stdout
