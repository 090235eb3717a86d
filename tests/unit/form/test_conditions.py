"""Options that are asked for under a condition: what is told beside them, what runs, and what the page gets."""

import json

import pytest

from gantry_formats.conditions import Facts, holds
from portal.errors import InvalidError
from portal.form import InputDataset, Quantity, build_form, plan
from portal.form.conditions.page import MOST_BYTES, for_page
from portal.jobtype.load import load_folders, shipped_folder

TEXT = """\
name: fuse
version: "1.0"
title: Fusion
summary: Fuses.
category: Any data
contact: staff
program: {command: [fuse, {option: level, prefix: --level=}, {option: weight, prefix: --weight=}]}
inputs:
  - {name: stack, label: Stack, dataset_types: [stack], max: 9}
  - {name: psf, label: PSF, dataset_types: [stack], min: 0}
options:
  - {name: method, type: choice, label: Method, default: otsu, required: true,
     choices: [otsu, {value: manual, label: by hand}]}
  - {name: level, type: float, label: Level, units: nm, default: 200, required: true,
     default_from: {parameter: level}, show_when: "method == 'manual'"}
  - {name: fine, type: boolean, label: Fine, show_when: "method == 'manual' && level > 0.3 um"}
  - {name: weight, type: integer, label: Weight, default: 3, show_when: "angles > 1",
     because: needs more than one angle}
  - {name: many, type: text, label: Many, show_when: "files.count > 5 && psf.wavelength != null"}
presets:
  - {name: By hand, values: {method: manual, level: 700}}
  - {name: Strange, values: {level: 700}}
resources: {default: small, variants: [{name: small, label: Small}]}
result_title: "{input}, fused"
outputs: [{name: fused, dataset_type: fused}]
"""


def stack(number, files=3, **parameters):
    return InputDataset(number, f"S{number}", "stack", True, parameters, file_count=files, file_size=10**9)


ONE = {"stack": [stack(1, angles=Quantity(1))]}
SIX = {"stack": [stack(6, angles=Quantity(6))]}
BOTH = {"stack": [*ONE["stack"], *SIX["stack"]]}


def field(form, name):
    return next(one for one in form.fields if one.name == name)


def wrong(jobtype, raw, inputs, **more):
    with pytest.raises(InvalidError) as caught:
        plan(jobtype, raw, inputs, **more)
    return caught.value.fields


def test_what_is_not_asked_for_does_not_run(jobtype):
    assert plan(jobtype, {}, ONE)[0].options == {"method": "otsu"}
    assert plan(jobtype, {}, SIX)[0].options == {"method": "otsu", "weight": 3}
    assert plan(jobtype, {"method": "manual"}, ONE)[0].options == {"method": "manual", "level": 200.0}
    made = plan(jobtype, {"method": "manual", "level": "400"}, ONE)[0].options
    assert made == {"method": "manual", "level": 400.0, "fine": False}


def test_a_value_that_would_not_be_used_is_told_beside_it(jobtype):
    told = wrong(jobtype, {"level": "300", "weight": 5}, ONE)
    assert told == {
        "level": "Method must be manual; it is otsu. Leave it empty: it is not used.",
        "weight": "needs more than one angle. Leave it empty: it is not used.",
    }


def test_what_the_page_sends_by_itself_is_fine(jobtype):
    """Without scripts all fields are sent: blank, with the default, the dataset's value, or that of the preset."""
    for level in ("", "200", None):
        assert (
            "level"
            not in plan(jobtype, {"level": level, "fine": "false", "weight": "3", "many": ""}, ONE)[0].options
        )
    own = {"stack": [stack(1, level=Quantity(0.45, "um"))]}
    assert "level" not in plan(jobtype, {"level": "450"}, own)[0].options
    assert "level" not in plan(jobtype, {}, ONE, preset="Strange")[0].options
    assert "level" not in plan(jobtype, {"level": "700"}, ONE, preset="Strange")[0].options
    assert set(wrong(jobtype, {"level": "701"}, ONE, preset="Strange")) == {"level"}
    assert plan(jobtype, {}, ONE, preset="By hand")[0].options["level"] == 700.0


def test_of_several_datasets_it_is_told_for_which_it_does_not_hold(jobtype):
    assert [one.options for one in plan(jobtype, {}, BOTH)] == [
        {"method": "otsu"},
        {"method": "otsu", "weight": 3},
    ]
    told = wrong(jobtype, {"weight": 5}, BOTH)
    assert told == {"weight": "“S1”: needs more than one angle. Leave it empty: it is not used."}
    assert field(build_form(jobtype, BOTH), "weight").why_not == "“S1”: needs more than one angle."
    assert wrong(jobtype, {"weight": 5}, BOTH, mode="all") == told


def test_what_follows_from_another_mistake_is_not_told(jobtype):
    assert set(wrong(jobtype, {"method": "manual", "level": "x", "fine": "true"}, ONE)) == {"level"}


