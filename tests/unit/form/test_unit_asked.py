"""A choice that tells a unit: asked where the files do not tell it, and the usual one is proposed."""

from pathlib import Path

import pytest

from portal.errors import InvalidError
from portal.form import InputDataset, build_form, plan
from portal.form.inputs.dataset import Quantity
from portal.jobtype.load import parse_text

TEXT = """\
name: slices
version: "1.0"
title: Slices
summary: Slices.
category: Any data
contact: staff
program: {module: tomo_slice}
inputs:
  - {name: scan, label: Scan, dataset_types: [tomography scan]}
options:
  - name: angles
    type: choice
    label: Rotation angles
    choices:
      - {value: file, label: as the file says}
      - {value: deg, label: degrees}
      - {value: rad, label: radians}
      - {value: mrad, label: milliradians}
      - {value: half-turn, label: none recorded}
    default: file
    unit_of: {parameter: rotation range, as_recorded: file, units: deg, usual: [180, 360]}
    required: true
    advanced: true
resources: {default: small, variants: [{name: small, label: Small}]}
result_title: "{input}, slices"
outputs:
  - {name: slices, dataset_type: tomography result}
"""
SOURCE = "in scan.nxs, /entry/data/rotation_angle"


def scan(value=None, units="", *, name="Tooth", number=1):
    parameters = {} if value is None else {"rotation range": Quantity(value, units, source=SOURCE)}
    return InputDataset(number, name, "tomography scan", True, parameters)


def field(jobtype, *datasets, **raw):
    form = build_form(jobtype, {"scan": datasets}, values=raw or None)
    return form, form.fields[0]


@pytest.mark.parametrize("known", [scan(), scan(178.6, "deg"), scan(3.117, "rad"), scan("3 in a, 180 in b")])
def test_what_is_known_or_not_recorded_is_not_asked(jobtype, known):
    form, angles = field(jobtype, known)
    assert (angles.value, angles.asked, angles.source) == ("file", False, "")
    assert [one.name for group in form.more for one in group.fields] == ["angles"]
    assert plan(jobtype, {}, {"scan": [known]})[0].options == {"angles": "file"}


def test_without_a_unit_it_is_asked_where_everybody_sees_it_and_the_usual_one_is_proposed(jobtype):
    form, angles = field(jobtype, scan(3.117))
    assert (angles.value, angles.asked, angles.required) == ("", True, True)
    assert [one.name for group in form.groups for one in group.fields] == ["angles"]
    assert angles.source == (
        f"The unit of rotation range is not known: your dataset says 3.117 without a unit ({SOURCE}). "
        "In radians that is 178.6 deg, nearly 180: if that is so, choose radians. Choose the unit that holds."
    )
    with pytest.raises(InvalidError, match="choose radians"):
        plan(jobtype, {}, {"scan": [scan(3.117)]})
    with pytest.raises(InvalidError, match="choose radians"):
        plan(jobtype, {"angles": "file"}, {"scan": [scan(3.117)]})
    assert plan(jobtype, {"angles": "rad"}, {"scan": [scan(3.117)]})[0].options == {"angles": "rad"}
    assert field(jobtype, scan(3.117), angles="rad")[1].error == ""


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (180.0, "", "In degrees that is 180 deg: if that is so, choose degrees"),
        (355.0, "px", "says 355 “px”, which is no unit that could be used here"),
        (6283.2, "", "In milliradians that is 360 deg: if that is so, choose milliradians"),
        (60.0, "", "That is 60 deg in degrees, 3438 deg in radians and 3.438 deg in milliradians"),
    ],
)
def test_the_words_say_what_each_unit_makes_of_it(jobtype, value, unit, words):
    assert words in field(jobtype, scan(value, unit))[1].source


def test_a_typed_value_tells_no_program_the_unit_of_what_the_files_hold(jobtype):
    read = Quantity(3.117, "", source=SOURCE)
    typed = InputDataset(
        1, "Tooth", "tomography scan", True, {"rotation range": Quantity(178.5, "deg", gave_way=(read,))}
    )
    assert f"your dataset says 3.117 without a unit ({SOURCE})" in field(jobtype, typed)[1].source
    with pytest.raises(InvalidError, match="choose radians"):
        plan(jobtype, {}, {"scan": [typed]})
    assert plan(jobtype, {"angles": "rad"}, {"scan": [typed]})[0].options == {"angles": "rad"}


def test_of_several_datasets_those_in_doubt_are_named(jobtype):
    several = [scan(180.0, "deg"), scan(3.14, name="Bone", number=2), scan(3.14, name="Foam", number=3)]
    words = field(jobtype, *several)[1].source
    assert "“Bone” says 3.14 without a unit" in words and "and 1 more of your datasets do not tell it" in words


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("as_recorded: file", "as_recorded: fiel", "file"),
        ("units: deg, usual", "units: laps, usual", "laps is no unit that is known here"),
        ("units: deg, usual", "units: keV, usual", "none of the choices is a unit that converts to keV"),
    ],
)
def test_a_job_type_that_asks_for_no_unit_is_refused(before, after, words):
    found, problems = parse_text(TEXT.replace(before, after), Path("slices.yaml"))
    assert found is None and words in " ".join(str(problem) for problem in problems)
