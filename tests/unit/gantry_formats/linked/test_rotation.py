"""The range of a scan's rotation angles: of the list that is called so most surely, in the file's own unit."""

import h5py
import numpy as np
import pytest

from gantry_formats.linked import Array, Tree
from gantry_formats.linked.rotation import RANGE, rotation_range
from gantry_formats.linked.walking import walk


@pytest.fixture
def found(tmp_path):
    def of(lists):
        with h5py.File(tmp_path / "scan.nxs", "w") as file:
            for path, (values, attributes) in lists.items():
                file[path] = values
                file[path].attrs.update(attributes)
        with h5py.File(tmp_path / "scan.nxs") as file:
            things = walk(Tree(file, "scan.nxs", None).root, 1000)
            return rotation_range([thing for _path, thing, _holder in things if isinstance(thing, Array)])

    return of


HALF = np.linspace(0, np.pi, 50, endpoint=False)


def test_the_range_has_the_files_unit_or_none(found):
    bare = found({"/entry/data/rotation_angle": (HALF, {})})
    assert (bare.value, bare.units, bare.place) == (pytest.approx(np.ptp(HALF)), "", "/entry/data/rotation_angle")
    said = found({"/e/sample/rotation_angle": (np.degrees(HALF), {"units": "degree"})})
    assert (said.told(RANGE), said.told(f"{RANGE}@units")) == (pytest.approx(np.degrees(np.ptp(HALF))), "degree")
    assert said.told(f"{RANGE}@place") == "/e/sample/rotation_angle" and said.told(f"{RANGE}@file") is None


def test_what_is_no_number_counts_for_nothing(found):
    angles = np.r_[np.nan, 10.0, 190.0, np.inf]
    assert found({"/exchange/theta": (angles, {"units": "deg"})}).value == 180.0


@pytest.mark.parametrize(
    "lists",
    [
        {},
        {"/entry/other": (HALF, {})},
        {"/entry/rotation_angle": (np.full(9, 3.0), {"units": "deg"})},
        {"/entry/rotation_angle": (np.full(9, np.nan), {})},
        {"/entry/rotation_angle": (1.5, {})},
        {"/entry/rotation_angle": (np.ones((3, 3)), {})},
        {"/entry/rotation_angle": (np.array([b"1", b"2"]), {})},
        # Two scans in one file, of which one turned half as far.
        {"/a/rotation_angle": (HALF, {"units": "rad"}), "/b/rotation_angle": (HALF / 2, {"units": "rad"})},
        {"/a/rotation_angle": (HALF, {"units": "rad"}), "/b/rotation_angle": (HALF, {})},
    ],
)
def test_none_is_told_where_there_is_none_or_several_differ(found, lists):
    assert found(lists) is None


def test_the_surest_and_longest_list_counts(found):
    lists = {
        "/entry/positioners/angle": (HALF * 7, {}),
        "/entry/flats/rotation_angle": (HALF[:3], {}),
        "/entry/sample/rotation_angle": (HALF, {"units": "rad"}),
        "/entry/data/rotation_angle": (HALF, {"units": "rad"}),
    }
    one = found(lists)
    assert (one.value, one.units) == (pytest.approx(np.ptp(HALF)), "rad")
    turning = {"transformation_type": "rotation", "units": "rad"}
    assert found({"/e/t/phi": (HALF * 2, turning), "/e/theta": (HALF, {})}).value == pytest.approx(
        2 * np.ptp(HALF)
    )
