"""Pictures of microscopes' own formats, and of all others that are read here, as OME-TIFF or OME-Zarr.

Run as `python -m wrappers.convert` on a job.json with the slot `data`. Each series of each file becomes a picture
of its own, read and written in parts, so that it may be much larger than memory.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

import numpy as np

from wrappers.errors import BadInput
from wrappers.events import Events
from wrappers.io.hdf5 import SUFFIXES as HDF5
from wrappers.io.made_by import made_by
from wrappers.io.microscopes import SUFFIXES, open_microscope
from wrappers.io.ome import Planes, Tiles, stored_type, write_ome_tiff
from wrappers.io.picture import fitted, grey
from wrappers.io.pictures import BAND_BYTES, Picture, pictures_of
from wrappers.io.siblings import leading
from wrappers.io.source import LeftOut
from wrappers.io.stack import Arrays, is_array_file, open_arrays
from wrappers.io.zarr_writer import write_ome_zarr
from wrappers.job import InputFile, Job
from wrappers.result import Result, Role

STAGES = ("looking", "converting", "saving")
TIFF, ZARR = "ome-tiff", "ome-zarr"
ENDINGS = {TIFF: ".ome.tif", ZARR: ".ome.zarr"}
MOST_RESULTS = 500
LONGEST_SIDE = 1024  # pixels kept of a plane for its picture
NOT_CARRIED = "the instrument's settings, regions, and what is said of single planes"


@dataclass
class Converted:
    """What a picture became: its file, and its brightest values along all planes, thinned."""

    picture: Picture
    file: str
    remark: str = ""
    """What of it was not in its file, in words."""
    face: np.ndarray | None = None

    def see(self, place: tuple[int, ...], first: int, part: np.ndarray) -> None:
        """Take in some rows of a plane; only the first channel and time point are shown."""
        letters = dict(zip(self.picture.axes, place, strict=False))
        if letters.get("C", 0) or letters.get("T", 0):
            return
        height, width = self.picture.shape[len(place) : len(place) + 2]
        step = max(1, -(-max(height, width) // LONGEST_SIDE))
        if self.face is None:
            self.face = np.zeros((-(-height // step), -(-width // step), *part.shape[2:]))
        start = -first % step
        rows = np.abs(part[start::step, ::step]) if part.dtype.kind == "c" else part[start::step, ::step]
        at = (first + start) // step
        where = self.face[at : at + len(rows)]
        np.fmax(where, np.where(np.isfinite(rows), rows, 0), out=where)


@dataclass
class Meter:
    """Turns planes into progress."""

    events: Events
    total: int
    done: float = field(default=0.0)

    def add(self, share: float) -> None:
        """So much of a plane was written."""
        self.done += share
        self.events.progress(min(1.0, self.done / self.total), f"{int(self.done)} of {self.total} planes")


def main(job: Job, events: Events) -> None:
    """Convert the chosen pictures; write one file or folder each, their pictures and what the catalogue keeps."""
    kind = job.options.choice("format", TIFF, (TIFF, ZARR))
    chosen = job.options.optional_integer("series", 0, 100_000)
    events.stage("looking")
    files = [file for file in job.one("data").files if file.suffix in SUFFIXES or is_array_file(file)]
    files = leading(files, HDF5)
    if not files:
        names = ", ".join(file.name for file in job.one("data").files[:3])
        raise BadInput(f"None of the files is in a format that is read here: {names}.")
    listed, left_out = look(files, chosen)
    events.stage("converting")
    meter = Meter(events, sum(count for _file, _name, count in listed))
    targets = _names([(file, name) for file, name, _count in listed], ENDINGS[kind])
    converted: list[Converted] = []
    for file in files:
        wanted = [name for holder, name, _count in listed if holder is file]
        if not wanted:
            continue
        with opened(file, files) as arrays:
            for picture in _pictures(arrays)[0]:
                if picture.name in wanted:
                    made = Converted(picture, targets[file, picture.name])
                    try:
                        write(job, kind, made, file, meter)
                    except BadInput as error:
                        _remove(job.output / made.file)
                        left_out.append(f"{file.name}, {picture.name}: {str(error).rstrip('.')}")
                    else:
                        missing = picture.what_is_not_there
                        made.remark = f"{file.name}, {picture.name}: {missing}" if missing else ""
                        converted.append(made)
    if not converted:
        raise BadInput(f"No picture could be converted. {'. '.join(left_out[-3:])}.")
    events.stage("saving")
    save(job, kind, converted, left_out)


def _remove(target: Path) -> None:
    """Take away what was written of a picture before its file failed."""
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)


@contextmanager
def opened(file: InputFile, beside: list[InputFile]) -> Iterator[Arrays]:
    """Yield the arrays of a file, readable until the block ends."""
    if file.suffix in SUFFIXES:
        with open_microscope(file.path, file.name) as (found, left_out):
            yield Arrays(found, left_out)
    else:
        with open_arrays(file, beside) as arrays:
            yield arrays


def look(files: list[InputFile], chosen: int | None) -> tuple[list[tuple[InputFile, str, int]], list[str]]:
    """Return the pictures to convert (file, name, planes), and in words what is left out; BadInput for none."""
    listed: list[tuple[InputFile, str, int]] = []
    left_out: list[str] = []
    for file in files:
        try:
            with opened(file, files) as arrays:
                pictures, without = _pictures(arrays)
                listed += [(file, picture.name, picture.count) for picture in pictures]
                left_out += [f"{file.name}, {one.name}: {one.why}" for one in [*arrays.left_out, *without]]
        except BadInput as error:
            left_out.append(str(error).rstrip("."))
    if not listed:
        raise BadInput(f"There is no picture to convert. {'. '.join(left_out[:3])}".rstrip(". ") + ".")
    if chosen is not None:
        if chosen >= len(listed):
            raise BadInput(f"There is no picture {chosen}: there are {len(listed)}, counted from 0.")
        left_out += [
            f"{file.name}, {name}: not chosen" for file, name, _ in listed[:chosen] + listed[chosen + 1 :]
        ]
        listed = [listed[chosen]]
    if len(listed) > MOST_RESULTS:
        raise BadInput(
            f"There are {len(listed)} pictures; at most {MOST_RESULTS} are converted at once. Choose one."
        )
    return listed, left_out


def _pictures(arrays: Arrays) -> tuple[list[Picture], list[LeftOut]]:
    """The pictures of an open file, each under a name of its own, and what is none."""
    found: list[Picture] = []
    without: list[LeftOut] = []
    taken: dict[str, int] = {}
    for array in arrays.found:
        made = pictures_of(array, array.name)
        if isinstance(made, str):
            without.append(LeftOut(array.name, made))
            continue
        for picture in made:
            taken[picture.name] = taken.get(picture.name, 0) + 1
            again = "" if taken[picture.name] == 1 else f" ({taken[picture.name]})"
            found.append(replace(picture, name=picture.name + again))
    return found, without


def _names(pictures: list[tuple[InputFile, str]], ending: str) -> dict[tuple[InputFile, str], str]:
    """A file name for each picture: the file's, and the picture's where the file has several."""
    names: dict[tuple[InputFile, str], str] = {}
    for number, (file, name) in enumerate(pictures):
        stem = PurePath(file.name).name.split(".")[0] or "picture"
        alone = sum(holder is file for holder, _name in pictures) == 1
        words = stem if alone else f"{stem} {number:02d} {name}"
        plain = re.sub(r"[^\w .-]+", "_", words).strip(" ._")[:120] or "picture"
        while f"{plain}{ending}" in names.values():
            plain += "_"
        names[file, name] = f"{plain}{ending}"
    return names


def write(job: Job, kind: str, made: Converted, file: InputFile, meter: Meter) -> None:
    """Write one picture."""
    picture = made.picture
    height = picture.shape[-picture.inner]
    how = made_by(job, file.name, {"series": picture.name})
    picture = replace(picture, about=replace(picture.about, made_by=how))
    target = job.output / made.file
    if kind == ZARR:
        rows: dict[tuple[int, ...], int] = {}

        def seen(place: tuple[int, ...], part: np.ndarray) -> None:
            first = rows.get(place, 0)
            rows[place] = first + len(part)
            made.see(place, first, part)
            meter.add(len(part) / height)

        write_ome_zarr(target, picture, seen)
    elif picture.plane_bytes > BAND_BYTES:
        write_ome_tiff(
            target, Tiles(picture.shape, picture.dtype, _bands(picture, made.see, meter)), picture.about
        )
    else:
        write_ome_tiff(
            target, Planes(picture.shape, picture.dtype, _planes(picture, made.see, meter)), picture.about
        )


See = Callable[[tuple[int, ...], int, np.ndarray], None]


def _planes(picture: Picture, see: See, meter: Meter) -> Iterator[np.ndarray]:
    for place in picture.places:
        plane = picture.plane(place)
        see(place, 0, plane)
        yield plane
        meter.add(1)


def _bands(picture: Picture, see: See, meter: Meter) -> Iterator[np.ndarray]:
    """Bands of rows as high as a tile, plane after plane."""
    height = picture.shape[-picture.inner]
    for place in picture.places:
        for first in range(0, height, Tiles.SIDE):
            band = picture.rows(place, first, min(height, first + Tiles.SIDE))
            see(place, first, band)
            yield band
            meter.add(len(band) / height)


def save(job: Job, kind: str, converted: list[Converted], left_out: list[str]) -> None:
    """Write the pictures' pictures and what the catalogue keeps."""
    kept = Result(job.output)
    for number, made in enumerate(converted):
        if made.face is not None:
            shown = np.clip(made.face, 0, 255).astype(np.uint8) if made.face.ndim == 3 else grey(made.face)
            name = f"{number:03d}"
            kept.preview(name, fitted(shown[..., :3] if shown.ndim == 3 else shown), made.file, _role(number))
    kept.parameter("pictures", len(converted))
    kept.parameter("format", kind)
    first = converted[0].picture
    if all(one.picture.about.sizes_um == first.about.sizes_um for one in converted):
        for axis, size in first.about.sizes_um.items():
            kept.parameter(f"voxel size {axis}", size, "um")
    if all(list(one.picture.about.channels) == list(first.about.channels) for one in converted):
        kept.parameter("channels", ", ".join(first.about.channels) or "not named")
    types = {one.picture.dtype.name for one in converted if stored_type(one.picture.dtype) != one.picture.dtype}
    if kind == TIFF and types:
        left_out.append(f"values of the type {', '.join(sorted(types))} are kept as another one that OME-TIFF has")
    left_out.append(NOT_CARRIED)
    kept.parameter("left out", "; ".join(left_out))
    remarks = [made.remark for made in converted if made.remark]
    for remark in remarks:
        kept.warning(remark)
    words = "1 picture" if len(converted) == 1 else f"{len(converted)} pictures"
    rest = len(left_out) - 1
    summary = f"{words} as {'OME-TIFF' if kind == TIFF else 'OME-Zarr'}" + (f", {rest} left out" if rest else "")
    kept.write(summary)


def _role(number: int) -> Role:
    return "preview" if number else "thumbnail"
