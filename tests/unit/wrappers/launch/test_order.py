"""job.json: what is read, what is refused, and how the refusal names the place."""

import copy

import pytest

from wrappers.launch.filling import View, fill
from wrappers.launch.jobspec import parse_job_spec
from wrappers.launch.reading import JobSpecError

VIEW = View("/job", {"stack": ["/inputs/stack/0/a b.h5", "/inputs/stack/0/c.h5"]})


def test_a_complete_order_is_read(order):
    file = {"name": "s.h5", "path": "/r/s.h5", "target": "/inputs/stack/0/s.h5", "size": 1, "mtime_ns": 2}
    read = parse_job_spec(order(inputs={"stack": [{"files": [file]}, {"files": [file]}]}), "ab")
    assert read.attempt == "5f2d8a3c-6a43-4f0c-9d8e-0d8d51f0a002"
    assert [file.path for file in read.inputs["stack"]] == ["/r/s.h5", "/r/s.h5"]
    assert (read.resources.cpus, read.resources.memory_mb, read.image) == (1, 2048, None)


@pytest.mark.parametrize(
    "key", ["job", "program", "inputs", "options", "resources", "image", "network", "log_limit_bytes"]
)
def test_a_missing_key_is_named(order, key):
    document = order()
    del document[key]
    with pytest.raises(JobSpecError, match=f"{key} is missing"):
        parse_job_spec(document, "")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("resources.cpus", 0),
        ("resources.cpus", True),
        ("resources.cpus", 1.5),
        ("resources.memory_mb", "2048"),
        ("resources.time_s", 0),
        ("resources.time_s", float("inf")),
        ("resources.grace_s", -1),
        ("network", "no"),
        ("log_limit_bytes", -1),
        ("job.attempt", ""),
        ("options", []),
        ("inputs.stack", {}),
        (
            "inputs.stack",
            [{"files": [{"name": "a", "path": "relative", "target": "/t", "size": 1, "mtime_ns": 1}]}],
        ),
        ("image", {"name": "science", "digest": "sha256:0", "path": "science.sif", "size": 1, "mtime_ns": 1}),
        ("program", {}),
        ("program", {"module": "a", "command": ["b"]}),
        ("program", {"module": "../../evil"}),
        ("program", {"command": []}),
        ("program", {"command": [{"option": "sigma"}]}),
        ("program", {"command": ["a", {"option": "sigma", "shell": "x"}]}),
        ("program", {"command": ["a", {"output": "../job.json"}]}),
        ("program", {"command": ["a", {"output": "/etc/passwd"}]}),
        ("program", {"command": ["a", "b\0c"]}),
        ("program", {"command": ["a", {"job": "yaml"}]}),
    ],
)
def test_a_wrong_value_is_refused_and_its_place_named(order, place, value):
    document = copy.deepcopy(order(inputs={"stack": []}))
    *outer, last = place.split(".")
    inner = document
    for key in outer:
        inner = inner[key]
    inner[last] = value
    with pytest.raises(JobSpecError, match=place.split(".")[-1]):
        parse_job_spec(document, "")


def test_what_is_no_object_is_refused():
    with pytest.raises(JobSpecError, match="must be an object"):
        parse_job_spec([], "")


def filled(order, command, **options):
    return fill(parse_job_spec(order(program={"command": command}), "").program.command, options, VIEW)


def test_marks_are_filled_in(order):
    command = [
        "deconvolve",
        {"option": "iterations", "prefix": "--iterations="},
        {"option": "psf"},
        {"flag": "--verbose", "when": "verbose"},
        {"flag": "--quiet", "when": "quiet"},
        {"input": "stack"},
        {"output": "result.tif"},
        {"job": "json"},
    ]
    assert filled(order, command, iterations=20, psf="gaussian", verbose=True, quiet=False) == [
        "deconvolve",
        "--iterations=20",
        "gaussian",
        "--verbose",
        "/inputs/stack/0/a b.h5",
        "/inputs/stack/0/c.h5",
        "/job/output/result.tif",
        "/job/job.json",
    ]


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (0.1, "0.1"),
        (1e-7, "1e-07"),
        (True, "true"),
        (False, "false"),
        ("a; rm -rf $HOME", "a; rm -rf $HOME"),
        ([1, 2.5], "1,2.5"),
    ],
)
def test_an_option_is_one_argument_whatever_is_in_it(order, value, word):
    assert filled(order, ["a", {"option": "x"}], x=value) == ["a", word]


