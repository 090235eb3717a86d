"""Units of rotation angles that their numbers contradict, as the file says them or as a person chooses them."""

import h5py
import numpy as np
import pytest

from wrappers.errors import BadInput
from wrappers.io.tomography.angles import AS_RECORDED, angles_in_degrees

UNITS = {"deg": 1.0, "rad": 180 / np.pi, "mrad": 0.18 / np.pi}
SPELLED = {"deg": "degrees", "rad": "radians", "mrad": "mrad"}
NAMES = {"deg": "degrees", "rad": "radians", "mrad": "milliradians"}
ARCS = {
    "half a turn": np.linspace(0, 180, 120, endpoint=False),
    "with both ends": np.linspace(0, 180, 721),
    "around nothing": np.linspace(-90, 90, 1500, endpoint=False),
    "backwards": np.linspace(187, 0, 300),
    "a full turn": np.linspace(0, 360, 240, endpoint=False),
    "a full turn with both ends": np.linspace(0, 360, 1801),
    "a limited arc": np.linspace(0, 160, 160),
    "more than half a turn": np.linspace(10, 215, 400),
    "rounded": np.round(np.linspace(0, 179, 180)),
}
GOLDEN = 180 * (np.sqrt(5) - 1) / 2


def read(values: np.ndarray, unit: str | None, said: str = AS_RECORDED) -> tuple[np.ndarray, str]:
    with h5py.File("scan", "w", driver="core", backing_store=False) as file:
        file["angles"] = values
        if unit:
            file["angles"].attrs["units"] = unit
        every = np.arange(len(values))
        return angles_in_degrees(file["angles"], every, every, "scan.h5", said)


@pytest.mark.parametrize("arc", ARCS)
@pytest.mark.parametrize("told", UNITS)
@pytest.mark.parametrize("true", UNITS)
@pytest.mark.parametrize("chosen", [False, True])
def test_a_unit_that_the_range_contradicts_is_refused_and_the_other_proposed(arc, told, true, chosen) -> None:
    """Radians of 0 to 180 were leaps about the circle; chosen for a file without a unit they were believed."""
    values = ARCS[arc] / UNITS[true]
    unit, said = (None, told) if chosen else (SPELLED[told], AS_RECORDED)
    if told == true:
        found, words = read(values, unit, said)
        assert found == pytest.approx(ARCS[arc])
        assert words.startswith(told)
        return
    small = np.ptp(values) * UNITS[told] < 10
    if chosen and small and arc in ("a limited arc", "more than half a turn"):
        return
    with pytest.raises(BadInput) as refused:
        read(values, unit, said)
    if not small or arc not in ("a limited arc", "more than half a turn"):
        assert f"choose {NAMES[true]}." in str(refused.value)
    assert ("as chosen" in str(refused.value)) == chosen


@pytest.mark.parametrize("said", [AS_RECORDED, "deg"])
@pytest.mark.parametrize(
    "degrees",
    [
        *(np.arange(number) * GOLDEN for number in (28, 57, 120, 1000)),
        *(np.arange(number) * 2 * GOLDEN for number in (28, 57, 120)),
        *(np.linspace(0, 180 * halves, 100 * halves, endpoint=False) for halves in (4, 17, 18, 35, 200)),
        *(np.arange(140) * step * 180 / (GOLDEN / (180 - GOLDEN) + tiny) for step in (1, 2) for tiny in (2, 5, 9)),
        np.linspace(3240, 0, 1801),
        np.linspace(0, 3000, 2000),
        np.linspace(0, 40, 41),
        np.mod(np.arange(200) * GOLDEN, 180),
        np.concatenate([np.linspace(0, 180, 100, endpoint=False)[i::4] + 180 * i for i in range(4)]),
    ],
)
def test_many_turns_in_degrees_go_on(degrees, said) -> None:
    found, _ = read(degrees, "deg", said)
    assert np.mod(found, 360) == pytest.approx(np.mod(degrees, 360))


def test_many_turns_in_radians_go_on() -> None:
    for degrees in (np.linspace(0, 7200, 4000, endpoint=False), np.arange(93) * GOLDEN):
        found, _ = read(np.deg2rad(degrees), "rad")
        assert found == pytest.approx(degrees)


def test_one_angle_for_all_projections_is_no_turn() -> None:
    for said in (AS_RECORDED, "deg"):
        with pytest.raises(BadInput, match="one rotation angle, 30, for all its projections"):
            read(np.full(20, 30.0), "deg", said)
