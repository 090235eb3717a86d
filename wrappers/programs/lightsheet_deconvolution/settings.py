"""The form's values, typed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wrappers.io.volumes import Pick
from wrappers.job import Job
from wrappers.kernels.deconvolution import BOUNDARIES, Boundary

PSFS = ("gaussian", "file", "theoretical")


ILLUMINATIONS = ("sheet", "confocal", "widefield")


@dataclass(frozen=True)
class OpticsGiven:
    """What was said of the microscope."""

    na: float | None
    wavelength_nm: float | None
    immersion: float | None
    sample: float | None
    depth_um: float | None
    illumination: str
    sheet_um: float | None
    pinhole_airy: float | None
    excitation_nm: float | None


@dataclass(frozen=True)
class Settings:
    """What was chosen; None for what was left empty."""

    iterations: int
    stop_at: float | None
    """Percent of the estimate that an iteration must change for another one to follow."""
    box: str | None
    psf: str
    sigma_xy: float
    sigma_z: float
    psf_background: float | None
    optics: OpticsGiven
    boundary: Boundary
    background: float
    precision: str
    voxel_xy: float | None
    voxel_z: float | None
    pick: Pick
    psf_pick: Pick


def _psf_pick(job: Job) -> Pick:
    """What of the PSF's dataset is meant; its channel is told by its number or its name."""
    told = job.options.text("psf_channel")
    number = int(told) if told is not None and re.fullmatch(r"[0-9]{1,4}", told) else None
    called = told if number is None else None
    return Pick(array=job.options.text("psf_array"), channel=number, along="C", called=called)


def settings_of(job: Job) -> Settings:
    """Return the typed options; BadInput names one that is out of bounds."""
    options = job.options
    boundary = options.choice("boundary", "reflect", BOUNDARIES)
    return Settings(
        iterations=options.integer("iterations", 20, 1, 1000),
        stop_at=options.optional_number("stop_at", 1e-6, 100),
        box=options.text("box"),
        psf=options.choice("psf", "gaussian", PSFS),
        sigma_xy=options.number("sigma_xy", 0.3, 0.001, 100),
        sigma_z=options.number("sigma_z", 0.9, 0.001, 100),
        psf_background=options.optional_number("psf_background", -1e9, 1e9),
        optics=OpticsGiven(
            na=options.optional_number("na", 0.01, 2),
            wavelength_nm=options.optional_number("wavelength", 100, 5000),
            immersion=options.optional_number("refractive_index", 1, 3),
            sample=options.optional_number("sample_index", 1, 3),
            depth_um=options.optional_number("depth", 0, 10_000),
            illumination=options.choice("illumination", "", ("", *ILLUMINATIONS)),
            sheet_um=options.optional_number("sheet_thickness", 0.01, 10_000),
            pinhole_airy=options.optional_number("pinhole", 0.01, 100),
            excitation_nm=options.optional_number("excitation", 100, 5000),
        ),
        boundary=next(known for known in BOUNDARIES if known == boundary),
        background=options.number("background", 0.0, 0.0, 1e9),
        precision=options.choice("precision", "single", ("single", "double")),
        voxel_xy=options.optional_number("voxel_xy", 1e-5, 1000),
        voxel_z=options.optional_number("voxel_z", 1e-5, 1000),
        pick=Pick(
            array=options.text("array"),
            channel=options.optional_integer("channel", 0, 10_000),
            time=options.optional_integer("time", 0, 1_000_000),
            position=options.optional_integer("position", 0, 10_000),
        ),
        psf_pick=_psf_pick(job),
    )