def test_an_option_that_is_not_set_leaves_no_argument(order):
    assert filled(order, ["a", {"option": "x", "prefix": "-x"}, {"option": "y"}], x=None) == ["a"]


GRANTED = {"cpus": 4, "gpus": 0, "memory_mb": 2048, "time_s": 600, "ranks": 1}


def filled_in(order, command, granted=(), **options):
    view = View("/job", VIEW.inputs, granted=GRANTED | dict(granted))
    return fill(parse_job_spec(order(program={"command": ["a", *command]}), "").program.command, options, view)[1:]


@pytest.mark.parametrize(
    ("item", "options", "words"),
    [
        ({"text": ["0x", {"option": "r"}]}, {"r": 3}, ["0x3"]),
        ({"text": ["0x", {"option": "r"}]}, {}, []),
        ({"text": [{"option": "w"}, "x", {"option": "h"}]}, {"w": 3, "h": 4}, ["3x4"]),
        ({"text": [{"option": "w"}, "x", {"option": "h"}]}, {"w": 3}, []),
        ({"text": [{"option": "p"}, "%"]}, {"p": 50.5}, ["50.5%"]),
        ({"text": ["tiff:", {"output": "o.tif"}]}, {}, ["tiff:/job/output/o.tif"]),
        ({"option": "c", "each": True}, {"c": [1, 2, 5]}, ["1", "2", "5"]),
        ({"option": "c", "each": True, "prefix": "-c"}, {"c": ["a b", "c"]}, ["-ca b", "-cc"]),
        ({"option": "c", "each": True}, {"c": []}, []),
        ({"option": "c"}, {"c": [1, 2, 5]}, ["1,2,5"]),
        ({"option": "r", "each": True}, {"r": {"low": 10, "high": 200}}, ["10", "200"]),
        ({"option": "r"}, {"r": {"low": 10, "high": 200}}, ["10,200"]),
        ({"option": "r", "end": "high"}, {"r": {"low": 10, "high": 200}}, ["200"]),
        ({"together": ["--mask", {"option": "m"}]}, {"m": "x"}, ["--mask", "x"]),
        ({"together": ["--mask", {"option": "m"}]}, {}, []),
        ({"together": ["--stack", {"input": "stack"}]}, {}, ["--stack", *VIEW.inputs["stack"]]),
        ({"together": ["--psf", {"input": "psf"}]}, {}, []),
        ({"together": ["-v", {"flag": "--fast", "when": "f"}]}, {"f": False}, []),
        ({"resource": "cpus"}, {}, ["4"]),
        ({"resource": "gpus", "prefix": "--gpus="}, {}, []),
        ({"one_of": [{"option": "x"}, {"option": "y"}, "z"]}, {"y": 2}, ["2"]),
        ({"one_of": [{"option": "x"}, {"option": "y"}]}, {}, []),
    ],
)
def test_marks_of_several_parts_are_all_there_or_nothing(order, item, options, words):
    assert filled_in(order, [item], **options) == words


def test_one_of_two_ways_is_taken_by_what_was_granted(order):
    item = {"one_of": [{"flag": "--gpu", "granted": "gpus"}, {"together": ["--threads", {"resource": "cpus"}]}]}
    assert filled_in(order, [item]) == ["--threads", "4"]
    assert filled_in(order, [item], {"gpus": 1}) == ["--gpu"]


@pytest.mark.parametrize(
    "item",
    [
        {"text": []},
        {"text": "x"},
        {"text": ["x"] * 101},
        {"together": [{"together": [{"together": [{"together": ["x"]}]}]}]},
        {"one_of": [], "together": []},
        {"option": "x", "end": "middle"},
        {"option": "x", "each": 1},
        {"resource": "nodes"},
        {"flag": "-x", "when": "a", "granted": "gpus"},
    ],
)
def test_marks_that_nobody_publishes_are_refused(order, item):
    with pytest.raises(JobSpecError, match="command"):
        parse_job_spec(order(program={"command": ["a", item]}), "")
