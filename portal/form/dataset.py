"""A dataset as the form sees it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gantry_formats import factor_between


@dataclass(frozen=True)
class Quantity:
    """A dataset parameter's value with its units as the catalogue writes them."""

    value: float | str
    units: str = ""
    others: tuple["Quantity", ...] = ()
    """What the dataset records under the same name that contradicts it: which of them holds is not known."""


def under_one_name(recorded: Iterable[Quantity]) -> Quantity:
    """What counts of all that a dataset records under one name: the first, and beside it what contradicts it.

    The catalogue tells parameters apart by name and units, forms and programs by name alone. 0.2 um and 200 nm
    say the same; 0.2 um and 7 px cannot be told apart, and neither is to be taken. Raises ValueError for none.
    """
    first, *further = recorded
    return replace(first, others=tuple(other for other in further if not _same(first, other)))


def _same(first: Quantity, other: Quantity) -> bool:
    if isinstance(first.value, str) or isinstance(other.value, str):
        return first.value == other.value
    factor = 1.0 if other.units == first.units else factor_between(other.units, first.units)
    return factor is not None and math.isclose(other.value * factor, first.value, rel_tol=1e-9)


@dataclass(frozen=True)
class InputDataset:
    """What the form must know of a dataset: its name, type, and the parameters that give defaults."""

    id: int
    name: str
    type: str
    complete: bool = True
    parameters: Mapping[str, Quantity] = field(default_factory=dict)


Inputs = Mapping[str, Sequence[InputDataset]]
"""Datasets by slot."""
