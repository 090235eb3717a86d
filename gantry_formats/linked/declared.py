"""What the groups of a file say of arrays' axes: NeXus' NXdata, old and new, EMD's dims, HDF5's dimension scales.

Coordinates are reached as everything else is, by a Tree; references are followed within their own file only.
NXdata: https://manual.nexusformat.org/classes/base_classes/NXdata.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from gantry_formats.axes import UNKNOWN, letters_of, names_of_axes, says_nothing, texts
from gantry_formats.linked.arrays import Array, Node
from gantry_formats.linked.links import LinkError
from gantry_formats.linked.spacing import emd_unit
from gantry_formats.linked.tree import Group
from gantry_formats.linked.walking import FAULTS
from gantry_formats.text import decoded, plain_number, plain_text

MOST_MEMBERS = 1_000
"""Of a group that is looked through for what belongs to its axes."""
MOST_DIMENSIONS = 32
_ERRORS = ("errors", "{}_errors", "{}_error")
"""NeXus: the uncertainties of a signal have its axes."""
_NO_VARIABLE = "This is a netCDF dimension"
Numbered = Mapping[int, Sequence[tuple[str, Array]]]
"""Lists of coordinates, with their names, by the number of a dimension."""


@dataclass(frozen=True)
class Coordinate:
    """A list of coordinates, and what its numbers are multiplied by; None where that is not understood."""

    array: Array
    unit: str
    factor: float | None = 1.0
    by_two: bool = False
    """Two values may stand for all: EMD's first ones of what is evenly spaced."""
    step_at: int | None = None
    """Where in the list the step itself stands, as in DREAM.3D's spacing."""


@dataclass(frozen=True)
class Declared:
    """What one place in a file says of an array: a name for each axis, and the coordinates along each."""

    names: tuple[str, ...]
    coordinates: tuple[tuple[Coordinate, ...], ...] = ()


def declared_in(group: Group) -> Iterator[tuple[tuple[str, int], Declared]]:
    """The addresses of the arrays of which a group says something, and what."""
    kind = plain_text(_attribute(group, "NX_class"))
    signals = [plain_text(_attribute(group, "signal")) or "", *texts(_attribute(group, "auxiliary_signals"))]
    if any(signals):
        for name in dict.fromkeys(name for name in signals if name):
            yield from _of_signal(group, name)
    elif kind == "NXdata":
        yield from _old_style(group)
    if _attribute(group, "emd_group_type") is not None:
        yield from _of_emd(group)
    if (spacing := _array(group, "_SIMPL_GEOMETRY/SPACING")) is not None:
        yield from _of_dream3d(group, spacing)


def _of_signal(group: Group, name: str) -> Iterator[tuple[tuple[str, int], Declared]]:
    """NeXus since 2014: the group names its signals and their axes."""
    array = _array(group, name)
    if array is None:
        return
    axes = names_of_axes(_attribute(group, "axes")) or names_of_axes(_attribute(array, "axes"))
    declared = _placed(group, array, axes)
    if declared is None:
        return
    yield array.node.address, declared
    for pattern in _ERRORS:
        errors = _array(group, pattern.format(name))
        if errors is not None and errors.shape == array.shape:
            yield errors.node.address, declared


def _placed(group: Group, array: Array, axes: Sequence[str]) -> Declared | None:
    """The axes in their places: as they stand, or where `…_indices` says; where these differ, none is told."""
    rank = array.ndim
    indices = {name: _whole(_attribute(group, f"{name}_indices")) for name in axes if name.strip(". ")}
    names = list(axes) if len(axes) == rank else [""] * rank
    if len(axes) != rank and not any(indices.values()):
        return Declared(tuple(axes)) if axes else None
    found: list[tuple[Coordinate, ...]] = [()] * rank
    twice: set[int] = set()
    for position, name in enumerate(axes):
        places = indices.get(name) or ([position] if len(axes) == rank else [])
        if not name.strip(". ") or len(places) != 1 or not 0 <= places[0] < rank:
            continue
        [place] = places
        if len(axes) == rank and place != position:
            twice |= {place, position}
            continue
        names[place] = name
        found[place] = _coordinates(group, name)
    for place in twice:
        names[place], found[place] = f"{names[place]} or another one", ()
    return Declared(tuple(names), tuple(found))


def _coordinates(group: Group, name: str) -> tuple[Coordinate, ...]:
    array = _array(group, name)
    if array is None or not _is_list(array):
        return ()
    return (_coordinate(array, _attribute(group, f"{name}_scaling_factor")),)


