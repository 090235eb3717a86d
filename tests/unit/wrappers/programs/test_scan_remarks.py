"""What a scan tells beside its frames, or its readings show, that makes slices wrong: allowed for, or said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from program_ending import Ending

COLUMNS, ROWS, RADIUS, OFF, AXIS, ABSORPTION = 64, 2, 18.0, 5.0, 33.0, 0.025
DEGREES = np.linspace(0, 180, 100, endpoint=False)
BEAM, DARKS, FLATS = 8000.0, 4, 6
Change = Callable[[h5py.Group, np.ndarray], None]


def light(degrees: np.ndarray, axis: float = AXIS) -> np.ndarray:
    """What share of the beam comes through a disk (frames, rows, columns)."""
    middle = axis + OFF * np.cos(np.deg2rad(degrees))[:, None]
    chord = 2 * np.sqrt(np.maximum(0, RADIUS**2 - (np.arange(COLUMNS) - middle) ** 2))
    return np.exp(-ABSORPTION * chord)[:, None].repeat(ROWS, axis=1)


@pytest.fixture
def scan(tmp_path: Path) -> Callable[..., Path]:
    def write(
        change: Change | None = None,
        *,
        flats: float = 1.0,
        projections: np.ndarray | float = 1.0,
        dark: float = 100.0,
        more: np.ndarray | None = None,
        at: np.ndarray | None = None,
        most: int = 65535,
    ) -> Path:
        rng = np.random.default_rng(1)
        strength = np.broadcast_to(projections, len(DEGREES))[:, None, None]
        exposed = [
            np.zeros((DARKS, ROWS, COLUMNS)),
            np.full((FLATS, ROWS, COLUMNS), flats),
            light(DEGREES) * strength,
            *([] if more is None else [more]),
        ]
        kinds = [2, 1, 0, *([] if more is None else [0])]
        frames = np.concatenate(exposed) * BEAM
        frames += np.sqrt(frames + 1) * rng.normal(size=frames.shape) + dark
        keys = np.repeat(kinds, [len(one) for one in exposed])
        angles = np.zeros(len(keys))
        angles[keys == 0] = DEGREES if at is None else np.concatenate([DEGREES, at])
        path = tmp_path / "scan.nxs"
        with h5py.File(path, "w") as file:
            entry = file.create_group("entry")
            entry.attrs["NX_class"] = "NXentry"
            for name in ("instrument/detector", "instrument/source", "sample"):
                entry.create_group(name).attrs["NX_class"] = f"NX{name.rpartition('/')[2]}"
            entry["instrument/detector/data"] = np.clip(np.round(frames), 0, most).astype(np.uint16)
            entry["instrument/detector/image_key"] = keys
            quantity(entry, "sample/rotation_angle", angles, "deg")
            if change is not None:
                change(entry, keys)
        return path

    return write


def quantity(entry: h5py.Group, where: str, value: Any, unit: str) -> None:
    entry[where] = value
    entry[where].attrs["units"] = unit


def check(ending: Ending, *, said: str = "") -> None:
    """The disk has its density, the axis is where it was, and the result says this, or nothing."""
    assert ending.code == 0, ending.words
    with h5py.File(ending.output / "slices.h5") as file:
        image = file["data"][0]
    down, across = np.indices(image.shape) - (COLUMNS - 1) / 2
    inside = np.minimum(np.hypot(across - OFF, down), np.hypot(across + OFF, down)) < RADIUS - 6
    assert np.median(image[inside]) == pytest.approx(ABSORPTION, rel=0.03)
    assert ending.parameters["rotation centre"] == pytest.approx(AXIS, abs=0.15)
    remarks(ending, said)


def remarks(ending: Ending, said: str) -> None:
    assert ending.code == 0, ending.words
    found = ending.warned
    assert (said in found) if said else found == ""


ONE = {"row_count": 1}


def test_of_a_falling_beam_the_dark_current_is_no_part(run_program, scan) -> None:
    """Readings were divided by the beam's intensity with their dark current, which grew by that."""
    falling = np.linspace(1, 0.5, len(DEGREES))

    def monitor(entry: h5py.Group, keys: np.ndarray) -> None:
        current = np.ones(len(keys))
        current[keys == 0] = falling
        entry["control/data"] = current

    check(run_program("tomo_slice", {"scan": [scan(monitor, projections=falling, dark=2000)]}, ONE))


def test_flats_of_another_exposure_are_scaled(run_program, scan) -> None:
    def exposures(entry: h5py.Group, keys: np.ndarray) -> None:
        quantity(entry, "instrument/detector/count_time", np.where(keys == 1, 0.05, 0.1), "s")

    check(run_program("tomo_slice", {"scan": [scan(exposures, flats=0.5)]}, ONE))


