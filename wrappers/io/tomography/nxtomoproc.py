"""Reconstructed slices as NXtomoproc, NeXus' application definition for the result of a tomography experiment.

https://manual.nexusformat.org/classes/applications/NXtomoproc.html. The volume is (z, y, x), as everybody in the
field stores it, and `axes` names its axes; it lies at /data, too, where programs without NeXus find it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from wrappers.io.hdf5 import chunk_shape
from wrappers.io.ome import plain
from wrappers.io.origin import Origin
from wrappers.software import NAME, VERSION

DEFINITION = "NXtomoproc"
NOT_TOLD = "unknown"
"""Stands for what the definition asks for and the scan does not tell; left out where it allows no such word."""


@dataclass(frozen=True)
class Volume:
    """A shape (z, y, x), `units` of values; how deep and wide a voxel is (µm, None: not known); the first row."""

    shape: tuple[int, int, int]
    units: str
    voxel_um: tuple[float | None, float | None]
    first_row: int
    attributes: Mapping[str, Any]
    z: Sequence[float] | None = None
    """Where slices lie along the first axis, in pixels; rows from the first one if not given."""


@contextmanager
def written_nxtomoproc(
    path: Path, volume: Volume, origin: Origin, raw_file: str, how: Mapping[str, object], *, title: str
) -> Iterator[h5py.Dataset]:
    """Write the file and yield its empty volume, float32; `how` are the program's settings by name."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"NX_class": "NXroot", "default": "entry", "creator": NAME})
        entry = _group(file, "entry", "NXentry")
        entry.attrs["default"] = "data"
        entry["definition"] = DEFINITION
        entry["title"] = plain(origin.title or title or NOT_TOLD)
        if origin.started:
            entry["start_time"] = origin.started
        source = _group(_group(entry, "instrument", "NXinstrument"), "source", "NXsource")
        source["name"] = plain(origin.source or NOT_TOLD)
        source["type"] = plain(origin.source_type or NOT_TOLD)
        if origin.probe:
            source["probe"] = origin.probe
        _group(entry, "sample", "NXsample")["name"] = plain(origin.sample or NOT_TOLD)
        process = _group(entry, "reconstruction", "NXprocess")
        process["program"], process["version"] = NAME, VERSION
        process["date"] = datetime.now(UTC).isoformat(timespec="seconds")
        parameters = _group(process, "parameters", "NXparameters")
        parameters["raw_file"] = plain(raw_file)
        for name, value in how.items():
            parameters[name.replace(" ", "_")] = plain(value) if isinstance(value, str) else value
        yield _write_data(file, _group(entry, "data", "NXdata"), volume)


def _write_data(file: h5py.File, data: h5py.Group, volume: Volume) -> h5py.Dataset:
    data.attrs.update({"signal": "data", "axes": ["z", "y", "x"]})
    dataset = data.create_dataset(
        "data",
        shape=volume.shape,
        dtype=np.float32,
        # Slices come one after another: no chunk is written twice.
        chunks=(1, *chunk_shape(volume.shape[1:], np.dtype(np.float32).itemsize)),
        compression="gzip",
        compression_opts=1,
        shuffle=True,
    )
    dataset.attrs.update(volume.attributes)
    # The definition asks for these: the values are the quantity itself, neither turned, moved nor scaled.
    dataset.attrs.update({"units": volume.units, "transform": "none", "offset": "0", "scaling": "1"})
    depth, height, width = volume.shape
    deep, wide = volume.voxel_um
    places = {
        "z": (volume.first_row + np.arange(depth, dtype=np.float64) if volume.z is None else volume.z, deep),
        "y": (np.arange(height) - (height - 1) / 2, wide),
        "x": (np.arange(width) - (width - 1) / 2, wide),
    }
    for position, (axis, (values, size)) in enumerate(places.items()):
        data[axis] = np.asarray(values, dtype=np.float64) * (size or 1.0)
        data[axis].attrs["units"] = "um" if size else "pixel"
        data.attrs[f"{axis}_indices"] = position
    file["data"] = dataset
    return dataset


def _group(parent: h5py.Group, name: str, kind: str) -> h5py.Group:
    group = parent.create_group(name)
    group.attrs["NX_class"] = kind
    return group
