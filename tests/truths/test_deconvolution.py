"""Deconvolution and its point spread functions, held against scikit-image, RedLionfish and psfmodels.

The last two run as programs of their own (tests/support/peers.py): psfmodels is GPL.
"""

import hashlib
import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from peers import run_peer
from skimage.feature import peak_local_max
from skimage.restoration import richardson_lucy as reference

from wrappers.kernels.psf.theoretical import Optics, Sectioning, focus_um, theoretical_psf

RED_LIONFISH = """
import logging, sys, numpy as np
logging.disable(logging.CRITICAL)
from RedLionfishDeconv.RLDeconv3DScipy import doRLDeconvolution12
image, psf, iterations, result = sys.argv[1:]
np.save(result, doRLDeconvolution12(np.load(image), np.load(psf), niter=int(iterations)))
"""
PSFMODELS = """
import json, sys, numpy as np, psfmodels
given = json.loads(sys.argv[1])
z = np.asarray(given.pop("z"))
np.save(sys.argv[2], psfmodels.make_psf(z, model="scalar", normalize=False, **given))
"""
VOXEL_Z, SIGMA = 0.5, (0.8, 0.32, 0.32)


JUDGED: dict[str, np.ndarray] = {}
"""What scikit-image made of inputs that several tests give it."""


def scikit_image(image: np.ndarray, psf: np.ndarray, iterations: int) -> np.ndarray:
    image, psf = image.astype(float), psf.astype(float)
    told = repr((image.shape, psf.shape, iterations)).encode()
    key = hashlib.sha256(told + image.tobytes() + psf.tobytes()).hexdigest()
    if key not in JUDGED:
        JUDGED[key] = np.asarray(reference(image, psf / psf.sum(), iterations, clip=False))
        JUDGED[key].flags.writeable = False
    return JUDGED[key]


def arrays_of(ending) -> tuple[np.ndarray, np.ndarray]:
    assert ending.code == 0, ending.words
    with h5py.File(ending.output / "deconvolved.h5") as file:
        return np.asarray(file["data"]), np.asarray(file["psf"])


def gaussian(shape: tuple[int, ...], sigma: tuple[float, ...], centre: tuple[float, ...]) -> np.ndarray:
    grid = np.indices(shape)
    return np.exp(-0.5 * sum(((g - c) / s) ** 2 for g, c, s in zip(grid, centre, sigma, strict=True)))


def stack_of(cases: Path) -> np.ndarray:
    with h5py.File(cases / "p00_stack.h5") as file:
        return np.asarray(file["entry/data/data"])


def off(found: np.ndarray, wanted: np.ndarray) -> float:
    """The largest difference as a share of the brightest voxel, told where a test prints."""
    share = float(np.abs(found - wanted).max() / wanted.max())
    print(f"largest difference {share:.3g} of the brightest voxel")
    return share


@pytest.mark.parametrize(("precision", "most"), [("single", 1e-5), ("double", 1e-6)])
def test_a_recorded_volume_is_scikit_images(run_program, test_data, precision, most) -> None:
    folder = test_data / "lightsheet"
    inputs = {"stack": [folder / "gendata_psfconv_poiss.tif"], "psf": [folder / "PSF_RFI_8bit.tif"]}
    options = {"psf": "file", "iterations": 10, "boundary": "zero", "precision": precision}
    found, psf = arrays_of(run_program("lightsheet_deconvolution", inputs, options, cpus=2))
    wanted = scikit_image(tifffile.imread(inputs["stack"][0]), psf, 10)
    assert off(found, wanted) <= most


