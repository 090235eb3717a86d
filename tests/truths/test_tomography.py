"""Slices, stripes and phase retrieval held against algotom, which runs as a program of its own."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from drawn_ellipses import pictured, projected, sample
from peers import run_peer

from wrappers.kernels.full_turn import stitched, stitched_width
from wrappers.kernels.phase import retrieved
from wrappers.kernels.stripes import (
    without_all_stripes,
    without_dead_stripes,
    without_stripes,
    without_wide_stripes,
)
from wrappers.kernels.tomography import attenuation, filtered_back_projection

WITHIN = 0.01
"""Relative L2 away from the rim."""

# Of a row: what lies at `exchange` or in an entry with image keys, flats and darks averaged, as a facility would.
SLICE = """
import sys, h5py, numpy as np
from algotom.rec.reconstruction import fbp_reconstruction
given, result, centre, pad, kind = sys.argv[1:6]
with np.load(given) as file:
    sinogram, angles = file["sinogram"], file["angles"]
image = fbp_reconstruction(sinogram, float(centre), angles=angles, ratio=None, apply_log=False, gpu=False, ncore=1,
                           filter_name=None if kind == "ramp" else kind, pad=int(pad))
# algotom weighs by the steps between angles that include both ends; ours stand for half a turn.
np.save(result, image * (len(angles) - 1) / len(angles))
"""

HALF = """
import sys, numpy as np
from algotom.prep.conversion import convert_sinogram_360_to_180
from algotom.rec.reconstruction import fbp_reconstruction
given, result, centre = sys.argv[1:4]
sinogram = np.load(given)
# It wants the last projection to look where the first one does.
whole, axis = convert_sinogram_360_to_180(np.vstack([sinogram, sinogram[:1]]), float(centre), norm=False)
angles = np.linspace(0, np.pi, len(whole))[:-1]
lines = np.ascontiguousarray(whole[:-1], np.float32)
image = fbp_reconstruction(lines, axis, angles=angles, ratio=None, gpu=False, apply_log=False, ncore=1,
                           filter_name=None, pad=whole.shape[1])
np.save(result, image * (len(angles) - 1) / len(angles))
"""

STRIPES = """
import sys, numpy as np
from algotom.prep import removal
given, result = sys.argv[1:3]
sinogram = np.load(given)
np.savez(result,
         sorting=removal.remove_stripe_based_sorting(sinogram, 21),
         wide=removal.remove_large_stripe(sinogram, 3.0, 51),
         dead=removal.remove_dead_stripe(sinogram, 3.0, 51, residual=False),
         all=removal.remove_all_stripe(sinogram, 3.0, 51, 21))
"""

# algotom's filter is Paganin's with the strength as its ratio. It pads its window as it is, so that it is given
# pictures that are padded, and pads nothing itself.
PHASE = """
import sys, numpy as np
from algotom.prep.filtering import fresnel_filter
given, result, strength = sys.argv[1:4]
np.save(result, [fresnel_filter(one, float(strength), dim=2, pad=0, apply_log=False) for one in np.load(given)])
"""


def tooth(test_data: Path, row: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The recorded tooth: a sinogram (1, angles, columns) and angles in radians."""
    with h5py.File(test_data / "tomography" / "tooth.h5") as file:
        rows = slice(row, row + 1)
        group = file["exchange"]
        flat, dark = (group[name][:, rows].mean(axis=0) for name in ("data_white", "data_dark"))
        sinogram, _, _ = attenuation(group["data"][:, rows], flat, dark)
        return sinogram, np.deg2rad(group["theta"][()])


def difference(found: np.ndarray, wanted: np.ndarray, share: float = 0.9) -> float:
    """Relative L2 within this share of the radius."""
    away = np.hypot(*(np.indices(found.shape) - (len(found) - 1) / 2))
    inside = away < share * len(found) / 2
    return float(np.linalg.norm((found - wanted)[inside]) / np.linalg.norm(wanted[inside]))


def algotoms_slice(
    folder: Path, sinogram: np.ndarray, angles: np.ndarray, centre: float, pad: int, kind: str = "ramp"
) -> np.ndarray:
    np.savez(folder / "given.npz", sinogram=sinogram, angles=angles)
    run_peer(SLICE, [folder / "given.npz", folder / "slice.npy", str(centre), str(pad), kind])
    return np.asarray(np.load(folder / "slice.npy"))


@pytest.mark.parametrize("row", [0, 1])
def test_the_tooths_slices_are_algotoms(test_data, tmp_path: Path, row: int) -> None:
    sinogram, angles = tooth(test_data, row)
    wanted = algotoms_slice(tmp_path, sinogram[0], angles, 295.86, 640)
    for beyond in ("edge", "constant", "nothing"):
        found = filtered_back_projection(sinogram, angles, 295.86, beyond=beyond)[0]  # type: ignore[arg-type]
        assert difference(found, wanted) < WITHIN, beyond


