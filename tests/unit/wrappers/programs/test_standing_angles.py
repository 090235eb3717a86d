"""Angles that stay while pictures go on, and those of a sample that stood still."""

import numpy as np
import pytest

from wrappers.io.tomography.standing import standing

NUMBER = 120
TURN = np.linspace(0, 180, NUMBER, endpoint=False)


def lines(degrees: np.ndarray, noise: float = 0.005) -> np.ndarray:
    """Readings (projections, columns) of two wires, in a beam that grows weaker."""
    columns, turned = np.arange(80), np.deg2rad(degrees)[:, None]
    found = sum(np.exp(-(((columns - 40 - r * np.cos(turned + at)) / 6) ** 2)) for r, at in ((20, 0.0), (12, 1.0)))
    beam = np.linspace(1, 0.8, len(degrees))[:, None]
    return beam * (np.exp(-found) + np.random.default_rng(2).normal(0, noise, found.shape))


@pytest.mark.parametrize(
    ("first", "end", "said"),
    [(100, NUMBER, 0.0), (60, NUMBER, -1.0), (0, 20, 0.0), (40, 70, 60.0), (112, NUMBER, TURN[111])],
)
def test_a_list_that_is_filled_up(first, end, said) -> None:
    degrees = TURN.copy()
    degrees[first:end] = said
    found = standing(degrees, lines(TURN))
    assert found[first:end].all()
    assert not np.delete(found, np.s_[max(0, first - 1) : end]).any()


@pytest.mark.parametrize("noise", [0.0, 0.005, 0.1])
@pytest.mark.parametrize(
    "degrees",
    [
        TURN,
        np.repeat(TURN, 2),
        np.repeat(TURN[::6], 6),
        np.r_[np.zeros(20), TURN],
        np.r_[TURN, np.full(30, 180.0)],
    ],
)
def test_a_sample_that_stands_still(degrees, noise) -> None:
    assert not standing(degrees, lines(degrees, noise)).any()


def test_readings_or_angles_that_are_no_numbers() -> None:
    degrees = np.where(np.arange(NUMBER) < 100, TURN, np.nan)
    assert not standing(degrees, lines(TURN)).any()
    assert not standing(np.where(np.arange(NUMBER) < 100, TURN, 0.0), np.full((NUMBER, 80), np.nan)).any()