def test_the_form_says_the_condition_and_why_it_does_not_hold(jobtype):
    form = build_form(jobtype, ONE)
    level, fine, weight, many = (field(form, name) for name in ("level", "fine", "weight", "many"))
    assert (level.condition, level.why_not, level.required) == (
        "Method is by hand", "Method must be manual; it is otsu.", False,
    )  # fmt: skip
    assert fine.condition == "Method is by hand and Level is more than 0.3 um"
    assert (weight.condition, weight.why_not) == ("angles is more than 1", "needs more than one angle.")
    assert many.condition == "the number of files is more than 5 and wavelength of PSF is known"
    assert not level.tells_why and weight.tells_why and many.tells_why


def test_nobody_is_asked_in_what_doubt_a_dataset_leaves_what_is_not_asked_for(jobtype):
    doubtful = {"stack": [stack(1, level=Quantity(450.0))]}  # of which unit?
    assert plan(jobtype, {}, doubtful)[0].options == {"method": "otsu"}
    assert not field(build_form(jobtype, doubtful), "level").required
    assert field(build_form(jobtype, doubtful, values={"method": "manual"}), "level").required
    assert set(wrong(jobtype, {"method": "manual"}, doubtful)) == {"level"}


def test_what_stands_in_a_field_that_is_not_asked_for_is_shown_again_and_not_judged(jobtype):
    form = build_form(jobtype, ONE, values={"method": "otsu"}, aside={"level": "12 parrots", "fine": "true"})
    assert form.valid
    assert (field(form, "level").value, field(form, "fine").checked) == ("12 parrots", True)


def page_of(jobtype, inputs, raw, mode="each"):
    form = build_form(jobtype, inputs, values=raw, mode=mode, judged=False)
    return form, for_page(form, raw, inputs)


def test_the_page_gets_what_the_conditions_ask_for_and_no_more(jobtype):
    inputs = {"stack": [stack(1, angles=Quantity(1), secret=Quantity("s3cret"), level=Quantity(90.0, "nm"))]}
    _form, text = page_of(jobtype, inputs, {"level": "0,5 um"})
    assert text.isascii() and "s3cret" not in text
    said = json.loads(text)
    assert [one["name"] for one in said["options"]] == ["method", "level", "fine", "weight", "many"]
    assert said["jobs"] == [
        {
            "options": {
                "method": None,
                "level": {"number": pytest.approx(9e-8), "dimension": "length"},
                "fine": False,
                "weight": 3,
                "many": None,
            },
            "known": [
                {"parameters": {"stack": {"angles": 1}}, "facts": {"stack": {"files.count": 3}}},
            ],
        }
    ]
    assert said["read"] == {"level": ["0,5 um", None]}  # it is not asked for, so that nobody has read it


def test_what_is_the_same_of_many_datasets_is_there_once(jobtype):
    many = {"stack": [stack(number, angles=Quantity(6)) for number in range(1, 200)]}
    assert len(json.loads(page_of(jobtype, many, {})[1])["jobs"]) == 1
    apart = {"stack": [stack(number, angles=Quantity(number)) for number in range(1, 200)]}
    assert len(json.loads(page_of(jobtype, apart, {})[1])["jobs"]) == 199


def test_too_much_for_a_page_is_left_out_and_the_fields_stay(jobtype):
    apart = {"stack": [stack(number, angles=Quantity("x" * 1000 + str(number))) for number in range(1, 200)]}
    form, text = page_of(jobtype, apart, {})
    assert text == ""
    assert field(form, "weight").condition
    assert MOST_BYTES < 199_000


def test_a_job_type_without_conditions_gives_the_page_nothing():
    qc = load_folders([shipped_folder()]).by_name["qc"]
    assert for_page(build_form(qc, {}), {}, {}) == ""


def as_the_page(text, typed):
    """What conditional.ts makes of it, for fields that hold these values."""
    said = json.loads(text)
    asked = {one["name"] for one in said["options"]}
    for job in said["jobs"]:
        values = {}
        for option in said["options"]:
            name, when = option["name"], option.get("when")
            if not when or all(
                holds(when, Facts(values, one["parameters"], one["facts"])) for one in job["known"]
            ):
                values[name] = typed.get(name, job["options"][name])
            else:
                asked.discard(name)
    return asked


@pytest.mark.parametrize("mode", ["each", "all"])
@pytest.mark.parametrize(
    "inputs", [ONE, SIX, BOTH, {"stack": [stack(9, files=8)], "psf": [stack(5, wavelength=Quantity(3.0, "nm"))]}]
)
@pytest.mark.parametrize(
    "raw", [{}, {"method": "manual"}, {"method": "manual", "level": "400"}, {"method": "manual", "level": ""}]
)
def test_the_page_hides_what_the_portal_does_not_ask_for(jobtype, inputs, raw, mode):
    form, text = page_of(jobtype, inputs, raw, mode)
    typed = {"method": raw.get("method", "otsu")}
    if raw.get("level"):
        typed["level"] = {"number": float(raw["level"]) * 1e-9, "dimension": "length"}
    asked = {one.name for one in form.fields if not one.why_not}
    assert as_the_page(text, typed) == asked
