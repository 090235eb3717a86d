"""Which arrays can be meant, and by what names."""

import pytest

from gantry_formats.arrays import (
    Described,
    candidates,
    left_out,
    listed,
    named,
    names_of,
    planes_of,
    unlike_planes,
    volume_of_planes,
)
from gantry_formats.axes import NAMES, known_axes, plural_of
from gantry_formats.planes import counted_by, in_order


def array(
    name: str, shape: tuple[int, ...], axes: str = "", file: str = "a.h5", dtype: str = "uint16"
) -> Described:
    return Described(file, name, shape, dtype, known_axes(axes, shape))


STACK = (16, 40, 48)


def test_an_array_is_called_by_its_name_and_by_its_file_only_where_that_is_needed():
    arrays = [array("/a", STACK), array("/b", STACK), array("/b", STACK, file="c.h5")]
    assert names_of(arrays) == ["/a", "a.h5: /b", "c.h5: /b"]
    assert [named(arrays, name) for name in ("/a", "a.h5: /a", "a.h5: /b", "c.h5: /b")] == [0, 0, 1, 2]
    assert named(arrays, "/b") is None
    assert named(arrays, "/d") is None


def test_two_series_of_one_name_in_one_file_are_counted():
    arrays = [array("Pos", STACK), array("Pos", STACK)]
    assert names_of(arrays) == ["a.h5: Pos", "a.h5: Pos (2)"]
    assert named(arrays, "a.h5: Pos (2)") == 1


def test_what_can_be_meant_and_why_the_others_cannot():
    arrays = [
        array("/stack", STACK),
        array("/colours", (*STACK, 3), "ZYXS"),
        array("/channels", (2, *STACK), "CZYX"),
        array("/times", STACK, "TYX"),
        array("/odd", (2, *STACK)),
        array("/line", (7,)),
        array("/plane", (40, 48)),
        array("/empty", (0, 40, 48)),
    ]
    assert [arrays[place].name for place in candidates(arrays, along="CT")] == ["/stack", "/channels"]
    assert left_out(arrays, along="CT") == {
        "it has 3 colours, of which none can be chosen": ["/colours"],
        "it is a series of 16 time points, each a single plane: it has no z": ["/times"],
        "it has 4 axes of which it does not say what they are": ["/odd"],
        "it has one dimension": ["/line"],
        "it has two dimensions": ["/plane"],
        "it is empty": ["/empty"],
    }


@pytest.mark.parametrize("dtype", ["complex64", "complex128", "complex256"])
def test_complex_numbers_are_no_volume_and_what_is_none_anyway_says_that_first(dtype: str):
    arrays = [array("/wave", STACK, dtype=dtype), array("/line", (7,), dtype=dtype), array("/stack", STACK)]
    assert [arrays[place].name for place in candidates(arrays)] == ["/stack"]
    assert left_out(arrays) == {
        "its values are complex numbers, where real ones are needed": ["/wave"],
        "it has one dimension": ["/line"],
    }


@pytest.mark.parametrize(
    ("axes", "names", "words"),
    [
        ("?YX", ("sheet",), "its axes are sheet, y, x: which of them is z is not known"),
        (
            "???",
            ("sheet", "", "u"),
            "its axes are sheet, one without a name, u: which of them is z or y or x is not known",
        ),
        ("???", ("v", "u"), "it has 3 axes and names 2 of them: v, u"),
        ("AYX", (), "it has no axis z, but angle, y, x"),
        ("???", (), "it has 3 axes of which it does not say what they are"),
        ("?YX", (), "its axes are one without a name, y, x: which of them is z is not known"),
    ],
)
def test_axes_that_are_not_known_are_named_and_none_is_taken_for_z(axes, names, words):
    one = Described("a.h5", "/a", STACK, "uint16", axes, {"?": names})
    assert left_out([one]) == {words: ["/a"]}
    assert candidates([one]) == []


@pytest.mark.parametrize(
    ("axes", "shape", "names", "words"),
    [
        ("?", (2,), ("q",), "its first axis, “q” (2 long) has no known meaning: no place along it can be chosen"),
        ("?", (2,), (), "its first axis (2 long) has no known meaning: no place along it can be chosen"),
        (
            "??",
            (1, 3),
            ("q", "r"),
            "its second axis, “r” (3 long) has no known meaning: no place along it can be chosen",
        ),
        (
            "??",
            (2, 3),
            ("q", ""),
            (
                "its first axis, “q” (2 long) and its second axis (3 long) have no known meaning: "
                "no place along them can be chosen"
            ),
        ),
        ("E", (2,), (), "it has 2 energies, of which none can be chosen"),
        ("W", (2,), (), "it has 2 places along axis W, of which none can be chosen"),
    ],
)
def test_further_axes_are_told_in_words(axes, shape, names, words):
    one = Described("a.zarr", "/0", (*shape, *STACK), "uint16", f"{axes}ZYX", {"?": names})
    assert left_out([one]) == {words: ["/0"]}


@pytest.mark.parametrize("axis", sorted(NAMES))
def test_every_axis_has_words_for_several_places(axis):
    assert plural_of(axis).split(" along")[0].endswith("s")
    assert not plural_of(axis).endswith("ys")
    assert "knowns" not in plural_of(axis)


