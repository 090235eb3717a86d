"""Words such as --threshold and their values: kept together by the editor where the value can be missing."""

from pathlib import Path

import pytest
import yaml

from portal.jobtype.advice.warnings import warnings
from portal.jobtype.load import parse_text
from portal.jobtype.written.check import Step
from portal.jobtype.written.chips import to_constant, to_one, to_option
from portal.jobtype.written.start import empty
from portal.jobtype.written.together import kept_together, left_alone, put_together
from portal.web.views.drafts.merge import with_step
from portal.web.views.drafts.pasted import with_pasted

TEXT = """\
name: count
version: "1"
title: Count
summary: Counts.
category: Pictures
contact: staff
program:
  command:
  - count  # the program
  - --threshold  # how bright
  - {option: threshold}
  - --size={option: size}
  - -b
  - {text: [{option: blur}, "%"]}
  - --mask
  - {input: mask}
  - {input: picture}
inputs:
- {name: picture, label: Picture, dataset_types: [picture]}
- {name: mask, label: Mask, dataset_types: [picture]}
options:
- {name: method, type: choice, label: Method, choices: [slow, fast], default: slow}
- {name: threshold, type: float, label: Threshold, default: 0.5}  # of 1
- {name: size, type: integer, label: Size}
- {name: blur, type: integer, label: Blur, default: 3}
resources: {default: small, variants: [{name: small, label: Small}]}
result_title: Count
outputs: [{name: out, dataset_type: table}]
""".replace("--size={option: size}", "{option: size, prefix: --size=}")


def command(text: str) -> list[object]:
    return list(yaml.safe_load(text)["program"]["command"])


def test_where_every_value_is_there_nothing_stands_alone() -> None:
    assert left_alone(TEXT) == []


@pytest.mark.parametrize(
    ("old", "new", "index", "value"),
    [
        ("label: Threshold, default: 0.5", "label: Threshold", 1, {"option": "threshold"}),
        ("label: Threshold,", "label: Threshold, show_when: method == 'fast',", 1, {"option": "threshold"}),
        ("label: Threshold,", "label: Threshold, only_with: {method: [fast]},", 1, {"option": "threshold"}),
        ("label: Blur, default: 3", "label: Blur", 4, {"text": [{"option": "blur"}, "%"]}),
        ("label: Mask,", "label: Mask, min: 0,", 6, {"input": "mask"}),
    ],
    ids=["no default", "condition", "only_with", "unit", "input"],
)
def test_a_word_goes_with_its_value_once_that_can_be_missing(
    old: str, new: str, index: int, value: object
) -> None:
    after = kept_together(TEXT, TEXT.replace(old, new))
    words = command(TEXT)
    assert command(after) == [*words[:index], {"together": [words[index], value]}, *words[index + 2 :]]
    assert "# the program" in after and "# of 1" in after
    assert left_alone(after) == []
    jobtype, problems = parse_text(after, Path("x.yaml"))
    assert jobtype is not None, problems


def test_what_could_be_missing_before_stays_as_somebody_wrote_it() -> None:
    before = TEXT.replace("label: Threshold, default: 0.5", "label: Threshold")
    after = before.replace("label: Blur, default: 3", "label: Blur, default: 4")
    assert kept_together(before, after) == after
    assert left_alone(after) == [1]
    assert command(put_together(after, 1))[1] == {"together": ["--threshold", {"option": "threshold"}]}
    assert put_together(after, 2) == after


def test_a_value_that_is_required_or_has_its_own_word_stands_alone_nowhere() -> None:
    after = TEXT.replace("label: Threshold, default: 0.5", "label: Threshold, required: true")
    after = after.replace("label: Size", "label: Size, show_when: files.count > 1")
    assert kept_together(TEXT, after) == after


def test_a_condition_that_the_step_options_writes_keeps_them_together() -> None:
    typed = {"f.options.1.show_when": "method == 'fast'"}
    after = with_step(TEXT, Step.OPTIONS, typed, "")
    assert yaml.safe_load(after)["options"][1]["show_when"] == "method == 'fast'"
    assert command(after)[1] == {"together": ["--threshold", {"option": "threshold"}]}


def test_one_press_puts_them_together_and_one_takes_them_apart() -> None:
    before = TEXT.replace("label: Threshold, default: 0.5", "label: Threshold")
    made = to_one(before, 1)
    assert command(made.text)[1] == {"together": ["--threshold", {"option": "threshold"}]}
    apart = to_constant(made.text, 1)
    assert command(apart.text)[1:3] == ["--threshold", "threshold"]
    with pytest.raises(IndexError):
        to_one(TEXT, 1)


def test_a_word_that_is_made_an_option_without_a_value_goes_with_the_word_before_it() -> None:
    text, _ = with_pasted(empty("Shrink", "Sam"), "shrink --name '' in.tif")
    made = to_option(text, 2)
    assert command(made.text)[1] == {"together": ["--name", {"option": "name"}]}


def test_the_advice_says_which_mark_is_meant() -> None:
    text = TEXT.replace("label: Blur, default: 3", "label: Blur").replace("label: Mask,", "label: Mask, min: 0,")
    jobtype, problems = parse_text(text, Path("x.yaml"))
    assert jobtype is not None, problems
    said = [words for place, words in warnings(jobtype) if place[:2] == ("program", "command")]
    assert any('-b stands alone: write {together: [-b, {text: [{option: blur}, "%"]}]}' in words for words in said)
    assert any("--mask stands alone: write {together: [--mask, {input: mask}]}" in words for words in said)
