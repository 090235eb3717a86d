"""The form's values, typed."""

from __future__ import annotations

from dataclasses import dataclass

from wrappers.io.volumes import Pick
from wrappers.job import Job
from wrappers.kernels.deconvolution import BOUNDARIES, Boundary

PSFS = ("gaussian", "file", "theoretical")


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
    boundary: Boundary
    background: float
    precision: str
    voxel_xy: float | None
    voxel_z: float | None
    pick: Pick
    psf_pick: Pick


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
        psf_pick=Pick(
            array=options.text("psf_array"),
            channel=options.optional_integer("psf_channel", 0, 10_000),
            along="C",
        ),
    )
