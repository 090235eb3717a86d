"""What is in the images, and launch by hand on a node: names of files, programs, what an image holds."""

import json
import shutil
import tarfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hosts.cluster import Cluster

from portal.client.http import Document

RunIn = Callable[..., Document]


@pytest.fixture
def by_hand(cluster: Cluster, images: dict[str, Document], as_node: RunIn) -> Iterator[RunIn]:
    """`by_hand("base", program, files)`: launch on node1 as maya; result.json, with what the program printed.

    Further keywords are what the order says of the image, instead of what is true.
    """
    folders: list[Path] = []
    shared = cluster.place.shared

    def run(image: str, program: Document, inputs: list[Path] | None = None, **expected: object) -> Document:
        attempt = str(uuid.uuid4())
        folder = shared / "scratch" / attempt
        folder.mkdir(mode=0o2750)
        folders.append(folder)
        manifest = images[image]
        files = [
            {
                "name": file.name,
                "path": f"/shared/{file.relative_to(shared)}",
                "target": f"/inputs/data/0/{file.name}",
                "size": file.stat().st_size,
                "mtime_ns": file.stat().st_mtime_ns,
            }
            for file in inputs or []
        ]
        slot = {"dataset": 1, "name": "by hand", "type": "any", "parameters": {}, "files": files}
        order = _order(attempt, program, {"data": [slot]} if files else {})
        order["image"] = {
            "name": image,
            "digest": manifest["digest"],
            "path": f"/shared/images/{manifest['file']}",
            "size": manifest["size"],
            "mtime_ns": manifest["mtime_ns"],
        } | expected
        (folder / "job.json").write_text(json.dumps(order))
        return as_node(folder, f"/shared/scratch/{attempt}")

    yield run
    for folder in folders:
        shutil.rmtree(folder)


@pytest.fixture
def as_node(cluster: Cluster) -> RunIn:
    """Run launch on node1, as maya, on a prepared folder."""

    def run(folder: Path, there: str) -> Document:
        script = """
            chown -R maya: "$1"
            digest=$(sha256sum "$1/job.json" | cut -d' ' -f1)
            cd / && runuser -u maya -- /usr/libexec/gantry-launch --folder "$1" --job-sha256 $digest \\
                --cluster lab --job-id 1 --require-container
        """
        done = cluster.hosts["node1"].run("sh", "-c", script, "sh", there, timeout=300)
        assert (folder / "result.json").exists(), done.stdout + done.stderr
        logs = {name: (folder / f"{name}.log").read_text() for name in ("stdout", "stderr")}
        return json.loads((folder / "result.json").read_text()) | logs | {"folder": str(folder)}

    return run


def _order(attempt: str, program: Document, inputs: Document) -> Document:
    name = f"gantry-{uuid.uuid4()}-1"
    return {
        "schema": 1,
        "job": {
            "id": 1, "number": "J-1", "submission": str(uuid.uuid4()), "index": 0, "attempt": attempt, "try": 1,
            "name": name, "title": "by hand", "person": "maya",
        },
        "jobtype": {"name": "lab", "version": "1.0", "revision": "sha256:" + "0" * 64},
        "program": program,
        "inputs": inputs,
        "options": {},
        "resources": {"cpus": 1, "memory_mb": 1024, "time_s": 120, "gpus": 0, "ranks": 1, "grace_s": 1},
        "network": False,
        "outputs": [{"name": "result", "pattern": "*", "dataset_type": "counts", "required": True}],
        "success_codes": [0],
        "log_limit_bytes": 1_000_000,
    }  # fmt: skip


@pytest.fixture
def data(cluster: Cluster) -> Iterator[Path]:
    """A folder for inputs on the common file system."""
    folder = cluster.place.shared / "data" / f"containers-{uuid.uuid4()}"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    "name", ["a,b.h5", 'a"b.h5', "a:b.h5", "a b.h5", "a,ro.h5", "ö=ß.h5", "-a.h5", "a'$(id).h5"]
)
def test_a_file_of_any_name_is_bound_under_that_name(by_hand: RunIn, data: Path, name: str) -> None:
    (data / name).write_text(f"this is {name}")
    seen = by_hand("base", {"command": ["cat", "--", {"input": "data"}]}, [data / name])
    assert (seen["exit_code"], seen["stdout"]) == (0, f"this is {name}"), seen["stderr"]
    assert seen["runner"] == "apptainer"


@pytest.mark.parametrize("count", [3, 5000])
def test_files_are_packed_by_a_list_however_many_there_are(by_hand: RunIn, data: Path, count: int) -> None:
    files = [data / f"{number:05} a,b\n\\n.dat" for number in range(count)]
    for file in files:
        file.write_text(file.name)
    command = [
        "tar",
        "--create",
        "--file",
        {"output": "a.tar"},
        {"input_folder": "data", "prefix": "--directory="},
    ]
    command += ["--null", "--no-unquote", {"input_list": "data", "prefix": "--files-from=", "relative": True}]
    seen = by_hand("base", {"command": command}, files)
    assert (seen["exit_code"], seen["runner"]) == (0, "apptainer"), seen["stderr"]
    with tarfile.open(Path(seen["folder"]) / "output" / "a.tar") as packed:
        assert packed.getnames() == [file.name for file in files]


def test_what_is_registered_runs_in_the_science_image(by_hand: RunIn, data: Path) -> None:
    code = (
        "import numpy, tifffile; tifffile.imwrite('output/a.tif', numpy.arange(4096, dtype='u2').reshape(64, 64))"
    )
    made = by_hand("science", {"command": ["python3", "-c", code]})
    assert made["exit_code"] == 0, made["stderr"]
    shutil.copyfile(Path(made["folder"]) / "output" / "a.tif", data / "a.tif")
    seen = by_hand("science", {"module": "qc"}, [data / "a.tif"])
    assert seen["exit_code"] == 0, seen["stderr"]
    assert (Path(seen["folder"]) / "output" / "metadata.json").exists()


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ({"size": 7}, "has changed"),
        ({"mtime_ns": 7}, "has changed"),
        ({"path": "/shared/images/no.sif"}, "is gone"),
    ],
)
def test_an_image_that_changed_while_the_job_was_queued_is_not_run(
    by_hand: RunIn, expected: Document, words: str
) -> None:
    seen = by_hand("base", {"command": ["true"]}, **expected)
    assert (seen["exit_code"], seen["reason"]) == (93, "image")
    assert f"The image base {words}" in seen["detail"]


def test_a_program_that_is_not_in_the_image_is_said_so(by_hand: RunIn) -> None:
    seen = by_hand("base", {"command": ["no-such-program"]})
    assert seen["exit_code"] not in (0, None)
    assert "no-such-program" in seen["stderr"]


def test_images_hold_no_installer_no_sources_and_no_launch(by_hand: RunIn) -> None:
    code = """
import importlib.util, os, json, sys
names = ("pip", "wrappers.launch", "flask", "sqlalchemy", "portal")
found = [name for name in names if importlib.util.find_spec(name)]
lists = [name for name in ("/etc/apt/sources.list", "/build", "/etc/pip.conf") if os.path.exists(name)]
print(json.dumps([found, lists, os.listdir("/etc/apt/sources.list.d")]))
"""
    for image in ("base", "science", "mpi"):
        seen = by_hand(image, {"command": ["python3", "-c", code]})
        assert json.loads(seen["stdout"]) == [[], [], []], image
