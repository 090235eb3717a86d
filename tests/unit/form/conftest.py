"""A job type with every kind of option, and datasets whose parameters differ."""

from pathlib import Path

import pytest

from portal.form import InputDataset, Quantity
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
  - {name: stack, label: Stack, dataset_types: [light-sheet stack], max: 5}
  - {name: psf, label: Point spread function, dataset_types: [light-sheet stack], min: 0}
options:
  - {name: iterations, type: integer, label: Iterations, default: 20, min: 1, max: 200, required: true}
  - {name: sigma, type: float, label: Sigma, units: um, default: 0.3, min: 0.01, max: 20, required: true,
     default_from: {parameter: psf sigma xy}}
  - {name: voxel, type: float, label: Voxel size, units: um, min: 0.001, required: true,
     default_from: {parameter: voxel size x}, advanced: true}
  - name: psf
    type: choice
    label: Which PSF
    choices: [gaussian, {value: file, label: the measured one, needs_input: psf}]
    default: gaussian
    required: true
  - {name: clip, type: boolean, label: Clip, default: true, group: Output}
  - {name: note, type: text, label: Note, max_length: 20, group: Output}
  - {name: background, type: float, label: Background, default: 1.5, min: 0}
  - {name: seventh, type: integer, label: Seventh, default: 7}
  - {name: eighth, type: integer, label: Eighth}
presets:
  - {name: Quick look, blurb: Fast., values: {iterations: 5}}
resources:
  default: small
  variants:
    - {name: small, label: Small, cpus: 1, memory_mb: 512, time_s: 600}
    - {name: large, label: Large, cpus: 2, memory_mb: 4096, time_s: 10800, gpus: 1, ranks: 4}
result_title: "{input}, {iterations} times"
outputs:
  - {name: sharp, dataset_type: light-sheet result}
"""


@pytest.fixture(scope="module")
def jobtype(request):
    """The module's own job type where it has a TEXT."""
    found, problems = parse_text(getattr(request.module, "TEXT", TEXT), Path("sharpen.yaml"))
    assert problems == []
    return found


@pytest.fixture
def heart():
    parameters = {"psf sigma xy": Quantity(0.8, "um"), "voxel size x": Quantity(200.0, "nm")}
    return InputDataset(1, "Zebrafish heart", "light-sheet stack", True, parameters)


@pytest.fixture
def brain():
    parameters = {"psf sigma xy": Quantity(0.5, "um"), "voxel size x": Quantity(0.2, "um")}
    return InputDataset(2, "Mouse brain", "light-sheet stack", True, parameters)


@pytest.fixture
def bare():
    return InputDataset(3, "Bare", "light-sheet stack", True)