def linked(entry: h5py.Group) -> None:
    """NXdata as NXtomo asks for it: what is in the detector and the sample, by hard links."""
    group = entry.create_group("data")
    group.attrs["NX_class"] = "NXdata"
    for name in ("data", "image_key"):
        group[name] = entry[f"instrument/detector/{name}"]
    group["rotation_angle"] = entry["sample/rotation_angle"]


@pytest.mark.parametrize(
    "layout", ["detector", "beside a link", "of no class", "in NXdata", "in both", "beside the sample"]
)
@pytest.mark.parametrize("kind", ["i4", "u1", "f8"])
def test_alignment_frames_are_no_projections(run_program, scan, layout, kind) -> None:
    """Taken again when the scan was over, of a sample that had moved: they made half a turn a full one.

    Image keys were found by the link in NXdata, and image_key_control is in the detector.
    """

    def control(entry: h5py.Group, keys: np.ndarray) -> None:
        if layout != "detector":
            linked(entry)
        if layout == "of no class":
            del entry.attrs["NX_class"]
        values = np.r_[keys[:-4], [-1] * 4].astype("i8").astype(kind)
        where = {
            "in NXdata": ["data"],
            "in both": ["data", "instrument/detector"],
            "beside the sample": ["sample"],
        }
        for group in where.get(layout, ["instrument/detector"]):
            entry[f"{group}/image_key_control"] = values

    again = np.array([180.0, 90, 0, 360])
    path = scan(control, more=light(again, axis=AXIS + 3), at=again)
    check(run_program("tomo_slice", {"scan": [path]}, ONE), said="4 alignment frames are left out")


ONLY = "rotation angles are recorded of the projections only"


def of_projections(entry: h5py.Group, degrees: np.ndarray) -> None:
    del entry["sample/rotation_angle"]
    quantity(entry, "sample/rotation_angle", degrees, "deg")
    quantity(entry, "instrument/detector/x_pixel_size", 5.0, "um")


@pytest.mark.parametrize("layout", ["detector", "NXdata", "NXdata without angles"])
def test_angles_of_the_projections_only_are_theirs(run_program, scan, layout) -> None:
    """There was said to be none, and even steps were offered; or the pixel size was lost."""

    def change(entry: h5py.Group, keys: np.ndarray) -> None:
        if layout != "detector":
            linked(entry)
            del entry["data/rotation_angle"]
        of_projections(entry, DEGREES)
        if layout == "NXdata":
            entry["data/rotation_angle"] = entry["sample/rotation_angle"]

    ending = run_program("tomo_slice", {"scan": [scan(change)]}, ONE)
    remarks(ending, ONLY)
    assert ending.parameters["rotation centre"] == pytest.approx(AXIS, abs=0.15)
    assert ending.parameters["pixel size"] == 5.0


@pytest.mark.parametrize("with_those", [True, False])
def test_angles_of_the_projections_only_with_alignment_frames(run_program, scan, with_those) -> None:
    again = np.array([180.0, 90, 0, 360])

    def change(entry: h5py.Group, keys: np.ndarray) -> None:
        entry["instrument/detector/image_key_control"] = np.r_[keys[:-4], [-1] * 4]
        of_projections(entry, np.r_[DEGREES, again] if with_those else DEGREES)

    ending = run_program("tomo_slice", {"scan": [scan(change, more=light(again, axis=AXIS + 3), at=again)]}, ONE)
    remarks(ending, ONLY)
    assert ending.parameters["rotation centre"] == pytest.approx(AXIS, abs=0.15)


@pytest.mark.parametrize("number", [96, 105, 111])
def test_angles_of_neither_frames_nor_projections_are_refused_with_both_counts(
    run_program, refused, scan, number
) -> None:
    path = scan(lambda entry, keys: of_projections(entry, np.linspace(0, 180, number)))
    ending = run_program("tomo_slice", {"scan": [path]}, ONE)
    refused(ending, f"has {number} rotation angles for 110 frames, of which 100 are projections")
    ending = run_program("tomo_slice", {"scan": [path]}, ONE | {"angles": "half-turn"})
    remarks(ending, f"its {number} rotation angles are as many neither as frames nor as projections: not used")


@pytest.mark.parametrize("flats", [0.5, 0.8])
def test_readings_that_are_brighter_than_flats_are_said(run_program, scan, flats) -> None:
    ending = run_program("tomo_slice", {"scan": [scan(flats=flats)]}, ONE)
    remarks(ending, "many readings are brighter than the flat fields, which do not fit")


