"""The segmentation program end to end, judged by dclab and by drawn cells."""

from pathlib import Path

import dclab_programs
import h5py
import hdf5plugin  # noqa: F401 - recorded files are compressed with Zstandard
import numpy as np
import pytest

from wrappers.io.rtdc import open_measurement, pipeline

METADATA = {
    "experiment:date": "2026-05-02",
    "experiment:event count": 60,
    "experiment:run index": 1,
    "experiment:sample": "drawn ellipses",
    "experiment:time": "14:59:41",
    "imaging:flash device": "LED",
    "imaging:flash duration": 2.0,
    "imaging:frame rate": 2000.0,
    "imaging:pixel size": 0.34,
    "imaging:roi position x": 0,
    "imaging:roi position y": 0,
    "imaging:roi size x": 160,
    "imaging:roi size y": 64,
    "setup:channel width": 20.0,
    "setup:chip region": "channel",
    "setup:flow rate": 0.06,
    "setup:flow rate sample": 0.015,
    "setup:flow rate sheath": 0.045,
    "setup:identifier": "drawn",
    "setup:medium": "CellCarrierB",
    "setup:module composition": "none",
    "setup:software version": "a test",
    "setup:temperature": 23.0,
    "pipeline:dcnum generation": "8",
}
FRAMES = 60


