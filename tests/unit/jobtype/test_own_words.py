"""What has the wrong shape is told in the words of job types, with its line; not in those of a library."""

import re

import pytest

PLACE = "result_title"
LIBRARY = re.compile(
    r"should|valid|dictionary|instance|string|boolean\b(?!,)|integer\b(?!,)|tuple|after validation|input|NoneType"
)
SHAPES = [
    ("crop: small", "crop must be names with values, such as “words: …”"),
    ("crop: [words]", "crop must be names with values"),
    ("crop: {words: 5}", 'crop.words must be text; write "5" in quotes'),
    ("crop: {words: [a]}", "crop.words must be text"),
    ('crop: {words: ""}', "crop.words is empty"),
    ("crop: {words: " + "w" * 201 + "}", "crop.words may have 200 characters at most"),
    ('crop: {words: "a\\nb"}', "crop.words must be one line, without tabs"),
    ("crop: {words: w, options: sigma}", "crop.options must be a list"),
    (
        "crop: {words: w, options: [Sigma]}",
        "crop.options[1] is a name: small letters, digits and _ after a letter",
    ),
    (
        "crop: {words: w, options: [" + ", ".join("abcdefghijk") + "]}",
        "crop.options may have 10 entries at most; there are 11",
    ),
    ("crop: {words: w, values: [sigma]}", "crop.values must be names with values"),
    ("crop: {words: w, values: {sigma: [1]}}", "crop.values.sigma must be a number, text, true or false"),
    ("crop: {words: w, values: {sigma: }}", "crop.values.sigma must be a number, text, true or false"),
    ("crop: {words: w, values: {Sigma: 1}}", "Sigma is a name: small letters, digits and _ after a letter"),
    ("crop: {words: w, box: big}", "crop.box must be names with values"),
    ("crop: {words: w, box: {option: a, size: 3}}", "crop.box.size must be a list"),
    ("crop: {words: w, box: {option: a, size: [1, 2]}}", "crop.box.size needs 3 entries at least; there are 2"),
    ("crop: {words: w, box: {option: a, size: [1]}}", "crop.box.size needs 3 entries at least; there is 1"),
    (
        "crop: {words: w, box: {option: a, size: [1, 2, 3, 4]}}",
        "crop.box.size may have 3 entries at most; there are 4",
    ),
    ("crop: {words: w, box: {option: a, size: [0, 2, 3]}}", "crop.box.size[1] must be at least 1"),
    ("crop: {words: w, box: {option: a, size: [1, 2.5, 3]}}", "crop.box.size[2] must be a whole number"),
    ("crop: {words: w, box: {option: a, size: [1, two, 3]}}", "crop.box.size[2] must be a whole number"),
    ("presets: [{name: Strong, values: {sigma: {a: 1}}}]", "presets[1].values.sigma must be a number, text, true"),
    ("grace_s: -1", "grace_s must be at least"),
    ("kind: batch", "kind must be 'run' or 'interactive'"),
    ("presets: 5", "presets must be a list"),
]


@pytest.mark.parametrize(("block", "words"), SHAPES)
def test_a_wrong_shape_is_told_in_words_with_its_line(load, block, words):
    whole, _none = load(PLACE, PLACE)
    assert whole is not None
    jobtype, problems = load(PLACE, f"{block}\n{PLACE}")
    assert jobtype is None
    assert [one.message for one in problems if words in one.message] != [], [str(one) for one in problems]
    assert not any(LIBRARY.search(one.message) for one in problems), [one.message for one in problems]
    assert len({one.line for one in problems}) == 1  # that of the block
