"""The arrays of an HDF5 file, under the names and with the axes that programs find."""

from collections.abc import Iterator, Mapping
from typing import Any

import h5py

from gantry_formats import decoded, plain_number
from gantry_formats.axes import OF_FRAMES, axes_in_hdf5
from portal.data.parsing.listing import MEASUREMENTS, LeftOut, Listed, plane_of

MOST_LOOKED_AT = 20_000
_OF_ARRAYS = ("axes", "DIMENSION_LABELS", "CLASS", "IMAGE_SUBCLASS", "INTERLACE_MODE", "interpretation")
_OF_GROUPS = ("signal", "auxiliary_signals", "axes")
FAULTS = (OSError, RuntimeError, KeyError, ValueError, TypeError)


def arrays_of(file: h5py.File) -> list[Listed | LeftOut]:
    """All numeric arrays of one dimension or more that hard links lead to, the columns of tables too, each once.

    The nearer to the root come first, so that of several names of an array the nearest is its own.
    """
    found: list[Listed | LeftOut] = []
    seen: set[int] = set()
    waiting: list[tuple[str, h5py.Group]] = [("", file["/"])]
    while waiting and len(seen) < MOST_LOOKED_AT:
        path, group = waiting.pop(0)
        around, beside = _attributes(group, _OF_GROUPS), _lengths_beside(group)
        for raw in group.id:
            name = f"{path}/{decoded(raw)}"
            if group.id.links.get_info(raw).type != h5py.h5l.TYPE_HARD:
                continue
            try:
                identifier = h5py.h5o.open(group.id, raw)
                address = h5py.h5o.get_info(identifier).addr
            except FAULTS as error:
                found.append(LeftOut(name, f"it cannot be read ({error})"))
                continue
            if address in seen:
                continue
            seen.add(address)
            if isinstance(identifier, h5py.h5g.GroupID):
                waiting.append((name, h5py.Group(identifier)))
            elif isinstance(identifier, h5py.h5d.DatasetID):
                found += _of_dataset(name, h5py.Dataset(identifier), around, beside)
    return found


def _lengths_beside(group: h5py.Group) -> dict[str, int]:
    """Lengths of the lists of a group that tell of its frames."""
    found: dict[str, int] = {}
    for name in OF_FRAMES:
        if name in group and isinstance(group.get(name, getlink=True), h5py.HardLink):
            item = group[name]
            if isinstance(item, h5py.Dataset) and item.ndim == 1:
                found[name] = int(item.shape[0])
    return found


def _of_dataset(
    name: str, item: h5py.Dataset, around: Mapping[str, Any], beside: Mapping[str, int]
) -> Iterator[Listed | LeftOut]:
    try:
        dtype, shape = item.dtype, tuple(int(length) for length in item.shape or ())
    except FAULTS as error:
        yield LeftOut(name, f"its type is not known here ({error})")
        return
    if not shape:
        return
    if why := _unreadable(item):
        yield LeftOut(name, why)
    elif dtype.kind in MEASUREMENTS:
        own = _attributes(item, _OF_ARRAYS)
        declared = axes_in_hdf5(name, shape, own, around, beside)
        sizes = _sizes(item)
        yield Listed(
            name, shape, str(dtype.newbyteorder("=")), declared, lambda axes: plane_of(item, axes), sizes=sizes
        )
    elif dtype.kind == "V" and dtype.names:
        for field in dtype.names:
            if dtype[field].kind in MEASUREMENTS and not dtype[field].shape:
                yield Listed(f"{name}/{field}", shape, str(dtype[field].newbyteorder("=")), "", lambda _axes: None)


def _unreadable(item: h5py.Dataset) -> str:
    """Why an array's values cannot be had; nothing where they can."""
    properties = item.id.get_create_plist()
    if properties.get_external_count() or (
        item.is_virtual and any(part.file_name != "." for part in item.virtual_sources())
    ):
        return "its values lie in other files"
    for place in range(properties.get_nfilters()):
        number, _flags, _values, name = properties.get_filter(place)
        if not h5py.h5z.filter_avail(number):
            known = decoded(name).strip() or "unnamed"
            return f"it is stored by a filter that is not installed here: {known} ({number})"
    return ""


def _sizes(item: h5py.Dataset) -> dict[str, float]:
    """The size of an element that `element_size_um` gives, for z, y and x."""
    triple = _attributes(item, ("element_size_um",)).get("element_size_um")
    values: Any = getattr(triple, "tolist", lambda: triple)()
    if not isinstance(values, list | tuple) or len(values) != 3:
        return {}
    sizes = {axis: plain_number(value) for axis, value in zip("zyx", values, strict=True)}
    return {axis: size for axis, size in sizes.items() if size and size > 0}


def _attributes(thing: h5py.Group | h5py.Dataset, names: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        try:
            if name in thing.attrs:
                found[name] = thing.attrs[name]
        except (*FAULTS, UnicodeDecodeError):
            continue
    return found