@pytest.mark.parametrize(
    ("name", "shape", "sigma", "most"),
    [
        ("p01_psf_odd.h5", (13, 13, 13), (1.6, 1.6, 1.6), 1e-4),
        # Its light ends a voxel later on one side than p01's.
        ("p02_psf_even_peak_at_half.h5", (15, 15, 15), (1.6, 1.6, 1.6), 1e-3),
        # 0.1 um against the stack's 0.5: a part of the light lies beyond its 23 planes.
        ("p03_psf_finer_z.h5", (5, 13, 13), (1.6, 1.6, 1.6), 1e-4),
        # Noise of a three-hundredth of the brightest voxel.
        ("p06_psf_background_subtracted.h5", (13, 13, 13), (1.6, 1.6, 1.6), 0.03),
    ],
)
def test_measured_psfs_give_what_their_optics_give_scikit_image(
    run_program, shared_cases, name, shape, sigma, most
) -> None:
    inputs = {"stack": [shared_cases / "p00_stack.h5"], "psf": [shared_cases / name]}
    options = {"psf": "file", "iterations": 30, "boundary": "zero", "precision": "double"}
    found, _ = arrays_of(run_program("lightsheet_deconvolution", inputs, options))
    true = gaussian(shape, sigma, tuple(length // 2 for length in shape))
    wanted = scikit_image(stack_of(shared_cases), true, 30)
    assert np.unravel_index(found.argmax(), found.shape) == (12, 20, 20)
    assert off(found, wanted) <= most


@pytest.mark.parametrize("place", [(6.0, 6.0, 6.0), (6.4, 5.7, 6.5), (5.5, 6.25, 7.1)])
@pytest.mark.parametrize(("level", "noise"), [(0.0, 0.0), (100.0, 0.0), (100.0, 3.0)])
def test_a_bead_between_voxels_on_a_background_is_the_same_bead(
    run_program, shared_cases, tmp_path, place, level, noise
) -> None:
    """By its brightest voxel it moved what was sharpened by half a voxel; its background sharpened too much."""
    bead = 3000 * gaussian((13, 13, 13), (1.6, 1.6, 1.6), place) + level
    bead = bead + np.random.default_rng(0).normal(0, noise, bead.shape) if noise else bead
    with h5py.File(tmp_path / "psf.h5", "w") as file:
        file["data"] = bead.astype(np.float32)
        file["data"].attrs["element_size_um"] = (0.5, 0.2, 0.2)
    inputs = {"stack": [shared_cases / "p00_stack.h5"], "psf": [tmp_path / "psf.h5"]}
    options = {"psf": "file", "iterations": 30, "boundary": "zero", "precision": "double"}
    found, _ = arrays_of(run_program("lightsheet_deconvolution", inputs, options))
    true = gaussian((15, 15, 15), (1.6, 1.6, 1.6), (7, 7, 7))
    wanted = scikit_image(stack_of(shared_cases), true, 30)
    assert off(found, wanted) <= 0.01


def test_beads_lie_where_red_lionfish_has_them(run_program, test_data, tmp_path) -> None:
    """Its mirrored PSF lies a voxel beside its PSF, so that voxels differ; places do by that voxel at most."""
    volume = tifffile.imread(test_data / "lightsheet" / "gendata_psfconv_poiss.tif")[40:120, 30:130, 20:134]
    tifffile.imwrite(tmp_path / "a.tif", volume, photometric="minisblack", metadata={"axes": "ZYX"})
    inputs = {"stack": [tmp_path / "a.tif"], "psf": [test_data / "lightsheet" / "PSF_RFI_8bit.tif"]}
    options = {"psf": "file", "iterations": 30, "boundary": "zero"}
    found, psf = arrays_of(run_program("lightsheet_deconvolution", inputs, options, cpus=2))
    files = [tmp_path / name for name in ("volume.npy", "psf.npy", "result.npy")]
    np.save(files[0], volume.astype(np.float32))
    np.save(files[1], psf)
    run_peer(RED_LIONFISH, [files[0], files[1], "30", files[2]])
    theirs = np.load(files[2])
    places = [peak_local_max(one, min_distance=8, threshold_rel=0.1, exclude_border=8) for one in (found, theirs)]
    assert len(places[0]) == len(places[1]) > 1
    apart = [int(np.abs(places[1] - place).max(axis=1).min()) for place in places[0]]
    print(f"{len(apart)} beads, at most {max(apart)} voxels apart")
    assert max(apart) <= 1


@pytest.mark.parametrize(
    ("na", "wavelength", "immersion", "sample", "depth"),
    [
        (0.3, 0.52, 1.0, 1.0, 0.0),
        (0.8, 0.509, 1.33, 1.33, 0.0),
        (1.4, 0.52, 1.515, 1.515, 0.0),
        (1.2, 0.6, 1.33, 1.36, 10.0),
        (1.4, 0.52, 1.515, 1.33, 5.0),
    ],
)
def test_the_model_of_gibson_and_lanni_is_psfmodels(tmp_path, na, wavelength, immersion, sample, depth) -> None:
    size, count, step = 0.25 * wavelength / na / 1.3, 41, 0.1 / na**2
    optics = Optics(na, wavelength, immersion, sample, depth)
    found = theoretical_psf(optics, Sectioning(), (step, size, size), (count, count, count))
    # Both count the stage from where a paraxial ray of the point is in focus.
    z = np.arange(-20, 21) * step + focus_um(optics) - depth * immersion / sample
    given = {
        "nx": count,
        "dxy": size,
        "NA": na,
        "wvl": wavelength,
        "ns": sample,
        "ni": immersion,
        "ni0": immersion,
    }
    # It averages a pixel's middles and takes radii linearly, a part of a pixel apart: with three parts it is
    # 6e-3 from itself with nine.
    given |= {"ng": 1.515, "ng0": 1.515, "pz": depth, "z": list(z + depth), "oversample_factor": 9}
    run_peer(PSFMODELS, [json.dumps(given), tmp_path / "psf.npy"])
    wanted = np.load(tmp_path / "psf.npy")
    # Where light no longer enters the sample its Simpson's rule has too few nodes for the path's steep end.
    assert off(found, wanted / wanted.sum()) <= (0.008 if sample < na else 0.002)
    assert abs(int(wanted[:, count // 2, count // 2].argmax()) - count // 2) <= 1
