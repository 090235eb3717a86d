"""Two revisions beside each other."""

from pathlib import Path

from portal.jobtype.load import parse_text
from portal.jobtype.written.compare import MOST_LINES, Difference, Line, differences, lines

TEXT = """\
# Shrinks pictures.
name: shrink
version: "1"
title: Shrink a picture
summary: Makes it smaller.
category: Pictures
contact: staff
program: {command: [convert, {option: width}]}
options:
  - {name: width, type: integer, label: Width, default: 100, show_when: "true"}
  - {name: kind, type: choice, label: Kind, choices: [a, b], default: a}
resources: {default: small, variants: [{name: small, label: Small}]}
result_title: Small
outputs: [{name: small, dataset_type: picture}]
"""


def read(text):
    jobtype, problems = parse_text(text, Path("x.yaml"))
    assert jobtype is not None, problems
    return jobtype


def told(before, after):
    return differences(read(before), read(after))


def test_each_field_that_differs_is_told_in_words_with_both_values():
    after = (
        TEXT.replace("default: 100", "default: 200")
        .replace("Makes it", "Makes them")
        .replace("Label: Small", "label: Small")
    )
    assert told(TEXT, after) == [
        Difference("summary", "Makes it smaller.", "Makes them smaller."),
        Difference("options, width: default", "100", "200"),
    ]


def test_what_is_only_in_one_of_them_is_told_by_its_name():
    without = TEXT.replace("  - {name: kind, type: choice, label: Kind, choices: [a, b], default: a}\n", "")
    gone = {one.place: (one.before, one.after) for one in told(TEXT, without)}
    assert gone["options, kind: label"] == ("Kind", "")
    assert {one.place: (one.before, one.after) for one in told(without, TEXT)}["options, kind: label"] == (
        "",
        "Kind",
    )


def test_what_was_moved_or_only_commented_is_no_difference_of_a_field():
    assert told(TEXT, TEXT.replace("# Shrinks", "# Really shrinks")) == []


def test_a_condition_is_told_by_its_text_alone():
    (one,) = told(TEXT, TEXT.replace('show_when: "true"', 'show_when: "1 < 2"'))
    assert one == Difference("options, width, show when: text", "true", "1 < 2")


def test_the_text_is_told_by_its_lines():
    assert lines("a\nb\nc\n", "a\nB\nc\n") == [
        Line("@", "…"), Line(" ", "a"), Line("-", "b"), Line("+", "B"), Line(" ", "c")
    ]  # fmt: skip
    assert lines("a\n", "a\n") == []


def test_texts_that_are_too_long_are_not_compared():
    assert lines("a\n" * (MOST_LINES + 1), "b\n") is None
