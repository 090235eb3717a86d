"""Statistics in blocks against NumPy on the whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wrappers.kernels import statistics
from wrappers.kernels.projection import Projections

RANKS = (0.1, 5.0, 25.0, 50.0, 95.0, 99.9)


@given(
    arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6) | st.just(float("nan"))),
    st.integers(0, 60),
)
def test_merged_moments_are_those_of_the_whole(values: np.ndarray, cut: int) -> None:
    parts = [statistics.moments(values[:cut]), statistics.moments(values[cut:])]
    found = statistics.merge(*parts)
    finite = values[np.isfinite(values)]
    assert (found.count, found.not_finite) == (len(finite), len(values) - len(finite))
    if len(finite):
        assert (found.low, found.high) == (finite.min(), finite.max())
        assert found.mean == pytest.approx(finite.mean(), rel=1e-9, abs=1e-6)
        assert found.std == pytest.approx(finite.std(), rel=1e-6, abs=1e-6)


def test_the_deviation_survives_a_large_offset() -> None:
    values = 1e9 + np.random.default_rng(0).normal(0, 1, 10000)
    found = statistics.Moments()
    for part in np.split(values, 10):
        found = statistics.merge(found, statistics.moments(part))
    assert found.std == pytest.approx(values.std(), rel=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.int32, np.uint64, np.int64])
def test_every_integer_is_counted_once_at_the_limits_of_its_type_too(dtype: type) -> None:
    limits = np.iinfo(dtype)
    values = np.array([limits.min, limits.min, 0, 1, limits.max - 1, limits.max, limits.max], dtype)
    bins = statistics.integer_bins(int(limits.min), int(limits.max), 2**16)
    counts = statistics.count(values, bins)
    assert counts.sum() == len(values)
    assert counts[0] >= 2
    assert counts[-1] >= 2
    assert len(counts) == bins.number


def test_integer_counts_are_bincount() -> None:
    values = np.random.default_rng(1).poisson(100, 5000).astype(np.int32)
    bins = statistics.integer_bins(int(values.min()), int(values.max()), 2**16)
    assert np.array_equal(statistics.count(values, bins), np.bincount(values - values.min()))


def test_float_counts_are_numpys_histogram() -> None:
    values = np.random.default_rng(2).normal(0, 3, 5000)
    bins = statistics.float_bins(values.min(), values.max(), 64)
    wanted, edges = np.histogram(values, bins=64)
    assert np.array_equal(statistics.count(values, bins), wanted)
    assert np.allclose(bins.edges, edges)


def test_the_range_of_the_largest_floats_is_no_overflow() -> None:
    values = np.array([-1.7e308, 0.0, 1.7e308])
    bins = statistics.float_bins(values.min(), values.max(), 4)
    assert statistics.count(values, bins).tolist() == [1, 0, 1, 1]
    assert np.isfinite(bins.edges).all()


def test_percentiles_of_whole_numbers_are_numpys() -> None:
    values = np.random.default_rng(3).poisson(40, 9999)
    bins = statistics.integer_bins(int(values.min()), int(values.max()), 2**16)
    found = statistics.percentiles(statistics.count(values, bins), bins, RANKS)
    assert found == pytest.approx(np.percentile(values, RANKS).tolist())


def test_percentiles_of_floats_are_within_a_bin() -> None:
    values = np.random.default_rng(4).normal(5, 2, 100_000)
    bins = statistics.float_bins(values.min(), values.max(), 2**16)
    found = statistics.percentiles(statistics.count(values, bins), bins, RANKS)
    assert np.abs(np.array(found) - np.percentile(values, RANKS)).max() <= bins.width


@given(st.integers(1, 500), st.integers(2, 300))
def test_a_coarser_histogram_keeps_every_count(length: int, most: int) -> None:
    counts = np.random.default_rng(length).integers(0, 9, length)
    bins = statistics.integer_bins(10, 10 + length - 1, 2**16)
    fewer, coarse = statistics.coarser(counts, bins, most)
    assert len(fewer) == coarse.number <= most
    assert fewer.sum() == counts.sum()
    assert coarse.edges[-1] >= 10 + length


@pytest.mark.parametrize(
    ("dtype", "high", "level"),
    [
        (np.uint8, 255, 255),
        (np.uint8, 200, 255),
        (np.uint16, 4095, 4095),
        (np.uint16, 4094, 65535),
        (np.int32, 4095, 2**31 - 1),
        (np.float32, 4095.0, None),
    ],
)
def test_a_detector_is_full_at_its_converters_limit(dtype: type, high: float, level: int | None) -> None:
    assert statistics.saturation_level(np.dtype(dtype), high) == level


@pytest.mark.parametrize("kind", ["max", "mean"])
@pytest.mark.parametrize("shape", [(7, 8, 9), (2, 3, 7, 8, 9)])
def test_projections_of_blocks_are_those_of_the_whole(kind: str, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=shape)
    values[rng.random(shape) < 0.05] = np.nan
    projections = Projections(shape, kind)  # type: ignore[arg-type]
    for start in range(0, shape[0], 3):
        place = (slice(start, min(start + 3, shape[0])), *(slice(0, n) for n in shape[1:]))
        projections.add(place, values[place])
    reduce = np.nanmax if kind == "max" else np.nanmean
    leading = tuple(range(len(shape) - 3))
    for along, face in enumerate(projections.faces):
        assert np.allclose(face, reduce(values, axis=(*leading, len(shape) - 3 + along)))
