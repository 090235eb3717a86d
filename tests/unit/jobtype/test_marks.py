"""The marks of a command: what is refused where they are written, and one meaning for all who fill them in."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from portal.jobtype.advice.shown import FOLDER, arguments
from portal.jobtype.advice.warnings import warnings
from portal.jobtype.load import parse_text
from portal.jobtype.model import JobType
from wrappers.launch.filling import View, fill
from wrappers.launch.marks import parse_argument

HEAD = """\
name: blur
version: "1.0"
title: Blur
summary: Blurs.
category: Any data
contact: staff
inputs:
  - {name: data, label: Dataset, dataset_types: [stack]}
  - {name: mask, label: Mask, dataset_types: [mask], min: 0}
options:
  - {name: radius, type: float, label: Radius, default: 1.5}
  - {name: width, type: integer, label: Width}
  - {name: fast, type: boolean, label: Fast}
  - {name: note, type: text, label: Note}
  - {name: method, type: choice, label: Method, choices: [otsu, li], default: otsu}
resources:
  default: small
  variants:
    - {name: small, label: Small, cpus: 3}
    - {name: large, label: Large, cpus: 8, gpus: 2}
result_title: "{input}, blurred"
outputs: [{name: blurred, dataset_type: result}]
program:
  command:
    - convert
"""


def read(*items: str) -> tuple[JobType | None, list[str]]:
    text = HEAD + "".join(f"    - {item}\n" for item in items)
    found, problems = parse_text(text, Path("blur.yaml"))
    return found, [f"{problem.line}: {problem.message}" for problem in problems]


LINE = HEAD.count("\n") + 1


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ('{text: ["0x", {option: radios}]}', "no option named radios"),
        ("{text: []}", "needs 1"),
        ('{text: ["a", {input: data}]}', "a part of a text is"),
        ('{text: ["a", 3]}', "write numbers in quotes"),
        ('{together: ["--mask", {input: masks}]}', "no slot named masks"),
        ('{together: ["--a", {together: ["b"]}]}', "within {together: […]} stands"),
        ("{one_of: [a]}", "needs 2"),
        ('{one_of: [a, {one_of: ["b", "c"]}]}', "within {one_of: […]} stands"),
        ("{resource: memory}", "'cpus'"),
        ("{flag: --gpu, granted: cpus}", "'gpus'"),
        ("{flag: --gpu, when: radius}", "radius is no boolean option"),
        ("{option: radius, each: true}", "radius has one value"),
        ("{option: radius, end: low}", "radius is no range"),
        ("{option: note, prefix: --}", "it could be any flag"),
        ("{option: note, prefix: '-'}", "it could be any flag"),
        ('{together: [{text: ["-", {option: note}]}]}', "it could be any flag"),
        ("{shell: ls}", "an argument is text or a mark"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_line(item, told):
    found, problems = read(item)
    assert found is None
    assert [problem for problem in problems if problem.startswith(f"{LINE}: ") and told in problem], problems


def test_what_is_meant_is_taken_and_published_as_it_was_written():
    items = [
        '{text: ["0x", {option: radius}]}',
        '{text: [{option: width}, "x", {option: width}]}',
        '{together: ["--note", {option: note, prefix: "text:"}, {flag: --fast, when: fast}]}',
        '{one_of: [{flag: --gpu, granted: gpus}, {together: ["--threads", {resource: cpus}]}]}',
        "{option: method, prefix: --}",
        "{input: data}",
        '{together: ["--mask", {input: mask}]}',
        "{output: out.tif}",
    ]
    found, problems = read(*items)
    assert found is not None, problems
    assert found.program.document()["command"][1:] == [yaml.safe_load(item) for item in items]
    assert warnings(found) == []


def test_braces_within_other_marks_are_told_of_too():
    found, _ = read('{together: ["--size={width}", {input: data}, {option: radius}]}')
    assert found is not None
    assert any("“{width}” is handed to the program as it stands" in words for _, words in warnings(found))


PLAIN = st.sampled_from(["-v", "--size", "", "0x", "a b", "--"])
OPTION = st.builds(
    lambda name, prefix: {"option": name} | ({"prefix": prefix} if prefix else {}),
    st.sampled_from(["radius", "width", "note", "method"]),
    st.sampled_from(["", "--x=", "p "]),
)
RESOURCE = st.builds(
    lambda name: {"resource": name}, st.sampled_from(["cpus", "gpus", "time_s", "memory_mb", "ranks"])
)
OUTPUT = st.just({"output": "out.tif"})
FOLDER_OF = st.builds(lambda slot: {"input_folder": slot}, st.sampled_from(["data", "mask"]))
TEXT = st.builds(
    lambda parts: {"text": parts}, st.lists(PLAIN | OPTION | RESOURCE | OUTPUT | FOLDER_OF, min_size=1, max_size=4)
)
ONE = (
    PLAIN
    | OPTION
    | RESOURCE
    | OUTPUT
    | FOLDER_OF
    | TEXT
    | st.just({"flag": "--fast", "when": "fast"})
    | st.just({"flag": "--gpu", "granted": "gpus"})
    | st.builds(lambda slot: {"input": slot}, st.sampled_from(["data", "mask"]))
    | st.builds(lambda slot: {"input_list": slot}, st.sampled_from(["data", "mask"]))
    | st.just({"job": "json"})
)
TOGETHER = st.builds(lambda items: {"together": items}, st.lists(ONE, min_size=1, max_size=4))
ONE_OF = st.builds(lambda items: {"one_of": items}, st.lists(ONE | TOGETHER, min_size=2, max_size=4))
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "radius": st.floats(0, 10),
        "width": st.integers(-5, 5),
        "fast": st.booleans(),
        "note": st.sampled_from(["x y", "é", ""]),
        "method": st.sampled_from(["otsu", "li"]),
    },
)


@given(st.lists(ONE | TOGETHER | ONE_OF, max_size=6), VALUES, st.sampled_from(["small", "large"]), st.booleans())
def test_the_command_that_is_shown_is_the_one_that_launch_makes_whatever_its_marks(items, values, variant, masked):
    document = yaml.safe_load(HEAD)
    document["program"]["command"] = ["convert", *items]
    jobtype = JobType.model_validate(document)
    files = {"data": ["/d/a b.tif", "/d/c.tif"], "mask": ["/m/m.tif"] if masked else []}
    folders = {"data": ["/d"], "mask": ["/m"] if masked else []}
    published = jobtype.program.document()["command"]
    parsed = [parse_argument(item, f"command[{index}]") for index, item in enumerate(published)]
    granted = jobtype.variant(variant).request(jobtype.grace_s)
    theirs = fill(parsed, values, View(FOLDER, files, folders, f"{FOLDER}/tmp", granted))
    assert arguments(jobtype, values, files, folders, variant=variant) == theirs
