"""What a form shows by itself, sent back as it stands, is what would run without it."""

import pytest

from portal.errors import InvalidError
from portal.form import InputDataset, Quantity, as_command, build_form, plan

TEXT = """\
name: sharpen
version: "1.0"
title: Sharpening
summary: Sharpens.
category: Any data
contact: staff
program: {module: sharpen}
inputs:
  - {name: stack, label: Stack, dataset_types: [light-sheet stack], max: 5}
options:
  - {name: sigma, type: float, label: Sigma, units: um, default: 0.3, min: 0.01234567891, max: 20.00000001,
     default_from: {parameter: psf sigma xy}}
  - {name: plain, type: float, label: Plain, default: 123456789.5}
  - {name: tiny, type: float, label: Tiny, default: 1.2345678e-07, unit: s}
  - {name: cut, type: range, label: Cut, default: {low: 0.12345678, high: 9.87654321}}
  - {name: times, type: integer, label: Times, default: 3}
presets:
  - {name: Fine, values: {sigma: 0.123456789, times: 4}}
resources: {default: small, variants: [{name: small, label: Small}]}
result_title: "{input}, sharpened"
outputs:
  - {name: sharp, dataset_type: light-sheet result}
""".replace(", unit: s", "")


def stack(value: float, units: str = "um", number: int = 1) -> InputDataset:
    return InputDataset(
        number, f"Stack {number}", "light-sheet stack", True, {"psf sigma xy": Quantity(value, units)}
    )


def shown(jobtype, inputs, preset=None) -> dict[str, str]:
    return {field.name: field.value for field in build_form(jobtype, inputs, preset=preset).fields}


@pytest.mark.parametrize(
    "datasets",
    [
        [stack(1.43206564)],
        [stack(1432.06564, "nm")],
        [stack(0.01234567891)],
        [stack(20.00000001)],
        [stack(19.9999999)],
        [stack(1.43206564), stack(1.43206564, number=2)],
        [stack(1.43206564), stack(1.43206591, number=2)],
        [InputDataset(9, "Bare", "light-sheet stack", True)],
    ],
)
@pytest.mark.parametrize("preset", [None, "Fine"])
def test_what_the_form_shows_runs_as_what_it_would_run_by_itself(jobtype, datasets, preset) -> None:
    inputs = {"stack": datasets}
    itself = [one.options for one in plan(jobtype, {}, inputs, preset=preset)]
    raw = shown(jobtype, inputs, preset)
    try:
        sent = [one.options for one in plan(jobtype, raw, inputs, preset=preset)]
    except InvalidError as error:
        pytest.fail(f"what the form shows by itself is refused: {error.fields}")
    assert sent == itself
    if preset is None:
        assert "--set" not in as_command(jobtype, inputs, raw)


def test_it_is_not_called_set_by_anybody(jobtype) -> None:
    inputs = {"stack": [stack(1.43206564)]}
    form = build_form(jobtype, inputs, values=shown(jobtype, inputs))
    assert form.fields[0].source == "1.43206564 um, from your dataset"