def test_a_sample_wider_than_the_detector_is_said(run_program, scan) -> None:
    with h5py.File(path := scan(), "r+") as file:
        data = file["entry/instrument/detector/data"][:, :, 24:42]
        del file["entry/instrument/detector/data"]
        file["entry/instrument/detector/data"] = data
    ending = run_program("tomo_slice", {"scan": [path]}, ONE | {"centre": "9"})
    remarks(ending, "the sample reaches beyond the detector, or flat fields do not fit: values are not to scale")


def test_flats_that_are_cut_off_everywhere_are_said(run_program, scan) -> None:
    ending = run_program("tomo_slice", {"scan": [scan(projections=1.0, most=4095)]}, ONE | {"centre": "33"})
    remarks(ending, "flat fields read their largest number almost everywhere: they may be cut off")


def test_an_arc_without_projections_is_said(run_program, scan) -> None:
    def without(entry: h5py.Group, keys: np.ndarray) -> None:
        angles = entry["sample/rotation_angle"][:]
        entry["instrument/detector/image_key"][...] = np.where((angles > 60) & (angles < 90), 3, keys)

    ending = run_program("tomo_slice", {"scan": [scan(without)]}, ONE)
    remarks(ending, "no projection looks from an arc of 30.6 degrees")


def test_missing_darks_are_said(run_program, scan) -> None:
    def none(entry: h5py.Group, keys: np.ndarray) -> None:
        entry["instrument/detector/image_key"][...] = np.where(keys == 2, 3, keys)

    ending = run_program("tomo_slice", {"scan": [scan(none, dark=0)]}, ONE)
    check(ending, said="there are no dark frames: zero is taken for them")


@pytest.mark.parametrize(
    ("where", "value", "unit", "said"),
    [
        ("instrument/detector/x_flipped", True, "", "its pictures are flipped (x_flipped)"),
        ("instrument/detector/y_flipped", False, "", ""),
        ("instrument/detector/distance", "500 mm", "", "the beam widens 11 times from sample to detector"),
        ("instrument/detector/distance", 0.5, "mm", ""),
        ("sample/z_translation", np.linspace(0, 3, 110), "", "the sample moves while it turns (z_translation)"),
        ("sample/x_translation", np.where(np.arange(110) < 10, 9.0, 0.0), "mm", ""),
    ],
)
def test_what_a_file_says_of_its_geometry_is_said(run_program, scan, where, value, unit, said) -> None:
    def geometry(entry: h5py.Group, keys: np.ndarray) -> None:
        quantity(entry, "instrument/source/distance", -50.0, "mm")
        quantity(entry, where, value, unit)

    check(run_program("tomo_slice", {"scan": [scan(geometry)]}, ONE), said=said)


@pytest.mark.parametrize(("way", "moves"), [(0.002, False), (2.0, True)])
def test_a_helical_scan_is_refused(run_program, refused, scan, way, moves) -> None:
    def helical(entry: h5py.Group, keys: np.ndarray) -> None:
        quantity(entry, "instrument/detector/x_pixel_size", 5e-6, "m")
        quantity(entry, "sample/z_translation", np.linspace(0, way, len(keys)), "mm")

    ending = run_program("tomo_slice", {"scan": [scan(helical)]}, ONE)
    if moves:
        refused(ending, "mm while it turns (z_translation); this analysis takes scans in which it only turns")
    else:
        remarks(ending, "")


@pytest.mark.parametrize(
    ("readings", "said"),
    [
        (np.zeros(110), "the beam's monitor reads nothing: not used"),
        (np.ones(107), "the beam's monitor has 107 readings for 110 frames: not used"),
        (np.where(np.arange(110) < 10, 0.0, 5.0), "the beam's monitor reads nothing in flat fields: not used"),
        (np.ones((110, 1)), ""),
    ],
)
def test_a_monitor_that_cannot_be_used_is_said(run_program, refused, scan, readings, said) -> None:
    """It was left aside without a word, or flats were said to be dark."""

    def monitor(entry: h5py.Group, keys: np.ndarray) -> None:
        entry["control/data"] = readings

    check(run_program("tomo_slice", {"scan": [scan(monitor)]}, ONE), said=said)


@pytest.mark.parametrize("key", [-1, 4, 255])
def test_frames_of_an_unknown_key_are_left_out_and_said(run_program, scan, key) -> None:
    def unknown(entry: h5py.Group, keys: np.ndarray) -> None:
        entry["instrument/detector/image_key"][50:54] = key

    ending = run_program("tomo_slice", {"scan": [scan(unknown)]}, ONE)
    check(ending, said=f"4 frames have an image_key that is not known ({key}): left out")


