"""Scans as facilities lay them out: flats and darks in entries, groups or files of their own."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from program_ending import Ending

COLUMNS, ROWS, RADIUS, ABSORPTION, AXIS = 64, 3, 20.0, 0.02, 31.5
DEGREES = np.linspace(0, 180, 90, endpoint=False)
OFF = 4.0  # pixels from the axis to the disk's middle
DARK, BEAM = 100.0, 20000.0


def projections(first: float = 1.0, last: float = 1.0) -> np.ndarray:
    """Readings (n, rows, columns) of a disk in a beam whose strength changes evenly from first to last."""
    middle = AXIS + OFF * np.cos(np.deg2rad(DEGREES))[:, None]
    chord = 2 * np.sqrt(np.maximum(0, RADIUS**2 - (np.arange(COLUMNS) - middle) ** 2))
    strength = np.linspace(first, last, len(DEGREES))[:, None]
    frames = BEAM * strength * np.exp(-ABSORPTION * chord) + DARK
    return np.round(frames[:, None].repeat(ROWS, axis=1)).astype(np.uint16)


def flats(strength: float = 1.0, number: int = 4) -> np.ndarray:
    return np.full((number, ROWS, COLUMNS), BEAM * strength + DARK, np.uint16)


DARKS = np.full((3, ROWS, COLUMNS), DARK, np.uint16)


def check(ending: Ending, *, per_pixel: float = 1.0) -> None:
    """The disk has its density, and nothing is around it."""
    assert ending.code == 0, ending.words
    with h5py.File(ending.output / "slices.h5") as file:
        image = file["data"][0] * per_pixel
    y, x = np.indices(image.shape) - AXIS
    from_middle = np.minimum(np.hypot(x - OFF, y), np.hypot(x + OFF, y))
    assert np.median(image[from_middle < RADIUS - 6]) == pytest.approx(ABSORPTION, rel=0.02)
    assert abs(np.median(image[np.hypot(x, y) > RADIUS + OFF + 3])) < 0.03 * ABSORPTION


def entry_of(file: h5py.File, name: str, title: str, frames: np.ndarray) -> h5py.Group:
    """One scan of bliss: an entry with a title, a detector, and nothing that says image_key."""
    entry = file.create_group(name)
    entry.attrs["NX_class"] = "NXentry"
    entry["title"] = title
    detector = entry.create_group("instrument/pcolinux")
    detector.attrs["NX_class"] = "NXdetector"
    detector["data"] = frames
    entry["measurement/pcolinux"] = h5py.SoftLink(f"/{name}/instrument/pcolinux/data")
    return entry


def with_angles(entry: h5py.Group, where: str = "instrument/hrsrot/value") -> None:
    entry[where] = DEGREES
    entry[where].attrs["units"] = "deg"


def test_entries_of_a_scan_are_what_their_titles_say(run_program, tmp_path: Path) -> None:
    path = tmp_path / "sample_0001.h5"
    with h5py.File(path, "w") as file:
        entry_of(file, "2.1", "dark images", DARKS)
        entry_of(file, "3.1", "reference images 1", flats())
        with_angles(entry_of(file, "4.1", "projections 1 - 90", projections()))
        entry_of(file, "5.1", "static images", projections()[:5])
        entry_of(file, "6.1", "reference images 2", flats())
    ending = run_program("tomo_slice", {"scan": [path]}, {"row_count": 1})
    check(ending)
    assert ending.parameters["layout"] == "frames, flats and darks apart"
    assert ending.parameters["rotation centre"] == pytest.approx(AXIS, abs=0.1)


@pytest.fixture
def without_references(tmp_path: Path) -> Path:
    """An NXtomo with projections alone, at 5 to 94 in the order of the whole acquisition."""
    path = tmp_path / "scan.nxs"
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry0000")
        entry["definition"] = "NXtomo"
        for group, kind in {
            "instrument": "NXinstrument",
            "instrument/camera": "NXdetector",
            "sample": "NXsample",
        }.items():
            entry.create_group(group).attrs["NX_class"] = kind
        entry["instrument/camera/data"] = projections(1.0, 0.8)
        entry["instrument/camera/image_key"] = np.zeros(len(DEGREES), int)
        entry["sample/rotation_angle"] = np.deg2rad(DEGREES)
        entry["sample/rotation_angle"].attrs["units"] = "rad"
    return path


def test_reduced_frames_in_files_of_their_own_follow_the_beam(run_program, without_references, tmp_path) -> None:
    for kind, frames in {
        "darks": {0: DARKS[0]},
        "flats": {0: flats()[0], len(DEGREES) - 1: flats(0.8)[0]},
    }.items():
        with h5py.File(tmp_path / f"scan_{kind}.hdf5", "w") as file:
            for place, frame in frames.items():
                file[f"entry0000/{kind}/{place}"] = frame.astype(np.float32)
    files = [tmp_path / name for name in ("scan_darks.hdf5", "scan_flats.hdf5", "scan.nxs")]
    ending = run_program("tomo_slice", {"scan": files}, {"row_count": 1, "centre": str(AXIS)})
    check(ending)


def test_files_of_flats_and_darks_with_image_keys(run_program, without_references, tmp_path: Path) -> None:
    with h5py.File(without_references, "r+") as file:
        file["entry0000/instrument/camera/data"][...] = projections()
    for key, frames in {1: flats(), 2: DARKS}.items():
        with h5py.File(tmp_path / f"other{key}.nxs", "w") as file:
            file["e/d/data"], file["e/d/image_key"] = frames, np.full(len(frames), key)
            file["e/d/rotation_angle"] = np.zeros(len(frames))
    files = [without_references, tmp_path / "other1.nxs", tmp_path / "other2.nxs"]
    check(run_program("tomo_slice", {"scan": files}, {"row_count": 1}))


def test_flats_at_start_and_end_of_an_nxtomo_follow_the_beam(run_program, tmp_path: Path) -> None:
    path = tmp_path / "scan.nxs"
    with h5py.File(path, "w") as file:
        parts = [DARKS, flats(), projections(1.0, 0.7), flats(0.7)]
        file["entry/d/data"] = np.concatenate(parts)
        file["entry/d/image_key"] = np.concatenate(
            [np.full(len(p), k) for p, k in zip(parts, (2, 1, 0, 1), strict=True)]
        )
        angles = np.zeros(len(file["entry/d/image_key"]))
        angles[7 : 7 + len(DEGREES)] = DEGREES
        file["entry/d/rotation_angle"] = angles
        file["entry/d/rotation_angle"].attrs["units"] = "deg"
    check(run_program("tomo_slice", {"scan": [path]}, {"row_count": 1}))


def test_a_master_file_of_nxmx_with_its_transformation(run_program, tmp_path: Path) -> None:
    path = tmp_path / "run_master.h5"
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        entry["definition"] = "NXmx"
        detector = entry.create_group("instrument/eiger")
        detector.attrs["NX_class"] = "NXdetector"
        detector["x_pixel_size"] = 75e-6
        detector["x_pixel_size"].attrs["units"] = "m"
        half = len(DEGREES) // 2
        entry["data/data_000001"], entry["data/data_000002"] = projections()[:half], projections()[half:]
        entry["flats/data"], entry["darks/data"] = flats(), DARKS
        axis = entry.create_dataset("sample/transformations/gonio", data=DEGREES)
        axis.attrs.update({"transformation_type": "rotation", "units": "deg"})
        entry["sample/transformations/other"] = DEGREES + 1
    ending = run_program("tomo_slice", {"scan": [path]}, {"row_count": 1})
    check(ending, per_pixel=0.075)
    assert ending.parameters["pixel size"] == pytest.approx(75)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan])
def test_an_angle_or_a_monitor_that_is_lost_costs_its_projection(run_program, tmp_path: Path, bad) -> None:
    path = tmp_path / "scan.nxs"
    with h5py.File(path, "w") as file:
        file["entry/d/data"] = np.concatenate([flats(), DARKS, projections()])
        file["entry/d/image_key"] = np.repeat([1, 2, 0], [4, 3, len(DEGREES)])
        angles, current = np.concatenate([np.zeros(7), DEGREES]), np.ones(7 + len(DEGREES))
        angles[20], current[40] = np.nan, bad
        file["entry/d/rotation_angle"], file["entry/control/data"] = angles, current
        file["entry/d/rotation_angle"].attrs["units"] = "deg"
    ending = run_program("tomo_slice", {"scan": [path]}, {"row_count": 1})
    check(ending)
    assert ending.parameters["projections left out"] == 2


def test_what_a_scan_in_parts_lacks_is_said(run_program, refused, tmp_path: Path) -> None:
    path = tmp_path / "parts.h5"

    def refuse(words: str) -> None:
        refused(run_program("tomo_slice", {"scan": [path]}, {"row_count": 1}), words)

    with h5py.File(path, "w") as file:
        file["flats/0"], file["frames"] = flats()[0, :2], projections()
    refuse("has no flat fields of the size of its projections, 64 × 3")
    with h5py.File(path, "r+") as file:
        file["refs"] = flats()
    refuse("has no rotation angles")
    with h5py.File(path, "r+") as file:
        file["a/theta"], file["b/omega"] = DEGREES, DEGREES + 1
    refuse("has several lists that may be its rotation angles: /a/theta, /b/omega")
    with h5py.File(path, "r+") as file:
        file["again"] = projections() + 1
    refuse("has 2 lists of frames that may be its projections: /again, /frames")


def test_frames_in_the_order_of_sinograms_are_refused(run_program, refused, tmp_path: Path) -> None:
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        file["exchange/data"] = projections().swapaxes(0, 1)
        file["exchange/data"].attrs["axes"] = "y:theta:x"
    refused(run_program("tomo_slice", {"scan": [path]}), "in the order y:theta:x; theta:y:x is needed")


@pytest.mark.parametrize(("first", "last"), [(270, 360), (120, 180)])
def test_half_a_turn_over_an_encoders_zero_is_no_full_turn(run_program, tmp_path: Path, first, last) -> None:
    counted = np.where(DEGREES + first >= last, DEGREES + first - 360, DEGREES + first)
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        file["exchange/data"], file["exchange/theta"] = projections(), counted
        file["exchange/data_white"], file["exchange/data_dark"] = flats(), DARKS
        file["exchange/theta"].attrs["units"] = "deg"
    ending = run_program("tomo_slice", {"scan": [path]}, {"row_count": 1})
    assert ending.parameters["rotation centre"] == pytest.approx(AXIS, abs=0.1)
    assert not ending.parameters["full turn"]
    with h5py.File(ending.output / "slices.h5") as file:
        assert file["data"].shape[1:] == (COLUMNS, COLUMNS)


def test_of_two_scans_in_a_file_none_is_chosen(run_program, refused, without_references) -> None:
    with h5py.File(without_references, "r+") as file:
        file["entry0000/flats"] = flats()
        file.copy("entry0000", "entry0001")
        file["entry0000/data/data"] = file["entry0000/instrument/camera/data"]
        file["entry0000/data/image_key"] = file["entry0000/instrument/camera/image_key"]
    ending = run_program("tomo_slice", {"scan": [without_references]}, {"row_count": 1})
    refused(ending, "has 2 scans (/entry0000, /entry0001); this analysis takes one")


def test_a_stuck_column_and_a_saturated_reading_say_nothing(run_program, tmp_path: Path) -> None:
    """A column that reads the largest number everywhere ended as Done, with its axis elsewhere."""
    frames, light = projections(), flats()
    for one in (frames, light):
        one[:, :, 40] = 65535
    frames[7, :, 20] = 65535
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file["exchange/data"], file["exchange/data_white"], file["exchange/data_dark"] = frames, light, DARKS
        file["exchange/theta"] = DEGREES
        file["exchange/theta"].attrs["units"] = "deg"
    ending = run_program("tomo_slice", {"scan": [tmp_path / "scan.h5"]}, {"row_count": 1})
    check(ending)
    assert ending.parameters["rotation centre"] == pytest.approx(AXIS, abs=0.1)


@pytest.mark.parametrize(
    ("written", "units", "um", "why"),
    [
        ("3.45 um", None, 3.45, ""),
        (b"3.45 \xb5m", None, 3.45, ""),
        (b"3.45", "um", 3.45, ""),
        (np.array(["0.00345 mm"], h5py.string_dtype()), None, 3.45, ""),
        ("3450 nm", "nanometers", 3.45, ""),
        (np.array([[3.45e-6]]), np.array([b"m"]), 3.45, ""),
        (np.full((ROWS, COLUMNS), 3.45), "um", 3.45, ""),
        (np.full(COLUMNS, 3.45, np.float32), "um", 3.45, ""),
        ("3.45 um", "m", None, "x_pixel_size is 3.45 um or m"),
        (3.45, None, None, "x_pixel_size has no unit"),
        (3.45, "px", None, "x_pixel_size is 3.45 px"),
        (np.linspace(3.4, 3.5, COLUMNS), "um", None, "x_pixel_size is not one length"),
        (-3.45, "um", None, "x_pixel_size is not one length"),
    ],
)
def test_the_pixel_size_is_read_in_the_way_that_the_file_has_it(
    run_program, tmp_path: Path, written, units, um, why
) -> None:
    path = tmp_path / "scan.nxs"
    with h5py.File(path, "w") as file:
        file["e/d/data"] = np.concatenate([flats(), DARKS, projections()])
        file["e/d/image_key"] = np.repeat([1, 2, 0], [4, 3, len(DEGREES)])
        file["e/d/rotation_angle"] = np.concatenate([np.zeros(7), DEGREES])
        file["e/d/rotation_angle"].attrs["unit"] = b"\xb0"
        file["e/d/x_pixel_size"] = written
        if units is not None:
            file["e/d/x_pixel_size"].attrs["units"] = units
    ending = run_program("tomo_slice", {"scan": [path]}, {"row_count": 1, "centre": str(AXIS)})
    check(ending, per_pixel=um * 1e-3 if um else 1.0)
    assert ending.parameters.get("pixel size") == (pytest.approx(um) if um else None)
    warned = ending.warned
    assert f"the pixel size is not known: {why}" in warned if why else "not known" not in warned


def series(path: Path, gone: int, angles: int) -> Path:
    """A master of NXmx whose frames lie in three lists, of which one is a link to a file that is not there."""
    with h5py.File(path, "w") as file:
        for number, frames in enumerate(np.split(projections(), 3), 1):
            name = f"entry/data/data_{number:06}"
            file[name] = h5py.ExternalLink("gone.h5", "/entry/data/data") if number == gone else frames
        file["entry/flats/data"], file["entry/darks/data"] = flats(), DARKS
        file["entry/sample/goniometer/omega"] = DEGREES[:angles]
        file["entry/sample/goniometer/omega"].attrs["units"] = "degree"
    return path


@pytest.mark.parametrize(("gone", "angles"), [(1, 90), (2, 90), (3, 90), (2, 60)])
@pytest.mark.parametrize("steps", ["file", "half-turn"])
def test_a_series_of_which_a_list_is_missing_is_refused(
    run_program, refused, tmp_path: Path, gone, angles, steps
) -> None:
    """Even steps were offered, and closed over the gap."""
    path = series(tmp_path / "run_master.h5", gone, angles)
    words = f"lacks a part of its projections (data_{gone:06}: gone.h5 is no file of this dataset)"
    refused(run_program("tomo_slice", {"scan": [path]}, {"angles": steps}), words)


def test_links_to_files_that_were_never_recorded_are_said(run_program, tmp_path: Path) -> None:
    """Masters may have links for more frames than were taken: then the angles are as many as the frames."""
    path = series(tmp_path / "run_master.h5", 3, 60)
    ending = run_program("tomo_slice", {"scan": [path]}, {"centre": "31.5"})
    assert ending.parameters["projections"] == 60
    assert "taken for never recorded: data_000003: gone.h5 is no file of this" in ending.warned


def test_a_number_that_a_series_leaves_out_is_a_gap(run_program, refused, tmp_path: Path) -> None:
    path = series(tmp_path / "run_master.h5", 2, 90)
    with h5py.File(path, "r+") as file:
        del file["entry/data/data_000002"]
    refused(run_program("tomo_slice", {"scan": [path]}), "(data_000002: it is not there)")
