"""An option that is a file of a dataset: what is offered, and what is told where there is none of that name."""

from dataclasses import replace
from pathlib import Path

import pytest

from portal.errors import InvalidError
from portal.form import InputDataset, build_form
from portal.form.inputs.dataset import FileNames
from portal.form.plan import plan
from portal.jobtype.load import parse_text

TEXT = """\
name: cut
version: "1.0"
title: Cut
summary: Cuts.
category: Any data
contact: staff
program: {command: [cut, {together: [--mask, {file: mask}]}, {input: data}, {output: x.tif}]}
inputs:
  - {name: data, label: Data, dataset_types: [stack], files: "stack*.tif"}
  - {name: psf, label: PSF, dataset_types: [stack], min: 0}
options:
  - {name: mask, type: file, label: Mask, files: "mask*.tif"}
  - {name: beads, type: file, label: Beads, slot: psf}
resources: {default: s, variants: [{name: s, label: S}]}
result_title: "{input}"
outputs: [{name: x, dataset_type: result}]
"""


@pytest.fixture(scope="module")
def jobtype():
    found, problems = parse_text(TEXT, Path("cut.yaml"))
    assert found is not None, problems
    return found


NAMES = ("stack.tif", "mask.tif", "deep/mask2.tif")
ONE = InputDataset(1, "One", "stack", chosen_from=FileNames(NAMES))
TWO = InputDataset(2, "Two", "stack", chosen_from=FileNames(("mask.tif", "other.tif")))


def field_of(jobtype, inputs, name="mask"):
    return next(field for field in build_form(jobtype, inputs).fields if field.name == name)


def test_what_fits_the_pattern_is_offered_of_several_datasets_what_all_have(jobtype):
    assert field_of(jobtype, {"data": [ONE]}).choices == (("mask.tif", "mask.tif"), ("deep/mask2.tif",) * 2)
    assert field_of(jobtype, {"data": [ONE, TWO]}).choices == (("mask.tif", "mask.tif"),)
    without = replace(ONE, chosen_from=FileNames(("stack.tif",)))
    assert field_of(jobtype, {"data": [without]}).source == "Your dataset has no file like mask*.tif"
    many = replace(ONE, chosen_from=FileNames(NAMES, more=True))
    assert "There are more files than are listed" in field_of(jobtype, {"data": [many]}).source


@pytest.mark.parametrize("value", ["mask.tif", "deep/mask2.tif"])
def test_a_file_of_the_dataset_is_taken(jobtype, value):
    assert plan(jobtype, {"mask": value}, {"data": [ONE]})[0].options["mask"] == value


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("mask9.tif", "“One” has no file mask9.tif. There are: mask.tif and deep/mask2.tif."),
        ("stack.tif", "Choose one of the dataset's files like mask*.tif."),
        ("/etc/mask.tif", "Choose one of the dataset's files like mask*.tif."),
        ("../mask.tif", "Choose one of the dataset's files like mask*.tif."),
        ("mask\x00.tif", "Choose one of the dataset's files, by name."),
        (5, "Choose one of the dataset's files, by name."),
    ],
)
def test_what_is_no_file_of_it_is_told(jobtype, value, told):
    with pytest.raises(InvalidError) as caught:
        plan(jobtype, {"mask": value}, {"data": [ONE]})
    assert caught.value.fields["mask"] == told


def test_of_several_datasets_each_must_have_it(jobtype):
    with pytest.raises(InvalidError) as caught:
        plan(jobtype, {"mask": "deep/mask2.tif"}, {"data": [ONE, TWO]})
    assert "“Two” has no file deep/mask2.tif. There are: mask.tif." in caught.value.fields["mask"]


def test_without_its_dataset_there_is_no_file(jobtype):
    with pytest.raises(InvalidError) as caught:
        plan(jobtype, {"beads": "mask.tif"}, {"data": [ONE]})
    assert caught.value.fields["beads"] == "This needs a dataset as “PSF”."


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("slot: psf", "slot: pfs", "no slot named pfs"),
        (
            'files: "stack*.tif"',
            'files: "stack*.tif", max: 3',
            "a file is chosen out of one",
        ),
        ('files: "mask*.tif"', 'files: "/etc/*"', "is not one beneath"),
        ("{file: mask}", "{file: data}", "data is no option of the type file"),
    ],
)
def test_what_is_wrong_in_the_file_is_told(old, new, told):
    found, problems = parse_text(TEXT.replace(old, new, 1), Path("cut.yaml"))
    assert found is None
    assert any(told in one.message for one in problems), problems
