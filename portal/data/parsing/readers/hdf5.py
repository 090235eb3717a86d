"""HDF5 in the limited child: refused if it leads out of itself, then described, asked for values, shown.

Where the files beside it may be asked for, it may lead to them: each link is listed, and read by our own code.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import TracebackType
from typing import Any, BinaryIO, Self

import h5py
import numpy as np

from gantry_formats import bdv, decoded, value_for_all
from gantry_formats.basins import MOST_LINES, basin_of
from gantry_formats.images import Sizes
from gantry_formats.linked import Array, Group, LinkError, Tree
from gantry_formats.linked.arrays import Node
from gantry_formats.linked.filters import missing_filter
from gantry_formats.linked.rotation import RANGE, RotationRange, rotation_range
from gantry_formats.linked.scales import Scales
from gantry_formats.linked.walking import NotRead, nowhere, walk, why_unreadable
from gantry_formats.microscopes import Layout
from gantry_formats.sizes import VOXEL_SIZE, told_of
from portal.data.parsing.asked import Asked
from portal.data.parsing.errors import FileError, plain
from portal.data.parsing.readers.damage import damage_of
from portal.data.parsing.readers.hdf5_arrays import arrays_of
from portal.data.parsing.readers.listing import LeftOut, Listed, listing
from portal.data.parsing.readers.opening import lengthened, missing_bytes, open_hdf5
from portal.data.parsing.readers.picture import View, montage, volume_view
from portal.data.parsing.readers.structure import DAMAGED, MAX_OBJECTS, Seen, look_at, refuse
from portal.data.parsing.readers.through import Through

MAX_LISTED = 2_000
MAX_ATTRIBUTES = 64
MAX_FILTERS_NAMED = 20
MAX_LINKS_NAMED = 20
MAX_COORDINATES_NAMED = 10
EVENTS = 25
ANYWHERE = "**/"
STILL_OPEN = "it is still open for writing, or was never closed; what had been written is read"
NOT_BY_ANALYSES = "it is still open for writing, or was never closed; analyses read it when that is done"
NO_VALUES = "it holds no array"


class Hdf5File:
    """An open file whose every link and dataset has been looked at. Raises FileError.

    `asked`: whom to ask for the files beside it; without, it must stand for itself. `name`: its own name there.
    `problem` says afterwards what of that which was read is damaged, and where.
    """

    def __init__(self, file: BinaryIO, asked: Asked | None = None, name: str = "") -> None:
        self.asked, self.name = asked, name
        self.problem: str | None = None
        self.budget = [MAX_OBJECTS]
        try:
            opened = open_hdf5(file)
        except FileError as error:
            if missing := missing_bytes(error.__cause__):
                self._look_at_what_is_there(file, missing)
            if asked is not None and error.code == "unsafe":
                # Its other parts are not looked for: it is registered, and cannot be read.
                raise FileError("invalid", error.message, error.detail) from error
            raise
        self.file, self.still_open = opened.file, opened.still_open
        self.tree = Tree(self.file, name, asked)
        self.root = self.tree.root
        self.layout = Layout(name, self._attributes_at, self._beside)
        self.through = Through(self.tree, asked, self.budget) if asked is not None else None
        self._take(self._seen())

    def _seen(self) -> Seen:
        return self.through.look() if self.through is not None else look_at(self.file, refuse, self.budget)

    def _take(self, seen: Seen) -> None:
        self.arrays: list[Array] = []
        self.groups: list[Group] = []
        for way, identifier in (*seen.groups, *seen.arrays):
            self._sort_in(self.tree.thing(Node(self.name, identifier, way)))
        if self.through is not None:
            # What the file's own links lead to, in files that were looked at.
            for _name, thing, _holder in walk(self.root, MAX_OBJECTS):
                if not isinstance(thing, NotRead) and thing.node.file != self.name:
                    self._sort_in(thing)

    def _sort_in(self, thing: Any) -> None:
        if isinstance(thing, Group):
            self.groups.append(thing)
        elif isinstance(thing, Array):
            self.arrays.append(thing)

    def _look_at_what_is_there(self, file: BinaryIO, missing: int) -> None:
        """Refuse a truncated file that leads out of itself: a reader that expects a writer (SWMR) opens it."""
        if self.asked is not None:
            return
        try:
            opened = lengthened(file, missing)
        except OSError:
            return
        with opened:
            try:
                look_at(opened, refuse, self.budget)
            except FileError as error:
                if error.code in ("unsafe", "limit"):
                    raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()

    def remarks(self) -> list[dict[str, str]]:
        """What a person is to know who analyses the file: `{"place", "words"}`, clauses about what is not read."""
        # Here it is read as it lies; a program opens it by its name, and only beside a writer that allows that.
        words = STILL_OPEN if self.file.swmr_mode else NOT_BY_ANALYSES
        found = [{"place": "", "words": words}] if self.still_open else []
        found += self._basins()
        filters = [(array.name, missing) for array in self.arrays if (missing := missing_filter(array.id))]
        found += [
            {"place": name, "words": f"it is stored by a filter that is not installed here: {missing}"}
            for name, missing in filters[:MAX_FILTERS_NAMED]
        ]
        if not self.arrays and not (self.through is not None and self.through.refused):
            found += self._leading_nowhere() or [{"place": "", "words": NO_VALUES}]
        found += self._of_no_size()
        return found + (self.through.remarks() if self.through is not None else [])

    def _leading_nowhere(self) -> list[dict[str, str]]:
        """Links of a file without arrays that lead in a circle, or to nothing."""
        return [
            {"place": place, "words": why}
            for place, why in nowhere(self.root, MAX_LISTED, MAX_LINKS_NAMED).items()
        ]

    def _of_no_size(self) -> list[dict[str, str]]:
        """Coordinates that tell no size, of pictures of which nothing else tells it."""
        found: dict[str, str] = {}
        for one in self._pictures:
            if any(axis in "ZYX" and axis.lower() not in one.sizes for axis in one.axes):
                found |= one.of_no_size
        return [
            {"place": place, "words": f"it tells no size of a pixel: {why}"}
            for place, why in list(found.items())[:MAX_COORDINATES_NAMED]
        ]

    def _basins(self) -> list[dict[str, str]]:
        found = []
        for array in self.arrays:
            if array.node.above != b"basins" or array.size > MOST_LINES or array.dtype.kind not in "SO":
                continue
            try:
                lines = [line for line in np.ravel(array[()]).tolist() if isinstance(line, bytes)]
            except (LinkError, *DAMAGED):
                continue
            if (basin := basin_of(lines)) is not None:
                features = f"features ({', '.join(basin.features)})" if basin.features else "features"
                words = f"it refers to {', '.join(basin.files)} for {features}, which are not in it"
                found.append({"place": array.name, "words": words})
        return found

    def describe(self) -> dict[str, Any]:
        """See parsing.describe."""
        listed: list[dict[str, Any]] = [
            {"path": _shown(group), "kind": "group", "attrs": _attributes(group)}
            for group in self.groups[:MAX_LISTED]
        ]
        listed += [_described(array) for array in self.arrays[:MAX_LISTED]]
        listed.sort(key=lambda item: str(item["path"]))
        more = len(self.groups) + len(self.arrays) > MAX_LISTED
        return {"format": "hdf5", "items": listed[:MAX_LISTED], "more": more}

    def listing(self, *, side: int, pictures: int) -> dict[str, Any]:
        """See client.listing."""
        return listing(self._listed, side=side, pictures=pictures)

    @cached_property
    def _listed(self) -> list[Listed | LeftOut]:
        return arrays_of(self.root, self.layout, Scales(self.groups), self._unreadable)

    @property
    def _pictures(self) -> list[Listed]:
        return [one for one in self._listed if isinstance(one, Listed) and one.is_picture]

    def values(self, paths: Sequence[str]) -> dict[str, Any]:
        """See parsing.values."""
        found = {path: self._value(path) for path in paths}
        return {path: value for path, value in found.items() if value is not None}

    def _attributes_at(self, path: str) -> Mapping[str, Any]:
        try:
            group = self.root[path]
            return {name: group.attrs[name] for name in list(group.attrs)[:MAX_ATTRIBUTES]}
        except (LinkError, *DAMAGED):
            return {}

    def _beside(self, name: str) -> bytes | None:
        if self.asked is None:
            return None
        try:
            file = self.asked.raw(name)
        except LinkError:
            return None
        file.seek(0)
        return file.read(bdv.MAX_DOCUMENT_BYTES + 1)

    @cached_property
    def _sizes_of_all(self) -> Sizes:
        """Sizes of an element in which all volumes of the file agree; where there is none, all planes."""
        volumes = [one for one in self._pictures if "Z" in one.axes]
        return self.layout.sizes_of_all([one.sizes for one in volumes or self._pictures])

    @cached_property
    def _rotation(self) -> RotationRange | None:
        return rotation_range(self.arrays)

    def _value(self, path: str) -> Any:
        if path.startswith(VOXEL_SIZE):
            return told_of(self._sizes_of_all, path)
        if path.startswith(RANGE):
            return self._rotation.told(path) if self._rotation is not None else None
        place, at, attribute = path.rpartition("@") if "@" in path else (path, "", "")
        if not place.startswith(ANYWHERE):
            try:
                return self._of_thing(self.root[place.strip("/") or "/"], attribute if at else None)
            except (LinkError, *DAMAGED):
                return None
        ending = "/" + place.removeprefix(ANYWHERE)
        alike = [array for array in self.arrays if f"/{array.name}".endswith(ending)][:MAX_LISTED]
        found = dict.fromkeys(self._of_thing(array, attribute if at else None) for array in alike)
        # Several that do not say the same are all named: that is no number, and no unit.
        several = "; ".join("none" if value is None else str(value) for value in found)
        return plain(several) if len(found) > 1 else next(iter(found), None)

    def _of_thing(self, thing: Any, attribute: str | None) -> Any:
        """The value of an attribute, or of an array that has one value for all its elements; None for all else."""
        try:
            if attribute is not None:
                return plain(thing.attrs[attribute])
            return plain(value_for_all(thing)) if isinstance(thing, h5py.Dataset) else None
        except (LinkError, *DAMAGED):
            return None

    def view(self) -> View:
        """The view for a thumbnail. Raises FileError where nothing can be shown."""
        try:
            events = self._get("events/image")
            if isinstance(events, h5py.Dataset) and events.ndim == 3 and events.size and _can_be_read(events):
                return _events(events)
            array = self._main_array()
            try:
                return volume_view(array, self._is_tomography(array), self._middle(array))
            except (OSError, RuntimeError):
                self._unreadable(array)
                raise
        except LinkError as error:
            raise FileError("invalid", f"The file's data cannot be shown: {error.message}.") from error
        except (OSError, RuntimeError, ValueError, TypeError) as error:
            raise FileError("invalid", "The file's data cannot be read.", str(error)) from error

    def _unreadable(self, array: h5py.Dataset) -> None:
        if self.problem is None:
            self.problem = damage_of(array)

    def _main_array(self) -> h5py.Dataset:
        """What NeXus names as the default signal, else the data of Data Exchange, else the largest array."""
        shown = [array for array in self.arrays if _can_be_shown(array)]
        if not shown:
            raise FileError("invalid", "There is no array of two or more dimensions to show.")
        named = [self._nexus_signal(), self._get("exchange/data")]
        for array in (*named, *sorted(shown, key=lambda array: -array.size)):
            if isinstance(array, h5py.Dataset) and _can_be_shown(array) and _can_be_read(array):
                return array
        raise FileError("invalid", f"{shown[0].name} cannot be shown: {why_unreadable(shown[0])}.")

    def _get(self, path: str) -> Any:
        """What lies at a path; None where nothing does, or it is behind a link that is not followed."""
        try:
            return self.root.get(path)
        except LinkError:
            return None

    def _nexus_signal(self) -> Any:
        group: Any = self.root
        for _ in range(4):
            for key in ("signal", "default"):
                name = group.attrs.get(key) if isinstance(group, h5py.Group) else None
                try:
                    found = group.get(name) if isinstance(name, str) and name.strip("/") else None
                except LinkError:
                    return None
                if found is not None:
                    group = found
                    break
            if isinstance(group, h5py.Dataset):
                return group
        return None

    def _is_tomography(self, array: h5py.Dataset) -> bool:
        axes = str(array.attrs.get("axes", ""))
        if axes.startswith(("theta", "rotation")) or array.name == "/exchange/data":
            return True
        definitions = (one for one in self.arrays if one.name.endswith("definition") and one.size == 1)
        return any(plain(definition[()]) == "NXtomo" for definition in definitions)

    def _middle(self, array: h5py.Dataset) -> int | None:
        """The middle frame that is a projection, by NXtomo's image_key (0: projection); None without a key."""
        for keys in self.arrays:
            if keys.name.endswith("image_key") and keys.ndim == 1 and keys.size == array.shape[0] <= 1_000_000:
                projections = np.flatnonzero(keys[()] == 0)
                return int(projections[len(projections) // 2]) if len(projections) else None
        return None


def _shown(thing: Group | Array) -> str:
    return decoded(thing.node.way) or "/"


def _described(array: Array) -> dict[str, Any]:
    found: dict[str, Any] = {
        "path": _shown(array),
        "kind": "array",
        "dtype": None,
        "shape": None,
        "chunks": list(array.chunks) if array.chunks else None,
        "compression": array.compression,
        "attrs": _attributes(array),
    }
    try:
        found["dtype"] = str(array.dtype)
        found["shape"] = None if array.shape is None else list(array.shape)
    except (LinkError, *DAMAGED):
        pass
    return found


def _can_be_shown(array: h5py.Dataset) -> bool:
    try:
        return bool(array.ndim >= 2 and array.size and array.dtype.kind in "iufb" and min(array.shape[-2:]) > 0)
    except (LinkError, *DAMAGED):
        return False


def _can_be_read(array: Array) -> bool:
    return not why_unreadable(array)


def _events(events: h5py.Dataset) -> View:
    count = min(len(events), EVENTS)
    chosen = np.unique(np.linspace(0, len(events) - 1, count).astype(int))
    return View(montage([events[int(index)] for index in chosen]), montage=True)


def _attributes(thing: Any) -> dict[str, Any]:
    found = {}
    for name in list(thing.attrs)[:MAX_ATTRIBUTES]:
        try:
            value = plain(thing.attrs[name])
        except (OSError, KeyError, TypeError, ValueError):
            continue
        if value is not None:
            found[name] = value
    return found
