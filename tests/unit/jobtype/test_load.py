"""What is wrong with a file is told with its line and a reason, and harms no other file."""

import os
from pathlib import Path

import pytest
from yaml import SafeLoader

from portal.jobtype import lines
from portal.jobtype.load import load_folders, parse_text, shipped_folder

COMMAND = "\n  command:\n    - blur\n    - "
LINE = {  # passage to replace -> replacement, line of the problem, words it must have
    "unknown key": ("title: Blur", "tittle: Blur", 3, "unknown key tittle; did you mean title?"),
    "missing key": ("title: Blur\n", "", 1, "title is missing"),
    "unknown key in an option": (
        "    min: 0.1",
        "    minn: 0.1",
        17,
        "unknown key options[1].minn; did you mean min?",
    ),
    "number for text": ('version: "1.0"', "version: 1.0", 2, 'version must be text; write "1.0" in quotes'),
    "text for a number": ("min: 0.1", "min: small", 17, "options[1].min"),
    "default of the wrong type": ("default: 1.5", "default: wide", 16, "options[1].default"),
    "default outside its bounds": ("default: 1.5", "default: 11", 16, "from 0.1 to 10; this is 11"),
    "default that is not finite": ("default: 1.5", "default: .nan", 16, "default of sigma"),
    "bounds the wrong way round": ("max: 10", "max: 0.01", 17, "min of sigma is above its max"),
    "kind of option": ("type: float", "type: real", 13, "real is no kind of option"),
    "no kind of option": ("    type: float\n", "", 13, "needs a type"),
    "kind of job": ("title: Blur", "title: Blur\nkind: batch", 4, "kind must be 'run' or 'interactive'"),
    "desktop": (
        "title: Blur",
        "title: Blur\nkind: interactive",
        4,
        "kind: desktops are not installed here, so an interactive analysis cannot be started",
    ),
    "duplicate key": ("category: Any data", "name: other", 5, "the key name is there twice (first in line 1)"),
    "preset's option": (
        "resources:",
        "presets:\n  - name: Strong\n    values:\n      sigmma: 5\nresources:",
        22,
        "there is no option named sigmma; did you mean sigma?",
    ),
    "preset's value": (
        "resources:",
        "presets:\n  - name: Strong\n    values: {sigma: 50}\nresources:",
        21,
        "sigma cannot be 50",
    ),
    "default variant": ("default: standard", "default: big", 20, "there is no variant named big"),
    "placeholder": (
        '"{input}, blurred"',
        '"{inpt}, blurred"',
        23,
        "{inpt} is no placeholder here; did you mean input?",
    ),
    "a dataset's name where none goes in": (
        "inputs:\n  - name: data\n    label: Dataset\n    dataset_types: [stack]\n",
        "",
        19,
        "{input} is the name of a dataset, and this analysis takes none",
    ),
    "outputs that are not said": (
        "outputs:\n  - {name: blurred, dataset_type: result}\n",
        "",
        1,
        "outputs is missing",
    ),
    "attribute in a placeholder": ('"{input}, blurred"', '"{input.name}"', 23, "not a plain placeholder"),
    "module and command": ("{module: blur}", "{module: blur, command: [blur]}", 7, "either a module or a command"),
    "mark of an unknown option": (
        "{module: blur}",
        COMMAND + "{option: sgma, prefix: -s}",
        10,
        "there is no option named sgma; did you mean sigma?",
    ),
    "mark of no kind": (
        "{module: blur}",
        COMMAND + "{ship: x}",
        10,
        "an argument is text or a mark",
    ),
    "number in a command": (
        "{module: blur}",
        COMMAND + "3",
        10,
        "an argument is text or a mark",
    ),
    "output outside": (
        "{module: blur}",
        COMMAND + "{output: ../x}",
        10,
        "beneath the output folder",
    ),
    "pattern outside": (
        "dataset_types: [stack]",
        "dataset_types: [stack]\n    files: /etc/*",
        12,
        "beneath the folder",
    ),
    "flag of a number": (
        "{module: blur}",
        COMMAND + "{flag: -v, when: sigma}",
        10,
        "sigma is no boolean option",
    ),
    "list of a slot that is not": (
        "{module: blur}",
        COMMAND + "{input_list: dta}",
        10,
        "there is no slot named dta; did you mean data?",
    ),
    "names beneath a folder that the program is not told": (
        "{module: blur}",
        COMMAND + "{input_list: data, relative: true}",
        10,
        "names that are relative need {input_folder: data} in the command too",
    ),
    "folder of several datasets": (
        "{module: blur}\ninputs:\n  - name: data\n",
        COMMAND + "{input_folder: data}\ninputs:\n  - name: data\n    max: 3\n",
        10,
        "the slot data takes several datasets, which have no folder in common",
    ),
    "default from a slot that is not": (
        "    min: 0.1",
        "    default_from: {parameter: psf, slot: dta}\n    min: 0.1",
        17,
        "there is no slot named dta; did you mean data?",
    ),
    "alias": ("category: Any data", "category: &a Any data\nicon: *a", 6, "aliases"),
    "not YAML": ("inputs:\n", "inputs: [\n", 9, "not valid YAML"),
    "a list": ("contact: staff", "contact: [staff]", 6, "contact"),
    "tab": ("summary: Blurs.", "\tsummary: Blurs.", 4, "not valid YAML"),
}


