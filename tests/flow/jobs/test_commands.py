"""Registered software that has its own ways with arguments, in real jobs: the results are what the values say."""

import shutil
import subprocess
from datetime import UTC, datetime

import numpy as np
import pytest
import tifffile
import yaml
from registering import register

from portal.jobs.state import State
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import submit

BLUR = """
name: blur
version: "1.0"
title: Blur and scale
summary: Blurs and scales a picture.
category: Pictures
contact: staff
program:
  command:
    - convert
    - {input: picture}
    - {together: [-resize, {text: [{option: percent}, "%"]}]}
    - {together: [-crop, {text: [{option: width}, x, {option: height}, +0+0]}, +repage]}
    - {together: [-blur, {text: ["0x", {option: radius}]}]}
    - {output: out.tif}
inputs: [{name: picture, label: Picture, dataset_types: ["*"], files: "*.tif"}]
options:
  - {name: percent, type: float, label: Scale, units: "%", min: 1, max: 400}
  - {name: radius, type: float, label: Radius, units: px, min: 0.1, max: 50}
  - {name: width, type: integer, label: Width, min: 1}
  - {name: height, type: integer, label: Height, min: 1}
resources: {default: s, variants: [{name: s, label: S, memory_mb: 512}]}
result_title: "{input}, blurred"
outputs: [{name: out, pattern: "*.tif", dataset_type: picture}]
"""


def ran(yard, name, dataset, options):
    """The folder of the newest result."""
    slot = yard.jobtypes.by_name[name].slot.name
    request, now = SubmitRequest(name, {slot: [dataset]}, options), datetime.now(UTC)
    with yard.database.write() as session:
        maya = yard.facility.actors["maya"]
        submit(session, maya, request, jobtypes=yard.jobtypes, settings=yard.settings, now=now)
    job = yard.until_ended(yard.daemon())[-1]
    assert job.state is State.SUCCEEDED, yard.tell()
    return yard.settings.results / yard.results()[-1].location.removeprefix("results:")


@pytest.fixture
def convert():
    """ImageMagick's own program; a stand-in of that name elsewhere is none."""
    found = shutil.which("convert", path="/usr/bin:/bin")
    if found is None:
        pytest.skip("no ImageMagick: on Debian, apt-get install imagemagick")
    return found


def test_values_within_arguments_reach_imagemagick(yard_with, convert, tmp_path):
    document = yaml.safe_load(BLUR)
    document["program"]["command"][0] = convert
    yard = yard_with(document)
    path = yard.settings.roots["demo"].path / "in.tif"
    pixels = np.random.default_rng(3).integers(0, 60_000, (64, 96), dtype=np.uint16)
    tifffile.imwrite(path, pixels, photometric="minisblack")
    folder = ran(yard, "blur", register(yard, path), {"percent": "50", "radius": "3"})
    by_hand = tmp_path / "by hand.tif"
    subprocess.run([convert, path, "-resize", "50%", "-blur", "0x3.0", by_hand], check=True)
    ours = tifffile.imread(folder / "out.tif")
    assert ours.shape == (32, 48)
    assert np.array_equal(ours, tifffile.imread(by_hand))
    assert ours.std() < 0.5 * pixels.std()


def test_what_lacks_a_value_is_left_out_as_a_whole(yard_with, convert):
    document = yaml.safe_load(BLUR)
    document["program"]["command"][0] = convert
    yard = yard_with(document)
    path = yard.settings.roots["demo"].path / "in.tif"
    pixels = np.arange(64 * 96, dtype=np.uint16).reshape(64, 96)
    tifffile.imwrite(path, pixels, photometric="minisblack")
    dataset = register(yard, path)
    for options, wanted in (({"width": "40"}, pixels), ({"width": "40", "height": "20"}, pixels[:20, :40])):
        assert np.array_equal(tifffile.imread(ran(yard, "blur", dataset, options) / "out.tif"), wanted)
