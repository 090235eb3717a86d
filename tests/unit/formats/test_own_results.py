"""What our programs write as HDF5 and NeXus is read back with the sizes that it was written with."""

from pathlib import Path

import numpy as np
import pytest

from portal.data.parsing import client
from wrappers.io.hdf5 import write_arrays
from wrappers.io.origin import Origin
from wrappers.io.pictures import pictures_of
from wrappers.io.stack import open_arrays, read_stack
from wrappers.io.tomography.nxtomoproc import Volume, written_nxtomoproc
from wrappers.io.volumes import Pick
from wrappers.job import InputDataset, InputFile

VALUES = np.random.default_rng(4).random((5, 16, 18)).astype(np.float32)
PLACES = [f"image:voxel size {axis}" for axis in "zyx"]


def sizes(path: Path, array: str) -> list[dict[str, float]]:
    """As the portal lists them, as a deconvolution takes them and as a conversion keeps them."""
    with path.open("rb") as file:
        look = client.inspect(file, PLACES, pictures=0)
    listed = next(one for one in look.listing.arrays if one.name == array)
    given = InputFile(path.name, path)
    taken = read_stack(InputDataset("a", (given,), {}), "stack", Pick(array=array)).voxel_um
    with open_arrays(given) as arrays:
        [picture] = pictures_of(next(one for one in arrays.found if one.name == array), "a")
    as_taken = {axis: size for axis, size in zip("zyx", taken, strict=True) if size is not None}
    return [dict(listed.sizes), as_taken, dict(picture.about.sizes_um)]


@pytest.mark.parametrize(
    ("deep", "wide", "first", "expected"),
    [
        (0.65, 0.325, 0, {"z": 0.65, "y": 0.325, "x": 0.325}),
        (3.45, 3.45, 1017, {"z": 3.45, "y": 3.45, "x": 3.45}),
        (None, 1.1, 3, {"y": 1.1, "x": 1.1}),
        (None, None, 0, {}),
    ],
)
def test_slices_of_a_scan(tmp_path: Path, deep, wide, first, expected) -> None:
    volume = Volume(VALUES.shape, "1/mm", (deep, wide), first, {})
    with written_nxtomoproc(tmp_path / "slices.h5", volume, Origin(), "scan.nxs", {}, title="a") as dataset:
        dataset[...] = VALUES
    for found in sizes(tmp_path / "slices.h5", "/data"):
        assert found == pytest.approx(expected, rel=1e-9)


def test_a_deconvolved_stack(tmp_path: Path) -> None:
    told = {"axes": "zyx"}
    for axis, size in zip("zyx", (0.5, 0.2, 0.21), strict=True):
        told |= {f"voxel size {axis}": size, f"voxel size {axis} units": "um"}
    write_arrays(tmp_path / "deconvolved.h5", {"data": VALUES}, {"data": told})
    for found in sizes(tmp_path / "deconvolved.h5", "/data"):
        assert found == pytest.approx({"z": 0.5, "y": 0.2, "x": 0.21}, rel=1e-9)