@pytest.mark.parametrize("what", LINE)
def test_a_problem_names_its_line_and_reason(what, load):
    old, new, line, words = LINE[what]
    jobtype, problems = load(old, new)
    assert jobtype is None
    assert any(problem.line == line and words in problem.message for problem in problems), [*map(str, problems)]
    assert all(problem.file.name == "blur.yaml" for problem in problems)


def test_a_sound_file_has_no_problems(load):
    jobtype, problems = load("title: Blur", "title: Blur")
    assert problems == []
    assert jobtype is not None and jobtype.title == "Blur"


def test_all_problems_of_a_file_are_told_at_once_in_its_order(small_text):
    text = small_text.replace("title: Blur", "tittle: Blur").replace("max: 10", "mx: 10")
    _, problems = parse_text(text, Path("blur.yaml"))
    assert [problem.line for problem in problems] == [1, 3, 18]


def test_a_bad_file_harms_no_other(tmp_path, small_text):
    (tmp_path / "a.yaml").write_text("name: [", encoding="utf-8")
    (tmp_path / "b.yaml").write_text(small_text, encoding="utf-8")
    (tmp_path / "c.yaml").write_bytes(b"name: \xff")
    (tmp_path / "d.yaml").mkdir()
    loaded = load_folders([tmp_path, tmp_path / "absent"])
    assert list(loaded.by_name) == ["blur"]
    assert {problem.file.name for problem in loaded.problems} == {"a.yaml", "c.yaml", "d.yaml", "absent"}


