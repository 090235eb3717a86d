"""What is recorded of an image where Apptainer is: by root, whose question runs as nobody, confined."""

import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hosts.cluster import Cluster

from portal.client.http import Document

PROBE = """#!/usr/bin/python3
import json, os, sys
nets = [line.split(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]]
print(json.dumps([sys.argv[1:], os.getuid(), nets, os.path.exists("/shared"), os.path.exists("/etc/slurm")]))
"""


@pytest.fixture
def staged(cluster: Cluster, images: dict[str, Document]) -> Iterator[Path]:
    """A folder of its own with the image base, which root of a node may write; this machine's path of it."""
    folder = cluster.place.shared / "images" / f"try-{uuid.uuid4().hex[:8]}"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    manifest = images["base"]
    for name in (str(manifest["file"]), f"{manifest['file']}.json", "base.json"):
        shutil.copy2(cluster.place.shared / "images" / name, folder / name)
    yield folder
    shutil.rmtree(folder)


def record(cluster: Cluster, folder: Path, *programs: str) -> Document:
    """What `gantry-images record` kept, run by root on node1 with this checkout's code."""
    code = folder / "code"
    if not code.exists():
        shutil.copytree(Path(__file__).parents[2] / "portal" / "images", code / "portal" / "images")
        shutil.copytree(Path(__file__).parents[2] / "portal" / "files", code / "portal" / "files")
        for name in ("__init__.py", "errors.py", "documents.py", "failpoints.py", "times.py"):
            shutil.copy(Path(__file__).parents[2] / "portal" / name, code / "portal" / name)
    words = [word for name in programs for word in ("--program", name)]
    there = f"/shared/images/{folder.name}"
    done = cluster.hosts["node1"].run(
        "env", "-C", "/", f"PYTHONPATH={there}/code", "PYTHONDONTWRITEBYTECODE=1", "python3", "-P", "-m",
        "portal.images", "record", there, "base", *words, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = folder.glob("*.recorded")
    found: Document = json.loads(file.read_text())
    return found


def test_labels_and_helps_of_an_image_are_those_that_it_has(cluster: Cluster, staged: Path) -> None:
    found = record(cluster, staged, "tar", "python3", "no-such-program")
    assert found["unknown"] == ""
    assert found["labels"]["org.opencontainers.image.title"] == "Gantry base"
    tar, python, missing = found["helps"]
    assert "GNU 'tar' saves many files together" in tar["text"]
    assert (tar["code"], python["code"]) == (0, 0)
    assert "usage: " in python["text"]
    assert (missing["text"], missing["unknown"]) == ("", "The image has no program of that name.")


def test_the_program_is_asked_as_nobody_without_network_and_the_hosts_files(
    cluster: Cluster, staged: Path
) -> None:
    host = cluster.hosts["node1"]
    (staged / "probe").write_text(PROBE)
    there = f"/shared/images/{staged.name}"
    script = f"""
        set -e; umask 022
        work=$(mktemp -d); chmod 755 $work; cd $work
        cat >build.sh <<'BUILD'
        set -e; export HOME=$PWD
        apptainer --quiet build --sandbox box $1/base-*.sif
        cp $1/probe box/usr/bin/probe; chmod 755 box/usr/bin/probe
        apptainer --quiet build probe.sif box
BUILD
        chown maya . && runuser -u maya -- sh build.sh {there}
        cp probe.sif {there}/$(basename {there}/base-*.sif)
        cd /; rm -rf $work
    """
    done = host.run("sh", "-c", script, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    (told,) = record(cluster, staged, "probe")["helps"]
    assert json.loads(told["text"]) == [["--help"], 65534, ["lo"], False, False]
