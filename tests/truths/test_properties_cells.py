"""What a change of the input does to cell shapes: shifted, mirrored, brighter, cropped, in other units, chunks."""

from collections.abc import Callable
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest

Change = Callable[[h5py.File], None]
PLACES = {"pos_x", "pos_y", "mask", "image", "image_bg"}
GREY = {"bright_avg", "bright_perc_10", "bright_perc_90", "bg_med"}
PIXEL_UM = 0.2645


@pytest.fixture
def made(shared_cases: Path, run_program, tmp_path: Path):
    """Return make(change, options, …): the events of the public measurement, changed."""

    def make(change: Change | None = None, options: dict | None = None) -> dict[str, np.ndarray]:
        path = tmp_path / "changed.rtdc"
        path.write_bytes((shared_cases / "real" / "dcnum_thresh_example.rtdc").read_bytes())
        if change is not None:
            with h5py.File(path, "r+") as file:
                change(file)
        ending = run_program("dc_segmentation", {"measurement": [path]}, {"min_area_um": 0} | (options or {}))
        assert ending.code == 0, ending.words
        with h5py.File(ending.output / "segmented.rtdc") as file:
            return {name: item[...] for name, item in file["events"].items()}

    return make


def pictures(change: Callable[[np.ndarray], np.ndarray], **kept: object) -> Change:
    """A change of images and backgrounds alike; `kept`: how they are stored."""

    def of(file: h5py.File) -> None:
        for name in ("image", "image_bg"):
            values = change(file[f"events/{name}"][...])
            del file[f"events/{name}"]
            file["events"].create_dataset(name, data=values, **kept)

    return of


def same(found: dict, before: dict, *, but: set[str] = frozenset(), rel: float = 1e-9) -> None:
    assert found.keys() == before.keys()
    for name in found.keys() - but:
        a, b = found[name].astype(float), before[name].astype(float)
        assert a.shape == b.shape, name
        # As pytest.approx has it, which takes seconds for pictures.
        close = np.abs(a - b) <= np.maximum(rel * np.abs(b), 1e-9)
        assert (close | (a == b) | (np.isnan(a) & np.isnan(b))).all(), name


def test_shifted_cells_are_the_same_cells_elsewhere(made) -> None:
    def shifted(values: np.ndarray) -> np.ndarray:
        return np.pad(values, ((0, 0), (3, 0), (5, 0)), mode="edge")[:, : values.shape[1], : values.shape[2]]

    before, found = made(), made(pictures(shifted))
    # Cells that come to lie at the edge leave; the others are the same.
    after = {
        (int(frame), round(float(area), 6)): row
        for row, (frame, area) in enumerate(zip(found["frame"], found["area_um"], strict=True))
    }
    kept = [
        (row, after[key])
        for row, key in enumerate(zip(before["frame"].tolist(), before["area_um"].round(6).tolist(), strict=True))
        if key in after
    ]
    assert len(kept) >= 10
    old, new = (list(rows) for rows in zip(*kept, strict=True))
    assert found["pos_x"][new] == pytest.approx(before["pos_x"][old] + 5 * PIXEL_UM)
    assert found["pos_y"][new] == pytest.approx(before["pos_y"][old] + 3 * PIXEL_UM)
    for name in ("deform", "volume", "tilt", "inert_ratio_prnc", "bright_bc_avg", "tex_cor_avg"):
        assert found[name][new] == pytest.approx(before[name][old], rel=1e-9, abs=1e-9), name


def test_mirrored_cells_have_the_same_shape(made) -> None:
    before, found = made(), made(pictures(lambda values: values[:, :, ::-1]))
    order = [np.lexsort((events["area_msd"], events["frame"])) for events in (before, found)]
    ends_at = before["image"].shape[2] - 1
    assert found["pos_x"][order[1]] == pytest.approx(ends_at * PIXEL_UM - before["pos_x"][order[0]])
    for name in ("area_um", "deform", "tilt", "volume", "aspect", "bright_sd", "tex_con_avg", "tex_ent_ptp"):
        assert found[name][order[1]] == pytest.approx(before[name][order[0]], rel=1e-9, abs=1e-9), name


def test_more_light_everywhere_changes_grey_values_only(made) -> None:
    before, found = made(), made(pictures(lambda values: values + np.uint8(20)))
    same(found, before, but=GREY | {"image", "image_bg"})
    assert found["bright_avg"] == pytest.approx(before["bright_avg"] + 20)
    assert found["bg_med"] == pytest.approx(before["bg_med"] + 20)


def test_columns_without_cells_change_nothing(made) -> None:
    def wider(values: np.ndarray) -> np.ndarray:
        return np.pad(values, ((0, 0), (0, 0), (0, 40)), mode="edge")

    before, found = made(), made(pictures(wider))
    inside = found["pos_x"] < (before["image"].shape[2] - 6) * PIXEL_UM
    assert inside.sum() >= len(before["frame"])
    for name in ("area_um", "deform", "volume", "bright_avg", "tex_idm_avg"):
        known = before[name].tolist()
        assert sum(any(abs(value - one) <= 1e-9 * abs(one) for one in known) for value in found[name]) == len(
            known
        )


@pytest.mark.parametrize(
    "kept", [{"chunks": (1, 80, 320), **hdf5plugin.Zstd(3)}, {"chunks": (5, 11, 64), "compression": "gzip"}, {}]
)
def test_how_images_are_stored_changes_nothing(made, kept: dict) -> None:
    same(made(pictures(lambda values: values, **kept)), made(), rel=0)


@pytest.mark.parametrize("written", ["264.5 nm", "0.2645 um", "0,2645", np.float32(0.2645)])
def test_the_unit_and_type_of_the_pixel_size_change_nothing(made, written: object) -> None:
    def other(file: h5py.File) -> None:
        file.attrs["imaging:pixel size"] = written

    same(made(other), made(), rel=1e-6)


def test_larger_pixels_are_larger_cells_of_the_same_shape(made) -> None:
    before, found = made(), made(options={"pixel_size": 2 * PIXEL_UM})
    for name, power in {
        "area_um": 2,
        "pos_x": 1,
        "size_y": 1,
        "volume": 3,
        "per_um_raw": 1,
        "deform": 0,
        "tilt": 0,
    }.items():
        assert found[name] == pytest.approx(before[name] * 2**power, rel=1e-9), name


@pytest.mark.parametrize(
    "options",
    [
        {"background": "stored"},
        {"background": "sparsemed", "background_frames": 5, "split_time": 0.0008},
        {"background": "rollmed", "background_frames": 4},
        {"background": "median", "background_frames": 5},
    ],
    ids=lambda options: options["background"],
)
def test_shares_are_parts_of_the_whole(made, options: dict) -> None:
    whole = made(options=options)
    # The file stores a frame once for each of its cells: 4 is the first image of one, and 9.
    shares = [
        made(options=options | share)
        for share in ({"images": 4}, {"first_image": 4, "images": 5}, {"first_image": 9})
    ]
    for name in whole:
        together = np.concatenate([share[name] for share in shares])
        assert np.array_equal(together, whole[name], equal_nan=True), name
