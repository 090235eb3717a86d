"""Each channel with its own PSF: by its name of a measured one, by its wavelength of a computed one."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

NAMES, WAVELENGTHS = ("DAPI", "GFP"), (461.0, 525.0)
SIGMAS = ((1.2, 1.0, 1.0), (2.2, 1.8, 1.8))
VOXEL = {"PhysicalSizeX": 0.15, "PhysicalSizeY": 0.15, "PhysicalSizeZ": 0.4} | {
    f"PhysicalSize{axis}Unit": "µm" for axis in "XYZ"
}
OPTICS = {
    "psf": "theoretical", "iterations": 5, "na": 0.8, "refractive_index": 1.33, "illumination": "sheet",
    "sheet_thickness": 2.0,
}  # fmt: skip


def spot(shape: tuple[int, ...], sigma: tuple[float, ...]) -> np.ndarray:
    light = np.zeros(shape)
    light[tuple(length // 2 for length in shape)] = 1e5
    return np.asarray(gaussian_filter(light, sigma, truncate=6))


def written(path: Path, shape: tuple[int, ...], names=NAMES, wavelengths=WAVELENGTHS, unit: str = "nm") -> Path:
    values = np.stack([spot(shape, sigma) for sigma in SIGMAS[: len(names)]]).astype(np.float32)
    channel: dict[str, list[object]] = {"Name": list(names)} if any(names) else {}
    if wavelengths:
        channel |= {"EmissionWavelength": list(wavelengths), "EmissionWavelengthUnit": [unit] * len(names)}
    metadata = {"axes": "CZYX", **VOXEL, "Channel": channel}
    tifffile.imwrite(path, values, ome=True, photometric="minisblack", metadata=metadata)
    return path


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    return written(tmp_path / "stack.ome.tif", (15, 41, 43))


def psf_of(ending) -> np.ndarray:
    assert ending.code == 0, ending.words
    with h5py.File(ending.output / "deconvolved.h5") as file:
        return np.asarray(file["psf"])


def sigma_of(psf: np.ndarray) -> float:
    profile = psf.sum(axis=(0, 1))
    return float(np.sqrt((profile * (np.arange(len(profile)) - len(profile) // 2) ** 2).sum()))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_channel_takes_the_measured_psf_of_its_name(run_program, stack, tmp_path, order) -> None:
    psf = written(tmp_path / "psf.ome.tif", (13, 19, 19))
    if order == (1, 0):
        values = tifffile.imread(psf)[::-1]
        metadata = {"axes": "CZYX", **VOXEL, "Channel": {"Name": [name.lower() for name in NAMES[::-1]]}}
        tifffile.imwrite(psf, values, ome=True, photometric="minisblack", metadata=metadata)
    for channel, sigma in enumerate(SIGMAS):
        options = {"psf": "file", "iterations": 2, "channel": channel}
        ending = run_program("lightsheet_deconvolution", {"stack": [stack], "psf": [psf]}, options)
        assert sigma_of(psf_of(ending)) == pytest.approx(sigma[2], rel=0.02)
        assert "channel" not in ending.warned


def test_a_channel_without_a_psf_of_its_own_gets_no_other(run_program, refused, stack, tmp_path) -> None:
    psf = written(tmp_path / "psf.ome.tif", (13, 19, 19), ("DAPI", "mCherry"))
    inputs, options = {"stack": [stack], "psf": [psf]}, {"psf": "file", "iterations": 1, "channel": 1}
    words = "psf.ome.tif has no channel called “GFP”: 0 (DAPI), 1 (mCherry). Choose one, from 0 to 1"
    refused(run_program("lightsheet_deconvolution", inputs, options), words)
    for chosen in ("1", "mcherry"):
        ending = run_program("lightsheet_deconvolution", inputs, {**options, "psf_channel": chosen})
        assert "the PSF is that of channel “mCherry”, and the stack's channel is “GFP”" in ending.warned.replace(
            "mcherry", "mCherry"
        )


def test_channels_without_names_are_not_matched_by_their_place(run_program, refused, stack, tmp_path) -> None:
    psf = written(tmp_path / "psf.ome.tif", (13, 19, 19), ("", ""), ())
    inputs, options = {"stack": [stack], "psf": [psf]}, {"psf": "file", "iterations": 1, "channel": 1}
    refused(run_program("lightsheet_deconvolution", inputs, options), "its 2 channels have no names. Choose one")


def test_a_channels_own_wavelength_makes_its_psf(run_program, stack) -> None:
    widths = []
    for channel, wavelength in enumerate(WAVELENGTHS):
        ending = run_program("lightsheet_deconvolution", {"stack": [stack]}, {**OPTICS, "channel": channel})
        assert ending.parameters["emission wavelength"] == wavelength
        widths.append(sigma_of(psf_of(ending)))
    assert widths[0] < widths[1]


def test_a_wavelength_in_another_unit_makes_the_same_psf(run_program, stack, tmp_path) -> None:
    other = written(tmp_path / "um.ome.tif", (15, 41, 43), wavelengths=(0.461, 0.525), unit="µm")
    found = [
        run_program("lightsheet_deconvolution", {"stack": [path]}, {**OPTICS, "channel": 1})
        for path in (stack, other)
    ]
    assert np.array_equal(psf_of(found[0]), psf_of(found[1]))


def test_a_wavelength_that_was_given_is_taken_and_another_ones_of_the_file_is_said(run_program, stack) -> None:
    ending = run_program(
        "lightsheet_deconvolution", {"stack": [stack]}, {**OPTICS, "channel": 0, "wavelength": 525}
    )
    assert ending.parameters["emission wavelength"] == 525
    assert (
        "the file says 461 nm of channel “DAPI”; the emission wavelength that was given, 525 nm" in ending.warned
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"na": None}, "The numerical aperture is not known"),
        ({"refractive_index": None}, "The refractive index of the immersion is not known"),
        ({"illumination": None}, "How the sample is illuminated is not known"),
        ({"sheet_thickness": None}, "The thickness of the light sheet is not known"),
        ({"illumination": "confocal", "excitation": 488}, "The pinhole is not known"),
        ({"illumination": "confocal", "pinhole": 1}, "The excitation wavelength is not known"),
        ({"sample_index": 1.4}, "The depth beneath the cover glass is not known"),
        ({"na": 1.33}, "A numerical aperture of 1.33 is not possible in an immersion of refractive index 1.33"),
    ],
)
def test_what_is_not_known_of_the_optics_is_asked_and_never_guessed(
    run_program, refused, stack, options, words
) -> None:
    given = {**OPTICS, "channel": 1, **options}
    refused(run_program("lightsheet_deconvolution", {"stack": [stack]}, given), words)


def test_a_wavelength_that_nothing_tells_is_asked(run_program, refused, tmp_path) -> None:
    path = written(tmp_path / "dark.ome.tif", (15, 41, 43), wavelengths=())
    ending = run_program("lightsheet_deconvolution", {"stack": [path]}, {**OPTICS, "channel": 1})
    refused(ending, "The emission wavelength of channel “GFP” is not known")


def test_voxels_larger_than_what_the_microscope_resolves_are_said(run_program, stack) -> None:
    options = {**OPTICS, "channel": 1, "voxel_xy": 0.3}
    ending = run_program("lightsheet_deconvolution", {"stack": [stack]}, options)
    words = "voxels are 0.3 µm along y, 0.3 µm along x: at NA 0.8 and 525 nm the microscope resolves more"
    assert words in ending.warned
    fine = run_program("lightsheet_deconvolution", {"stack": [stack]}, {**OPTICS, "channel": 1})
    assert "Nyquist" not in fine.warned
    gaussian = {"iterations": 1, "channel": 1, "na": 0.8, "voxel_xy": 0.3}
    assert "Nyquist" in run_program("lightsheet_deconvolution", {"stack": [stack]}, gaussian).warned


def test_an_excitation_that_is_not_shorter_than_the_emission_is_said(run_program, stack) -> None:
    optics = {**OPTICS, "illumination": "confocal", "pinhole": 1, "channel": 1}
    words = "is not shorter than the emission's"
    for excitation, said in ((488, False), (640, True)):
        ending = run_program("lightsheet_deconvolution", {"stack": [stack]}, {**optics, "excitation": excitation})
        assert (words in ending.warned) == said
