"""Options that belong to a choice are asked for with that choice alone."""

from pathlib import Path

import pytest

from portal.errors import InvalidError
from portal.form import InputDataset, Quantity, build_form, plan
from portal.jobtype.load import parse_text

TEXT = """\
name: sharpen
version: "1.0"
title: Sharpening
summary: Sharpens.
category: Any data
contact: staff
program: {module: sharpen}
inputs:
  - {name: stack, label: Stack, dataset_types: [light-sheet stack]}
options:
  - {name: psf, type: choice, label: PSF, choices: [gaussian, theoretical], default: gaussian, required: true}
  - {name: light, type: choice, label: Light, choices: [sheet, confocal], required: true,
     only_with: {psf: [theoretical]}}
  - {name: wavelength, type: float, label: Wavelength, units: nm, required: true,
     default_from: {parameter: wavelength}, only_with: {psf: [theoretical]}}
  - {name: pinhole, type: float, label: Pinhole, required: true,
     only_with: {psf: [theoretical], light: [confocal]}}
resources:
  default: small
  variants:
    - {name: small, label: Small, cpus: 1, memory_mb: 512, time_s: 600}
result_title: "{input}"
outputs:
  - {name: sharp, dataset_type: light-sheet result}
"""


def stack(*wavelength) -> dict[str, list[InputDataset]]:
    parameters = {"wavelength": Quantity(*wavelength)} if wavelength else {}
    return {"stack": [InputDataset(7, "Stack", "light-sheet stack", True, parameters)]}


def options(jobtype, raw, inputs):
    return plan(jobtype, raw, inputs)[0].options


@pytest.mark.parametrize("said", [(), ("461.0; 525.0", "nm"), (461.0, "furlong")])
def test_nobody_is_asked_for_what_belongs_to_another_choice(jobtype, said) -> None:
    """A dataset of two wavelengths made each Gaussian deconvolution ask for one."""
    assert options(jobtype, {}, stack(*said)) == {"psf": "gaussian"}
    for field in build_form(jobtype, stack(*said)).fields[1:]:
        assert (field.asked, field.required, field.error) == (False, False, "")


def test_what_a_dataset_says_is_known_with_every_choice(jobtype) -> None:
    assert options(jobtype, {}, stack(461.0, "nm")) == {"psf": "gaussian", "wavelength": 461.0}


def test_all_that_belongs_to_a_choice_is_asked_for_with_it(jobtype) -> None:
    with pytest.raises(InvalidError) as caught:
        plan(jobtype, {"psf": "theoretical"}, stack())
    assert set(caught.value.fields) == {"light", "wavelength"}
    with pytest.raises(InvalidError) as caught:
        plan(jobtype, {"psf": "theoretical", "light": "confocal", "wavelength": ""}, stack(461.0, "furlong"))
    assert set(caught.value.fields) == {"pinhole", "wavelength"}
    given = {"psf": "theoretical", "light": "sheet", "wavelength": 500}
    assert options(jobtype, given, stack()) == {"psf": "theoretical", "light": "sheet", "wavelength": 500.0}
    form = build_form(jobtype, stack(), values={"psf": "theoretical", "light": "confocal"})
    assert [field.name for field in form.fields if field.required] == ["psf", "light", "wavelength", "pinhole"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "only_with: {psf: [theoretical], light",
            "only_with: {pfs: [theoretical], light",
            "no choice named pfs before",
        ),
        ("{psf: [theoretical], light: [confocal]}", "{psf: [measured]}", "there is no choice named measured"),
        (
            "label: PSF, choices",
            "label: PSF, only_with: {light: [sheet]}, choices",
            "no choice named light before psf",
        ),
        ("{psf: [theoretical], light: [confocal]}", "{wavelength: ['1']}", "there is no choice named wavelength"),
    ],
)
def test_what_stands_with_no_choice_is_found(old, new, words) -> None:
    _, problems = parse_text(TEXT.replace(old, new, 1), Path("sharpen.yaml"))
    assert words in " ".join(map(str, problems))
