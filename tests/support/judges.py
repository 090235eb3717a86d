"""Programs of the field as judges of result files: does it open elsewhere, and say there what it should?

OME's schema comes with ome-types, so that nothing is downloaded.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tifffile


def ome_of(path: Path) -> Any:
    """The description of an OME-TIFF, after OME's own schema (2016-06) found nothing wrong with it."""
    import ome_types

    with tifffile.TiffFile(path) as file:
        assert file.ome_metadata
        ome_types.validate_xml(file.ome_metadata)
        return ome_types.from_xml(file.ome_metadata)


# What NXtomoproc asks for (applications/NXtomoproc.nxdl.xml of nexusformat/definitions, alike 2024 to 2026):
# the group's class, or its name and class, then the field; and the words that it may hold, where they are listed.
NXTOMOPROC = (
    ("NXentry", "title", ()),
    ("NXentry", "definition", ("NXtomoproc",)),
    ("NXentry/NXinstrument/NXsource", "type", ()),
    ("NXentry/NXinstrument/NXsource", "name", ()),
    ("NXentry/NXinstrument/NXsource", "probe", ("neutron", "x-ray", "electron")),
    ("NXentry/NXsample", "name", ()),
    ("NXentry/reconstruction:NXprocess", "program", ()),
    ("NXentry/reconstruction:NXprocess", "version", ()),
    ("NXentry/reconstruction:NXprocess", "date", ()),
    ("NXentry/reconstruction:NXprocess/parameters:NXparameters", "raw_file", ()),
    ("NXentry/data:NXdata", "data", ()),
    ("NXentry/data:NXdata", "x", ()),
    ("NXentry/data:NXdata", "y", ()),
    ("NXentry/data:NXdata", "z", ()),
)
ATTRIBUTES = ("transform", "offset", "scaling")


def nxtomoproc(path: Path) -> list[str]:
    """What is wrong with a file by NeXus' definition of tomography results, and by its rules for NXdata."""
    with h5py.File(path) as file:
        wrong = []
        for where, field, words in NXTOMOPROC:
            group = _by_class(file, where.split("/"))
            item = group.get(field) if group is not None else None
            if not isinstance(item, h5py.Dataset):
                wrong.append(f"{where}/{field} is missing")
            elif words and item.asstr()[()] not in words:
                wrong.append(f"{where}/{field} is {item.asstr()[()]!r}")
        data = _by_class(file, ["NXentry", "data:NXdata"])
        if data is None or wrong:
            return wrong
        signal = data[data.attrs["signal"]]
        wrong += [f"data has no {name}" for name in ATTRIBUTES if name not in signal.attrs]
        if signal.ndim != 3 or "units" not in signal.attrs:
            wrong.append("data is no volume with units")
        for position, axis in enumerate(data.attrs["axes"]):
            if data[axis].shape != (signal.shape[position],) or "units" not in data[axis].attrs:
                wrong.append(f"the axis {axis} does not fit")
            if data.attrs[f"{axis}_indices"] != position:
                wrong.append(f"{axis}_indices")
        datetime.fromisoformat(file["entry/reconstruction/date"].asstr()[()])
        if file.attrs["default"] != "entry" or file["entry"].attrs["default"] != "data":
            wrong.append("nothing leads to the plot")
        return wrong


def _by_class(group: h5py.Group, path: list[str]) -> h5py.Group | None:
    for step in path:
        name, _, kind = step.rpartition(":")
        fitting = [
            item
            for key, item in group.items()
            if isinstance(item, h5py.Group) and item.attrs.get("NX_class") == kind and name in ("", key)
        ]
        if not fitting:
            return None
        group = fitting[0]
    return group


KINDS_OF_AXES = {"time": "second", "channel": None, "space": "micrometer"}


def ngff_of(folder: Path) -> tuple[dict[str, Any], np.ndarray]:
    """The metadata of an OME-Zarr folder and its values, after what OME-Zarr 0.5 asks of an image was found there.

    https://ngff.openmicroscopy.org/0.5, sections "Multiscale" and "Axes"; Zarr's own reader judges the layout.
    """
    import zarr

    group = zarr.open_group(folder, mode="r")
    assert group.metadata.zarr_format == 3
    ome = dict(group.attrs["ome"])
    assert ome["version"] == "0.5"
    [multiscale] = ome["multiscales"]
    axes = multiscale["axes"]
    kinds = [axis["type"] for axis in axes]
    assert len({axis["name"] for axis in axes}) == len(axes)
    assert 2 <= len(axes) <= 5
    assert kinds == sorted(kinds, key=["time", "channel", "space"].index)
    assert 2 <= kinds.count("space") <= 3
    assert all(axis.get("unit") in (None, KINDS_OF_AXES[axis["type"]]) for axis in axes)
    [level] = multiscale["datasets"]
    array = group[level["path"]]
    [scaling] = level["coordinateTransformations"]
    assert scaling["type"] == "scale"
    assert len(scaling["scale"]) == array.ndim == len(axes)
    assert list(array.metadata.dimension_names) == [axis["name"] for axis in axes]
    for channel in ome.get("omero", {}).get("channels", []):
        assert set(channel["window"]) == {"min", "max", "start", "end"}
        assert len(bytes.fromhex(channel["color"])) == 3
    if "omero" in ome:
        assert len(ome["omero"]["channels"]) == array.shape[kinds.index("channel")]
    return ome, array[...]
