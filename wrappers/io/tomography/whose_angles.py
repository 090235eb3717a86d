"""Which list of a dataset's files holds the angles of a scan's frames, and of which of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gantry_formats.linked import Array
from wrappers.errors import BadInput
from wrappers.io.nexus import Tomography
from wrappers.io.tomography.angles import EVEN_STEPS
from wrappers.io.tomography.parts import OpenFile, angles_elsewhere
from wrappers.io.tomography.roles import PROJECTION


@dataclass(frozen=True)
class Angles:
    """The list of angles, what a person says of them, and in words where it lies, if not where it should.

    `places` are those of the frames that it has angles of; None for those that were to be taken, or all.
    """

    item: Array | None
    said: str
    remarks: tuple[str, ...] = ()
    places: np.ndarray | None = None


def angles_in(
    item: Any, files: Sequence[OpenFile], own: OpenFile, numbers: Mapping[int, np.ndarray], said: str
) -> Angles:
    """The angles that belong to the frames, or where there are none those that another file may have.

    `numbers`: how many there may be, and of which frames they are then.
    """
    if isinstance(item, Array):
        return Angles(item, said, places=numbers.get(item.size))
    found = angles_elsewhere(files, own, tuple(numbers), unnamed=said not in EVEN_STEPS)
    if found is None:
        return Angles(None, said)
    return Angles(found[0], said, (f"rotation angles are those of {found[1]}",), places=numbers.get(found[0].size))


def angles_of_nxtomo(
    found: Tomography, files: Sequence[OpenFile], own: OpenFile, turned: np.ndarray, said: str
) -> Angles:
    """The angles of all frames, or of the projections only; BadInput where there are as many of neither."""
    every = np.arange(found.image_key.size)
    numbers = {len(turned): turned} | {len(of): of for of in (np.flatnonzero(found.written == PROJECTION), every)}
    angles = angles_in(found.rotation_angle, files, own, numbers, said)
    if found.rotation_angle is not None and found.rotation_angle.size < len(every):
        return replace(angles, remarks=("rotation angles are recorded of the projections only",))
    if angles.item is not None or found.other_angles is None:
        return angles
    if said in EVEN_STEPS:
        words = (
            f"its {found.other_angles} rotation angles are as many neither as frames nor as projections: not used"
        )
        return replace(angles, remarks=(words,))
    raise BadInput(
        f"{own.name} has {found.other_angles} rotation angles for {len(every)} frames, of which {len(turned)} are "
        "projections: whose are not told."
    )
