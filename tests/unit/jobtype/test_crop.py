"""What a job type says of the part on which values are tried."""

import pytest

PLACE = "result_title"
GOOD = "crop: {words: a little of it, options: [sigma], values: {sigma: 1}}\n"


def problem(load, crop):
    jobtype, problems = load(PLACE, f"{crop}{PLACE}")
    assert jobtype is None
    return [one.message for one in problems]


def test_a_crop_names_options_and_their_usual_values(load):
    jobtype, problems = load(PLACE, f"{GOOD}{PLACE}")
    assert problems == [] and jobtype.crop.names == ("sigma",)
    assert not jobtype.can_be_tried(jobtype.option("sigma"))
    without, _problems = load(PLACE, PLACE)
    assert without.can_be_tried(without.option("sigma"))


def test_a_type_without_one_keeps_its_revision(load):
    without, _problems = load(PLACE, PLACE)
    assert "crop" not in without.document()
    assert "crop" in load(PLACE, f"{GOOD}{PLACE}")[0].document()


@pytest.mark.parametrize(
    ("crop", "words"),
    [
        ("{words: w, options: [sigmma], values: {sigma: 1}}", "no option named sigmma; did you mean sigma?"),
        ("{words: w, options: [sigma, sigma], values: {sigma: 1}}", "sigma is there twice"),
        ("{words: w, options: [sigma]}", "nothing makes the usual part small"),
        ("{words: w, values: {sigma: 1}}", "sigma has a value and is not among the options of the crop"),
        (
            "{words: w, options: [sigma], values: {sigma: 99}}",
            "sigma cannot be 99: Must be a number from 0.1 to 10",
        ),
        (
            "{words: w, options: [sigma], values: {sigma: 1}, whole: [sigma]}",
            "limits the work, and cannot be tried",
        ),
        (
            "{words: w, options: [sigma], values: {sigma: 1}, whole: [sgma]}",
            "no option named sgma; did you mean sigma",
        ),
        ("{words: w, box: {option: sigma, size: [1, 2, 3]}}", "what takes a box is a text; sigma is none"),
        ("{words: w, box: {option: bix, size: [1, 2, 3]}}", "no option named bix"),
        ("{words: w, box: {option: sigma, size: [1, 2]}}", "crop.box.size"),
        ("{words: w, options: [sigma], values: {sigma: 1}, box: {option: sigma, size: [1, 2, 3]}}", "already"),
        ("{options: [sigma], values: {sigma: 1}}", "crop.words is missing"),
        ("{words: w, option: [sigma]}", "unknown key crop.option"),
    ],
)
def test_what_does_not_fit_is_a_sentence(load, crop, words):
    assert any(words in one for one in problem(load, f"crop: {crop}\n")), problem(load, f"crop: {crop}\n")


def test_a_box_needs_an_option_that_picks_the_array(load):
    changed = 'options:\n  - {name: box, type: text, label: Box, pattern: "[0-9]+"}\n'
    jobtype, problems = load("options:\n", f"crop: {{words: w, box: {{option: box, size: [1, 2, 3]}}}}\n{changed}")
    assert jobtype is None
    said = " ".join(one.message for one in problems)
    assert "no option picks the array" in said and "box takes no box such as" in said
