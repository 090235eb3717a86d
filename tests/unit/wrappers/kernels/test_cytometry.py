"""Outlines and features against those dcnum stored for a real measurement, and against geometry."""

import math
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401 - the file is compressed with Zstandard
import numpy as np
import pytest

from wrappers.kernels import background, sparse_median
from wrappers.kernels.rolling_median import RollingMedian
from wrappers.kernels.segmentation import Rules, binary, disk, objects
from wrappers.kernels.shape import brightness_features, revolved_volume, shape_features
from wrappers.kernels.texture import NAMES, texture_features

AS_IT_IS = Rules(threshold=-1, opening_radius=0, clear_border=False, fill_holes=False)


def test_all_features_of_a_stored_mask_are_those_dcnum_stored(recorded_rtdc: Path) -> None:
    compared: set[str] = set()
    with h5py.File(recorded_rtdc) as file:
        events, pixel = file["events"], float(file.attrs["imaging:pixel size"])
        for number in range(len(events["mask"])):
            (found,) = objects((events["mask"][number] > 0).astype(np.uint8), 1)
            features = shape_features(found.contour, pixel)
            assert features is not None
            features |= brightness_features(
                events["image"][number], events["image_bg"][number], float(events["bg_off"][number]), found.mask
            )
            for name in features.keys() & set(events):
                assert features[name] == pytest.approx(float(events[name][number]), rel=1e-9), name
                compared.add(name)
    assert len(compared) >= 25
    assert {"area_um", "deform", "inert_ratio_cvx", "inert_ratio_prnc", "tilt", "volume", "bright_avg"} <= compared


def test_masks_found_from_image_and_background_cover_the_stored_ones(recorded_rtdc: Path) -> None:
    rules = Rules(threshold=-6)
    overlaps = []
    with h5py.File(recorded_rtdc) as file:
        events = file["events"]
        for number in range(len(events["mask"])):
            stored = events["mask"][number] > 0
            if stored.sum() < 100:
                continue
            offset = float(events["bg_off"][number])
            difference = background.difference(events["image"][number], events["image_bg"][number], offset)
            best = max(objects(binary(difference, rules), 1), key=lambda found: (found.mask & stored).sum())
            overlaps.append((best.mask & stored).sum() / (best.mask | stored).sum())
    # Not equal: the file keeps backgrounds of the instrument's software, the masks were made with dcnum's own.
    assert len(overlaps) == 12
    assert np.median(overlaps) > 0.95
    assert min(overlaps) > 0.6


def test_masks_that_dcnum_stored_with_these_rules_are_found_pixel_by_pixel(shared_cases: Path) -> None:
    with h5py.File(shared_cases / "real" / "dcnum_thresh_example.rtdc") as file:
        assert file.attrs["pipeline:dcnum segmenter"] == "thresh:t=-6:cle=1^f=1^clo=2"
        events = file["events"]
        for number in range(len(events["mask"])):
            stored, offset = events["mask"][number] > 0, float(events["bg_off"][number])
            difference = background.difference(events["image"][number], events["image_bg"][number], offset)
            masks = [found.mask for found in objects(binary(difference, Rules(threshold=-6)), 1)]
            assert any(np.array_equal(mask, stored) for mask in masks), number


def drawn(shape: tuple[int, int], *ellipses: tuple[float, float, float, float]) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    picture = np.zeros(shape, np.float32)
    for centre_x, centre_y, across, down in ellipses:
        picture[((x - centre_x) / across) ** 2 + ((y - centre_y) / down) ** 2 <= 1] = -20
    return picture


def test_an_ellipse_has_its_area_place_and_shape() -> None:
    (found,) = objects(binary(drawn((120, 200), (90, 60, 40, 25)), Rules(-6, 0)), 1)
    features = shape_features(found.contour, 0.5)
    assert features is not None
    assert features["area_um"] == pytest.approx(math.pi * 40 * 25 * 0.25, rel=0.03)
    assert (features["pos_x"], features["pos_y"]) == pytest.approx((45, 30), abs=0.01)
    assert (features["size_x"], features["size_y"]) == pytest.approx((40.5, 25.5))
    assert features["inert_ratio_cvx"] == pytest.approx(40 / 25, rel=0.01)
    assert features["area_ratio"] == pytest.approx(1, abs=0.03)
    assert features["tilt"] == pytest.approx(0, abs=1e-6)
    assert features["volume"] == pytest.approx(4 / 3 * math.pi * 39.5 * 24.5**2 * 0.125, rel=0.02)
    assert 0 < features["deform"] < 0.1


def test_a_sphere_turns_to_a_spheres_volume() -> None:
    turn = np.linspace(0, 2 * math.pi, 400, endpoint=False)
    outline = np.stack([10 * np.cos(turn), 10 * np.sin(turn)], axis=1)
    assert revolved_volume(outline, (0.0, 0.0)) == pytest.approx(4 / 3 * math.pi * 1000, rel=1e-3)


