"""HDF5 in the limited child: refused if it leads out of itself, then described, asked for values, shown."""

import io
import re
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, BinaryIO, Self

import h5py
import hdf5plugin  # noqa: F401 - registers the filters that instruments use
import numpy as np

from portal.data.parsing.errors import FileError, plain
from portal.data.parsing.hdf5_arrays import arrays_of
from portal.data.parsing.listing import listing
from portal.data.parsing.picture import View, montage, volume_view

MAX_OBJECTS = 200_000
MAX_LISTED = 2_000
MAX_ATTRIBUTES = 64
MAX_CHUNK_BYTES = 512 << 20
EVENTS = 25
TRUNCATED = re.compile(r"eof = (\d+).*stored_eof = (\d+)")
PARTS = re.compile(r"(family|multi) driver should be used")
DAMAGED = (OSError, RuntimeError, KeyError, ValueError, TypeError)


class Hdf5File:
    """An open file whose every link and dataset has been looked at. Raises FileError."""

    def __init__(self, file: BinaryIO) -> None:
        self.arrays: list[tuple[str, h5py.Dataset]] = []
        self.groups: list[tuple[str, h5py.Group]] = []
        try:
            self.file = h5py.File(file, "r")
        except OSError as error:
            refusal = _open_error(error)
            if sizes := TRUNCATED.search(str(error)):
                self._look_at_what_is_there(file, int(sizes[2]))
            raise refusal from error
        self._look_at_everything()

    def _look_at_what_is_there(self, file: BinaryIO, missing: int) -> None:
        """Refuse a truncated file that leads out of itself: a reader that expects a writer (SWMR) opens it."""
        try:
            self.file = h5py.File(_Lengthened(file, missing), "r")
        except OSError:
            return
        with self.file:
            try:
                self._look_at_everything()
            except FileError as error:
                if error.code in ("unsafe", "limit"):
                    raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()

    def _look_at_everything(self) -> None:
        """Visit every object once by its hard links; a soft link leads to one of these or nowhere.

        What is damaged is passed over until the rest has been looked at: it must not hide what leads out.
        """
        seen: set[int] = set()
        damage: list[FileError] = []
        waiting: list[tuple[str, Any, bytes]] = [("", self.file.id, b"/")]
        while waiting:
            path, group, name = waiting.pop()
            try:
                identifier = h5py.h5o.open(group, name)
                address = h5py.h5o.get_info(identifier).addr
                if address in seen:
                    continue
                seen.add(address)
                if len(seen) > MAX_OBJECTS:
                    raise FileError("limit", f"The file holds more than {MAX_OBJECTS} objects.")
                if isinstance(identifier, h5py.h5d.DatasetID):
                    _check_dataset(identifier, path)
                    self.arrays.append((path, h5py.Dataset(identifier)))
            except DAMAGED as error:
                damage.append(
                    FileError("invalid", "The file is damaged: its structure cannot be read.", str(error))
                )
                continue
            if isinstance(identifier, h5py.h5g.GroupID):
                self.groups.append((path, h5py.Group(identifier)))
                try:
                    waiting += reversed(list(_members(identifier, path)))
                except DAMAGED as error:
                    message = f"The file is damaged: not all links of its group {path or '/'} can be seen."
                    damage.insert(0, FileError("unseen", message, str(error)))
        if damage:
            raise damage[0]

    def describe(self) -> dict[str, Any]:
        """See parsing.describe."""
        listed: list[dict[str, Any]] = [
            {"path": path or "/", "kind": "group", "attrs": _attributes(group)}
            for path, group in self.groups[:MAX_LISTED]
        ]
        listed += [
            {
                "path": path,
                "kind": "array",
                "dtype": str(array.dtype),
                "shape": None if array.shape is None else list(array.shape),
                "chunks": list(array.chunks) if array.chunks else None,
                "compression": array.compression,
                "attrs": _attributes(array),
            }
            for path, array in self.arrays[:MAX_LISTED]
        ]
        listed.sort(key=lambda item: str(item["path"]))
        more = len(self.groups) + len(self.arrays) > MAX_LISTED
        return {"format": "hdf5", "items": listed[:MAX_LISTED], "more": more}

    def listing(self, *, side: int, pictures: int) -> dict[str, Any]:
        """See parsing.listing."""
        return listing(arrays_of(self.file), side=side, pictures=pictures)

    def values(self, paths: Sequence[str]) -> dict[str, Any]:
        """See parsing.values."""
        found = {path: self._value(path) for path in paths}
        return {path: value for path, value in found.items() if value is not None}

    def _value(self, path: str) -> Any:
        place, at, attribute = path.rpartition("@") if "@" in path else (path, "", "")
        try:
            thing = self.file[place.strip("/") or "/"]
            if at:
                return plain(thing.attrs[attribute])
            if not isinstance(thing, h5py.Dataset) or thing.size != 1:
                return None
            return plain(thing[()])
        except (KeyError, OSError, TypeError, ValueError):
            return None

    def view(self) -> View:
        """The view for a thumbnail. Raises FileError where nothing can be shown."""
        try:
            events = self.file.get("events/image")
            if isinstance(events, h5py.Dataset) and events.ndim == 3 and events.size:
                return _events(events)
            array = self._main_array()
            return volume_view(array, self._is_tomography(array), self._middle(array))
        except (OSError, RuntimeError, ValueError, TypeError) as error:
            raise FileError("invalid", "The file's data cannot be read.", str(error)) from error

    def _main_array(self) -> h5py.Dataset:
        """What NeXus names as the default signal, else the data of Data Exchange, else the largest array."""
        shown = [array for _, array in self.arrays if _can_be_shown(array)]
        if not shown:
            raise FileError("invalid", "There is no array of two or more dimensions to show.")
        named = [self._nexus_signal(), self.file.get("exchange/data")]
        for array in named:
            if isinstance(array, h5py.Dataset) and _can_be_shown(array):
                return array
        return max(shown, key=lambda array: array.size)

    def _nexus_signal(self) -> Any:
        group: Any = self.file
        for _ in range(4):
            for key in ("signal", "default"):
                name = group.attrs.get(key) if isinstance(group, h5py.Group) else None
                if isinstance(name, str) and name in group:
                    group = group[name]
                    break
            if isinstance(group, h5py.Dataset):
                return group
        return None

    def _is_tomography(self, array: h5py.Dataset) -> bool:
        axes = str(array.attrs.get("axes", ""))
        if axes.startswith(("theta", "rotation")) or array.name == "/exchange/data":
            return True
        definitions = (d for path, d in self.arrays if path.endswith("definition") and d.size == 1)
        return any(plain(definition[()]) == "NXtomo" for definition in definitions)

    def _middle(self, array: h5py.Dataset) -> int | None:
        """The middle frame that is a projection, by NXtomo's image_key (0: projection); None without a key."""
        for path, keys in self.arrays:
            if path.endswith("image_key") and keys.ndim == 1 and keys.size == array.shape[0] <= 1_000_000:
                projections = np.flatnonzero(keys[()] == 0)
                return int(projections[len(projections) // 2]) if len(projections) else None
        return None


def _can_be_shown(array: h5py.Dataset) -> bool:
    return bool(array.ndim >= 2 and array.size and array.dtype.kind in "iufb" and min(array.shape[-2:]) > 0)


def _events(events: h5py.Dataset) -> View:
    count = min(len(events), EVENTS)
    chosen = np.unique(np.linspace(0, len(events) - 1, count).astype(int))
    return View(montage([events[int(index)] for index in chosen]))


class _Lengthened(io.RawIOBase):
    """A file that seems to go on, with zeros, beyond its end."""

    def __init__(self, file: BinaryIO, more: int) -> None:
        self._file, self._size = file, min(file.seek(0, 2) + more, 1 << 62)

    def seek(self, place: int, whence: int = 0) -> int:
        return self._file.seek(self._size + place if whence == 2 else place, 0 if whence == 2 else whence)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        got = 0
        while data := self._file.read(len(view) - got):
            view[got : got + len(data)] = data
            got += len(data)
        view[got:] = bytes(len(view) - got)
        return len(view)


def _members(group: Any, path: str) -> Iterator[tuple[str, Any, bytes]]:
    for name in group:
        text = name.decode("utf-8", errors="replace")
        here = f"{path}/{text}" if path else text
        kind = group.links.get_info(name).type
        if kind == h5py.h5l.TYPE_HARD:
            yield here, group, name
        elif kind == h5py.h5l.TYPE_EXTERNAL:
            target = group.links.get_val(name)[0].decode("utf-8", errors="replace")
            raise FileError("unsafe", f"The file leads out of itself: {here} is a link to another file.", target)
        elif kind != h5py.h5l.TYPE_SOFT:
            raise FileError("unsafe", f"The file holds a link of an unknown kind: {here}.")


def _check_dataset(identifier: Any, path: str) -> None:
    """Refuse data that lie in other files, and chunks that only serve to fill the memory."""
    properties = identifier.get_create_plist()
    if properties.get_external_count() > 0:
        raise FileError("unsafe", f"The file leads out of itself: the data of {path} lie in another file.")
    layout = properties.get_layout()
    if layout == h5py.h5d.VIRTUAL:
        for index in range(properties.get_virtual_count()):
            source = properties.get_virtual_filename(index)
            if source != ".":
                message = f"The file leads out of itself: {path} is a view of another file."
                raise FileError("unsafe", message, str(source))
    elif layout == h5py.h5d.CHUNKED:
        size = identifier.get_type().get_size()
        for extent in properties.get_chunk():
            size *= extent
        if size > MAX_CHUNK_BYTES:
            raise FileError("limit", f"{path} is stored in blocks larger than {MAX_CHUNK_BYTES >> 20} MiB.")


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


def _open_error(error: OSError) -> FileError:
    text = str(error)
    if parts := PARTS.search(text):
        message = f"The file leads out of itself: it is one of several parts ({parts[1]}), which are named in it."
        return FileError("unsafe", message, text)
    sizes = TRUNCATED.search(text)
    if "truncated" in text and sizes:
        message = f"The file is truncated: it should hold {sizes[2]} bytes and has {sizes[1]}."
        return FileError("invalid", message, text)
    if "truncated" in text or "file signature" in text:
        return FileError("invalid", "The file is truncated: its end is missing.", text)
    return FileError("invalid", "The file is damaged: it cannot be opened as HDF5.", text)
