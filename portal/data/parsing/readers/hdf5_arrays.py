"""The arrays of an HDF5 file, under the names and with the axes that programs find."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import h5py

from gantry_formats.axes import OF_FRAMES, axes_in_hdf5, declared_in_hdf5, known_axes, unknown_names
from gantry_formats.hdf5_layouts import is_coarser_level, shape_in_imaris
from gantry_formats.images import is_of_sizes, sizes_of_attributes
from gantry_formats.linked import Array, Group, LinkError
from gantry_formats.linked.scales import Scales
from gantry_formats.linked.walking import NotRead, walk, why_unreadable
from gantry_formats.linked.written import NEVER_WRITTEN, is_never_written
from gantry_formats.microscopes import Layout
from portal.data.parsing.readers.listing import MEASUREMENTS, LeftOut, Listed, Plane, plane_of

MOST_LOOKED_AT = 20_000
MOST_ATTRIBUTES = 64
MOST_LEVELS = 32
_OF_ARRAYS = (
    "axes",
    "DIMENSION_LABELS",
    "CLASS",
    "IMAGE_SUBCLASS",
    "INTERLACE_MODE",
    "interpretation",
    "axistags",
)
_OF_GROUPS = ("signal", "auxiliary_signals", "axes", "ImageSizeX", "ImageSizeY", "ImageSizeZ")
FAULTS = (OSError, RuntimeError, KeyError, ValueError, TypeError)


Unreadable = Callable[[Array], None]
"""Told of an array whose values cannot be read."""


def arrays_of(root: Group, layout: Layout, scales: Scales, unreadable: Unreadable) -> list[Listed | LeftOut]:
    """All numeric arrays of one dimension or more that links lead to, the columns of tables too, each once.

    The nearer to the root come first, so that of several names of an array the nearest is its own.
    """
    found: list[Listed | LeftOut] = []
    holder, around, beside = root, _attributes(root, _OF_GROUPS), _lengths_beside(root)
    above: dict[str, Any] | None = None
    for name, item, group in walk(root, MOST_LOOKED_AT):
        if group is not holder:
            holder, around, beside = group, _attributes(group, _OF_GROUPS), _lengths_beside(group)
            above = None
        if isinstance(item, NotRead):
            found.append(LeftOut(name, item.why))
        elif isinstance(item, Array) and not is_coarser_level(name):
            above = _sizes_above(group) if above is None else above
            found += _of_dataset(
                name, item, around, beside, above, layout=layout, scales=scales, unreadable=unreadable
            )
    return _with_views(found, layout)


def _with_views(found: Sequence[Listed | LeftOut], layout: Layout) -> list[Listed | LeftOut]:
    """Each array with which of several views it is; and the views that are not there."""
    names = [one.name for one in found]
    labelled = [
        replace(one, labels={**one.labels, **labels}) if isinstance(one, Listed) and labels else one
        for one, labels in zip(found, layout.labels(names), strict=True)
    ]
    return [*labelled, *(LeftOut(view, why) for view, why in layout.missing(names))]


def _lengths_beside(group: Group) -> dict[str, int]:
    """Lengths of the lists of a group that tell of its frames."""
    found: dict[str, int] = {}
    for name in OF_FRAMES:
        try:
            item = group.get(name)
            if isinstance(item, Array) and item.ndim == 1:
                found[name] = int(item.shape[0])
        except (LinkError, *FAULTS):
            continue
    return found


def _of_dataset(
    name: str,
    item: Array,
    around: Mapping[str, Any],
    beside: Mapping[str, int],
    above: Mapping[str, Any],
    *,
    layout: Layout,
    scales: Scales,
    unreadable: Unreadable,
) -> Iterator[Listed | LeftOut]:
    try:
        dtype, shape = item.dtype, tuple(int(length) for length in item.shape or ())
    except LinkError as error:
        yield LeftOut(name, error.message)
        return
    except FAULTS as error:
        yield LeftOut(name, f"its type is not known here ({error})")
        return
    if not shape:
        return
    if why := why_unreadable(item):
        yield LeftOut(name, why)
    elif (dtype.kind in MEASUREMENTS or dtype.names) and is_never_written(item):
        yield LeftOut(name, NEVER_WRITTEN)
    elif dtype.kind in MEASUREMENTS:
        own = _attributes(item, _OF_ARRAYS)
        told = scales.of(item)
        declared = axes_in_hdf5(name, shape, own, around, beside, along=told.along)
        names = unknown_names(declared, declared_in_hdf5(name, len(shape), own, around, told.along))
        axes = known_axes(declared, shape)
        shape = shape_in_imaris(name, around, shape)
        sizes: Mapping[str, float] = {}
        if not set("ZYX").isdisjoint(axes):
            written = sizes_of_attributes({**above, **_attributes_of_sizes(item)})
            sizes = layout.sizes(name, shape, written, told.sizes(axes), told.contradicted(axes))
        yield Listed(
            name,
            shape,
            str(dtype.newbyteorder("=")),
            declared,
            lambda axes: _watched(plane_of(item, axes), item, unreadable),
            axis_names=names,
            sizes=sizes,
            of_no_size=told.why_none(axes),
            interval_s=told.time_step_s(axes),
        )
    elif dtype.kind == "V" and dtype.names:
        for field in dtype.names:
            if dtype[field].kind in MEASUREMENTS and not dtype[field].shape:
                yield Listed(f"{name}/{field}", shape, str(dtype[field].newbyteorder("=")), "", lambda _axes: None)


def _watched(plane: Plane | None, item: Array, unreadable: Unreadable) -> Plane | None:
    """The same planes; of one that cannot be read its array is told."""
    if plane is None:
        return None
    read = plane

    def watched(places: Mapping[str, int]) -> Any:
        try:
            return read(places)
        except (OSError, RuntimeError):
            unreadable(item)
            raise

    return watched


def _sizes_above(group: Group) -> dict[str, Any]:
    """What the groups above an array say of the size of an element, the nearest first."""
    told: dict[str, Any] = {}
    try:
        for one in _above(group):
            told = _attributes_of_sizes(one) | told
    except (LinkError, *FAULTS):
        return told  # a group above it is not reached this way
    return told


def _above(group: Group) -> Iterator[Group]:
    for _ in range(MOST_LEVELS):
        yield group
        if group.name == "/":
            return
        group = group.parent


def _attributes_of_sizes(thing: h5py.Group | h5py.Dataset) -> dict[str, Any]:
    try:
        names = [name for name in list(thing.attrs)[:MOST_ATTRIBUTES] if is_of_sizes(name)]
    except (*FAULTS, UnicodeDecodeError):
        return {}
    return _attributes(thing, tuple(names))


def _attributes(thing: h5py.Group | h5py.Dataset, names: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        try:
            if name in thing.attrs:
                found[name] = thing.attrs[name]
        except (*FAULTS, UnicodeDecodeError):
            continue
    return found
