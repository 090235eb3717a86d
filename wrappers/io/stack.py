"""A three-dimensional volume with its voxel size, from HDF5, TIFF, MRC or Zarr."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal

import numpy as np

from gantry_formats.arrays import named, unlike_planes
from gantry_formats.images import sizes_of_attributes
from gantry_formats.kinds import OF_MACOS, format_of
from gantry_formats.planes import counted_by
from wrappers.errors import BadInput
from wrappers.io import hdf5, mrc, ome_zarr, tiff
from wrappers.io.siblings import leading
from wrappers.io.source import ArraySource, LeftOut, readable
from wrappers.io.volumes import (
    MOST_TOLD,
    Candidate,
    Pick,
    candidate,
    chosen,
    has_several,
    has_volume,
    in_order,
    place_of,
    planes_of,
    values_of,
    what_is_not_there,
)
from wrappers.job import InputDataset, InputFile
from wrappers.kernels.bad_readings import filled

AXES = ("z", "y", "x")
NO_CHOICE = Pick()
MOST_FILES = 4096
MOST_BAD_SHARE = 1e-3
"""Of a volume's values so many may be no finite numbers: more than a thousandth is no dead pixel."""
KINDS = "HDF5, TIFF, MRC or Zarr"
Kind = Literal["tiff", "hdf5", "zarr", "mrc", "other"]


@dataclass(frozen=True)
class Stack:
    """A volume (z, y, x) as stored, and its voxel sizes in µm, None where nothing tells.

    `told`: what else the file says of it, by name (gantry_formats.descriptions has the names).
    """

    file: str
    name: str
    values: np.ndarray
    voxel_um: tuple[float | None, float | None, float | None]
    told: Mapping[str, Any] = field(default_factory=dict)
    interpolated: int = 0
    """Voxels that held no finite number."""
    remarks: tuple[str, ...] = ()
    """What of it is not in its files, and files of the dataset that could not be read, with why."""


@dataclass(frozen=True)
class Arrays:
    """What an open file has: its numeric arrays, what was left out and why, and whether it is still written."""

    found: list[ArraySource]
    left_out: list[LeftOut]
    still_open: bool = False
    missing: tuple[str, ...] = ()
    """Files that hold other parts of the same series and are not there."""


@contextmanager
def open_arrays(file: InputFile, beside: Sequence[InputFile] = ()) -> Iterator[Arrays]:
    """Open a file, or a Zarr folder, and yield its numeric arrays, readable until the block ends.

    An OME-TIFF may be one of several files that make a series. They are read together where all are `beside` it,
    with the first of them; the others then have no array of their own.
    """
    kind = kind_of(file)
    if kind == "tiff":
        with tiff.open_tiff(file.path, {other.path.name for other in beside}) as opened:
            if opened.led_by not in (None, file.path.name):
                yield Arrays([], [])
                return
            missing = [LeftOut(name, "it is a part of this series and not there") for name in opened.missing]
            found, left_out = tiff.survey(opened.file, file.path)
            yield Arrays(found, left_out + missing, missing=opened.missing)
    elif kind == "hdf5":
        with hdf5.open_hdf5(file) as opened:
            found, left_out = hdf5.survey(opened, file.path, hdf5.layout_of(opened, file))
            yield Arrays(found, left_out, hdf5.still_open(opened))
    elif kind == "zarr":
        yield Arrays(*ome_zarr.survey(file.path))
    elif kind == "mrc":
        yield Arrays(*mrc.survey(file.path))
    else:
        raise BadInput(f"{file.name} is no {KINDS} file.")


def is_array_file(file: InputFile) -> bool:
    """Return whether a file holds arrays which are read here."""
    return kind_of(file) != "other"


def kind_of(file: InputFile) -> Kind:
    """Return what a file is by its name; the only one of a dataset, where its name says nothing, by its bytes."""
    if file.suffix in tiff.SUFFIXES + hdf5.SUFFIXES:
        return "tiff" if file.suffix in tiff.SUFFIXES else "hdf5"
    if file.path.name.startswith(OF_MACOS) or ome_zarr.is_zarr(file.path):
        return "other" if file.path.name.startswith(OF_MACOS) else "zarr"
    if file.suffix in mrc.SUFFIXES:
        return "mrc" if mrc.is_mrc(file.path) else "other"
    if file.beside is None or len(file.beside.files) > 1 or not file.path.is_file():
        return "other"
    with file.path.open("rb") as opened:
        return format_of(opened)


