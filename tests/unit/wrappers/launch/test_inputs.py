"""Inputs and images that are not what was submitted."""

import os

import pytest


@pytest.fixture
def stack(tmp_path):
    """A file and its entry in an order."""
    path = tmp_path / "data" / "stack.h5"
    path.parent.mkdir()
    path.write_bytes(b"data")
    status = path.stat()
    entry = {
        "name": "stack.h5",
        "path": str(path),
        "target": "/inputs/stack/0/stack.h5",
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
    }
    return path, entry


def slots(entry):
    dataset = {"dataset": 12, "name": "Zebrafish heart, GFP", "type": "light-sheet stack"}
    dataset |= {"root": "/data", "location": "zebrafish", "files": [entry], "parameters": {}}
    return {"stack": [dataset]}


def test_an_input_reaches_the_program_as_its_argument(attempt, script, stack):
    path, entry = stack
    command = script("import sys; print(open(sys.argv[1]).read())", {"input": "stack"})
    made = attempt(command, inputs=slots(entry))
    assert made.run().returncode == 0
    assert made.text("stdout.log") == "data\n"
    assert path.read_bytes() == b"data"


def gone(path):
    path.unlink()


def grown(path):
    path.write_bytes(b"data and more")


def touched(path):
    os.utime(path, ns=(1, 1))


def linked(path):
    path.rename(path.with_suffix(".real"))
    path.symlink_to(path.with_suffix(".real"))


def a_fifo(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (gone, "is gone"),
        (grown, "it had 4 bytes, it has 13"),
        (touched, "modification time"),
        (linked, "cannot be opened"),
        (a_fifo, "no regular file"),
    ],
)
def test_an_input_that_changed_is_exit_92_and_named(attempt, stack, change, words):
    path, entry = stack
    change(path)
    made = attempt(["touch", "ran"], inputs=slots(entry))
    assert made.run().returncode == 92
    result = made.result()
    assert (result["exit_code"], result["signal"], result["reason"]) == (92, None, "input")
    assert words in result["detail"]
    assert str(path) in result["detail"]
    assert not (made.folder / "ran").exists()


@pytest.mark.parametrize(("change", "words"), [(gone, "is gone"), (grown, "bytes"), (touched, "modification")])
def test_an_image_that_changed_is_exit_93(attempt, stack, change, words):
    path, entry = stack
    change(path)
    image = {"name": "science", "digest": "sha256:" + "1" * 64, "path": str(path)}
    made = attempt(["true"], image=image | {"size": entry["size"], "mtime_ns": entry["mtime_ns"]})
    assert made.run().returncode == 93
    result = made.result()
    assert (result["exit_code"], result["reason"]) == (93, "image")
    assert words in result["detail"]


def test_without_an_image_a_required_container_is_exit_93(attempt):
    made = attempt(["touch", "ran"])
    assert made.run("--require-container").returncode == 93
    assert made.result()["reason"] == "image"
    assert not (made.folder / "ran").exists()