def test_the_programs_slice_of_the_tooth_is_algotoms(run_program, test_data, tmp_path: Path) -> None:
    """From counts to the slice, about the centre that the program found."""
    ending = run_program("tomo_slice", {"scan": [test_data / "tomography" / "tooth.h5"]}, {"row_first": 0})
    sinogram, angles = tooth(test_data)
    wanted = algotoms_slice(tmp_path, sinogram[0], angles, ending.parameters["rotation centre"], 640)
    with h5py.File(ending.output / "slices.h5") as file:
        assert difference(file["data"][0], wanted) < WITHIN


def test_a_truncated_slice_with_constant_edges_is_algotoms(test_data, tmp_path: Path) -> None:
    sinogram, angles = tooth(test_data)
    cut = np.ascontiguousarray(sinogram[..., 150:450])
    wanted = algotoms_slice(tmp_path, cut[0], angles, 145.86, 300)
    found = filtered_back_projection(cut, angles, 145.86, beyond="constant")[0]
    assert difference(found, wanted) < WITHIN


def test_a_truncated_slice_is_nearer_the_whole_one_than_algotoms(test_data, tmp_path: Path) -> None:
    """The tooth cut to 301 of 640 columns, the axis in their middle: what lies inside is known from all."""
    sinogram, angles = tooth(test_data)
    cut = np.ascontiguousarray(sinogram[..., 146:447])
    # An odd number of columns, so that the axis lies in the middle of a pixel of both slices.
    padded = np.pad(sinogram, ((0, 0), (0, 0), (23, 24)))
    wanted = filtered_back_projection(padded, angles, 318.86)[0]
    middle = (len(wanted) - 1) // 2
    wanted = wanted[middle - 150 : middle + 151, middle - 150 : middle + 151]
    ours = filtered_back_projection(cut, angles, 149.86)[0]
    theirs = algotoms_slice(tmp_path, cut[0], angles, 149.86, 45)
    assert difference(ours, wanted, 0.8) < difference(theirs, wanted, 0.8)


@pytest.mark.parametrize(
    "name",
    [
        "n01_radians_no_units.nxs",
        "n10_dx_no_dark_frames.h5",
        "n15_one_nan.nxs",
        "n17_mrad.nxs",
        "n18_dead_column.nxs",
        "n20_diamond_tomo_entry.nxs",
    ],
)
def test_the_cases_slices_are_algotoms(run_program, shared_cases, tmp_path: Path, name: str) -> None:
    """algotom is given the sinogram of a sound scan of the same phantom; of n10 its own, without darks."""
    options = {"row_first": 1, "row_count": 1, "centre": "31.5"}
    options |= {"angles": "rad"} if name.startswith("n01") else {}
    ending = run_program("tomo_slice", {"scan": [shared_cases / name]}, options)
    with h5py.File(ending.output / "slices.h5") as file:
        found, units = file["data"][0], file["data"].attrs["units"]
    with h5py.File(shared_cases / "n10_dx_no_dark_frames.h5") as file:
        dark = 0.0 if name.startswith("n10") else 100.0
        light = (file["exchange/data"][:, 1] - dark) / (file["exchange/data_white"][:, 1].mean(axis=0) - dark)
        degrees = file["exchange/theta"][()]
    found = found * (0.005 if units == "1/mm" else 1.0)
    sinogram = -np.log(light).astype(np.float32)
    if name.startswith("n18"):
        # Of a column that is dead nothing is known, and of 64 it is much: the sound scan is farther away.
        wanted = algotoms_slice(tmp_path, sinogram, np.deg2rad(degrees), 31.5, 64)
        assert difference(found, wanted) < 2 * WITHIN
        sinogram[:, 20] = (sinogram[:, 19] + sinogram[:, 21]) / 2
    wanted = algotoms_slice(tmp_path, sinogram, np.deg2rad(degrees), 31.5, 64)
    assert difference(found, wanted) < WITHIN


def test_half_acquisition_is_stitched_as_algotom_does(run_program, shared_cases, tmp_path: Path) -> None:
    """A full turn about column 10 of 40, made 59 wide: the whole volume, one of its rows is compared."""
    path = shared_cases / "n07_360_offset_axis.nxs"
    ending = run_program("tomo_slice", {"scan": [path]}, {"rows": "all", "centre": "10"})
    with h5py.File(ending.output / "slices.h5") as file:
        found = file["data"][1] * 0.005
    with h5py.File(path) as file:
        data, keys = file["entry/instrument/detector/data"][:, 1], file["entry/instrument/detector/image_key"][()]
    dark = data[keys == 2].mean(axis=0)
    light = (data[keys == 0] - dark) / (data[keys == 1].mean(axis=0) - dark)
    np.save(tmp_path / "given.npy", -np.log(light))
    run_peer(HALF, [tmp_path / "given.npy", tmp_path / "slice.npy", "10.0"])
    wanted = np.load(tmp_path / "slice.npy")
    assert found.shape == wanted.shape
    assert difference(found, wanted) < WITHIN