def _coordinate(array: Array, scaled: Any = None, *, emd: bool = False) -> Coordinate:
    unit = plain_text(_attribute(array, "units")) or plain_text(_attribute(array, "unit")) or ""
    factors = [
        value
        for value in (scaled, _attribute(array, "scaling_factor"), _attribute(array, "scale_factor"))
        if value is not None
    ]
    factor: float | None = 1.0
    for value in factors:
        number = plain_number(value)
        factor = factor * number if factor is not None and number is not None else None
    return Coordinate(array, emd_unit(unit) if emd else unit, factor, emd)


def _old_style(group: Group) -> Iterator[tuple[tuple[str, int], Declared]]:
    """NeXus before 2014: the signal says that it is one, and its axes; or each axis says of which dimension."""
    members = _arrays_in(group)
    axes = _numbered(members)
    for _name, array in members:
        signal = _attribute(array, "signal")
        if signal is None or (plain_number(signal) or 0) < 1:
            continue
        named = names_of_axes(_attribute(array, "axes"))
        declared = _placed(group, array, named) if named else _by_number(array, axes)
        if declared is not None:
            yield array.node.address, declared


def _numbered(members: Sequence[tuple[str, Array]]) -> Numbered:
    """The lists of coordinates by the number that they have as `axis`, of each number two at most."""
    found: dict[int, list[tuple[str, Array]]] = defaultdict(list)
    primary: dict[int, list[tuple[str, Array]]] = defaultdict(list)
    for name, one in members:
        numbers = _whole(_attribute(one, "axis")) if _is_list(one) else []
        if len(numbers) == 1:
            found[numbers[0]].append((name, one))
            if plain_number(_attribute(one, "primary")) == 1:
                primary[numbers[0]].append((name, one))
    return {number: (primary.get(number) or lists)[:2] for number, lists in found.items()}


def _by_number(array: Array, axes: Numbered) -> Declared | None:
    """`axis` counts the dimensions from 1; of several of one dimension the `primary` one is meant.

    NeXus' manual counts from the fastest one, many programs from the slowest: the lengths decide, and where both
    fit it is not known.
    """
    slowest_first = _by_place(axes, range(1, array.ndim + 1))
    fastest_first = _by_place(axes, range(array.ndim, 0, -1))
    fitting = [one for one in (slowest_first, fastest_first) if _lengths_fit(array, one)]
    if not fitting or not any(fitting[0].names):
        return None
    names: list[str] = []
    found: list[tuple[Coordinate, ...]] = []
    for place in range(array.ndim):
        said = dict.fromkeys(one.names[place] for one in fitting)
        names.append(" or ".join(name or "another one" for name in said) if any(said) else "")
        found.append(fitting[0].coordinates[place] if len(said) == 1 else ())
    return Declared(tuple(names), tuple(found))


def _by_place(axes: Numbered, numbers: Sequence[int]) -> Declared:
    """What the dimensions are if those from the slowest on have these numbers."""
    names: list[str] = []
    found: list[tuple[Coordinate, ...]] = []
    for number in numbers:
        chosen = axes.get(number, ())
        names.append(chosen[0][0] if len(chosen) == 1 else "")
        found.append((_coordinate(chosen[0][1]),) if len(chosen) == 1 else ())
    return Declared(tuple(names), tuple(found))


def _lengths_fit(array: Array, declared: Declared) -> bool:
    """Whether each axis has as many coordinates as elements, or one more, which are edges."""
    return all(
        one.array.size in (length, length + 1)
        for length, found in zip(array.shape, declared.coordinates, strict=True)
        for one in found
    )


def _of_emd(group: Group) -> Iterator[tuple[tuple[str, int], Declared]]:
    """EMD 0.2 (dim1 is the first axis) and 1.0 (dim0 is): beside each array lie its dims, with name and units."""
    dims = {name: one for name, one in _arrays_in(group) if name.startswith("dim") and name[3:].isdecimal()}
    first = 0 if "dim0" in dims else 1
    for name, array in _arrays_in(group):
        if name in dims or array.ndim < 1:
            continue
        own = [dims.get(f"dim{first + place}") for place in range(array.ndim)]
        if all(one is None for one in own):
            continue
        names = tuple("" if one is None else plain_text(_attribute(one, "name")) or "" for one in own)
        lists = tuple(() if one is None or not _is_list(one) else (_coordinate(one, emd=True),) for one in own)
        yield array.node.address, Declared(names, lists)


