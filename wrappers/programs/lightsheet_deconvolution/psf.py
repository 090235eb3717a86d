"""The point spread function that was chosen: measured, Gaussian, or by the microscope's optics."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from gantry_formats.descriptions import EMISSION
from wrappers.errors import BadInput
from wrappers.io.psf import Psf, check_sizes, gaussian, measured_psf
from wrappers.io.stack import AXES, Stack
from wrappers.job import Job
from wrappers.kernels.psf.theoretical import Optics, Sectioning, nyquist_um, reach_um, theoretical_psf
from wrappers.programs.lightsheet_deconvolution.settings import OpticsGiven, Settings

ALIKE_NM = 1.0
COARSER = 1.05
"""Than what the microscope resolves: sizes are rounded."""


def psf_of(job: Job, settings: Settings, stack: Stack, sizes: Mapping[str, float], channel: str) -> Psf:
    """Return the PSF that was chosen; BadInput where it cannot be made, or the stack has no room for it."""
    shape = stack.values.shape
    if settings.psf == "theoretical":
        return _theoretical(settings, stack, sizes, channel)
    if settings.psf == "file":
        dataset = job.one("psf")
        level = settings.psf_background
        psf = measured_psf(dataset, settings.psf_pick, sizes, shape, background=level, channel=channel)
    else:
        psf = gaussian((settings.sigma_z, settings.sigma_xy, settings.sigma_xy), shape, sizes)
    if any(support > length for support, length in zip(psf.values.shape, shape, strict=True)):
        raise BadInput(
            f"The PSF ({by(psf.values.shape)} voxels, z × y × x) is larger than the stack ({by(shape)} voxels)."
        )
    return psf


def _theoretical(settings: Settings, stack: Stack, sizes: Mapping[str, float], channel: str) -> Psf:
    given = settings.optics
    check_sizes(sizes)
    emission, said = _emission(given, stack, settings.pick.channel, channel)
    optics = optics_of(given, emission)
    sectioning = _sectioning(given)
    voxel, shape = (sizes["z"], sizes["y"], sizes["x"]), stack.values.shape
    values = theoretical_psf(optics, sectioning, voxel, (shape[0], shape[1], shape[2]))
    if optics.sample != optics.immersion and optics.depth_um:
        said.append("the stack's planes are taken to go deeper into the sample, which the indices make matter")
    if sectioning.excitation_um is not None and 1000 * sectioning.excitation_um >= emission:
        said.append(
            f"the excitation's wavelength, {1000 * sectioning.excitation_um:g} nm, is not shorter than the "
            f"emission's, {emission:g} nm: one of them may be wrong"
        )
    along, across = reach_um(optics, sectioning)
    said += _beyond_the_stack(values.shape, voxel, (along, across, across))
    figures: dict[tuple[str, str], float | str] = {
        ("numerical aperture", ""): optics.na,
        ("emission wavelength", "nm"): emission,
        ("refractive index", ""): optics.immersion,
        ("illumination", ""): given.illumination,
        ("psf reach z", "um"): float(f"{values.shape[0] // 2 * voxel[0]:.4g}"),
    }
    optional = (
        ("refractive index of the sample", "", given.sample),
        ("depth", "um", given.depth_um if optics.sample != optics.immersion else None),
        ("light sheet thickness", "um", sectioning.sheet_um),
        ("pinhole", "Airy disks", sectioning.pinhole_airy),
        ("excitation wavelength", "nm", given.excitation_nm if sectioning.excitation_um else None),
    )
    figures |= {(name, units): figure for name, units, figure in optional if figure is not None}
    return Psf(values, tuple(said), figures)


def _beyond_the_stack(shape: Sequence[int], voxel: Sequence[float], reach: Sequence[float]) -> list[str]:
    """Return a remark where a PSF would reach further than the stack has room for."""
    cut = {
        axis: length // 2 * size
        for axis, length, size, far in zip(AXES, shape, voxel, reach, strict=True)
        if length // 2 * size < far
    }
    if not cut:
        return []
    told = ", ".join(f"{room:.3g} µm along {axis}" for axis, room in cut.items())
    return [f"the PSF reaches further than the stack has room for: its light beyond {told} is left out"]


def optics_of(given: OpticsGiven, emission_nm: float) -> Optics:
    """Return the detection; BadInput names what is not known, or what cannot be."""
    na = _known(given.na, "numerical aperture", "na")
    immersion = _known(given.immersion, "refractive index of the immersion", "refractive_index")
    if na >= immersion:
        raise BadInput(
            f"A numerical aperture of {na:g} is not possible in an immersion of refractive index {immersion:g}."
        )
    sample = immersion if given.sample is None else given.sample
    depth = 0.0
    if sample != immersion:
        depth = _known(given.depth_um, "depth beneath the cover glass", "depth")
    return Optics(na, emission_nm / 1000, immersion, sample, depth)


def _sectioning(given: OpticsGiven) -> Sectioning:
    """Return what takes light of other planes away; BadInput names what is not known of it."""
    if not given.illumination:
        raise BadInput(
            "How the sample is illuminated is not known: give illumination (sheet, confocal, widefield)."
        )
    if given.illumination == "sheet":
        return Sectioning(sheet_um=_known(given.sheet_um, "thickness of the light sheet", "sheet_thickness"))
    if given.illumination == "confocal":
        return Sectioning(
            pinhole_airy=_known(given.pinhole_airy, "pinhole", "pinhole"),
            excitation_um=_known(given.excitation_nm, "excitation wavelength", "excitation") / 1000,
        )
    return Sectioning()


def _known(value: float | None, what: str, option: str) -> float:
    if value is None:
        raise BadInput(f"The {what} is not known, and a theoretical PSF needs it: give {option}.")
    return value


def _emission(given: OpticsGiven, stack: Stack, place: int | None, channel: str) -> tuple[float, list[str]]:
    """Return the emission wavelength of the channel in nm, and what is to be said of it."""
    own = emission_told(stack, place)
    whose = f"channel “{channel}”" if channel else "this channel"
    if given.wavelength_nm is None:
        if own is None:
            raise BadInput(f"The emission wavelength of {whose} is not known, and a theoretical PSF needs it.")
        return own, []
    if own is not None and abs(own - given.wavelength_nm) > ALIKE_NM:
        words = f"the emission wavelength that was given, {given.wavelength_nm:g} nm, is taken"
        return given.wavelength_nm, [f"the file says {own:g} nm of {whose}; {words}"]
    return given.wavelength_nm, []


def emission_told(stack: Stack, place: int | None) -> float | None:
    """Return the emission wavelength in nm that the file tells of the channel at `place`, or of its only one."""
    told = stack.told.get(EMISSION)
    if not isinstance(told, Sequence) or (place is None and len(told) != 1) or (place or 0) >= len(told):
        return None
    return float(told[place or 0]) or None


def undersampled(settings: Settings, stack: Stack, sizes: Mapping[str, float]) -> list[str]:
    """Return along which axes voxels are larger than what the microscope resolves, where its optics are known."""
    given = settings.optics
    emission = given.wavelength_nm or emission_told(stack, settings.pick.channel)
    if given.na is None or emission is None or (given.immersion or 3) <= given.na:
        return []
    excitation = given.excitation_nm if given.illumination == "confocal" else None
    sectioning = Sectioning(excitation_um=excitation / 1000 if excitation else None)
    optics = Optics(given.na, emission / 1000, given.immersion or given.na, given.immersion or given.na)
    along, across = nyquist_um(optics, sectioning)
    wanted = {"z": along if given.immersion else math.inf, "y": across, "x": across}
    coarse = {
        axis: size
        for axis, size in sizes.items()
        if size > COARSER * wanted[axis] and stack.values.shape[AXES.index(axis)] > 1
    }
    if not coarse:
        return []
    have = ", ".join(f"{size:.3g} µm along {axis}" for axis, size in coarse.items())
    takes = ", ".join(dict.fromkeys(f"{wanted[axis]:.3g}" for axis in coarse))
    resolves = f"at NA {given.na:g} and {emission:g} nm the microscope resolves more"
    return [f"voxels are {have}: {resolves}, which takes {takes} µm (Nyquist)"]


def by(shape: tuple[int, ...]) -> str:
    """Return "5 × 13 × 13"."""
    return " × ".join(str(length) for length in shape)
