"""What axes are, from what formats declare."""

import numpy as np
import pytest

from gantry_formats.axes import axes_in_hdf5, declared_in_hdf5, known_axes, unknown_names


@pytest.mark.parametrize(
    ("declared", "shape", "axes"),
    [
        ("ZCYX", (16, 2, 40, 48), "ZCYX"),
        ("zyx", (16, 40, 48), "ZYX"),
        ("TYX", (16, 40, 48), "TYX"),
        ("QYX", (16, 40, 48), "ZYX"),
        ("IZYX", (2, 16, 40, 48), "IZYX"),
        ("", (16, 40, 48), "ZYX"),
        ("", (1, 16, 40, 48), "?ZYX"),
        ("", (40, 48), "YX"),
        ("", (2, 16, 40, 48), "????"),
        ("", (7,), "?"),
        ("ZYX", (2, 16, 40, 48), "????"),  # of another array, or wrong
        ("ZX", (16, 40, 48), "???"),
        ("???", (16, 40, 48), "???"),  # declared in words that nobody knows
        ("?YX", (16, 40, 48), "?YX"),
    ],
)
def test_what_is_not_declared_is_told_only_where_it_is_usual(declared, shape, axes):
    assert known_axes(declared, shape) == axes


@pytest.mark.parametrize(
    ("own", "axes"),
    [
        ({"axes": "czyx"}, "CZYX"),
        ({"axes": b"channel:z:y:x"}, "CZYX"),
        ({"axes": np.array([b"time", b"z", b"y", b"x"])}, "TZYX"),
        ({"DIMENSION_LABELS": np.array(["c", "z", "", "x"], dtype=object)}, "CZ?X"),
        ({"axes": '["t", "z", "y", "x"]'}, "TZYX"),
        ({"axes": "[b'frame', b'z', b'y', b'x']"}, "TZYX"),
        ({"axes": "(scan, z, y, x)"}, "?ZYX"),
        ({"axes": "time.z.y.x"}, "????"),
        ({"axes": ["sample_y", "sample_x", "y", "x"]}, "????"),  # of a scan: which of them is meant is not told
        ({"axes": ["z", "z", "y", "x"]}, "??YX"),
        ({"axes": ["", "", "", ""]}, ""),
        ({"axes": "zyx"}, "????"),  # three words for four axes
        ({"axes": [".", ".", ".", "."]}, ""),
        ({"axes": ["scan", "frame_number", ".", "."]}, "?TYX"),  # detectors' files
        ({"axes": ["scan", ".", ".", "."]}, "????"),
        ({"axes": ["z", "y", ".", "."]}, "ZY??"),
        ({"DIMENSION_LABELS": ["dim_0", "dim_1", "dim_2", "dim_3"]}, ""),
        ({"axes": ["voltage", "gate", "row_of_pixels", "k"]}, "????"),
        ({"axes": ["voltage", "gate", "b", "k"], "DIMENSION_LABELS": ["t", "z", "y", "x"]}, "TZYX"),
        ({"axes": ["voltage", "gate", "b", "k"], "interpretation": "image"}, "??YX"),
        ({"axes": 3}, ""),
        ({}, ""),
    ],
)
def test_attributes_of_an_array(own, axes):
    assert axes_in_hdf5("/a", (7,) * 4, own, {}, {}) == axes


def test_nexus_tells_the_axes_of_a_signal_in_the_group_around_it():
    around = {"signal": "counts", "auxiliary_signals": np.array([b"noise"]), "axes": np.array(["angle", "y", "x"])}
    assert axes_in_hdf5("/entry/data/counts", (7,) * 3, {}, around, {}) == "AYX"
    assert axes_in_hdf5("/entry/data/noise", (7,) * 3, {}, around, {}) == "AYX"
    assert axes_in_hdf5("/entry/data/mask", (7,) * 3, {}, around, {}) == ""
    assert axes_in_hdf5("/entry/data/counts", (7,) * 2, {}, around, {}) == "??"


