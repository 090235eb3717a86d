"""OME-Zarr 0.5 (https://ngff.openmicroscopy.org/0.5), written block by block: one level, its chunks in shards.

A shard holds as much as is in memory at once, so that a picture is a few files and not one a chunk.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from wrappers.io.ome import plain
from wrappers.io.pictures import BAND_BYTES, Picture
from wrappers.software import NAME, VERSION

NGFF = "0.5"
LONGEST_CHUNK = 1024
AXES: dict[str, dict[str, str]] = {
    "T": {"name": "t", "type": "time"},
    "C": {"name": "c", "type": "channel"},
    "Z": {"name": "z", "type": "space"},
    "Y": {"name": "y", "type": "space"},
    "X": {"name": "x", "type": "space"},
}
"""In the order that the specification asks for."""
_KEPT_AS = {"float128": "float64", "complex256": "complex128"}
COLOURS = ("red", "green", "blue", "alpha")


def write_ome_zarr(folder: Path, picture: Picture, seen: Callable[[tuple[int, ...], np.ndarray], None]) -> None:
    """Write a picture as an OME-Zarr folder; `seen` is told of each part of a plane when it was read.

    Colours become channels.
    """
    lengths = dict(zip(picture.axes, picture.shape, strict=True))
    colours = lengths.pop("S", 1)
    if colours > 1:
        lengths["C"] = lengths.get("C", 1) * colours
    axes = [axis for axis in AXES if axis in lengths]
    kept = picture.dtype.newbyteorder("=").name
    chunk = {axis: min(LONGEST_CHUNK, lengths[axis]) if axis in "YX" else 1 for axis in axes}
    shard = _shard(lengths, chunk, picture.dtype.itemsize * colours)
    group = zarr.create_group(store=folder, zarr_format=3, attributes=_metadata(picture, axes, lengths, colours))
    array = group.create_array(
        "0",
        shape=[lengths[axis] for axis in axes],
        chunks=[chunk[axis] for axis in axes],
        shards=[shard[axis] for axis in axes],
        dtype=_KEPT_AS.get(kept, kept),
        dimension_names=[AXES[axis]["name"] for axis in axes],
    )
    for block in _blocks(lengths, shard, colours):
        values = _read(picture, block, seen)
        place = tuple(_widened(block, axis, colours) for axis in axes)
        array[place] = _in_order(values, picture, axes)


def _shard(lengths: dict[str, int], chunk: dict[str, int], itemsize: int) -> dict[str, int]:
    """How large a shard is, in whole chunks: rows, then planes along z, as many as fit into BAND_BYTES."""
    shard = dict(chunk)
    shard["X"] = -(-lengths["X"] // chunk["X"]) * chunk["X"]
    row = shard["X"] * itemsize
    bands = -(-lengths["Y"] // chunk["Y"])
    shard["Y"] = chunk["Y"] * max(1, min(bands, BAND_BYTES // max(1, row * chunk["Y"])))
    if "Z" in lengths and shard["Y"] >= lengths["Y"]:
        shard["Z"] = max(1, min(lengths["Z"], BAND_BYTES // max(1, row * shard["Y"])))
    return shard


def _blocks(lengths: dict[str, int], shard: dict[str, int], colours: int) -> Iterator[dict[str, range]]:
    """The places of the picture's parts, each as large as a shard (of all colours), by axis."""
    steps = {axis: shard[axis] for axis in shard}
    counted = {axis: length // colours if axis == "C" else length for axis, length in lengths.items()}
    axes = [axis for axis in AXES if axis in counted]
    for starts in itertools.product(*(range(0, counted[axis], steps[axis]) for axis in axes)):
        yield {
            axis: range(start, min(counted[axis], start + steps[axis]))
            for axis, start in zip(axes, starts, strict=True)
        }


def _read(
    picture: Picture, block: dict[str, range], seen: Callable[[tuple[int, ...], np.ndarray], None]
) -> np.ndarray:
    """The block's values, with the picture's own axes before y and x (and colour) in their order."""
    leading = picture.axes[: -picture.inner]
    rows = block["Y"]
    parts = []
    for place in itertools.product(*(block[axis] for axis in leading)):
        part = picture.rows(place, rows.start, rows.stop)
        seen(place, part)
        parts.append(part)
    return np.stack(parts).reshape([len(block[axis]) for axis in leading] + list(parts[0].shape))


def _widened(block: dict[str, range], axis: str, colours: int) -> slice:
    if axis != "C" or colours == 1:
        return slice(block[axis].start, block[axis].stop) if axis in block else slice(0, colours)
    channels = block.get("C", range(1))
    return slice(channels.start * colours, channels.stop * colours)


def _in_order(values: np.ndarray, picture: Picture, axes: list[str]) -> np.ndarray:
    """The values with axes in the order of the result; colours behind the channel that they belong to."""
    letters = list(picture.axes)
    if "S" in letters and "C" not in letters:
        values, letters = values[None], ["C", *letters]
    order = [letters.index(axis) for axis in axes]
    if "S" not in letters:
        return values.transpose(order)
    channel = axes.index("C")
    order.insert(channel + 1, letters.index("S"))
    moved = values.transpose(order)
    shape = moved.shape
    return moved.reshape(*shape[:channel], shape[channel] * shape[channel + 1], *shape[channel + 2 :])


def _metadata(picture: Picture, axes: list[str], lengths: dict[str, int], colours: int) -> dict[str, Any]:
    about = picture.about
    described, scale = [], []
    for axis in axes:
        size = about.time_step_s if axis == "T" else about.sizes_um.get(axis.lower())
        units = {"T": "second"}.get(axis, "micrometer")
        described.append(AXES[axis] | ({"unit": units} if size and axis != "C" else {}))
        scale.append(float(size) if size and axis != "C" else 1.0)
    multiscale = {
        "name": plain(about.name),
        "axes": described,
        "datasets": [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": scale}]}],
        "metadata": {plain(key): plain(value) for key, value in about.made_by.items()},
    }
    ome: dict[str, Any] = {"version": NGFF, "multiscales": [multiscale]}
    names = _channels(about.channels, lengths.get("C", 1), colours)
    if names:
        # The specification asks for a colour and a window wherever a channel has a name.
        top = float(np.iinfo(picture.dtype).max) if picture.dtype.kind in "iu" else 1.0
        window = {"min": 0.0, "max": top, "start": 0.0, "end": top}
        ome["omero"] = {
            "channels": [{"label": plain(name), "color": "FFFFFF", "window": window} for name in names]
        }
    told: dict[str, Any] = {"ome": ome, "_creator": {"name": NAME, "version": VERSION}}
    return told | ({"acquisition date": about.acquired} if about.acquired else {})


def _channels(names: Any, number: int, colours: int) -> list[str]:
    if colours == 1:
        return list(names) if any(names) else []
    before = list(names) or [""] * (number // colours)
    return [f"{name} {colour}".strip() for name in before for colour in COLOURS[:colours]]
