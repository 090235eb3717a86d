"""What is probably not meant in a job type, and the command that it would run, against launch's own."""

import pytest
import yaml

from portal.jobtype.advice.shown import FOLDER, arguments
from portal.jobtype.advice.warnings import warnings
from portal.jobtype.load import load_folders, shipped_folder
from portal.jobtype.model import JobType
from wrappers.launch.filling import View, fill
from wrappers.launch.marks import parse_argument

SOUND = """
name: crunch
version: "1.0"
title: Crunch
summary: Crunches.
category: Any data
contact: staff
image: base
program:
  command: [crunch, {option: sigma, prefix: --sigma=}, {flag: --fast, when: fast}, {input: data}, {output: out.tif}]
inputs: [{name: data, label: Data, dataset_types: ["*"]}]
options:
  - {name: sigma, type: float, label: Sigma, default: 1.5}
  - {name: fast, type: boolean, label: Fast}
resources: {default: s, variants: [{name: s, label: S}]}
result_title: "{input}, crunched"
outputs: [{name: out, pattern: "*.tif", dataset_type: picture}]
"""


def made(**changes) -> JobType:
    return JobType.model_validate(yaml.safe_load(SOUND) | changes)


def said(**changes) -> str:
    images = changes.pop("images", None)
    return "\n".join(f"{place}: {words}" for place, words in warnings(made(**changes), images=images))


CRUNCH = {"input": "data"}, {"output": "out.tif"}
CHOICE = {"type": "choice", "label": "x", "choices": ["a", "b"], "default": "a"}
# ruff: noqa: E501 - a table, a line a case
MANY = {
    "unused option": ({"options": [*yaml.safe_load(SOUND)["options"], {**CHOICE, "name": "kind"}]}, "kind changes nothing"),
    "unused input": ({"program": {"command": ["crunch", {"output": "out.tif"}]}, "options": []}, "data reaches nothing"),
    "no output mark": (
        {"program": {"command": ["crunch", {"input": "data"}]}, "options": []}, "no argument has {output: …}",
    ),
    "uncaught output": (
        {"outputs": [{"name": "out", "pattern": "*.csv", "dataset_type": "t"}]}, "no output has a pattern that catches out.tif",
    ),
    "a folder that the pattern does not reach": (
        {"program": {"command": ["crunch", {"input": "data"}, {"output": "masks/out.tif"}]}, "options": []},
        "catches masks/out.tif",
    ),
    "a class, which the store takes for a name": (
        {"outputs": [{"name": "out", "pattern": "out.[t]if", "dataset_type": "t"}]}, "catches out.tif",
    ),
    "idle pattern": (
        {"outputs": [{"name": "o", "pattern": "*.tif", "dataset_type": "t"}, {"name": "p", "pattern": "*.h5", "dataset_type": "t"}]},
        "*.h5 catches none",
    ),
    "lost output": ({"outputs": []}, "out.tif is written and lost"),
    "unknown image": ({"images": {"bass", "gpu"}}, "the image base is not staged here; did you mean bass?"),
    "no image": ({"image": None, "images": {"base"}}, "names no image"),
    "a placeholder left over": (
        {"program": {"command": ["crunch", "--sigma={sigma}", *CRUNCH]}, "options": []},
        "“{sigma}” is handed to the program as it stands",
    ),
    "a mark in text": (
        {"program": {"command": ["crunch", "{input data}", *CRUNCH]}, "options": []},
        "did you mean the mark {input: data}?",
    ),
    "a variable of a shell": (
        {"program": {"command": ["crunch", "$HOME/x", *CRUNCH]}, "options": []}, "“$HOME”",
    ),
    "left over in a path": (
        {"program": {"command": ["crunch", {"input": "data"}, {"output": "{input}.tif"}]}, "options": []}, "“{input}”",
    ),
    "never shown": (
        {
            "options": [
                {**CHOICE, "name": "one"},
                {**CHOICE, "name": "two", "only_with": {"one": ["a"]}},
                {"name": "three", "type": "integer", "label": "x", "only_with": {"one": ["b"], "two": ["a"]}},
            ],
            "program": {
                "command": ["crunch", {"option": "one"}, {"option": "two"}, {"option": "three"}, {"input": "data"}, {"output": "o.tif"}]
            },
        },
        "three is never shown",
    ),
    "nothing to ask": (
        {"options": [{"name": "sigma", "type": "integer", "label": "x", "min": 3, "max": 3}, {"name": "fast", "type": "boolean", "label": "x"}]},
        "sigma can only be 3",
    ),
    "hidden and required": (
        {"options": [{"name": "sigma", "type": "float", "label": "x", "required": True, "advanced": True}, {"name": "fast", "type": "boolean", "label": "x"}]},
        "stands under More settings",
    ),
    "one name for all": ({"result_title": "Crunched"}, "all its results have the same name"),
    "no success": ({"success_codes": [3]}, "0, with which programs end"),
}  # fmt: skip


