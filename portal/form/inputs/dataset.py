"""A dataset as the form sees it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gantry_formats import factor_between
from portal.form.inputs.arrays import InputArray
from portal.form.values import as_text


@dataclass(frozen=True)
class Quantity:
    """A dataset parameter's value with its units as the catalogue writes them."""

    value: float | str | None
    """None: its file does not say it, though something was registered first."""
    units: str = ""
    others: tuple["Quantity", ...] = ()
    """What the dataset records under the same name that contradicts it: which of them holds is not known."""
    source: str = ""
    """Where it is from, in words behind the value: "in stack.ome.tif, ome:PhysicalSizeX", "typed by maya"."""
    before: str = ""
    """What was registered first and does not count any more, in words; empty where nothing was corrected."""

    gave_way: tuple["Quantity", ...] = ()
    """What its files say in a unit that nobody knows, where a typed value counts instead."""

    @property
    def words(self) -> str:
        """The value with its unit, in as many digits as tell two values apart."""
        return f"{self.number} {self.units}".strip()

    @property
    def number(self) -> str:
        """The value alone."""
        return f"{self.value:.9g}" if isinstance(self.value, float) else as_text(self.value)


def same(first: Quantity, other: Quantity) -> bool:
    """Whether both say one thing: equal numbers in units that can be compared, or equal texts.

    The catalogue tells parameters apart by name and units, forms and programs by name alone. 0.2 um and 200 nm
    say the same; 0.2 um and 7 px cannot be told apart.
    """
    if not isinstance(first.value, int | float) or not isinstance(other.value, int | float):
        return first.value == other.value
    factor = 1.0 if other.units == first.units else factor_between(other.units, first.units)
    return factor is not None and math.isclose(other.value * factor, first.value, rel_tol=1e-9)


@dataclass(frozen=True)
class FileNames:
    """Names of a dataset's files that options can choose; `more`: it has further ones that are not listed."""

    names: tuple[str, ...]
    more: bool = False


@dataclass(frozen=True)
class InputDataset:
    """What the form must know of a dataset: its name, type, and the parameters that give defaults."""

    id: int
    name: str
    type: str
    complete: bool = True
    parameters: Mapping[str, Quantity] = field(default_factory=dict)
    arrays: tuple[InputArray, ...] = ()
    """What its files hold; nothing where that was not listed, or matters to no option."""
    problem: str = ""
    """Why its files could not be read when it was registered, in words."""
    file_count: int | None = None
    file_size: int | None = None
    """Of all its files, in bytes."""
    chosen_from: FileNames | None = None
    """The files that options can choose; None where they were not asked for."""
    nameable: bool = True
    """Whether all who will see the result may read this dataset's name."""


Inputs = Mapping[str, Sequence[InputDataset]]
"""Datasets by slot."""
