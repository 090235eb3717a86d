"""What stands in for readings that say nothing: their neighbours' values, and nothing else changes."""

import numpy as np
import pytest

from wrappers.kernels.bad_readings import lost, mended, with_dead_pixels


@pytest.fixture
def sinograms() -> np.ndarray:
    columns = np.arange(12.0)
    return np.stack([np.stack([columns * (angle + 1) + row for angle in range(5)]) for row in range(2)])


def none(sinograms: np.ndarray) -> np.ndarray:
    return np.zeros(sinograms.shape, bool)


def test_without_bad_readings_nothing_changes(sinograms):
    assert mended(sinograms, none(sinograms)) is sinograms


def test_a_gap_is_bridged_in_a_straight_line_and_an_edge_takes_the_nearest(sinograms):
    bad = none(sinograms)
    bad[0, 1, 4:7] = bad[1, 3, 0] = bad[1, 3, 10:] = True
    damaged = np.where(bad, np.nan, sinograms)
    found = mended(damaged, bad)
    assert np.allclose(found[0], sinograms[0])
    assert found[1, 3, 0] == sinograms[1, 3, 1]
    assert (found[1, 3, 10:] == sinograms[1, 3, 9]).all()
    assert np.array_equal(found[~bad], sinograms[~bad])
    assert np.isnan(damaged[0, 1, 5]), "the input is left as it is"


def test_a_line_without_any_reading_is_an_error(sinograms):
    bad = none(sinograms)
    bad[1, 2] = True
    assert lost(bad).tolist() == [False, False, True, False, False]
    with pytest.raises(ValueError, match="without any good reading"):
        mended(sinograms, bad)


def test_a_pixel_that_is_dark_in_most_projections_is_dead_and_one_behind_metal_is_not(sinograms):
    bad, dark = none(sinograms), none(sinograms)
    dark[0, :3, 4] = dark[0, :2, 8] = True
    found = with_dead_pixels(bad, dark)
    assert found[0, :, 4].all()
    assert not found[0, :, 8].any()
    assert found.sum() == 5
