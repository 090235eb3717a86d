"""Rotation angles of a scan in degrees: as the file says, or as a person says that they are."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np

from gantry_formats import factor_between, stated_unit, unit_of
from wrappers.errors import BadInput
from wrappers.io.hdf5 import attributes

AS_RECORDED = "file"
ANGLE_UNITS = ("deg", "rad", "mrad")
LEAST_DEGREES = 10.0
"""No scan turns less: what does is not in the unit that the file says."""
MOST_DEGREES = 360.0
"""From one projection to the next no scan turns more: such numbers are steps of an encoder."""
FEW_DEGREES, MANY_DEGREES, GREAT_STEP = 30.0, 1000.0, 45.0
EVEN_STEPS = {"half-turn": 180.0, "full-turn": 360.0}
"""What a person may say of a scan without angles: even steps through so many degrees, the last one left out."""
TURNS = {"half a turn": 180.0, "a full turn": 360.0}
"""What a scan usually goes through, in degrees."""


def angles_in_degrees(
    item: Any, planned: np.ndarray, turned: np.ndarray, name: str, said: str
) -> tuple[np.ndarray, str]:
    """Return the angles of the projections (their places: `turned`) in degrees, and in words where from.

    `planned` are the places of all that were to be taken: what is recorded of those that were not is no angle.
    An angle that is no number stays so, and costs its own projection. BadInput where they are not recorded, or in
    no unit, and nobody says what they are.
    """
    if not isinstance(item, h5py.Dataset):
        if said not in EVEN_STEPS:
            raise BadInput(
                f"{name} has no rotation angles, one for each frame. If it went through half a turn, or a full "
                "one, in even steps, choose that. Angles in a text file are not read: a file of HDF5 in the "
                "dataset may hold them, one for each frame."
            )
        steps = np.searchsorted(planned, turned)
        return steps * EVEN_STEPS[said] / len(planned), f"even steps, {said}, as chosen"
    if said in EVEN_STEPS:
        raise BadInput(f"{name} has rotation angles; choose the unit that they are in, or “as the file says”.")
    values = np.asarray(item[()], dtype=np.float64).ravel()
    if len(values) == len(planned):
        values = values[np.searchsorted(planned, turned)]
    elif len(values) > turned.max(initial=-1):
        values = values[turned]
    values = _one_each(values, len(turned), name)
    beside = attributes(item)
    recorded = stated_unit("", beside.get("units"), beside.get("unit"))
    unit = unit_of(recorded if said == AS_RECORDED else said)
    factor = factor_between(unit.symbol, "deg") if unit else None
    if unit is None or factor is None:
        without = f"in “{recorded}”, which is no unit of angle known here" if recorded else "without a unit"
        raise BadInput(f"{name} has its rotation angles {without}. {_proposal(values)}")
    degrees = values * factor
    if said != AS_RECORDED:
        return in_one_arc(degrees), f"{unit.symbol}, as chosen" + (
            f" (the file says {recorded})" if recorded else ""
        )
    if _span(degrees) < LEAST_DEGREES or _is_hardly(degrees, values, unit.symbol):
        raise BadInput(f"{name} records its rotation angles in {recorded}. {_proposal(values)}")
    return in_one_arc(degrees), unit.symbol


def in_one_arc(degrees: np.ndarray) -> np.ndarray:
    """The same directions without the step back of an encoder that counts from 0 again after a turn.

    Half a turn from 270 over 0 to 90 degrees goes through 360 by its numbers. Where they leave out an arc that is
    far wider than what lies between the last and the first, the scan began behind it.
    """
    ranked = np.sort(degrees[np.isfinite(degrees)])
    around = 360.0 - _span(degrees)
    if len(ranked) < 2 or around <= 0:
        return degrees
    gaps = np.diff(ranked)
    widest = int(np.argmax(gaps))
    if gaps[widest] <= max(LEAST_DEGREES, 2 * around):
        return degrees
    return np.where(degrees > ranked[widest], degrees - 360.0, degrees)


def _proposal(values: np.ndarray) -> str:
    """What unit the range of the angles makes likely, as a sentence for a person."""
    span = _whole_span(values)
    for unit, name in (("rad", "radians"), ("deg", "degrees"), ("mrad", "milliradians")):
        if turn := _turn_in(values, unit):
            return f"They go through {span:.4g}, which is {turn} in {name}: if that is so, choose {name}."
    return f"They go through {span:.4g}; choose the unit that they are in."


def _turn_in(values: np.ndarray, unit: str) -> str:
    """Which turn their range is in this unit: half a turn, a full one; nothing for none."""
    factor = factor_between(unit, "deg") or 0.0
    span = _whole_span(values) * factor
    return next((turn for turn, degrees in TURNS.items() if abs(span - degrees) < 0.06 * degrees), "")


def _whole_span(values: np.ndarray) -> float:
    """Their range, and a step: the last projection is mostly one short of the turn."""
    return _span(values) * len(values) / max(1, len(values) - 1)


def _is_hardly(degrees: np.ndarray, values: np.ndarray, said: str) -> bool:
    """Whether the unit that the file says is hardly so: no scan turns so, and in another unit it might."""
    known = degrees[np.isfinite(degrees)]
    # Many turns, or a small part of one, that are just half a turn, or one, in another unit.
    if not FEW_DEGREES < _span(known) < MANY_DEGREES and any(
        _turn_in(values, other) for other in ANGLE_UNITS if other != said
    ):
        return True
    step = _typical_step(known)
    # Hundredths of degrees: great leaps that come back to the same few directions.
    few = len(np.unique(np.round(np.mod(known, 360.0), 1))) < len(known) / 2
    return step > MOST_DEGREES or (step > GREAT_STEP and few)


def _typical_step(degrees: np.ndarray) -> float:
    steps = np.abs(np.diff(degrees[np.isfinite(degrees)]))
    return float(np.median(steps)) if steps.size else 0.0


def _one_each(angles: np.ndarray, number: int, name: str) -> np.ndarray:
    if len(angles) != number or not np.isfinite(angles).any():
        raise BadInput(f"{name} does not have one rotation angle a projection.")
    return angles


def _span(values: np.ndarray) -> float:
    good = values[np.isfinite(values)]
    return float(np.ptp(good)) if good.size else 0.0