def read_stack(dataset: InputDataset, what: str, pick: Pick = NO_CHOICE) -> Stack:
    """Return the volume of a dataset: the chosen one, or the only three-dimensional array.

    Planes in a file each make one, in the order of the number in their names. BadInput where there is none, or
    several and none is chosen, or its values are not real numbers or too many of them not finite. A few that are
    not are taken from those around them.
    """
    files = leading([file for file in dataset.files if is_array_file(file)], hdf5.SUFFIXES)
    if not files:
        raise BadInput(f"The {what} has no {KINDS} file.{dataset.what_is_missing}")
    with ExitStack() as stack:
        opened, broken = _opened(files, stack, chosen=pick.array is not None)
        candidates = [candidate(file.name, array) for file, arrays in opened for array in arrays.found]
        if broken and (pick.array is None or named([one.described for one in candidates], pick.array) is None):
            raise broken[0]  # what is meant may be in it
        _check_any(candidates, opened)
        if not has_volume(candidates, pick):
            for file, arrays in opened:
                _check_whole(file, arrays, what)
        names = [file.name for file in files]
        several = not has_volume(candidates, pick)
        planes = planes_of(candidates, names) if several else []
        if several and (why := unlike_planes([one.described for one in candidates], names)):
            raise BadInput(f"The {what} {why}.")
        if planes:
            parts = [candidates[place] for place in planes]
            order = in_order([part.described.file for part in parts], what)
            first = parts[order[0]].array
            first_file = next(file for file, arrays in opened if first in arrays.found)
            _check_no_plane_is_lost(dataset, first_file, what)
            values = np.stack([parts[place].array.everything().reshape(first.shape[-2:]) for place in order])
            name, attributes = f"{len(planes)} files", dict(first.attributes)
            remarks = _taken_for_planes([part.described.file for part in parts], what)
            remarks += _first_few([words for part in parts for words in what_is_not_there(part)])
            if pick.array not in (None, name):
                raise BadInput(f"The {what} has no volume “{pick.array}”: its {name} are the planes of one.")
        else:
            one = chosen(candidates, pick, what)
            first_file = next(file for file, arrays in opened if one.array in arrays.found)
            values, name, attributes = values_of(one, pick), one.array.name, dict(one.array.attributes)
            remarks = what_is_not_there(one, place_of(one, pick))
            if kind_of(first_file) == "hdf5":
                attributes = _inherited(first_file, name) | attributes
        _check_whole(first_file, next(arrays for file, arrays in opened if file is first_file), what)
    values, interpolated = _real(values, first_file, name)
    sizes = voxel_size(dataset, attributes, own_first=has_several(candidates, pick))
    remarks += [f"left out: {str(error).rstrip('.')}" for error in broken]
    return Stack(first_file.name, name, values, sizes, attributes, interpolated, tuple(remarks))


def _opened(
    files: Sequence[InputFile], stack: ExitStack, *, chosen: bool
) -> tuple[list[tuple[InputFile, Arrays]], list[BadInput]]:
    """Return the files, open, and what is wrong with others, where an array was `chosen`."""
    opened: list[tuple[InputFile, Arrays]] = []
    broken: list[BadInput] = []
    for file in files[:MOST_FILES]:
        try:
            opened.append((file, stack.enter_context(open_arrays(file, files))))
        except BadInput as error:
            if not chosen:
                raise
            broken.append(error)
    return opened, broken


def _first_few(remarks: list[str]) -> list[str]:
    """The first remarks on planes of a folder, and how many there are more."""
    more = len(remarks) - MOST_TOLD
    return [*remarks[:MOST_TOLD], *([f"and {more} more planes are not whole"] if more > 0 else [])]


def _taken_for_planes(names: Sequence[str], what: str) -> list[str]:
    """Return what is to be said of files that are planes by no word in their names."""
    before = counted_by(names)
    if before is None:
        return []
    number = f"the number{f' behind “{before}”' if before else ''} in their names"
    return [f"the {what}'s {len(names)} files are taken for planes along z, in the order of {number}"]


def _check_no_plane_is_lost(dataset: InputDataset, plane: InputFile, what: str) -> None:
    """Return if no link that is not followed could stand for one more plane. Else BadInput names it."""
    for name, why in dataset.not_followed.items():
        if PurePosixPath(name).suffix.lower() == plane.suffix:
            raise BadInput(f"A plane of the {what} may be missing. {name}: {why}.")


def _check_any(candidates: list[Candidate], opened: list[tuple[InputFile, Arrays]]) -> None:
    """Return if there is any array; else BadInput says what stands in the way."""
    reasons = [f"{file.name}, {one.name}: {one.why}." for file, arrays in opened for one in arrays.left_out]
    if not candidates and reasons:
        raise BadInput(f"No array of it can be read. {' '.join(reasons[:3])}")


def _check_whole(file: InputFile, arrays: Arrays, what: str) -> None:
    """Return if no other part of the file's series is missing; else BadInput names one."""
    if arrays.missing:
        raise BadInput(
            f"{file.name} is one of several files that make the {what}; {arrays.missing[0]} is not there."
        )


def _real(values: np.ndarray, file: InputFile, name: str) -> tuple[np.ndarray, int]:
    """Return the values as finite numbers, and how many of them were none."""
    if values.dtype.kind not in "biuf":
        raise BadInput(f"{file.name} holds {values.dtype} values at {name}; real numbers are needed.")
    if values.dtype.kind == "f":
        bad = ~np.isfinite(values)
        count = int(bad.sum())
        if count > max(1, MOST_BAD_SHARE * values.size):
            where = f"{file.name} at {name}"
            raise BadInput(f"{count:,} values of {where} are not finite numbers (NaN or infinite).")
        if count:
            return filled(values, bad), count
    return values, 0


def _inherited(given: InputFile, name: str) -> dict[str, Any]:
    """Return the attributes of the file's root and of the groups above a dataset, the nearest last."""
    with hdf5.open_hdf5(given) as file, readable(given.path, "HDF5"):
        return hdf5.attributes_above(file, name)


def voxel_size(
    dataset: InputDataset, attributes: Mapping[str, Any], *, own_first: bool = False
) -> tuple[float | None, float | None, float | None]:
    """Return voxel sizes (z, y, x) in µm from the catalogue's parameters, else from the file's attributes.

    `own_first`: one of several volumes keeps what the file says of it, since the dataset's may be another one's.
    """
    told = sizes_of_attributes(attributes)
    sizes: list[float | None] = []
    for axis in AXES:
        recorded, own = dataset.length_um(f"voxel size {axis}"), told.get(axis)
        first, other = (own, recorded) if own_first else (recorded, own)
        size = other if first is None else first
        sizes.append(size if size and np.isfinite(size) and size > 0 else None)
    return sizes[0], sizes[1], sizes[2]
