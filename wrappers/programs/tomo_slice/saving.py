"""The files of a reconstruction: slices as NXtomoproc and OME-TIFF, pictures, and what the catalogue keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import h5py
import numpy as np

from wrappers.io.made_by import made_by
from wrappers.io.ome import About, Planes, write_ome_tiff
from wrappers.io.picture import fitted, grey, grey_ends
from wrappers.io.tomography.nxtomoproc import Volume, written_nxtomoproc
from wrappers.job import Job
from wrappers.programs.tomo_slice.centring import Axis
from wrappers.programs.tomo_slice.doubts import doubts
from wrappers.programs.tomo_slice.slices import Outcome, Work, Write
from wrappers.result import Result, Role

Tell: TypeAlias = Callable[[float, str], None]

MOST_PREVIEWS = 4
LARGEST_TIFF = 2**32
"""Bytes of slices that are kept as a picture file, too: whole volumes are looked at as HDF5."""
PHASE = {False: "none", True: "Paganin, one material"}
METHOD = "filtered back-projection"


def used(work: Work) -> dict[str, object]:
    """The settings by name, as they go into every file."""
    return {
        "method": METHOD,
        "centre": work.axis.column,
        "filter": work.settings.kind,
        **work.settings.of_stripes,
        **({name: number for name, (number, _) in work.phase.told.items()} if work.phase else {}),
        "beyond the detector": work.settings.beyond,
        "angles": work.scan.angles_from,
    }


@contextmanager
def written_slices(job: Job, work: Work) -> Iterator[Write]:
    """Yield what slices are given to, in order: they are in slices.h5 as soon as it returns."""
    scan, wanted = work.scan, work.geometry
    attributes: dict[str, float | str] = {
        "first row": wanted.rows.start,
        "centre": work.axis.column,
        "filter": work.settings.kind,
    }
    pixel = scan.pixel.um
    if pixel:
        attributes |= {"pixel size": pixel, "pixel size units": "um"}
    shape = (wanted.number, wanted.width, wanted.width)
    volume = Volume(shape, "1/mm" if pixel else "1/px", (scan.row.um, pixel), wanted.rows.start, attributes)
    how = made_by(job, scan.name, used(work))
    with written_nxtomoproc(
        job.output / "slices.h5", volume, scan.origin, scan.name, how, title=job.title
    ) as dataset:

        def write(first: int, slices: np.ndarray) -> None:
            dataset[first : first + len(slices)] = slices
            dataset.file.flush()

        yield write


def save(job: Job, work: Work, outcome: Outcome, tell: Tell) -> None:
    """Write the slices as OME-TIFF, too, pictures and what the catalogue keeps."""
    kept = Result(job.output)
    wanted, axis = work.geometry, work.axis
    with h5py.File(job.output / "slices.h5") as file:
        slices = file["data"]
        if wanted.number * wanted.width**2 * 4 <= LARGEST_TIFF:
            _write_tiff(job, work, slices, tell)
        else:
            kept.parameter("slices.tif", "left out: the volume is larger than 4 GiB")
        _previews(kept, outcome, slices, work.scan.pixel.um)
    _parameters(kept, work, outcome)
    words = "1 slice" if wanted.number == 1 else f"{wanted.number} slices"
    for doubt in doubts(work, outcome):
        kept.warning(doubt)
    off = f" ± {axis.error:.2f}" if axis.error is not None else ""
    kept.write(f"{words} by {METHOD}, axis at column {axis.column:.2f}{off}")


def _write_tiff(job: Job, work: Work, slices: h5py.Dataset, tell: Tell) -> None:
    scan = work.scan
    pixel = scan.pixel.um
    sizes = {"z": scan.row.um, "y": pixel, "x": pixel}
    about = About(
        axes="ZYX",
        name=job.title or "slices",
        sizes_um={name: size for name, size in sizes.items() if size},
        acquired=scan.origin.started,
        made_by=made_by(job, scan.name, used(work)),
    )

    def planes() -> Iterator[np.ndarray]:
        for number in range(len(slices)):
            tell(number / len(slices), f"{number} of {len(slices)} slices as a picture file")
            yield slices[number]

    write_ome_tiff(Path(job.output / "slices.tif"), Planes(slices.shape, slices.dtype, planes()), about)


def _previews(kept: Result, outcome: Outcome, slices: h5py.Dataset, pixel: float | None) -> None:
    rows = outcome.geometry.rows
    blind = set(outcome.blind)
    shown = [row for row in range(rows.start, rows.stop) if row not in blind]
    middle = shown[len(shown) // 2]
    others = np.linspace(0, len(shown) - 1, min(len(shown), MOST_PREVIEWS)).round().astype(int)
    for row in dict.fromkeys([middle, *(shown[place] for place in others)]):
        plane = slices[row - rows.start]
        role: Role = "thumbnail" if row == middle else "preview"
        kept.preview(
            f"row-{row:04d}",
            fitted(grey(plane, low=1, high=99.9)),
            f"Slice at row {row}",
            role,
            ends=grey_ends(plane, low=1, high=99.9),
            spans_um=(plane.shape[1] * pixel, plane.shape[0] * pixel) if pixel else None,
        )
    sinogram = fitted(grey(outcome.sinogram))
    kept.preview("sinogram", sinogram, f"Sinogram of row {outcome.shown}, angles downwards")


def keep_axis(kept: Result, axis: Axis) -> None:
    """Keep where the axis lies, how it was found, and how far off it may be."""
    kept.parameter("rotation centre", round(axis.column, 3), "px")
    kept.parameter("centre found", axis.found)
    if axis.error is not None:
        kept.parameter("rotation centre error", round(axis.error, 3), "px")
    for method in axis.methods:
        if method.column is not None:
            kept.parameter(f"rotation centre by {method.words}", round(method.column, 3), "px")


def keep_settings(kept: Result, work: Work) -> None:
    """Keep how sinograms were prepared and slices made of them."""
    settings = work.settings
    kept.parameter("filter", settings.kind)
    for name, value in settings.of_stripes.items():
        kept.parameter(name, value, "px" if name.startswith("width") else "")
    kept.parameter("phase retrieval", PHASE[work.phase is not None])
    if work.phase is not None:
        for name, (number, unit) in work.phase.told.items():
            kept.parameter(name, number, unit)
    kept.parameter("beyond the detector", settings.beyond)
    kept.parameter("angles read as", work.scan.angles_from)
    if work.scan.pixel.um:
        kept.parameter("pixel size", work.scan.pixel.um, "um")


def _parameters(kept: Result, work: Work, outcome: Outcome) -> None:
    scan = work.scan
    kept.parameter("first row", outcome.geometry.rows.start)
    kept.parameter("slices", outcome.geometry.number)
    kept.parameter("projections", len(scan.angles))
    keep_axis(kept, work.axis)
    kept.parameter("full turn", outcome.geometry.full_turn)
    keep_settings(kept, work)
    kept.parameter("interpolated readings", sum(one.interpolated for one in outcome.made))
    kept.parameter("dead pixels", sum(one.dead for one in outcome.made))
    kept.parameter("pixels stuck in a part", sum(one.stuck_for_a_while for one in outcome.made))
    kept.parameter("opaque readings", sum(one.opaque for one in outcome.made))
    if blind := outcome.blind:
        kept.parameter("rows without readings", ", ".join(map(str, blind)))
    left_out = outcome.lost + scan.without_angle + scan.standing + scan.without_picture
    kept.parameter("projections left out", left_out)
    kept.parameter("layout", scan.layout)
