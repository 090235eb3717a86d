"""MRC and CCP4 in the limited child: described, asked for values, shown, a section at a time."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np

from gantry_formats import mrc
from gantry_formats.linked.complaints import part_there
from gantry_formats.sizes import VOXEL_SIZE, told_of
from portal.data.parsing.errors import FileError
from portal.data.parsing.readers.listing import LeftOut, Listed, listing, plane_of
from portal.data.parsing.readers.picture import MAX_ELEMENTS, Array, View, volume_view

LABELS = slice(224, 1024)


class MrcReader:
    """An open MRC file that has all its data; `unsupported`: why they are not read. Raises FileError."""

    unsupported = ""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.header: mrc.Header | None = None
        self.head = file.read(mrc.HEAD_BYTES)
        try:
            self.header = mrc.header_of(self.head)
        except mrc.UnsupportedModeError as error:
            self.unsupported = str(error)
            return
        except ValueError as error:
            raise FileError("invalid", "The file is damaged: it cannot be read as MRC.", str(error)) from error
        size = file.seek(0, 2)
        if self.header.end > size:
            message = f"The file is truncated: {part_there(size, self.header.end)}."
            raise FileError("invalid", message)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()

    def describe(self) -> dict[str, Any]:
        """See parsing.describe."""
        items: list[dict[str, Any]] = []
        if self.header is not None:
            attrs: dict[str, float] = {"mode": self.header.mode, "space group": self.header.space_group}
            attrs |= {f"voxel size {axis} (um)": size for axis, size in self.header.sizes.items()}
            one = {"path": "map", "kind": "array", "dtype": str(np.dtype(self.header.dtype))}
            items = [one | {"shape": list(self.header.shape), "axes": self.header.axes, "attrs": attrs}]
        return {"format": "mrc", "items": items, "more": False, "label": _text(self.head[LABELS][:80])}

    def values(self, paths: Sequence[str]) -> dict[str, Any]:
        """See parsing.values."""
        sizes = self.header.sizes if self.header is not None else {}
        found = {path: told_of(sizes, path) for path in paths if path.startswith(VOXEL_SIZE)}
        return {path: value for path, value in found.items() if value is not None}

    def listing(self, *, side: int, pictures: int) -> dict[str, Any]:
        """See client.listing."""
        header = self.header
        if header is None:
            return listing([LeftOut("map", self.unsupported)], side=side, pictures=pictures)
        dtype = str(np.dtype(header.dtype).newbyteorder("="))
        sections = _Sections(self.file, header)
        one = Listed(
            "map", header.shape, dtype, header.axes, lambda axes: plane_of(sections, axes), sizes=header.sizes
        )
        return listing([one], side=side, pictures=pictures)

    def remarks(self) -> list[dict[str, str]]:
        """Values of a kind that is not read here, `{"place", "words"}`: nothing is damaged."""
        return [{"place": "", "words": self.unsupported}] if self.unsupported else []

    def view(self) -> View:
        """The view for a thumbnail. Raises FileError."""
        if self.header is None:
            raise FileError("invalid", f"{self.unsupported[:1].upper()}{self.unsupported[1:]}.")
        if self.header.shape[-1] * self.header.shape[-2] > MAX_ELEMENTS:
            raise FileError("limit", "The picture is too large for a thumbnail.")
        return volume_view(_Sections(self.file, self.header), tomography=False)


class _Sections:
    """The data as an array that is read section by section: it may be larger than the memory."""

    def __init__(self, file: BinaryIO, header: mrc.Header) -> None:
        self._file, self._header = file, header
        self.shape = header.shape

    def __getitem__(self, place: tuple[int | slice, ...]) -> Array:
        *lead, section, row, column = place
        number = 0
        for index, length in zip(lead, self.shape, strict=False):
            assert isinstance(index, int)
            number = number * length + index
        if isinstance(section, int):
            return np.asarray(self._section(number, section)[row, column])
        chosen = range(*section.indices(self.shape[-3]))
        return np.stack([self._section(number, one)[row, column] for one in chosen])

    def _section(self, volume: int, section: int) -> Array:
        rows, columns = self.shape[-2:]
        dtype = np.dtype(self._header.dtype)
        size = rows * columns * dtype.itemsize
        self._file.seek(self._header.offset + (volume * self.shape[-3] + section) * size)
        values = np.frombuffer(self._file.read(size), dtype).reshape(rows, columns)
        return np.abs(values) if dtype.kind == "c" else values


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode("ascii", "replace").strip()
