"""One row about seven centres, side by side in one picture, for a person to choose from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import uniform_filter

from wrappers.errors import BadInput
from wrappers.events import Events
from wrappers.io.made_by import made_by
from wrappers.io.picture import fitted, grey, save_png
from wrappers.io.tomography.nxtomoproc import Volume, written_nxtomoproc
from wrappers.job import Job
from wrappers.programs.tomo_slice.doubts import doubts
from wrappers.programs.tomo_slice.mending import prepared
from wrappers.programs.tomo_slice.saving import METHOD, keep_axis, keep_settings, used
from wrappers.programs.tomo_slice.slices import Outcome, Work, geometry, note, slices_of
from wrappers.result import Result

SEVEN = range(-3, 4)
COLUMNS = 4
TILE, LABEL, GAP = 400, 30, 8
PAPER, INK, CHOSEN = 255, 20, 90


def try_centres(job: Job, work: Work, step: float, events: Events) -> None:
    """Write centres.png, centres.h5 and what the catalogue keeps; BadInput where the row has no readings."""
    scan, row = work.scan, work.geometry.rows.start
    one = prepared(scan, work.settings, work.phase, work.geometry.rows)
    if one.without:
        raise BadInput(one.why)
    outcome = Outcome(work.geometry, "1/mm" if scan.pixel.um else "1/px")
    note(outcome, one, work.geometry.rows)
    base = work.axis.column
    centres = [base + step * place for place in SEVEN if 0 <= base + step * place <= scan.columns - 1]
    made = []
    for number, centre in enumerate(centres):
        events.progress(number / len(centres), f"{number} of {len(centres)} centres, column {centre:.2f}")
        about = replace(work, geometry=geometry(scan, work.geometry.rows, centre))
        made.append(slices_of(one.values, one.angles, about, job.cpus)[0])
    width = min(len(image) for image in made)
    volume = np.stack([_middle(image, width) for image in made])
    if scan.pixel.um:
        volume /= np.float32(scan.pixel.um * 1e-3)
    events.stage("saving")
    _write(job, work, centres, volume)
    kept = Result(job.output)
    sheet = contact_sheet(volume, centres, base)
    save_png(job.output / "centres.png", sheet)
    kept.preview("centres", sheet, f"Row {row} about {len(centres)} centres, {step:g} px apart", "thumbnail")
    for centre, image in zip(centres, volume, strict=True):
        picture = fitted(grey(image, low=1, high=99.9))
        kept.preview(f"centre-{centre:.2f}".replace(".", "_"), picture, f"Rotation centre {centre:.2f} px")
    kept.parameter("row", row)
    kept.parameter("centres tried", ", ".join(f"{centre:.2f}" for centre in centres))
    kept.parameter("centre spacing", step, "px")
    keep_axis(kept, work.axis)
    keep_settings(kept, work)
    for doubt in doubts(work, outcome):
        kept.warning(doubt)
    if len(centres) < len(SEVEN):
        kept.warning(f"only {len(centres)} of seven centres lie on the detector")
    kept.write(f"row {row} about {len(centres)} centres from {centres[0]:.2f} to {centres[-1]:.2f} px")


def _middle(image: np.ndarray, width: int) -> np.ndarray:
    first = (len(image) - width) // 2
    return image[first : first + width, first : first + width]


def _write(job: Job, work: Work, centres: list[float], volume: np.ndarray) -> None:
    """Write centres.h5, in which z is the axis' column."""
    scan, pixel = work.scan, work.scan.pixel.um
    shape = (len(volume), *volume.shape[1:])
    about = Volume(
        shape, "1/mm" if pixel else "1/px", (None, pixel), 0, {"row": work.geometry.rows.start}, centres
    )
    how = made_by(job, scan.name, used(work) | {"method": f"{METHOD}, one row about several centres"})
    path = job.output / "centres.h5"
    with written_nxtomoproc(path, about, scan.origin, scan.name, how, title=job.title) as dataset:
        dataset[...] = volume


def contact_sheet(volume: np.ndarray, centres: list[float], base: float) -> np.ndarray:
    """Return a picture (uint8) of slices (centres, y, x) at one grey scale, each with its number.

    Of slices that are larger than a tile the part with most detail is shown, pixel by pixel: what a wrong centre
    does is a few pixels wide.
    """
    part = detailed(volume[len(volume) // 2], TILE)
    shown = grey(np.concatenate([image[part] for image in volume]), low=1, high=99.9)
    tiles = shown.reshape(len(volume), -1, shown.shape[1])
    tiles = np.stack([fitted(tile, smallest=TILE) for tile in tiles])
    height, width = tiles.shape[1:]
    rows = -(-len(tiles) // COLUMNS)
    size = (COLUMNS * (width + GAP) + GAP, rows * (height + LABEL + GAP) + GAP)
    sheet = Image.new("L", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(18)
    for number, (tile, centre) in enumerate(zip(tiles, centres, strict=True)):
        down, across = divmod(number, COLUMNS)
        left, top = GAP + across * (width + GAP), GAP + down * (height + LABEL + GAP)
        words = f"{number + 1}:  {centre:.2f} px" + (
            "  (middle)" if centre == base else f"  ({centre - base:+.2f})"
        )
        draw.text((left + 2, top + 4), words, fill=INK, font=font)
        sheet.paste(Image.fromarray(tile), (left, top + LABEL))
    return np.asarray(sheet)


def detailed(image: np.ndarray, side: int) -> tuple[slice, slice]:
    """Return the square of at most this side in which an image changes most; all of one that is smaller."""
    if len(image) <= side:
        return slice(None), slice(None)
    down, across = np.gradient(np.nan_to_num(image.astype(np.float64)))
    # The rim of the circle is no detail.
    places = np.arange(len(image)) - (len(image) - 1) / 2
    inside = np.hypot(places[:, None], places) < 0.48 * len(image)
    change = uniform_filter((down**2 + across**2) * inside, side, mode="constant")
    half = side // 2
    inner = change[half : len(image) - half, half : len(image) - half]
    top, left = np.unravel_index(int(np.argmax(inner)), inner.shape)
    return slice(int(top), int(top) + side), slice(int(left), int(left) + side)
