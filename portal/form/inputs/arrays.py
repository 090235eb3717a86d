"""The arrays of a dataset as the form sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gantry_formats.arrays import Described

MORE = ("not listed", "not looked into")
"""How it ends where something is said of arrays that there are, and are not told."""


@dataclass(frozen=True)
class InputArray:
    """An array in a dataset's files; with `left_out`, what is none to be taken, and why, as a clause."""

    id: int
    file: str
    name: str
    shape: tuple[int, ...]
    dtype: str
    axes: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pictures: Sequence[tuple[str, int]] = ()
    """Of which of its places there is a picture: axis (empty: as a whole) and place, in the pictures' order."""
    left_out: str = ""
    sizes: Mapping[str, float] = field(default_factory=dict)
    """Of an element, in µm, by axis (x, y, z), as far as its file tells."""
    unusable: str = ""
    """`portal.files.unusable.Unusable`: its whole file is known to be of no use as it is."""
    interval_s: float | None = None
    """The time between its time points, where its file tells it."""

    @property
    def described(self) -> Described:
        """The same as programs tell arrays apart."""
        return Described(self.file, self.name, self.shape, self.dtype, self.axes, self.labels)

    @property
    def tells_of_more(self) -> bool:
        """Whether it stands for arrays of which nothing else is known: too many, or in a file not looked into."""
        if self.unusable:
            return False
        return self.left_out.endswith(MORE) or bool(self.left_out and self.file and not self.name)

    def picture_of(self, axis: str = "", place: int = 0) -> int | None:
        """The number of the picture of a place, else of the array as a whole; None where there is none."""
        for wanted in ((axis, place), ("", 0)):
            if wanted in self.pictures:
                return list(self.pictures).index(wanted)
        return None
