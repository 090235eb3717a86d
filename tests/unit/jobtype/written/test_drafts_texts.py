"""Texts of drafts: how they begin, what a word of a command is most likely, what can be shown of a half one."""

from typing import Any

import pytest

from portal.jobtype.lines import parse
from portal.jobtype.load import judge, load_folders, shipped_folder
from portal.jobtype.written import chips, start
from portal.jobtype.written.check import Step, check
from portal.jobtype.written.preview import preview

COMMAND = ["convert", "in.tif", "-resize", "50%", "-blur", "0x3", "--sigma=2.5", "-v", "out.tif"]


@pytest.mark.parametrize(
    ("index", "kind"),
    list(
        enumerate(
            ["constant", "input", "constant", "option", "constant", "option", "option", "constant", "output"]
        )
    ),
)
def test_what_a_word_most_likely_is(index: int, kind: str) -> None:
    assert chips.guess(COMMAND, index) == kind


@pytest.mark.parametrize(
    ("index", "option", "mark"),
    [
        (
            3,
            {"name": "resize", "type": "integer", "default": 50, "units": "%"},
            {"text": [{"option": "resize"}, "%"]},
        ),
        (5, {"name": "blur", "type": "text", "default": "0x3"}, {"option": "blur"}),
        (6, {"name": "sigma", "type": "float", "default": 2.5}, {"option": "sigma", "prefix": "--sigma="}),
    ],
)
def test_an_option_is_guessed_of_its_word_and_said_to_be_a_guess(
    index: int, option: dict[str, Any], mark: dict[str, Any]
) -> None:
    made = chips.to_option(chips.set_words(start.empty("Shrink", "Ada"), COMMAND), index)
    assert "guess" in made.said
    data = parse(made.text).data
    assert option.items() <= data["options"][0].items()
    assert data["program"]["command"][index] == mark
    back = chips.to_constant(made.text, index)
    assert chips.words_of(back.text)[index] == COMMAND[index]


@pytest.mark.parametrize("index", [-1, 0, 9, 10_000])
def test_the_program_s_name_and_what_is_not_there_are_made_nothing(index: int) -> None:
    text = chips.set_words(start.empty("Shrink", "Ada"), COMMAND)
    for make in (chips.to_input, chips.to_output, chips.to_option, chips.to_flag):
        with pytest.raises(IndexError):
            make(text, index)


@pytest.mark.parametrize("title", ["Shrink a picture", "1 2 3", "Ä", "", "x" * 500, "../../etc", "a: b # c\n- d"])
def test_an_empty_draft_can_be_read_whatever_its_title(title: str) -> None:
    text = start.empty(title, "Ada: 'x' #")
    found = check(text)
    assert found.unsound is None
    assert {one.message for one in found.wrong} == {
        "summary is missing",
        "category is missing",
        "program is missing",
    }
    assert {one.step for one in found.wrong} == {Step.PURPOSE, Step.COMMAND}


@pytest.mark.parametrize("name", sorted(load_folders([shipped_folder()]).by_name))
def test_a_copy_is_sound_and_has_a_name_of_its_own(name: str) -> None:
    known = load_folders([shipped_folder()]).by_name
    for folders in ([shipped_folder()], []):
        found = judge(start.copy_of(known[name], folders, known)).jobtype
        assert found is not None
        assert found.name == f"{name}-2"
        assert found.model_copy(update={"name": name}).revision == known[name].revision


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "text",
        {},
        {"options": "none"},
        {"options": [None, 1, {"name": "a"}, {"name": "b", "type": "integer", "min": "low"}]},
        {"options": [{"name": "a", "type": "text", "label": "A", "pattern": "(a+)+$"}] * 3},
        {"program": {"command": [{"option": "none"}, 7, "x", {"input": "y"}]}, "inputs": {"a": 1}},
        {"resources": {"default": "x"}, "outputs": [1], "result_title": "{nothing}", "presets": [{"name": 3}]},
        {"name": "../..", "version": 1, "title": ["x"], "crop": 1, "methods": ["{x"], "unknown": {}},
    ],
)
def test_something_can_be_shown_of_any_half_of_a_document(data: Any) -> None:
    found = preview(data)
    assert found.jobtype is not None, found.without
    names = [option.name for option in found.jobtype.options]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("words", "index", "kind"),
    [
        (["run", "in.tif", "--table", "cells.csv", "--smooth"], 3, "output"),
        (["run", "--overlay", "seen.png", "in.tif", "-o", "out.tif"], 2, "output"),
        (["run", "in.tif", "--smooth"], 2, "flag"),
        (["run", "--smooth", "in.tif"], 1, "constant"),
    ],
)
def test_what_is_written_and_what_is_there_or_not_is_guessed(words, index, kind) -> None:
    assert chips.guess(words, index) == kind
