"""Variables and the working folder of a command: refused where they are written, and again by the agent."""

from pathlib import Path

import pytest

from gantry_formats.commands.environment import name_objection
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
  command: [fit, {output: out.csv}]
  environment:
    PLACE: x
  working_folder: output
options:
  - {name: sigma, type: float, label: Sigma, default: 1}
  - {name: note, type: text, label: Note}
  - {name: way, type: choice, label: Way, choices: [plain, "$(id)"]}
  - {name: list, type: numbers, label: List}
resources: {default: s, variants: [{name: s, label: S}]}
result_title: "{analysis}"
outputs: [{name: out, dataset_type: result, pattern: "*.csv"}]
"""
LINE = TEXT[: TEXT.index("    PLACE")].count("\n") + 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("LD_PRELOAD: /job/output/x.so", "LD_PRELOAD cannot be set"),
        ("ld_library_path: x", "cannot be set"),
        ("PATH: /job", "PATH cannot be set"),
        ("PYTHONPATH: /job", "cannot be set"),
        ("PYTHONSTARTUP: /job/x.py", "cannot be set"),
        ("GANTRY_JOB: x", "cannot be set"),
        ("APPTAINER_BIND: /etc", "cannot be set"),
        ("APPTAINERENV_X: x", "cannot be set"),
        ("SINGULARITY_BIND: /etc", "cannot be set"),
        ("SLURM_CONF: /x", "cannot be set"),
        ("http_proxy: x", "cannot be set"),
        ("CUDA_VISIBLE_DEVICES: '0'", "cannot be set"),
        ("'A B': x", "is no name of a variable"),
        ("'A=B': x", "is no name of a variable"),
        ("A: $HOME", "which a shell would read"),
        ("A: '`id`'", "which a shell would read"),
        ("A: {option: sigma, prefix: '$'}", "which a shell would read"),
        ("A: {option: way}", "“$(id)” has $"),
        ("A: {option: note}", "note is what people type; hand it over as an argument"),
        ("A: {text: [x, {option: note}]}", "note is what people type"),
        ("A: {option: list, each: true}", "leave out each"),
        ("A: {option: nothing}", "no option named nothing"),
        ("A: {input: data}", "a variable is text or one of"),
        ("A: 3", "write numbers in quotes"),
    ],
)
def test_what_no_job_type_may_set_is_refused_at_its_line(line, told):
    found, problems = parse_text(TEXT.replace("PLACE: x", line), Path("fit.yaml"))
    assert found is None
    assert [one for one in problems if told in one.message and one.line == LINE], problems


@pytest.mark.parametrize(
    "name",
    ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "ITK_THREADS", "MODE", "PYTHONHASHSEED"],
)
def test_names_that_steer_nothing_else_are_free(name):
    assert name_objection(name) is None


def test_a_module_of_ours_sets_none():
    text = TEXT.replace("command: [fit, {output: out.csv}]", "module: fit")
    assert any("of a command" in one.message for one in parse_text(text, Path("fit.yaml"))[1])


def test_an_option_that_only_a_variable_has_changes_something():
    text = TEXT.replace("PLACE: x", "SIGMA: {option: sigma}")
    found, problems = parse_text(text, Path("fit.yaml"))
    assert found is not None, problems
    told = [words for _, words in warnings(found)]
    assert not any("sigma changes nothing" in words for words in told)
    assert any("note changes nothing" in words for words in told)


@pytest.mark.parametrize(
    "change",
    [
        {"environment": {"LD_PRELOAD": "x"}},
        {"environment": {"A": {"option": "note"}}},
        {"environment": {"A": {"text": ["x", {"option": "note"}]}}},
        {"environment": {"A": "$(id)"}},
        {"environment": {f"A{number}": "x" for number in range(51)}},
        {"environment": "A=x"},
        {"working_folder": "../.."},
    ],
)
def test_the_agent_refuses_a_program_that_no_portal_would_publish(change):
    program = {"command": ["true"]} | change
    options = {"note": {"name": "note", "type": "text"}}
    jobtype = PublishedType(
        "fit", "1.0", "sha256:", program, None, False, {}, options, {}, [], [0], 1024, 30, {}
    )  # fmt: skip
    with pytest.raises(RefusedError) as caught:
        checked_program(jobtype)
    assert caught.value.code == "jobtype-unsafe"
