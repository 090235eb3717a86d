"""What a change of the input changes in a deconvolution, as physics says."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

SHAPE, VOXEL = (26, 44, 48), (0.5, 0.2, 0.2)
OPTIONS = {"iterations": 8, "boundary": "zero", "precision": "double"}
PSF = {"psf": "file"}


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    """Points well inside, blurred, with noise; nothing near the faces."""
    rng = np.random.default_rng(5)
    light = np.zeros(SHAPE)
    for _ in range(12):
        light[tuple(rng.integers((11, 18, 18), (15, 26, 30)))] += rng.uniform(2e3, 2e4)
    return rng.poisson(gaussian_filter(light, (1.6, 1.5, 1.5), mode="constant"))


@pytest.fixture(scope="module")
def bead() -> np.ndarray:
    grid = np.indices((13, 13, 13))
    return 5000 * np.exp(-0.5 * sum(((g - 6.2) / s) ** 2 for g, s in zip(grid, (1.6, 1.5, 1.5), strict=True))) + 40


@pytest.fixture
def deconvolved(run_program, tmp_path: Path):
    """Return run(stack, psf, …): the result, and how it ended."""
    number = [0]

    def run(stack: np.ndarray, psf: np.ndarray, *, voxel=VOXEL, unit="um", chunks=None, **options):
        number[0] += 1
        paths = [tmp_path / f"{number[0]}-{name}.h5" for name in ("stack", "psf")]
        for path, values in zip(paths, (stack, psf), strict=True):
            with h5py.File(path, "w") as file:
                data = file.create_dataset("data", data=values, chunks=chunks)
                for axis, size in zip("zyx", voxel, strict=True):
                    data.attrs[f"voxel size {axis}"] = size
                    data.attrs[f"voxel size {axis} units"] = unit
        inputs = {"stack": [paths[0]], "psf": [paths[1]]}
        ending = run_program("lightsheet_deconvolution", inputs, OPTIONS | PSF | options)
        assert ending.code == 0, ending.words
        with h5py.File(ending.output / "deconvolved.h5") as file:
            return file["data"][()].astype(float), ending

    return run


@pytest.fixture
def plain(deconvolved, counts, bead, kept: dict[str, np.ndarray]) -> np.ndarray:
    if "plain" not in kept:
        kept["plain"] = deconvolved(counts.astype(np.uint16), bead)[0]
    return kept["plain"]


@pytest.fixture(scope="module")
def kept() -> dict[str, np.ndarray]:
    """What is computed once for all tests."""
    return {}


def alike(found: np.ndarray, wanted: np.ndarray, most: float = 1e-6) -> bool:
    return bool(np.abs(found - wanted).max() <= most * wanted.max())


def test_a_shifted_stack_gives_the_shifted_result(deconvolved, counts, bead, plain) -> None:
    by = (1, -2, 3)
    found, _ = deconvolved(np.roll(counts, by, (0, 1, 2)).astype(np.uint16), bead)
    assert alike(found, np.roll(plain, by, (0, 1, 2)), 1e-4)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_mirrored_stack_and_bead_give_the_mirrored_result(deconvolved, counts, bead, plain, axis) -> None:
    found, _ = deconvolved(np.flip(counts, axis).astype(np.uint16), np.flip(bead, axis))
    assert alike(found, np.flip(plain, axis))


def test_a_brighter_stack_gives_the_brighter_result(deconvolved, counts, bead, plain) -> None:
    """Richardson–Lucy's second estimate is in proportion to the stack, and so are all that follow."""
    found, _ = deconvolved((3 * counts).astype(np.uint16), bead)
    assert alike(found / 3, plain)


@pytest.mark.parametrize(("factor", "level"), [(1e-3, 0.0), (1.0, 300.0), (7.5, 30.0)])
def test_the_beads_brightness_and_background_do_not_matter(
    deconvolved, counts, bead, plain, factor, level
) -> None:
    found, _ = deconvolved(counts.astype(np.uint16), factor * (bead + level))
    assert alike(found, plain)


def test_where_the_bead_lies_in_its_file_does_not_matter(deconvolved, counts, bead, plain) -> None:
    padded = np.pad(bead, ((2, 5), (0, 3), (4, 1)), constant_values=40)
    found, _ = deconvolved(counts.astype(np.uint16), padded)
    assert alike(found, plain, 1e-3)


@pytest.mark.parametrize("dtype", ["int32", ">u2", "float64"])
def test_the_type_of_the_numbers_does_not_matter(deconvolved, counts, bead, plain, dtype) -> None:
    found, _ = deconvolved(counts.astype(dtype), bead)
    assert alike(found, plain)


@pytest.mark.parametrize("chunks", [(1, 7, 48), (13, 13, 13)])
def test_how_the_files_are_chunked_does_not_matter(deconvolved, counts, bead, plain, chunks) -> None:
    found, _ = deconvolved(counts.astype(np.uint16), bead, chunks=tuple(min(one, 13) for one in chunks))
    assert np.array_equal(found, plain)


@pytest.mark.parametrize(("unit", "factor"), [("nm", 1e3), ("mm", 1e-3), ("m", 1e-6)])
def test_the_unit_of_voxel_sizes_does_not_matter(deconvolved, counts, bead, plain, unit, factor) -> None:
    voxel = tuple(size * factor for size in VOXEL)
    found, ending = deconvolved(counts.astype(np.uint16), bead, voxel=voxel, unit=unit)
    assert alike(found, plain)
    assert ending.parameters["voxel size z"] == pytest.approx(0.5)


def test_a_crop_is_that_part_of_the_whole(deconvolved, counts, bead, plain) -> None:
    found, _ = deconvolved(counts.astype(np.uint16), bead, box="8:18, 14:30, 14:34")
    assert alike(found, plain[8:18, 14:30, 14:34], 1e-3)


def test_a_background_of_the_stack_is_taken_off(deconvolved, counts, bead, plain) -> None:
    found, _ = deconvolved((counts + 100).astype(np.uint16), bead, background=100)
    assert alike(found, plain)


def test_tiff_and_hdf5_of_the_same_values_give_the_same(run_program, counts, bead, plain, tmp_path) -> None:
    paths = [tmp_path / "stack.tif", tmp_path / "psf.tif"]
    for path, values in zip(paths, (counts.astype(np.uint16), bead), strict=True):
        tifffile.imwrite(path, values, photometric="minisblack", metadata={"axes": "ZYX"})
    inputs = {"stack": [paths[0]], "psf": [paths[1]]}
    ending = run_program("lightsheet_deconvolution", inputs, OPTIONS | PSF)
    with h5py.File(ending.output / "deconvolved.h5") as file:
        assert alike(file["data"][()].astype(float), plain)
