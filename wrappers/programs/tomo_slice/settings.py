"""What a person chose on the form of a reconstruction, with its types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from wrappers.kernels.continuation import Continuation
from wrappers.kernels.tomography import Filter

Stripes: TypeAlias = Literal["none", "sorting", "all"]
STRIPES: tuple[Stripes, ...] = ("none", "sorting", "all")
STRIPE_WORDS = {"none": "none", "sorting": "sorting", "all": "dead, wide and narrow (Vo)"}


@dataclass(frozen=True)
class Settings:
    """The form's values; None where the program is to choose."""

    row_first: int | None
    row_count: int | None
    """None: all rows."""
    angles: str
    centre: float | None
    kind: Filter
    beyond: Continuation
    stripes: Stripes
    stripe_size: int
    """Of the median that takes out narrow stripes, in columns."""
    stripe_wide: int
    """Of the one that finds wide ones, and pixels that do not respond."""
    stripe_ratio: float
    """How far a stripe stands out of the spread of sound columns."""
    phase: bool = False
    distance_mm: float | None = None
    energy_kev: float | None = None
    delta_beta: float | None = None
    pixel_um: float | None = None
    """A pixel's width and height, where a person gives it."""
    centre_step: float | None = None
    """Columns between centres that are tried; None where none are."""

    @property
    def of_stripes(self) -> dict[str, str | int | float]:
        """What is done about stripes, by name; widths are in columns."""
        told: dict[str, str | int | float] = {"stripes": STRIPE_WORDS[self.stripes]}
        if self.stripes != "none":
            told["width of narrow stripes"] = self.stripe_size
        if self.stripes == "all":
            told |= {"width of wide stripes": self.stripe_wide, "stripe ratio": self.stripe_ratio}
        return told
