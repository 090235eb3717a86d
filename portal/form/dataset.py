"""A dataset as the form sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Quantity:
    """A dataset parameter's value with its units as the catalogue writes them."""

    value: float | str
    units: str = ""


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