def test_objects_at_the_edge_and_small_ones_are_left_out() -> None:
    picture = drawn((80, 200), (2, 40, 20, 10), (100, 40, 20, 12), (160, 40, 3, 3))
    inside = list(objects(binary(picture, Rules(-6, 0)), 100))
    assert [round(float(found.contour[:, 0].mean())) for found in inside] == [100]
    assert len(list(objects(binary(picture, Rules(-6, 0, clear_border=False)), 100))) == 2
    assert len(list(objects(binary(picture, Rules(-6, 0)), 1))) == 2


def test_holes_are_filled_only_if_asked() -> None:
    ring = drawn((80, 80), (40, 40, 20, 20))
    ring[30:50, 30:50] = 0
    (full,) = objects(binary(ring, Rules(-6, 0)), 1)
    (open_,) = objects(binary(ring, Rules(-6, 0, fill_holes=False)), 1)
    assert full.mask.sum() - open_.mask.sum() == 400


def test_a_positive_threshold_finds_bright_objects() -> None:
    picture = -drawn((40, 40), (20, 20, 8, 8))
    assert len(list(objects(binary(picture, Rules(6, 0)), 1))) == 1


def test_a_disk_of_radius_two_has_thirteen_pixels() -> None:
    assert int(disk(2).sum()) == 13


def test_a_line_has_no_shape() -> None:
    line = np.zeros((20, 20), np.uint8)
    line[10, 3:15] = 1
    assert list(objects(line, 1)) == []


def test_the_median_background_is_free_of_passing_objects() -> None:
    rng = np.random.default_rng(0)
    frames = np.full((101, 30, 60), 100, np.uint8)
    for frame in frames:
        left = rng.integers(0, 50)
        frame[10:20, left : left + 8] = 60
    assert (background.median_background(frames) == 100).all()


@pytest.mark.parametrize(("frames", "window"), [(10, 100), (400, 100), (401, 100), (7, 3)])
def test_every_frame_has_a_window_around_it(frames: int, window: int) -> None:
    seen = []
    for part, (first, last) in background.steps(frames, window):
        assert first <= part.start
        assert part.stop <= last
        assert last - first == min(window, frames)
        seen += list(range(part.start, part.stop))
    assert seen == list(range(frames))


@pytest.mark.parametrize("window", [2, 3, 8, 31])
def test_a_rolling_median_is_that_of_each_window(window: int) -> None:
    rng = np.random.default_rng(window)
    frames = np.concatenate([rng.integers(0, 256, (40, 6, 7)), rng.integers(100, 103, (40, 6, 7))]).astype(
        np.uint8
    )
    frames[::9] = 0
    rolling = RollingMedian(frames[:window], window, (6, 7))
    for first in range(len(frames) - window):
        assert np.array_equal(rolling.image, np.sort(frames[first : first + window], axis=0)[window // 2]), first
        rolling.move(frames[first], frames[first + window])


def test_a_background_with_cells_in_it_is_left_out() -> None:
    backgrounds = np.full((20, 80, 100), 120, np.uint8)
    backgrounds[12, 35:45, 20:40] = 60
    kept = sparse_median.clean(backgrounds, 0.8)
    assert np.flatnonzero(~kept).tolist() == [12]
    assert sparse_median.clean(backgrounds, 1).all()


def test_every_image_has_the_background_nearest_in_time() -> None:
    times = np.arange(100) / 10
    steps = sparse_median.step_times(times, 2.0)
    assert steps.tolist() == [0, 2, 4, 6, 8]
    own = sparse_median.assigned(times, steps, 2.0)
    assert np.abs(times - steps[own])[times < 9].max() <= 1.01
    assert (own[times >= 9] == 4).all()
    assert sparse_median.window(times, 9.5, 30) == (70, 100)


def test_textures_of_patterns_are_those_that_follow_from_their_definition() -> None:
    mask = np.ones((8, 8), bool)
    even = texture_features(np.full((8, 8), -7), mask)
    assert (even["tex_asm_avg"], even["tex_con_avg"], even["tex_ent_avg"], even["tex_cor_avg"]) == (1, 0, 0, 1)
    # On a chessboard neighbours differ along rows and columns, and are alike along diagonals.
    board = texture_features(np.indices((8, 8)).sum(axis=0) % 2 * 3, mask)
    assert (board["tex_con_avg"], board["tex_con_ptp"]) == pytest.approx((4.5, 9))
    assert board["tex_cor_ptp"] == pytest.approx(2)
    line = np.zeros((8, 8), bool)
    line[3] = True
    assert all(math.isnan(texture_features(np.zeros((8, 8)), line)[name]) for name in NAMES)


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_the_median_of_a_background_is_numpys(size: int) -> None:
    rng = np.random.default_rng(size)
    for _ in range(20):
        below = rng.integers(0, 256, (1, size)).astype(np.uint8)
        features = brightness_features(below, below, 0.25, np.ones(below.shape, bool))
        assert features["bg_med"] == float(np.median(below)) + 0.25
