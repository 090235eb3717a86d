"""Files that are written for a program: refused where they are written, and again by the agent."""

from pathlib import Path

import pytest

from portal.agent.jobtype import PublishedType
from portal.agent.program import checked_program
from portal.jobtype.advice.warnings import warnings
from portal.jobtype.load import parse_text
from portal.rpc.exchange import RefusedError

TEXT = """\
name: fit
version: "1.0"
title: Fit
summary: Fits.
category: Any data
contact: staff
program:
  command: [fit, {output: out.csv}, {written: a.json, prefix: --config=}, {written: b.ini}]
  written:
    a.json: {document: {sigma: {$option: sigma}, deep: [null, true, {mask: {$file: mask}}], files: {$files: data}}}
    b.ini: {lines: ["[main]", {text: ["note = ", {option: note}]}, {text: ["threads=", {resource: cpus}]}]}
inputs: [{name: data, label: Data, dataset_types: [stack]}]
options:
  - {name: sigma, type: float, label: Sigma, default: 1}
  - {name: note, type: text, label: Note}
  - {name: lines, type: long_text, label: Lines}
  - {name: mask, type: file, label: Mask}
resources: {default: s, variants: [{name: s, label: S}]}
result_title: "{input}"
outputs: [{name: out, dataset_type: result, pattern: "*.csv"}]
"""


def test_what_is_meant_is_published_as_it_was_written():
    found, problems = parse_text(TEXT, Path("fit.yaml"))
    assert found is not None, problems
    written = found.program.document()["written"]
    assert written["a.json"]["document"]["deep"] == [None, True, {"mask": {"$file": "mask"}}]
    told = [words for _, words in warnings(found)]
    names = "sigma", "note", "lines", "mask"
    assert [name for name in names if any(f"{name} changes" in one for one in told)] == ["lines"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{$option: sigma}", "{$option: sgma}", "there is no sgma for $option"),
        ("{$option: sigma}", "{$shell: id}", "$shell is no value that is known here"),
        ("{$file: mask}", "{$file: sigma}", "there is no sigma for $file"),
        ("{$files: data}", "{$files: dta}", "there is no dta for $files"),
        ("{$files: data}", "{$output: ../x}", "beneath the output folder"),
        ("{$files: data}", "{$resource: ram}", "there is no ram for $resource"),
        ("[null, true,", "[[[[[[[[[[[[1]]]]]]]]]]],", "at most 10 levels deep"),
        ("    b.ini:", "    ../b.ini:", "is no name of a file"),
        ("{written: b.ini}", "{written: c.ini}", "named c.ini"),
        ('"[main]"', '"[main]\\n[x]"', "no ends of lines"),
        ("{option: note}]", '{option: note}, " # end"]', "nothing can stand in its line"),
        ("{option: note}]", "{option: lines}]", "has lines of its own"),
        ("{option: note}]", "{option: nothing}]", "no option named nothing"),
        ("{option: note}]", "{input: data}]", "a part of a text is"),
    ],
)
def test_what_cannot_be_meant_is_told(old, new, told):
    assert old in TEXT
    found, problems = parse_text(TEXT.replace(old, new, 1), Path("fit.yaml"))
    assert found is None
    assert any(told in one.message for one in problems), problems


@pytest.mark.parametrize(
    "written",
    [
        {"../x": {"document": 1}},
        {"x": {"document": {"$option": "nobody"}}},
        {"x": {"document": [[0] * 2000]}},
        {"x": {"lines": ["a\nb"]}},
        {"x": {"lines": ["a"], "document": 1}},
        {"x": 5},
        {"x": {"content": ""}},
        {"x": {"content": "a\x1bb"}},
        {"x": {"content": "a", "lines": ["a"]}},
        {"x": {"beside": "fit.py"}},
        {"x": {"content": "a" * 140_000}, "y": {"content": "a" * 140_000}},
        {f"x{number}": {"document": 1} for number in range(31)},
    ],
)
def test_the_agent_refuses_what_no_portal_would_publish(written):
    program = {"command": ["true"], "written": written}
    jobtype = PublishedType("fit", "1.0", "sha256:", program, None, False, {}, {}, {}, [], [0], 1024, 30, {})
    with pytest.raises(RefusedError) as caught:
        checked_program(jobtype)
    assert caught.value.code == "jobtype-unsafe"


def test_a_script_is_part_of_the_revision():
    text = TEXT.replace("    b.ini: {lines", '    fit.py: {content: "print(1)\\n"}\n    b.ini: {lines')
    one, problems = parse_text(text, Path("fit.yaml"))
    assert one is not None, problems
    assert one.program.document()["written"]["fit.py"] == {"content": "print(1)\n"}
    other, _ = parse_text(text.replace("print(1)", "print(2)"), Path("fit.yaml"))
    assert other is not None
    assert one.revision != other.revision