def test_an_image_key_means_what_its_names_say(run_program, scan) -> None:
    """An enumeration of other numbers than NXtomo's took the darks for projections."""

    def named(entry: h5py.Group, keys: np.ndarray) -> None:
        del entry["instrument/detector/image_key"]
        kinds = h5py.enum_dtype({"DARK": 0, "FLAT": 1, "PROJECTION": 2}, basetype="i")
        entry["instrument/detector"].create_dataset("image_key", data=2 - keys, dtype=kinds)

    check(run_program("tomo_slice", {"scan": [scan(named)]}, ONE))


def test_lists_may_be_tables_of_one_column(run_program, scan) -> None:
    def columns(entry: h5py.Group, keys: np.ndarray) -> None:
        for name in ("instrument/detector/image_key", "sample/rotation_angle"):
            values = entry[name][()]
            del entry[name]
            quantity(entry, name, values[:, None], "deg")

    check(run_program("tomo_slice", {"scan": [scan(columns)]}, ONE))


@pytest.mark.parametrize(
    ("keys_of", "words"),
    [(lambda keys: keys == 1, "image_key is true or false"), (lambda keys: 0, "image_key is a single value")],
)
def test_an_image_key_that_says_nothing_is_named(run_program, refused, scan, keys_of, words) -> None:
    def odd(entry: h5py.Group, keys: np.ndarray) -> None:
        del entry["instrument/detector/image_key"]
        entry["instrument/detector/image_key"] = keys_of(keys)

    refused(run_program("tomo_slice", {"scan": [scan(odd)]}, ONE), words)


@pytest.mark.parametrize(
    ("angle", "unit", "vector", "said"),
    [
        (180.0, "degree", (0, 1, 0), "its pictures are flipped (ry): slices may be mirror images"),
        (np.pi, "rad", (1, 0, 0), "its pictures are flipped (ry)"),
        (180.0, "deg", (0, 0, 1), ""),
        (0.0, "degree", (0, 1, 0), ""),
    ],
)
def test_a_flip_by_a_transformation_is_said(run_program, scan, angle, unit, vector, said) -> None:
    """So nabu's newer files have what older ones call x_flipped."""

    def flipped(entry: h5py.Group, keys: np.ndarray) -> None:
        group = entry.create_group("instrument/detector/transformations")
        group.attrs["NX_class"] = "NXtransformations"
        group["ry"] = angle
        group["ry"].attrs.update(units=unit, transformation_type="rotation", vector=vector)

    check(run_program("tomo_slice", {"scan": [scan(flipped)]}, ONE), said=said)


def test_flats_that_are_cut_off_at_any_number_are_said(run_program, scan) -> None:
    """At 65,535 it was said; a detector of 14 bits, or one with its offset taken off, cuts off elsewhere."""
    ending = run_program("tomo_slice", {"scan": [scan(most=7000)]}, ONE)
    remarks(ending, "flat fields read their largest number almost everywhere: they may be cut off")


def test_flats_of_the_largest_number_alone_are_said_to_be(run_program, refused, scan) -> None:
    def full(entry: h5py.Group, keys: np.ndarray) -> None:
        entry["instrument/detector/data"][DARKS : DARKS + FLATS] = 65535

    words = "hold no number, or the largest of their type alone"
    refused(run_program("tomo_slice", {"scan": [scan(full)]}, ONE), words)


@pytest.mark.parametrize(
    ("kind", "words"), [("c8", "its elements are complex numbers"), ("?", "true or false"), ("S1", "it is text")]
)
def test_frames_that_are_no_numbers_are_said_to_be_none(run_program, refused, scan, kind, words) -> None:
    def other(entry: h5py.Group, keys: np.ndarray) -> None:
        del entry["instrument/detector/data"]
        entry["instrument/detector/data"] = np.ones((len(keys), ROWS, COLUMNS)).astype(kind)

    refused(run_program("tomo_slice", {"scan": [scan(other)]}, ONE), words)


def test_frames_that_were_never_written_are_said_to_be(run_program, refused, scan) -> None:
    def empty(entry: h5py.Group, keys: np.ndarray) -> None:
        del entry["instrument/detector/data"]
        shape = (len(keys), ROWS, COLUMNS)
        entry["instrument/detector"].create_dataset("data", shape, "u2", chunks=(1, ROWS, COLUMNS))

    refused(run_program("tomo_slice", {"scan": [scan(empty)]}, ONE), "nothing was written to it")
