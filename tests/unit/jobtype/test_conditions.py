"""Conditions: the conformance cases, what is refused and where, and trees that were not made by the portal."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gantry_formats.conditions import (
    ConditionError,
    Facts,
    as_json,
    check_tree,
    evaluate,
    holds,
    names_in,
    verdict,
)
from portal.jobtype.conditions.kinds import Kind, counted
from portal.jobtype.conditions.parse import LONGEST, Names, WrittenWrongError, read_condition, read_number
from portal.jobtype.conditions.words import why_not, written

CASES = json.loads((Path(__file__).parents[2] / "conformance" / "conditions.json").read_text(encoding="utf-8"))


def kind_named(said: Any) -> Kind:
    """The kind of an option as the cases name it."""
    if isinstance(said, list):
        return Kind("text", choices=tuple(said))
    if said.startswith("number"):
        return counted(said.removeprefix("number").removeprefix(" of "))
    return Kind(said)


NAMES = Names(
    {name: kind_named(said) for name, said in CASES["names"]["options"].items()}, CASES["names"]["slots"]
)


def test_there_are_many_cases_and_none_twice() -> None:
    told = [(context, text) for context, text, _wanted in CASES["cases"]]
    assert len(told) == len(set(told)) >= 300


@pytest.mark.parametrize(("context", "text", "wanted"), CASES["cases"])
def test_a_condition_comes_to_what_it_must(context: str, text: str, wanted: Any) -> None:
    tree = json.loads(json.dumps(read_condition(text, NAMES)))
    facts = Facts(**CASES["contexts"][context])
    assert as_json(verdict(tree, facts)) == wanted
    assert holds(tree, facts) is (wanted is True)


@pytest.mark.parametrize(("text", "column", "words"), CASES["wrong"])
def test_what_is_wrong_is_said_where_it_stands(text: str, column: int, words: str) -> None:
    with pytest.raises(WrittenWrongError) as caught:
        read_condition(text, NAMES)
    assert caught.value.column == column
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 400 + "gpu" + ")" * 400,
        "!" * 900 + "gpu",
        "-" * 900 + "1 < 2",
        "gpu && " * 200 + "gpu",
        "x" * 2000,
        "+".join(["sigma"] * 160) + " > 1",
        "[" * 400,
        "1 in [" + "1," * 499 + "1]",
        "'" * 999,
        "gpu" + " " * 2000,
    ],
)
def test_long_and_deep_conditions_are_refused(text: str) -> None:
    with pytest.raises(WrittenWrongError):
        read_condition(text, NAMES)


def test_without_a_dataset_no_parameter_is_meant() -> None:
    with pytest.raises(WrittenWrongError, match="no option called wavelength"):
        read_condition("wavelength > 500 nm", Names())
    with pytest.raises(WrittenWrongError, match="takes none"):
        read_condition("files.count > 1", Names())


def test_a_number_of_what_is_asked() -> None:
    facts = Facts(**CASES["contexts"]["usual"])
    memory = read_number("min(3 * files.size + 2 GB, 200 GB)", NAMES, "bytes")
    assert as_json(evaluate(memory, facts)) == {"number": 8e9, "dimension": "bytes"}
    with pytest.raises(WrittenWrongError, match="a number of time, and a number of bytes is needed"):
        read_number("3 h", NAMES, "bytes")
    with pytest.raises(WrittenWrongError, match="true or false"):
        read_number("gpu", NAMES, "bytes")


def test_what_a_tree_asks_for_is_known() -> None:
    tree = read_condition(
        "wavelength > 500 nm && psf.wavelength != null && gpu && (gpu || files.count > 1)", NAMES
    )
    assert [(node["op"], node.get("slot"), node["name"]) for node in names_in(tree)] == [
        ("parameter", "stack", "wavelength"),
        ("parameter", "psf", "wavelength"),
        ("option", None, "gpu"),
        ("fact", "stack", "files.count"),
    ]


@pytest.mark.parametrize("text", sorted({text for _context, text, _wanted in CASES["cases"]}))
def test_a_tree_is_written_as_it_was_read(text: str) -> None:
    tree = read_condition(text, NAMES)
    assert read_condition(written(tree), NAMES) == tree


CALLED = {("option", "dz"): "Step", ("fact", "files.count"): "Number of files"}


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("gpu", []),
        ("wavelength > 500 nm", ["wavelength must be more than 500 nm; it is 488 nm."]),
        ("500 nm < wavelength", ["wavelength must be more than 500 nm; it is 488 nm."]),
        ("!(wavelength < 500 nm)", ["wavelength must be at least 500 nm; it is 488 nm."]),
        ("dz > wavelength", ["Step must be more than wavelength (488 nm); it is 200 nm."]),
        ("files.count > 5", ["Number of files must be more than 5; it is 3."]),
        ("files.size < 1 GB", ["files.size must be less than 1 GB; it is 2 GB."]),
        ("gpu && tiled && sigma > 3", ["tiled must be on.", "sigma must be more than 3; it is 2.5."]),
        ("!gpu", ["gpu must be off."]),
        ("!(sigma > 2 && gpu)", ["sigma must be at most 2; it is 2.5. Or: gpu must be off."]),
        ("absent > 3 nm", ["absent must be more than 3 nm; it is not known."]),
        ("absent != null", ["absent is missing."]),
        ("angles == null", ["angles must be missing."]),
        ("plain > 400 nm", ["plain must be more than 400 nm; it is 500, and its unit is not known."]),
        ("wavelength > 3 s", ["wavelength must be more than 3 s; it is 488 nm, which measures something else."]),
        ("method in ['li', 'manual']", ["method must be one of li, manual; it is otsu."]),
        ("5 < angles * 0.5", ["stack.'angles' * 0.5 must be more than 5; it is 3."]),
        ("'T' in array.axes", ["This must hold: 'T' in stack.array.axes."]),
        ("unset_box", ["unset_box is not known."]),
    ],
)
def test_why_a_condition_does_not_hold_is_told(text: str, reasons: list[str]) -> None:
    assert why_not(read_condition(text, NAMES), Facts(**CASES["contexts"]["usual"]), CALLED) == reasons


def deep(levels: int) -> dict[str, Any]:
    """A tree of so many levels."""
    tree: dict[str, Any] = {"op": "value", "value": True}
    for _level in range(levels - 1):
        tree = {"op": "not", "of": [tree]}
    return tree


@pytest.mark.parametrize(
    "tree",
    [
        None,
        [],
        "true",
        {},
        {"op": 1},
        {"op": "nope", "of": []},
        {"op": "__class__", "of": []},
        {"op": "value"},
        {"op": "value", "value": []},
        {"op": "value", "value": {"number": 1}},
        {"op": "value", "value": {"number": "1", "dimension": "length"}},
        {"op": "value", "value": {"number": True, "dimension": "length"}},
        {"op": "value", "value": math.inf},
        {"op": "value", "value": math.nan},
        {"op": "value", "value": "x" * 2000},
        {"op": "value", "value": 1, "more": 2},
        {"op": "value", "value": 1, "said": 2},
        {"op": "option"},
        {"op": "option", "name": 3},
        {"op": "option", "name": "a", "slot": "b"},
        {"op": "fact", "name": "files.count"},
        {"op": "and", "of": [{"op": "value", "value": True}]},
        {"op": "not", "of": [deep(1), deep(1)]},
        {"op": "not", "of": {"op": "value", "value": True}},
        {"op": "and", "of": [{"op": "value", "value": True}] * 51},
        {"op": "list", "of": [{"op": "value", "value": 1}] * 501},
        {"op": "not", "of": [deep(1)], "name": "x"},
        deep(41),
        deep(5000),
    ],
)
def test_what_is_no_tree_is_refused(tree: Any) -> None:
    with pytest.raises(ConditionError):
        check_tree(tree)


def test_a_tree_of_forty_levels_is_one() -> None:
    check_tree(deep(40))
    assert evaluate(deep(40), Facts()) is False


printable = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=60)
PIECES = (
    "sigma gpu method 'otsu' && || or ! ( ) == < nm 3 in [ ] , - * files.size GB psf. null not min( % / + . \""
)
pieces = st.sampled_from(PIECES.split())


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(printable, st.lists(pieces, max_size=20).map(" ".join), st.lists(pieces, max_size=20).map("".join))
)
def test_whatever_is_typed_is_a_condition_or_explained(text: str) -> None:
    try:
        tree = read_condition(text, NAMES)
    except WrittenWrongError as error:
        assert str(error) and 1 <= error.column <= LONGEST + 1
        return
    check_tree(tree)
    for facts in CASES["contexts"].values():
        told = verdict(tree, Facts(**facts))
        assert as_json(told) in (True, False, {"unknown": True})
        assert (why_not(tree, Facts(**facts), {}) == []) is (told is True)
    assert read_condition(written(tree), NAMES) == tree