def drawn(frames: int = FRAMES) -> tuple[np.ndarray, np.ndarray, list[tuple[float, float, float, float]]]:
    """Return images, backgrounds and one (x, y, half width, half height) in pixels a frame."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :160]
    background = np.round(140 + 10 * np.cos(y / 10) + x / 40)
    images, cells = [], []
    for _ in range(frames):
        cell = (rng.uniform(30, 130), rng.uniform(24, 40), rng.uniform(10, 18), rng.uniform(8, 14))
        inside = ((x - cell[0]) / cell[2]) ** 2 + ((y - cell[1]) / cell[3]) ** 2 <= 1
        images.append(np.where(inside, background - 25, background) + rng.integers(-2, 3, x.shape))
        cells.append(cell)
    return np.array(images, np.uint8), np.repeat(background[None], frames, 0).astype(np.uint8), cells


@pytest.fixture
def measurement(tmp_path: Path) -> Path:
    path = tmp_path / "drawn.rtdc"
    images, backgrounds, _ = drawn()
    with h5py.File(path, "w") as file:
        file.attrs.update(METADATA)
        file["events/image"] = images
        file["events/image_bg"] = backgrounds
    return path


def events(path: Path) -> dict[str, np.ndarray]:
    """All features of an .rtdc file, pictures too, as arrays."""
    with h5py.File(path) as file:
        return {name: values[...] for name, values in file["events"].items() if isinstance(values, h5py.Dataset)}


def changed(path: Path, **datasets: np.ndarray | None) -> Path:
    with h5py.File(path, "r+") as file:
        for name, values in datasets.items():
            if f"events/{name}" in file:
                del file[f"events/{name}"]
            if values is not None:
                file[f"events/{name}"] = values
    return path


@pytest.mark.parametrize("background", ["stored", "median"])
def test_drawn_cells_are_found_where_and_as_large_as_they_are(run_program, measurement, background) -> None:
    ending = run_program("dc_segmentation", {"measurement": [measurement]}, {"background": background})
    _, _, cells = drawn()
    found = events(ending.output / "segmented.rtdc")
    assert len(found["area_um"]) == FRAMES == ending.parameters["cells"]
    x, y, across, down = np.array(cells).T
    assert np.abs(found["pos_x"] / 0.34 - x).max() < 0.6
    assert np.abs(found["pos_y"] / 0.34 - y).max() < 0.6
    # Outlines run through the outermost pixels' centres, about 0.4 pixels inside the drawn edge.
    wanted = np.pi * (across - 0.4) * (down - 0.4) * 0.34**2
    assert found["area_um"] == pytest.approx(wanted, rel=0.05)
    assert found["inert_ratio_cvx"] == pytest.approx(across / down, rel=0.05)
    assert found["bright_bc_avg"] == pytest.approx(-25, abs=1)
    assert found["frame"] == pytest.approx(np.arange(1, FRAMES + 1))
    assert found["time"] == pytest.approx(np.arange(FRAMES) / 2000)


COMPUTED_BY_DCLAB = (
    "bright_avg", "bright_bc_avg", "bright_bc_sd", "bright_perc_10", "bright_perc_90", "bright_sd",
    "inert_ratio_cvx", "inert_ratio_prnc", "inert_ratio_raw", "tilt", "volume",
)  # fmt: skip
GIVEN_TO_DCLAB = {"frame", "image", "image_bg", "mask", "pos_x", "pos_y", "time"}


def test_dclab_computes_the_same_from_the_masks_and_its_checker_has_no_complaint(
    run_program, measurement, tmp_path: Path
) -> None:
    result = run_program("dc_segmentation", {"measurement": [measurement]}).output / "segmented.rtdc"
    assert dclab_programs.verify(result) == (0, 0)
    ours = events(result)
    bare = tmp_path / "bare.rtdc"
    bare.write_bytes(result.read_bytes())
    changed(bare, **{name: None for name in ours if name not in GIVEN_TO_DCLAB})
    theirs = events(dclab_programs.condense(bare, tmp_path / "condensed.rtdc"))
    for name in COMPUTED_BY_DCLAB:
        assert ours[name] == pytest.approx(theirs[name], rel=1e-6, abs=1e-6), name
    with h5py.File(result) as file:
        assert file.attrs["experiment:event count"] == FRAMES
        assert file.attrs["setup:software version"].startswith("a test | gantry")
        told = {key.removeprefix("pipeline:dcnum "): file.attrs[key] for key in file.attrs if "pipeline:" in key}
    # The measurement's own pipeline (generation 8) did not make these events.
    assert told["generation"].startswith("gantry")
    assert told["segmenter"] == "thresh:t=-6:cle=1^f=1^clo=2"
    assert told["yield"] == FRAMES
    assert told["hash"] == pipeline({key: told[key] for key in STEPS}, 0)["pipeline:dcnum hash"]


STEPS = ("generation", "data", "background", "segmenter", "feature", "gate")


def test_the_hash_of_a_pipeline_is_dcnums(shared_cases: Path) -> None:
    with h5py.File(shared_cases / "real" / "dcnum_thresh_example.rtdc") as file:
        stored = {
            key.removeprefix("pipeline:dcnum "): value for key, value in file.attrs.items() if "pipeline:" in key
        }
    made = pipeline({step: stored[step] for step in STEPS}, int(stored["yield"]))
    assert made == {f"pipeline:dcnum {key}": value for key, value in stored.items() if key != "mapping"}


def test_a_recorded_measurement_gives_the_cells_stored_in_it(run_program, recorded_rtdc: Path) -> None:
    options = {"min_area_um": 0.5}
    result = run_program("dc_segmentation", {"measurement": [recorded_rtdc]}, options).output / "segmented.rtdc"
    assert dclab_programs.verify(result)[0] == 0
    stored, found = events(recorded_rtdc), events(result)
    large = stored["area_um"] > 20
    compared = 0
    for frame, area, x in zip(
        stored["frame"][large], stored["area_um"][large], stored["pos_x"][large], strict=True
    ):
        rows = np.flatnonzero((found["frame"] == frame) & (np.abs(found["pos_x"] - x) < 3))
        assert len(rows) == 1
        compared += int(abs(found["area_um"][rows[0]] / area - 1) < 0.15)
    assert compared >= large.sum() - 2
    # The file stores a frame once for each of its events; none may be counted twice.
    pairs = list(zip(found["frame"], found["pos_x"], strict=True))
    assert len(pairs) == len(set(pairs))


def test_a_frame_stored_twice_is_segmented_once(run_program, measurement) -> None:
    with h5py.File(measurement) as file:
        twice = {name: np.repeat(file[f"events/{name}"][...], 2, axis=0) for name in ("image", "image_bg")}
    changed(measurement, **twice, frame=np.repeat(np.arange(100, 100 + FRAMES), 2))
    ending = run_program("dc_segmentation", {"measurement": [measurement]})
    assert ending.parameters["cells"] == ending.parameters["frames"] == FRAMES


def test_two_cells_in_a_frame_are_two_events(run_program, measurement) -> None:
    images, _, _ = drawn()
    images[0] = 145
    images[0, 20:40, 20:45] = images[0, 20:40, 100:125] = 110
    flat = np.full_like(images, 145)
    changed(measurement, image=images[:1], image_bg=flat[:1])
    ending = run_program("dc_segmentation", {"measurement": [measurement]})
    found = events(ending.output / "segmented.rtdc")
    assert found["nevents"].tolist() == [2, 2]
    assert found["frame"].tolist() == [1, 1]


def test_a_larger_smallest_area_leaves_cells_out(run_program, measurement) -> None:
    _, _, cells = drawn()
    area = np.pi * np.array([(cell[2] - 0.4) * (cell[3] - 0.4) for cell in cells]) * 0.34**2
    ending = run_program("dc_segmentation", {"measurement": [measurement]}, {"min_area_um": 60.0})
    found = events(ending.output / "segmented.rtdc")
    assert found["area_um"].min() >= 60
    assert abs(len(found["area_um"]) - (area > 60).sum()) <= 4


def test_unfit_measurements_end_in_one_sentence(run_program, refused, measurement, tmp_path: Path) -> None:
    def ending(options: dict | None = None):
        return run_program("dc_segmentation", {"measurement": [measurement]}, options)

    refused(ending({"min_area_um": 5000.0}), "No cell of at least 5000 µm²")
    assert not list(tmp_path.rglob("segmented.rtdc"))
    refused(ending({"threshold": 6}), "The option threshold is 6")
    with h5py.File(measurement, "r+") as file:
        del file.attrs["imaging:pixel size"]
    refused(ending(), "does not tell its pixel size (imaging:pixel size); give it on the form")
    with h5py.File(measurement, "r+") as file:
        file.attrs["imaging:pixel size"] = 0.34
    changed(measurement, image_bg=None)
    refused(ending(), 'choose background "median"')
    changed(measurement, image=np.zeros((3, 64, 160), np.float32))
    refused(ending(), "8-bit images")
    changed(measurement, image=None)
    refused(ending(), "has no images")
    measurement.write_bytes(measurement.read_bytes()[:3000])
    refused(ending(), "drawn.rtdc is damaged: 2.9 kB of 1.2 MB are there. Copy it again.")


@pytest.mark.parametrize("written", ["340 nm", np.array([b"0.34"]), "0,34", "0.34 µm", np.array([0.34])])
def test_metadata_in_other_types_become_those_that_dclab_reads(run_program, measurement, written) -> None:
    with h5py.File(measurement, "r+") as file:
        file.attrs["imaging:pixel size"] = written
        file.attrs["imaging:frame rate"] = "2000 Hz"
        file.attrs["experiment:run index"] = np.array([b"3"])
        file.attrs["experiment:sample"] = np.array([b"blood"])
        file.attrs["setup:temperature"] = "warm"
    ending = run_program("dc_segmentation", {"measurement": [measurement]})
    result = ending.output / "segmented.rtdc"
    assert dclab_programs.verify(result)[0] == 0
    told = dclab_programs.metadata(result, ["imaging:pixel size", "imaging:frame rate", "experiment:run index"])
    assert list(told.values()) == [0.34, 2000.0, 3]
    with h5py.File(result) as file:
        assert isinstance(file.attrs["imaging:pixel size"], float)
        assert file.attrs["experiment:sample"] == "blood"
        assert "setup:temperature" not in file.attrs
    assert events(result)["time"][-1] == pytest.approx((FRAMES - 1) / 2000)
    assert "setup:temperature is “warm”" in ending.warned


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (0.0, "“0.0”"),
        (np.inf, "“inf”"),
        ("3,45", "“3,45”"),
        ("x", "“x”"),
        (340.0, "“340.0”"),
        (3.4e-7, "“3.4e-07”"),
    ],
)
def test_a_pixel_size_that_is_none_is_named(run_program, refused, measurement, written, shown) -> None:
    with h5py.File(measurement, "r+") as file:
        file.attrs["imaging:pixel size"] = written
    refused(
        run_program("dc_segmentation", {"measurement": [measurement]}), f"{shown}, which is no size of a pixel"
    )


@pytest.mark.parametrize(
    ("written", "remark"),
    [
        (None, "drawn.rtdc does not tell its pixel size; 0.25 µm was used, as given"),
        ("3,45", "drawn.rtdc has the pixel size “3,45”; 0.25 µm was used, as given"),
        (0.34, "drawn.rtdc has the pixel size “0.34”; 0.25 µm was used, as given"),
        (0.25, None),
        ("250 nm", None),
    ],
)
def test_a_pixel_size_that_is_given_counts_and_is_kept_in_the_result(
    run_program, measurement, written, remark
) -> None:
    plain = run_program("dc_segmentation", {"measurement": [measurement]})
    with h5py.File(measurement, "r+") as file:
        del file.attrs["imaging:pixel size"]
        if written is not None:
            file.attrs["imaging:pixel size"] = written
    ending = run_program(
        "dc_segmentation", {"measurement": [measurement]}, {"pixel_size": 0.25, "min_area_um": 2.0}
    )
    result = ending.output / "segmented.rtdc"
    assert ending.warned == (remark or "")
    assert ending.parameters["pixel size"] == 0.25
    assert dclab_programs.metadata(result, ["imaging:pixel size"]) == {"imaging:pixel size": 0.25}
    before = np.median(events(plain.output / "segmented.rtdc")["area_um"])
    assert np.median(events(result)["area_um"]) == pytest.approx(before * (0.25 / 0.34) ** 2, rel=0.02)


@pytest.mark.parametrize(
    ("feature", "number", "words"),
    [
        (
            "time",
            65,
            "5 events have no image and were not analysed; counts disagree: 60 images, but events/time: 65",
        ),
        ("time", 61, "1 event has no image and was not analysed"),
        ("deform", 41, "counts disagree: 60 images, but events/deform: 41"),
        ("mask", 59, "counts disagree: 60 images, but events/mask: 59"),
        ("image_bg", 70, "10 events have no image"),
    ],
)
def test_features_of_other_lengths_are_named(run_program, measurement, feature, number, words) -> None:
    shape = (number, 64, 160) if feature in ("mask", "image_bg") else (number,)
    stored = events(measurement)["image_bg"]
    values = stored[np.arange(number) % FRAMES] if feature == "image_bg" else np.zeros(shape, np.uint8)
    changed(measurement, **{feature: values})
    ending = run_program("dc_segmentation", {"measurement": [measurement]})
    assert ending.parameters["cells"] == FRAMES
    assert words in ending.warned


def test_an_image_keeps_the_time_of_its_event_where_others_have_no_image(run_program, measurement) -> None:
    images = events(measurement)
    frame = np.arange(100, 100 + FRAMES)
    changed(
        measurement, image=images["image"][:50], image_bg=images["image_bg"][:50], frame=frame, time=frame / 10
    )
    ending = run_program("dc_segmentation", {"measurement": [measurement]})
    found = events(ending.output / "segmented.rtdc")
    assert found["frame"].tolist() == frame[:50].tolist()
    assert found["time"] == pytest.approx(frame[:50] / 10)
    assert "10 events without an image" in ending.metadata["summary"]
    assert ending.parameters["events without an image"] == 10


def test_events_that_were_counted_and_are_not_there_are_said(run_program, measurement) -> None:
    with h5py.File(measurement, "r+") as file:
        file.attrs["experiment:event count"] = 80
    ending = run_program("dc_segmentation", {"measurement": [measurement]})
    assert ending.warned == "the file says that 80 events were recorded, and has 60 images"
    with h5py.File(measurement, "r+") as file:
        file.attrs["experiment:event count"] = FRAMES
    assert not run_program("dc_segmentation", {"measurement": [measurement]}).warned


def test_fewer_backgrounds_than_images_are_refused_only_where_they_are_used(
    run_program, refused, measurement
) -> None:
    changed(measurement, image_bg=events(measurement)["image_bg"][:-1])
    refused(run_program("dc_segmentation", {"measurement": [measurement]}), "backgrounds of shape (59, 64, 160)")
    ending = run_program("dc_segmentation", {"measurement": [measurement]}, {"background": "median"})
    assert "events/image_bg: 59" in ending.warned


def test_a_full_disk_is_not_taken_for_a_damaged_measurement(measurement) -> None:
    with pytest.raises(OSError, match="No space left"), open_measurement(measurement, "drawn.rtdc") as opened:
        assert opened.images(slice(0, 2)).shape == (2, 64, 160)
        raise OSError(28, "No space left on device")


def test_a_column_with_a_value_that_is_none_keeps_the_others(run_program, measurement: Path) -> None:
    images = events(measurement)["image"]
    columns = {"time": np.arange(FRAMES) / 1000, "temp": np.full(FRAMES, 23.5), "bg_off": np.full(FRAMES, 10.0)}
    for values in columns.values():
        values[7] = np.nan
    # The stored backgrounds are ten grey values too dark, all but the one whose offset is lost.
    backgrounds = events(measurement)["image_bg"].astype(int) - 10
    backgrounds[7] += 10
    changed(measurement, image=images, image_bg=backgrounds.astype(np.uint8), **columns)
    ending = run_program("dc_segmentation", {"measurement": [measurement]})
    found = events(ending.output / "segmented.rtdc")
    assert len(found["frame"]) == FRAMES
    assert (
        np.flatnonzero(np.isnan(found["time"])).tolist() == np.flatnonzero(np.isnan(found["temp"])).tolist() == [7]
    )
    assert found["time"][8] == pytest.approx(0.008)
    assert found["bright_bc_avg"] == pytest.approx(-25, abs=1)
    assert ending.parameters["frames without a background offset"] == 1
    assert dclab_programs.verify(ending.output / "segmented.rtdc")[0] == 0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            np.zeros((60, 8, 9)),
            "8-bit images (event, y, x) are needed in events/image, and it holds float64 in 60 × 8 × 9",
        ),
        (np.array([b"a"] * 60), "8-bit images (event, y, x) are needed in events/image, and it is text"),
    ],
)
def test_what_is_no_image_is_said_in_words(run_program, refused, measurement: Path, values, said: str) -> None:
    with h5py.File(measurement, "a") as file:
        del file["events/image"]
        file["events/image"] = values
    refused(run_program("dc_segmentation", {"measurement": [measurement]}), said)