def test_planes_whose_axes_are_not_known_make_no_volume():
    files = ["1.h5", "2.h5"]
    assert planes_of([Described(file, "/a", (40, 48), "uint16", "??") for file in files], files) == []


def test_a_list_says_how_many_more_there_are():
    arrays = [array(f"/{letter}", STACK) for letter in "abcdefgh"]
    assert listed(arrays[:1]) == "/a (16 × 40 × 48)"
    assert listed(arrays).endswith("/f (16 × 40 × 48); and 2 more")
    assert array("/c", (2, 1, *STACK), "CTZYX").in_words == "2 channels, 16 × 40 × 48"


def test_planes_in_a_file_each_make_a_volume_where_they_are_alike():
    files = ["z2.tif", "z1.tif"]
    planes = [array("series 0", (40, 48), "YX", file=file) for file in files]
    assert planes_of(planes, files) == [0, 1]
    assert volume_of_planes(planes, [0, 1]).in_words == "2 × 40 × 48"
    assert planes_of([*planes, array("series 0", (40, 40), "YX", file="z3.tif")], [*files, "z3.tif"]) == []
    assert planes_of(planes, [*files, "z3.tif"]) == []


def test_planes_are_in_the_order_of_the_one_number_in_their_names():
    assert in_order(["z10.tif", "z8.tif", "z9.tif"]) == [1, 2, 0]
    for names, words in (
        (["z1.tif", "z3.tif"], "lacks planes: there is no file of the number 2$"),
        (["z1.tif", "z4.tif"], "there is no file of the numbers 2 and 3$"),
        (["z1.tif", "z4.tif", "z6.tif"], "there is no file of the numbers 2, 3 and 5$"),
        (["z1.tif", "z900.tif"], "there is no file of the numbers 2 to 899$"),
        ([f"z{3 * number}.tif" for number in range(8)], "numbers 1, 2, 4, 5, 7, 8, 10, 11 and 6 more$"),
        (["z1.tif", "z01.tif", "z2.tif"], "there is more than one file of number 1$"),
        (["c1z1.tif", "c2z2.tif"], "differ in 2 numbers"),
        (["a1.tif", "b2.tif"], "do not only differ in a number"),
    ):
        with pytest.raises(ValueError, match=words):
            in_order(names)


@pytest.mark.parametrize(
    ("before", "counts"),
    [
        ("q_t", "time points"), ("cells_T", "time points"), ("img_time-", "time points"),
        ("a_c", "channels"), ("ch", "channels"),
        ("img_pos", "positions"), ("w", "channels"),
        ("img_z", ""), ("img", ""), ("plane_", ""), ("", ""), ("post", ""), ("attic", ""), ("slice ", ""),
        ("frame_", "time points"), ("Day", "time points"), ("fov_", "positions"), ("scene=", "positions"),
        ("tile_x", "positions"), ("run", "repetitions"), ("view", "angles"), ("strain", ""), ("layer ", ""),
    ],
)  # fmt: skip
def test_names_that_count_something_else_are_no_planes(before, counts):
    names = [f"{before}{number}.tif" for number in (2, 0, 1)]
    if counts:
        with pytest.raises(ValueError, match=f"has files whose names count {counts}, not planes"):
            in_order(names)
    else:
        assert in_order(names) == [1, 2, 0]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([f"A{column:02}.tif" for column in range(1, 9)], "count wells, not planes"),
        ([f"x_B{column:02}_ch.tif" for column in range(1, 9)], "count wells, not planes"),
        ([f"2026-11-{day:02}.tif" for day in range(1, 9)], "count days, not planes"),
        ([f"fish_2026_11_{day}.tif" for day in range(9, 14)], "count days, not planes"),
        ([f"scan_w1_s{place}.tif" for place in range(1, 9)], "what may be slices, or positions of the stage"),
    ],
)
def test_wells_dates_and_stage_positions_are_no_planes(names, words):
    with pytest.raises(ValueError, match=words):
        in_order(names)


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("img_z{}.tif", None), ("a/Slice {}.tif", None), ("z{:03}/img.tif", None), ("plane-{}.tif", None),
        ("img_{}.tif", "img_"), ("{:04}.tif", ""), ("run2/fish{}.tif", "fish"), ("C{:03}.tif", "C"),
    ],
)  # fmt: skip
def test_what_is_taken_for_planes_is_said(name, before):
    assert counted_by([name.format(number) for number in range(3)]) == before


def test_planes_that_are_not_alike_are_named():
    planes = [array("series 0", (40, 48), "YX", file=f"z{number}.tif") for number in range(3)]
    other = array("series 0", (5, 6), "YX", file="thumb.tif")
    files = [one.file for one in (*planes, other)]
    assert unlike_planes(planes, files[:3]) == ""
    assert unlike_planes([*planes, other], files) == (
        "has planes that are not alike: thumb.tif is 5 × 6, uint16 and 3 others are 40 × 48, uint16"
    )
    assert unlike_planes([*planes, array("stack", (3, 40, 48), "ZYX", file="thumb.tif")], files) == ""
