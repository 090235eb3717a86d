"""Changes to a job type's YAML in place: what was meant is read afterwards, and all else stands as it was."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.jobtype.lines import parse
from portal.jobtype.load import shipped_folder
from portal.jobtype.written import dump
from portal.jobtype.written.edit import insert, move, put, remove, same
from portal.jobtype.written.tree import Tree, UnsoundError

TEXT = """\
# yaml-language-server: $schema=schema/job-type.schema.json
name: shrink   # stands in addresses
title: "Shrink"

# What it asks.
options:
  # How much.
  - name: resize
    type: text  # 50%
    default: 50%
    help: |
      Of the picture.

      Of both sides.
  # How soft.
  - name: blur
    type: float
resources:
  default: standard
  variants:
    - {name: standard, label: Standard, cpus: 1}   # the usual
    - {name: large, label: Large, cpus: 4}
# The end.
"""


def data(text: str) -> Any:
    document = parse(text)
    assert not document.marks, (document.marks, text)
    return document.data


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (("name",), "smaller", "name: smaller   # stands in addresses"),
        (("title",), "yes: #1", "title: 'yes: #1'"),
        (("title",), "12", 'title: "12"'),
        (("options", 0, "type"), "choice", "    type: choice  # 50%"),
        (("options", 0, "default"), 0.5, "    default: 0.5"),
        (
            ("resources", "variants", 0, "cpus"),
            2,
            "    - {name: standard, label: Standard, cpus: 2}   # the usual",
        ),
        (("resources", "variants", 1, "label"), "A, b", "    - {name: large, label: 'A, b', cpus: 4}"),
        (("options", 1, "label"), "Blur", "    label: Blur"),
        (("version",), "1.0", 'version: "1.0"'),
    ],
)
def test_one_line_changes_and_no_other(path: Any, value: Any, line: str) -> None:
    changed = put(TEXT, path, value)
    assert Tree(changed).get(path) == value
    before, after = TEXT.splitlines(), changed.splitlines()
    assert line in after
    assert [one for one in after if one != line and one not in before] == []
    assert len(set(before) - set(after)) <= 1


def test_a_key_that_comes_new_stands_where_the_order_has_it() -> None:
    changed = put(TEXT, ("version",), "1", order=["name", "version", "title", "options"])
    assert changed.splitlines()[1:4] == ["name: shrink   # stands in addresses", 'version: "1"', 'title: "Shrink"']
    first = put(TEXT, ("options", 1, "label"), "Blur", order=["label", "name"])
    assert "  # How soft.\n  - label: Blur\n    name: blur\n" in first


def test_words_of_several_lines_become_a_block_and_one_line_again() -> None:
    many = put(TEXT, ("title",), "One\n\nTwo")
    assert "title: |-\n  One\n\n  Two\n" in many
    assert put(many, ("title",), "Shrink").count("\n") == TEXT.count("\n")
    assert "help: One.\n" in put(TEXT, ("options", 0, "help"), "One.")


def test_a_moved_option_takes_its_comments_along() -> None:
    changed = move(TEXT, ("options",), 1, 0)
    assert changed.index("# How soft.") < changed.index("name: blur") < changed.index("# How much.")
    assert move(changed, ("options",), 0, 1) == TEXT
    assert sorted(changed.splitlines()) == sorted(TEXT.splitlines())


def test_a_removed_option_takes_nothing_else_along() -> None:
    changed = remove(TEXT, ("options", 0))
    assert [option["name"] for option in data(changed)["options"]] == ["blur"]
    for kept in ("# What it asks.", "# How soft.", "# The end.", "# the usual", "# stands in addresses"):
        assert kept in changed
    gone = remove(remove(changed, ("options", 0)), ("options",))
    assert "options" not in data(gone)
    assert "# The end." in gone


def test_an_option_is_added_at_its_place() -> None:
    changed = insert(TEXT, ("options",), 1, {"name": "gray", "type": "boolean", "label": "Gray"})
    assert [option["name"] for option in data(changed)["options"]] == ["resize", "gray", "blur"]
    assert "      Of both sides.\n  - name: gray\n    type: boolean\n    label: Gray\n  # How soft.\n" in changed


def test_lists_that_are_not_there_are_made() -> None:
    made = insert("name: a\n", ("inputs",), 0, {"name": "data", "dataset_types": ["scan"]})
    assert made == "name: a\ninputs:\n  - name: data\n    dataset_types: [scan]\n"
    command = put(
        made, ("program", "command"), ["convert", {"input": "data"}, {"option": "x", "prefix": "-"}, "50%"]
    )
    assert command.endswith(
        "program:\n  command:\n    - convert\n    - {input: data}\n    - {option: x, prefix: '-'}\n    - 50%\n"
    )
    assert insert("options: []\n", ("options",), 0, {"name": "a"}) == "options:\n  - name: a\n"
    assert insert("name: a\noptions:\n", ("options",), 0, {"name": "a"}) == "name: a\noptions:\n  - name: a\n"


@pytest.mark.parametrize("text", ["", "# only words\n", "\n\n"])
def test_an_empty_text_begins(text: str) -> None:
    made = put(text, ("title",), "Mine")
    assert data(made) == {"title": "Mine"}
    assert made.startswith(text.strip())


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1]\nb: *x\n",
        "name: [never closed\n",
        "a: 1\na: 2\n",
        "a: !!python/object:os.system x\n",
        "[" * 5000,
        "- " * 3000 + "a",
        "a: {" * 500,
        "x: " + "[1,1,1,1,1]," * 3000,
    ],
)
def test_what_the_parser_refuses_is_not_changed_but_told(text: str) -> None:
    for change in (
        lambda: put(text, ("title",), "x"),
        lambda: remove(text, ("a",)),
        lambda: insert(text, ("options",), 0, {}),
    ):
        with pytest.raises(UnsoundError) as told:
            change()
        assert told.value.message
        assert told.value.line >= 1


@pytest.mark.parametrize(
    "file",
    sorted([*shipped_folder().glob("*.yaml"), *shipped_folder().glob("examples/*.yaml")]),
    ids=lambda one: one.name,
)
def test_of_every_job_type_that_ships_each_value_can_be_put_and_removed(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    tree = Tree(text)
    comments = [line.strip() for line in text.splitlines() if line.lstrip().startswith("#")]
    for path in _paths(tree.data)[::11]:
        old = tree.get(path)
        assert put(text, path, old) == text
        if not isinstance(old, dict | list):
            changed = put(text, path, "other: [x]")
            assert Tree(changed).get(path) == "other: [x]"
            assert put(changed, path, old) == text or same(data(put(changed, path, old)), tree.data)
            assert [line for line in comments if line not in changed] == []
    for index in range(1, len(tree.data.get("options", [])))[::5]:
        there = move(text, ("options",), index, 0)
        back = move(there, ("options",), 0, index)
        assert same(data(back), tree.data)
        assert sorted(back.splitlines()) == sorted(text.splitlines())  # an empty line may stand elsewhere


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, one in pairs for path in ((*at, key), *_paths(one, (*at, key)))]


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30),
    st.sampled_from(
        ["no", "1:30", "1e5", "2026-11-20", "- a", "a: b", "#x", "%", "@", "a\nb\n", " a\nb", "~", "'", '"']
    ),
)
KEYS = st.sampled_from(["name", "title", "options", "command", "values", "choices", "help", "1", "true"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_is_read_again(value: Any) -> None:
    text = dump.block({"k": value}) + "\n"
    assert same(data(text)["k"], value)
    assert same(data(f"k: [{dump.flow(value)}]\n")["k"], [value])


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=5), VALUES, st.data())
def test_any_change_of_any_document_reads_as_what_was_meant(
    document: dict[str, Any], value: Any, draw: Any
) -> None:
    text = "# first\n" + dump.block(document) + "  # last\n# end\n"
    if parse(text).marks or not same(data(text), document):
        text = "# first\n" + dump.block(document) + "\n# end\n"
    path = draw.draw(st.sampled_from(_paths(document)))
    changed = put(text, path, value)
    assert same(Tree(changed).get(path), value)
    assert "# first" in changed
    without = remove(changed, path)
    assert same(put(text, path, Tree(text).get(path)), text)
    assert not parse(without).marks or parse(without).marks[0].message == "the file is empty"