def _of_dream3d(group: Group, spacing: Array) -> Iterator[tuple[tuple[str, int], Declared]]:
    """DREAM.3D: one grid for all arrays of cells, of which each says that it lies on it: "x=28,y=24,z=8"."""
    extent = _array(group, "_SIMPL_GEOMETRY/DIMENSIONS")
    if not _is_list(spacing) or spacing.size != 3 or extent is None or extent.size != 3:
        return
    try:
        lengths = [int(length) for length in np.ravel(extent[...]).tolist()]
    except (LinkError, *FAULTS):
        return
    unit = _coordinate(spacing).unit or plain_text(_attribute(spacing.parent, "Units")) or ""
    steps = tuple((Coordinate(spacing, unit, step_at=place),) for place in (2, 1, 0))
    for array in _arrays_beneath(group):
        on_grid = ",".join(f"{axis}={length}" for axis, length in zip("xyz", lengths, strict=True))
        said = (plain_text(_attribute(array, "Tuple Axis Dimensions")) or "").replace(" ", "")
        if said == on_grid and array.shape[:3] == tuple(reversed(lengths)):
            further = array.ndim - 3
            yield (
                array.node.address,
                Declared(("z", "y", "x", *["component"] * further), (*steps, *[()] * further)),
            )


def _arrays_beneath(group: Group) -> Iterator[Array]:
    """The arrays of the groups in a group."""
    try:
        names = [raw for _place, raw in zip(range(MOST_MEMBERS), group.id, strict=False)]
    except FAULTS:
        return
    for raw in names:
        try:
            inner = group.get(raw)
        except (LinkError, *FAULTS):
            continue
        if isinstance(inner, Group):
            yield from (array for _name, array in _arrays_in(inner))


def of_dimension_scales(array: Array) -> Iterator[Declared]:
    """HDF5's own scales: each axis refers to lists of coordinates that lie in the same file."""
    listed = _attribute(array, "DIMENSION_LIST")
    if not isinstance(listed, np.ndarray) or len(listed) != array.ndim:
        return
    names: list[str] = []
    found: list[tuple[Coordinate, ...]] = []
    for references in listed:
        scales = [
            scale for one in list(references)[:MOST_DIMENSIONS] if (scale := _referred(array, one)) is not None
        ]
        called = [name for name in map(_name_of_scale, scales) if not says_nothing(name)]
        understood = [name for name in called if letters_of([name]) != UNKNOWN]
        names.append(next(iter([*understood, *called]), ""))
        found.append(tuple(_coordinate(scale) for scale in scales if _is_list(scale) and not _is_bare(scale)))
    yield Declared(tuple(names), tuple(found))


def _referred(array: Array, reference: Any) -> Array | None:
    """What a reference of the oldest kind leads to, which can only lie in the same file."""
    if type(reference) is not h5py.Reference or not reference:
        return None
    try:
        identifier = h5py.h5r.dereference(reference, array.node.identifier)
        way = (h5py.h5i.get_name(identifier) or b"").strip(b"/")
        found = array.tree.thing(Node(array.node.file, identifier, way))
    except (LinkError, *FAULTS):
        return None
    return found if isinstance(found, Array) else None


def _name_of_scale(scale: Array) -> str:
    name = plain_text(_attribute(scale, "NAME")) or ""
    return decoded(scale.node.way).rpartition("/")[2] if not name or name.startswith(_NO_VARIABLE) else name


def _is_bare(scale: Array) -> bool:
    """Whether it only stands for the length of an axis, as netCDF has it."""
    return (plain_text(_attribute(scale, "NAME")) or "").startswith(_NO_VARIABLE)


def _is_list(array: Array) -> bool:
    try:
        return bool(array.ndim == 1 and array.dtype.kind in "iuf")
    except (LinkError, *FAULTS):
        return False


def _array(group: Group, name: str) -> Array | None:
    try:
        found = group.get(name)
    except (LinkError, *FAULTS):
        return None
    return found if isinstance(found, Array) else None


def _arrays_in(group: Group) -> list[tuple[str, Array]]:
    found = []
    try:
        for place, raw in enumerate(group.id):
            if place >= MOST_MEMBERS:
                break
            if (array := _array(group, raw)) is not None:
                found.append((decoded(raw), array))
    except FAULTS:
        return found
    return found


def _attribute(thing: h5py.Group | h5py.Dataset, name: str) -> Any:
    try:
        return thing.attrs.get(name)
    except (*FAULTS, UnicodeDecodeError, SystemError):
        return None


def _whole(value: Any) -> list[int]:
    """Whole numbers: of one, of several, of a text of such; empty where they are none."""
    items = value.tolist() if hasattr(value, "tolist") else value
    items = decoded(items).replace(",", " ").split() if isinstance(items, str | bytes) else items
    items = items if isinstance(items, list | tuple) else [items]
    numbers = [plain_number(item) for item in items[:MOST_DIMENSIONS]]
    whole = [int(number) for number in numbers if number is not None and float(number).is_integer()]
    return whole if len(whole) == len(numbers) else []
