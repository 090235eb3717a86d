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
NAMES = {"rad": "radians", "deg": "degrees", "mrad": "milliradians"}
LEAST_DEGREES = 10.0
"""No scan turns less: what does is not in the unit that the file says."""
MOST_DEGREES = 360.0
"""From one projection to the next no scan turns more: such numbers are steps of an encoder."""
FEW_DEGREES, MANY_DEGREES, GREAT_STEP = 30.0, 1000.0, 45.0
USUAL = (90.0, 400.0)
"""Degrees: arcs that scans usually have."""
NEARLY, CLOSELY, EXACTLY = 0.06, 0.02, 0.005
"""Shares by which a range may miss a turn: half a one or one, the same of what is called degrees, more of them."""
WHOLE = 1.0
"""Degrees by which a range may miss whole half turns, of which a scan may have many."""
_GOLDEN_HALF = tuple(180.0 / ((1 + 5**0.5) / 2 + number) for number in range(10))
GOLDEN_STEPS = (*_GOLDEN_HALF, *((2 * step) % 180.0 for step in _GOLDEN_HALF))
GOLDEN_WITHIN = 0.02
"""Steps of the golden angle and of its smaller kin in degrees, of half a turn or one, beyond whole half turns."""
COARSE, EVEN = 5.0, 0.02
"""Degrees: such steps, even to this share, through many turns that are no whole ones make no scan."""
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
    known = values[np.isfinite(values)]
    if len(known) > 1 and not np.ptp(known):
        raise BadInput(f"{name} records one rotation angle, {known[0]:.4g}, for all its projections.")
    likelier = _likelier_unit(values, unit.symbol)
    contradicted = bool(likelier) or _steps_leap(degrees)
    if said != AS_RECORDED:
        if contradicted:
            raise BadInput(
                f"The rotation angles of {name} are hardly in {NAMES[said]}, as chosen. "
                f"{_proposal(values, likelier)}"
            )
        return in_one_arc(degrees), f"{unit.symbol}, as chosen" + (
            f" (the file says {recorded})" if recorded else ""
        )
    if contradicted or _span(degrees) < LEAST_DEGREES:
        raise BadInput(f"{name} records its rotation angles in {recorded}. {_proposal(values, likelier)}")
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


def _proposal(values: np.ndarray, likelier: str = "") -> str:
    """What unit the range of the angles makes likely, as a sentence for a person."""
    span = _whole_span(values)
    for unit in (likelier,) if likelier else NAMES:
        name = NAMES[unit]
        turn = _turn_in(values, unit)
        if not turn and likelier:
            turn = f"{span * _degrees_in(unit) / 360:.3g} of a turn"
        if turn:
            return f"They go through {span:.4g}, which is {turn} in {name}: if that is so, choose {name}."
    return f"They go through {span:.4g}; choose the unit that they are in."


def _likelier_unit(values: np.ndarray, said: str) -> str:
    """The unit in which these are a usual scan's angles, if none turns so in the one that is said; else nothing.

    In that one they are many turns, or a small part of one. Turns in degrees may be many, where they are whole
    ones or steps of the golden angle; in radians nobody counts so, unless they are whole.
    """
    degrees = values * _degrees_in(said)
    span = _span(degrees)
    others = [unit for unit in ("deg", "rad", "mrad") if unit != said]
    if FEW_DEGREES < span < MANY_DEGREES:
        twice = span < USUAL[0] and _misses(values, "deg", 720.0) < EXACTLY
        return "deg" if twice and said == "mrad" else ""
    if _by_golden_angle(degrees):
        return ""
    many = span >= MANY_DEGREES
    for other in others:
        if not _turn_in(values, other):
            continue
        missed = min(_misses(values, other, turn) for turn in TURNS.values())
        if many and (_whole_turns(values, said, missed) or (said == "deg" and missed > CLOSELY)):
            continue
        return other
    if said == "deg":
        more = not many and any(_misses(values, "rad", 360.0 * turns) < EXACTLY for turns in range(2, 6))
        if more or not many or not _in_coarse_steps(degrees):
            return "rad" if more else ""
    if many and _whole_turns(values, said, np.inf):
        return ""
    return next((one for one in others if USUAL[0] <= _span(values) * _degrees_in(one) <= USUAL[1]), "")


def _whole_turns(values: np.ndarray, unit: str, missed: float) -> bool:
    """Whether their range in this unit is whole half turns, and misses them by less than this share."""
    spans = np.array([_span(values), _whole_span(values)]) * _degrees_in(unit)
    off = np.abs(spans - 180.0 * np.maximum(1, np.round(spans / 180.0)))
    return bool(off.min() < WHOLE and (off / spans).min() < missed - 1e-5)


def _by_golden_angle(degrees: np.ndarray) -> bool:
    """Whether nearly all steps are one of the golden angle's."""
    steps = np.mod(np.abs(np.diff(degrees[np.isfinite(degrees)])), 180.0)
    return steps.size > 1 and any(
        float((np.abs(steps - golden) < GOLDEN_WITHIN).mean()) > 0.9 for golden in GOLDEN_STEPS
    )


def _in_coarse_steps(degrees: np.ndarray) -> bool:
    """Whether all go on by one step, far wider than a scan's that goes through its turns again and again."""
    steps = np.diff(degrees[np.isfinite(degrees)])
    typical = float(np.median(steps)) if steps.size else 0.0
    even = np.abs(steps - typical) < EVEN * abs(typical)
    return abs(typical) > COARSE and bool(even.mean() > 0.99)


def _turn_in(values: np.ndarray, unit: str) -> str:
    """Which turn their range is in this unit: half a turn, a full one; nothing for none."""
    return next((turn for turn, degrees in TURNS.items() if _misses(values, unit, degrees) < NEARLY), "")


def _misses(values: np.ndarray, unit: str, turn: float) -> float:
    """By what share of this turn, degrees, their range in this unit misses it, with its last step or without."""
    spans = np.array([_span(values), _whole_span(values)]) * _degrees_in(unit)
    return float(np.abs(spans - turn).min() / turn)


def _degrees_in(unit: str) -> float:
    return factor_between(unit, "deg") or 0.0


def _whole_span(values: np.ndarray) -> float:
    """Their range, and a step: the last projection is mostly one short of the turn."""
    return _span(values) * len(values) / max(1, len(values) - 1)


def _steps_leap(degrees: np.ndarray) -> bool:
    """Whether no scan turns in such steps."""
    known = degrees[np.isfinite(degrees)]
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
