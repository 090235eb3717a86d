"""The size of a picture's element, in µm, with where it stands and what stands there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

VOXEL_SIZE = "image:voxel size "
"""How a mapping asks for it, with the axis behind; with a word of TOLD behind "@", for where it was found."""
TOLD = ("file", "place", "value", "units")


class Size(float):
    """A size in µm. `value` and `units` stand in the file at `place`; what is not known is empty.

    `file` is empty where it is the picture's own.
    """

    place: str
    value: str
    units: str
    file: str

    def __new__(
        cls, um: float, place: str = "", value: float | str = "", units: Any = "", *, file: str = ""
    ) -> Self:
        """`um`: the size; the rest as it stands."""
        made = super().__new__(cls, um)
        made.place, made.file = place, file
        made.value = value if isinstance(value, str) else f"{value:.9g}"
        made.units = str(units or "")
        return made


def told_of(sizes: Mapping[str, float | str | None], path: str) -> Any:
    """What a format's reader answers to a path that begins as VOXEL_SIZE: the size, or where it stands."""
    axis, at, what = path.removeprefix(VOXEL_SIZE).partition("@")
    size = sizes.get(axis)
    if not at:
        return size
    return (getattr(size, what) or None) if isinstance(size, Size) and what in TOLD else None
