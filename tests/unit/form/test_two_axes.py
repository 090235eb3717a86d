"""An option that is one number for x and y: what the form does where these differ, or only one is told."""

from pathlib import Path

import pytest

from portal.errors import InvalidError
from portal.form import InputDataset, Quantity, build_form, plan
from portal.form.inputs.arrays import InputArray
from portal.jobtype.load import load_file, shipped_folder

PATH = shipped_folder() / "lightsheet-deconvolution.yaml"


@pytest.fixture(scope="module")
def jobtype():
    found, problems = load_file(Path(PATH))
    assert problems == []
    return found


def volume(name: str = "im", **sizes: float) -> InputArray:
    return InputArray(1, "stack.ome.tif", name, (16, 40, 48), "uint16", "ZYX", sizes=sizes)


def dataset(*arrays: InputArray, **recorded: Quantity) -> InputDataset:
    parameters = {f"voxel size {axis}": quantity for axis, quantity in recorded.items()}
    return InputDataset(1, "Heart", "light-sheet stack", True, parameters, arrays)


def um(value: float) -> Quantity:
    return Quantity(value, "um")


def options(jobtype, one: InputDataset, **raw: object) -> dict[str, object]:
    [planned] = plan(jobtype, raw, {"stack": [one]})
    return planned.options


def field(jobtype, one: InputDataset):
    return next(found for found in build_form(jobtype, {"stack": [one]}).fields if found.name == "voxel_xy")


UNEVEN = [
    dataset(volume(x=0.2, y=0.4, z=0.5), x=um(0.2), y=um(0.4), z=um(0.5)),
    dataset(volume(x=0.2, y=0.4, z=0.5)),
    dataset(x=Quantity(200.0, "nm"), y=um(0.4), z=um(0.5)),
    dataset(volume(x=0.2, z=0.5), x=um(0.2), y=um(0.4), z=um(0.5)),
]


@pytest.mark.parametrize("one", UNEVEN)
def test_sizes_that_differ_in_the_plane_are_both_used_and_shown(jobtype, one):
    assert "voxel_xy" not in options(jobtype, one)
    shown = field(jobtype, one)
    words = "Your dataset has 0.2 um along x and 0.4 um along y; both are used unless you give another size"
    assert (shown.value, shown.source, shown.asked, shown.required) == ("", words, True, False)


@pytest.mark.parametrize("one", UNEVEN)
@pytest.mark.parametrize("typed", ["0.3", "0.4"])
def test_one_number_cannot_stand_for_two_sizes_that_differ(jobtype, one, typed):
    with pytest.raises(InvalidError) as caught:
        options(jobtype, one, voxel_xy=typed)
    assert (
        "has 0.2 um along x and 0.4 um along y: one number cannot stand for both"
        in caught.value.fields["voxel_xy"]
    )


def test_the_first_sizes_own_number_is_taken_and_the_program_keeps_the_second(jobtype):
    assert options(jobtype, UNEVEN[0], voxel_xy="0.2")["voxel_xy"] == 0.2


def test_sizes_that_are_alike_but_for_rounding_are_one(jobtype):
    one = dataset(volume(x=0.10833, y=0.1083, z=0.5), x=um(0.10833), y=um(0.1083), z=um(0.5))
    assert options(jobtype, one)["voxel_xy"] == 0.10833
    assert options(jobtype, one, voxel_xy="0.3")["voxel_xy"] == 0.3


def test_a_size_along_y_that_nobody_tells_is_asked(jobtype):
    one = dataset(volume(x=0.2, z=0.5), x=um(0.2), z=um(0.5))
    with pytest.raises(InvalidError) as caught:
        options(jobtype, one)
    assert list(caught.value.fields) == ["voxel_xy"]
    shown = field(jobtype, one)
    words = "Your dataset has 0.2 um along x; what it is along y, neither it nor its file says"
    assert (shown.source, shown.asked, shown.value) == (words, True, "")
    assert options(jobtype, one, voxel_xy="0.2")["voxel_xy"] == 0.2
    # A measured point spread function needs no size.
    beads = dataset(volume(x=0.2, z=0.5))
    [planned] = plan(jobtype, {"psf": "file"}, {"stack": [one], "psf": [beads]})
    assert "voxel_xy" not in planned.options


def test_a_unit_along_y_that_is_not_known_is_asked(jobtype):
    one = dataset(volume(x=0.2, z=0.5), x=um(0.2), y=Quantity(0.4, "furlong"), z=um(0.5))
    assert "voxel size y" in field(jobtype, one).source


def test_of_several_arrays_the_picked_one_counts(jobtype):
    one = dataset(volume("even", x=0.2, y=0.2, z=0.5), volume("uneven", x=0.2, y=0.4, z=0.5))
    assert options(jobtype, one, array="even", voxel_xy="0.3")["voxel_xy"] == 0.3
    with pytest.raises(InvalidError):
        options(jobtype, one, array="uneven", voxel_xy="0.3")
    assert "voxel_xy" not in options(jobtype, one, array="uneven")


def test_what_stands_for_two_axes_names_two(tmp_path):
    text = PATH.read_text(encoding="utf-8")
    path = tmp_path / PATH.name
    path.write_text(text.replace("also: {parameter: voxel size y, axis: y}", "also: {parameter: v, axis: x}"))
    assert "what stands for two axes names two" in " ".join(map(str, load_file(path)[1]))