@pytest.mark.parametrize(
    ("own", "dimensions", "axes"),
    [
        ({"interpretation": "image"}, 3, "IYX"),
        ({"interpretation": "image"}, 4, "??YX"),
        ({"interpretation": b"spectrum"}, 3, "??E"),
        ({"interpretation": "rgba-image"}, 4, "?YXS"),
        ({"CLASS": b"IMAGE"}, 2, "YX"),
        ({"CLASS": "IMAGE", "IMAGE_SUBCLASS": "IMAGE_TRUECOLOR", "INTERLACE_MODE": "INTERLACE_PLANE"}, 3, "SYX"),
        ({"CLASS": "IMAGE", "IMAGE_SUBCLASS": "IMAGE_TRUECOLOR", "INTERLACE_MODE": "INTERLACE_PIXEL"}, 3, "YXS"),
        ({"CLASS": "IMAGE", "IMAGE_SUBCLASS": "IMAGE_GRAYSCALE"}, 3, "IYX"),
    ],
)
def test_interpretation_and_class(own, dimensions, axes):
    assert axes_in_hdf5("/a", (7,) * dimensions, own, {}, {}) == axes


def test_what_is_declared_and_not_understood_is_not_overridden():
    own = {"axes": ["sheet", "v", "u"]}
    assert axes_in_hdf5("/a", (7,) * 3, own | {"interpretation": "image"}, {}, {}) == "?YX"
    assert axes_in_hdf5("/a", (7,) * 3, own | {"CLASS": "IMAGE"}, {}, {}) == "?YX"
    assert axes_in_hdf5("/t00000/s00/0/cells", (7,) * 3, own, {}, {}) == "???"
    assert axes_in_hdf5("/t00000/s00/0/cells", (7,) * 3, {}, {}, {}) == "ZYX"


def test_axes_that_are_not_known_keep_their_own_names():
    declared = declared_in_hdf5("/a", 3, {"axes": ["sheet", "y", "dim_2"]}, {})
    assert unknown_names("?Y?", declared) == ("sheet", "")
    assert unknown_names("ZYX", ["z", "y", "x"]) == ()
    assert declared_in_hdf5("/a", 3, {"axes": "sheet"}, {}) == ("sheet",)
    assert declared_in_hdf5("/a", 3, {"axes": "QYX"}, {}) == ("Q", "Y", "X")
    assert declared_in_hdf5("/a", 3, {"axes": "zyx"}, {}) == ("z", "y", "x")
    assert unknown_names("???", ["row", "a\nb" + "c" * 100]) == ("row", "a b" + "c" * 57)
    assert unknown_names("???", ["", ".", "None"]) == ()


def test_frames_are_known_by_their_angles():
    for name in ("rotation_angle", "image_key"):
        assert axes_in_hdf5("/entry/data/data", (120, 4, 64), {}, {}, {name: 120}) == "AYX"
        assert axes_in_hdf5("/entry/data/data", (120, 4, 64), {}, {}, {name: 1}) == ""


def test_places_that_formats_define():
    assert axes_in_hdf5("/exchange/data", (7,) * 3, {}, {}, {}) == "AYX"
    assert axes_in_hdf5("/exchange/data", (7,) * 3, {"axes": "theta:y:x"}, {}, {}) == "AYX"
    assert axes_in_hdf5("/events/image", (7,) * 3, {}, {}, {}) == "VYX"


def test_a_list_of_images_is_what_its_place_or_its_angles_say_before_it_is_planes():
    pictures = {"CLASS": b"IMAGE", "IMAGE_SUBCLASS": b"IMAGE_GRAYSCALE"}
    assert axes_in_hdf5("/events/mask", (7,) * 3, pictures, {}, {}) == "VYX"
    assert axes_in_hdf5("/scan/frames", (90, 4, 6), {"interpretation": "image"}, {}, {"image_key": 90}) == "AYX"
    assert axes_in_hdf5("/scan/frames", (90, 4, 6), pictures, {}, {"image_key": 9}) == "IYX"
    colours = {"CLASS": "IMAGE", "IMAGE_SUBCLASS": "IMAGE_TRUECOLOR"}
    assert axes_in_hdf5("/events/image", (7, 7, 3), colours, {}, {}) == "YXS"