@pytest.mark.parametrize(
    ("columns", "centre"),
    [(160, 30.0), (161, 30.5), (160, 129.5), (160, 30.25), (161, 60.3), (160, 2.25), (160, 128.7), (160, 79.75)],
)
def test_half_acquisitions_are_as_near_the_drawn_truth_as_algotoms(tmp_path: Path, columns, centre) -> None:
    """Overlaps from 5 to 160 columns; without noise, so that what differs is geometry and interpolation."""
    radius = 0.98 * max(centre, columns - 1 - centre)
    drawn, turns = sample(radius), 4 * int(np.pi * radius / 2)
    angles = np.arange(turns) * 2 * np.pi / turns
    sinogram = projected(drawn, angles, columns, centre)
    wide, half, axis = stitched(sinogram[None], angles, centre)
    width = stitched_width(columns, centre)
    ours = filtered_back_projection(wide, half, axis, width=width)[0]
    np.save(tmp_path / "given.npy", sinogram)
    run_peer(HALF, [tmp_path / "given.npy", tmp_path / "slice.npy", str(centre)])
    theirs = np.load(tmp_path / "slice.npy")
    off, algotoms = (difference(image, pictured(drawn, len(image))) for image in (ours, theirs))
    print(f"{columns} columns about {centre}: {off:.4f} from the truth, algotom {algotoms:.4f}")
    # About half a column algotom's slices have one pixel more: the truth is drawn on other pixels there.
    assert off < 1.03 * algotoms
    assert off < 0.032


def striped(test_data: Path) -> np.ndarray:
    """The tooth (1, angles, columns) with stripes of all kinds."""
    sinogram, _ = tooth(test_data)
    rng = np.random.default_rng(0)
    sinogram = sinogram.astype(np.float32)
    sinogram[..., 200] += 0.2
    sinogram[..., 300:306] *= 1.3
    sinogram[..., 400] = rng.normal(0.5, 0.5, sinogram.shape[:2])
    sinogram[..., 450] = 0.3
    sinogram[..., 100:103] += 0.1
    return sinogram


def test_stripes_are_removed_as_algotom_does(test_data, tmp_path: Path) -> None:
    sinogram = striped(test_data)
    np.save(tmp_path / "given.npy", sinogram[0])
    run_peer(STRIPES, [tmp_path / "given.npy", tmp_path / "removed.npz"])
    removed = np.load(tmp_path / "removed.npz")
    found = {
        "sorting": without_stripes(sinogram, 21),
        "wide": without_wide_stripes(sinogram, 51, 3.0),
        "dead": without_dead_stripes(sinogram, 51, 3.0),
        "all": without_all_stripes(sinogram, narrow=21, wide=51, ratio=3.0),
    }
    for name, one in found.items():
        wanted = removed[name]
        off = np.linalg.norm(one[0] - wanted) / np.linalg.norm(wanted)
        # Values that are equal may be sorted one way or the other.
        assert off < (1e-6 if name == "dead" else 5e-4), name
        assert np.linalg.norm(sinogram[0] - wanted) / np.linalg.norm(wanted) > 0.03, name


@pytest.mark.parametrize("strength", [40.0, 900.0])
def test_phase_is_retrieved_as_algotom_filters(tmp_path: Path, strength: float) -> None:
    down, across = np.indices((90, 120))
    path = np.sqrt(np.maximum(0, 30.0**2 - (down - 45) ** 2 - (across - 60) ** 2)) * 0.02
    light = np.exp(-path) * np.random.default_rng(3).normal(1, 0.02, (4, *path.shape))
    pad = 60
    padded = np.pad(light, ((0, 0), (pad, pad), (pad, pad)), mode="edge")
    np.save(tmp_path / "given.npy", padded)
    run_peer(PHASE, [tmp_path / "given.npy", tmp_path / "filtered.npy", str(strength)])
    wanted = -np.log(np.load(tmp_path / "filtered.npy")[:, pad:-pad, pad:-pad])
    sinograms = -np.log(light).swapaxes(0, 1).astype(np.float32)
    found = retrieved(sinograms, strength, strength).swapaxes(0, 1)
    assert np.linalg.norm(found - wanted) / np.linalg.norm(wanted) < WITHIN