def test_of_two_files_with_one_name_neither_counts_since_nobody_knows_which_is_meant(tmp_path, small_text):
    (tmp_path / "a.yaml").write_text(small_text, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(small_text.replace("title: Blur", "title: Other"), encoding="utf-8")
    loaded = load_folders([tmp_path])
    assert loaded.by_name == {}
    assert sorted(problem.file.name for problem in loaded.problems) == ["a.yaml", "b.yaml"]


@pytest.mark.parametrize("word", ["no", "yes", "1:30", "2026-11-21", "0x10", "1_000"])
def test_words_that_old_yaml_turns_into_something_else_stay_words(word, load):
    jobtype, problems = load("summary: Blurs.", f"summary: {word}")
    assert problems == []
    assert jobtype.summary == word


def test_a_file_that_would_unfold_to_gigabytes_is_refused_at_once(small_text):
    bomb = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    jobtype, problems = parse_text(small_text + bomb, Path("bomb.yaml"))
    assert jobtype is None
    assert "aliases" in problems[0].message


def test_python_objects_in_yaml_are_refused(small_text):
    jobtype, problems = parse_text(
        small_text.replace("Blurs.", "!!python/object/apply:os.getcwd []"), Path("x.yaml")
    )
    assert jobtype is None
    assert "not valid YAML" in problems[0].message


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}"), ("? ", ""), ("[{a: ", "}]")])
def test_deep_nesting_is_refused_before_all_of_it_is_read(small_text, opening, closing, monkeypatch):
    read = []
    real = SafeLoader.get_event
    monkeypatch.setattr(SafeLoader, "get_event", lambda self: read.append(1) or real(self))
    monkeypatch.setattr(lines.PlainLoader, "construct_document", lambda *_: pytest.fail("it was built"))
    text = small_text + "icon:\n  " + opening * 5000 + closing * 5000
    _, problems = parse_text(text, Path("x.yaml"))
    assert [(one.line, one.message) for one in problems] == [(text.count("\n") + 1, "nested too deeply")]
    assert 10 < len(read) < 500


def test_nesting_as_deep_as_it_may_be_is_read():
    text = "[" * lines.MAX_DEPTH + "]" * lines.MAX_DEPTH
    assert lines.parse(text).marks == ()
    assert [mark.message for mark in lines.parse(f"[{text}]").marks] == ["nested too deeply"]


def test_the_job_types_that_ship_are_sound():
    loaded = load_folders([shipped_folder()])
    assert loaded.problems == ()
    assert {"qc", "lightsheet-deconvolution", "dc-segmentation", "tomo-slice"} <= set(loaded.by_name)


WITHOUT_INPUTS = ("inputs:\n  - name: data\n    label: Dataset\n    dataset_types: [stack]\n", "")


def without_inputs(text):
    return text.replace(*WITHOUT_INPUTS).replace("{input}", "{analysis}")


@pytest.mark.parametrize("inputs", ["", "inputs: []\n"])
def test_an_analysis_may_take_no_dataset(small_text, inputs):
    jobtype, problems = parse_text(without_inputs(small_text) + inputs, Path("blur.yaml"))
    assert problems == []
    assert (jobtype.slot, jobtype.inputs, jobtype.modes(0)) == (None, [], ("each",))


def test_an_analysis_may_leave_no_dataset(load):
    jobtype, problems = load("\n  - {name: blurred, dataset_type: result}", " []")
    assert problems == []
    assert jobtype.document()["outputs"] == []


def test_experiment_is_no_name_for_an_option_where_the_form_asks_for_the_experiment(small_text):
    named = small_text.replace("name: sigma", "name: experiment")
    assert parse_text(named, Path("blur.yaml"))[1] == []
    (problem,) = parse_text(without_inputs(named), Path("blur.yaml"))[1]
    assert problem.message == "experiment is a reserved name"


def test_what_needs_a_dataset_is_told_where_none_goes_in(small_text):
    asks = small_text.replace("    default: 1.5", "    default: 1.5\n    default_from: {parameter: sigma}")
    (problem,) = parse_text(without_inputs(asks), Path("blur.yaml"))[1]
    assert problem.message == "there is no input slot whose dataset could give the default"


def test_what_is_no_file_or_has_no_end_holds_nobody_up(tmp_path):
    """A pipe in the folder of job types would wait for its writer for ever."""
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    with (tmp_path / "sparse.yaml").open("wb") as file:
        file.truncate(1 << 40)
    found = {problem.file.name: problem.message for problem in load_folders([tmp_path]).problems}
    assert found == {
        "folder.yaml": "cannot be read: it is no ordinary file",
        "pipe.yaml": "cannot be read: it is no ordinary file",
        "sparse.yaml": "larger than 512 KiB",
        "zero.yaml": "cannot be read: it is no ordinary file",
    }