@pytest.mark.parametrize("what", MANY)
def test_what_is_probably_not_meant_is_said(what):
    changes, told = MANY[what]
    assert told in said(**changes)


def test_a_job_type_that_is_meant_so_gets_no_word():
    assert said() == ""
    assert said(images={"base"}) == ""


@pytest.mark.parametrize("name", sorted(load_folders([shipped_folder()]).by_name))
def test_what_ships_gets_no_word(name):
    assert warnings(load_folders([shipped_folder()]).by_name[name]) == []


@pytest.mark.parametrize("name", [*sorted(load_folders([shipped_folder()]).by_name), "crunch"])
@pytest.mark.parametrize("files", [["/d/a b.h5", "/d/'.tif"], []])
def test_the_command_that_is_shown_is_the_one_that_launch_makes(name, files):
    jobtype = made() if name == "crunch" else load_folders([shipped_folder()]).by_name[name]
    if jobtype.program.command is None:
        assert arguments(jobtype, {}, {}, {})[:3] == ["python", "-P", "-m"]
        return
    slots = [slot.name for slot in jobtype.inputs]
    given, folders = dict.fromkeys(slots, files), dict.fromkeys(slots, ["/d"] if files else [])
    options = {
        option.name: {"boolean": True, "float": 0.1, "integer": 7}.get(option.type, "x y")
        for option in jobtype.options
    }
    document = jobtype.program.document()["command"]
    parsed = [parse_argument(item, f"command[{index}]") for index, item in enumerate(document)]
    for values in (options, {}):
        theirs = fill(parsed, values, View(FOLDER, given, folders, f"{FOLDER}/tmp"))
        assert arguments(jobtype, values, given, folders) == theirs


@pytest.mark.parametrize(("file", "taken"), [("map.png", False), ("previews/map.png", True), ("map*.png", True)])
def test_a_picture_that_no_output_takes_is_told_before_its_result_is_refused(file: str, taken: bool):
    told = said(pictures=[{"file": file, "caption": "Map"}])
    assert ("no output has a pattern that catches map.png" not in told) == taken
    both = [{"name": "out", "pattern": "*", "dataset_type": "picture"}]
    assert "catches" not in said(pictures=[{"file": file, "caption": "Map"}], outputs=both)


ALONE = [
    ({"type": "float"}, True),
    ({"type": "float", "default": 120.5, "show_when": "files.count > 1"}, True),
    ({"type": "text", "show_when": "fast == true"}, True),
    ({"type": "float", "default": 120.5}, False),
    ({"type": "float", "required": True}, False),
]


@pytest.mark.parametrize(("option", "alone"), ALONE, ids=str)
@pytest.mark.parametrize("word", ["--threshold", "-t"])
def test_a_word_whose_value_can_be_missing_is_told(option, alone, word):
    options = [
        {"name": "fast", "type": "boolean", "label": "Fast"},
        {"name": "cut", "label": "Cut", **option},
    ]
    ends = [{"flag": "-f", "when": "fast"}, {"input": "data"}, {"output": "out.tif"}]
    found = said(options=options, program={"command": ["crunch", word, {"option": "cut"}, *ends]})
    assert (f"{{together: [{word}, {{option: cut}}]}}" in found) == alone, found
    mended = ["crunch", {"together": [word, {"option": "cut"}]}, *ends]
    assert "stands alone" not in said(options=options, program={"command": mended})
