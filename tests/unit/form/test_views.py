"""Views of a sample that are an array each, as BigDataViewer and Imaris have them: chosen by their names."""

import pytest

from portal.errors import InvalidError
from portal.form import InputDataset, build_form, plan
from portal.form.inputs.arrays import InputArray

TEXT = """\
name: sharpen
version: "1.0"
title: Sharpening
summary: Sharpens.
category: Any data
contact: staff
program: {module: sharpen}
inputs:
  - {name: stack, label: Stack, dataset_types: [light-sheet stack]}
options:
  - {name: array, type: text, label: Volume, pick: {array: ZYX}, advanced: true}
  - {name: size, type: float, label: Size, units: um, default_from: {parameter: voxel size z, axis: z}}
resources: {default: small, variants: [{name: small, label: Small}]}
result_title: "{input}, sharpened"
outputs:
  - {name: sharp, dataset_type: light-sheet result}
"""


def view(time: int, number: int, setup: str) -> InputArray:
    path = f"/t{time:05d}/s{number:02d}/0/cells"
    labels = {"setup": (setup,), "T": (str(time),)}
    return InputArray(
        time * 2 + number, "a.h5", path, (4, 16, 20), "uint16", "ZYX", labels, sizes={"z": number + 1.0}
    )


MOVIE = InputDataset(
    1,
    "Movie",
    "light-sheet stack",
    arrays=tuple(view(t, s, n) for t in range(2) for s, n in ((0, "GFP"), (1, "RFP"))),
)
TWICE = InputDataset(2, "Twice", "light-sheet stack", arrays=(view(0, 0, "GFP"), view(0, 1, "GFP")))


def field(jobtype, given: str | None):
    form = build_form(jobtype, {"stack": [MOVIE]}, values=None if given is None else {"array": given})
    return next(field for field in form.fields if field.name == "array")


def test_choices_are_called_by_setup_and_time_point(jobtype) -> None:
    pick = field(jobtype, None).pick
    assert [choice.label for choice in pick.choices] == [
        f"setup {name}, time point {time}" for time in range(2) for name in ("GFP", "RFP")
    ]
    assert pick.choices[3].words == "4 × 16 × 20, uint16, /t00001/s01/0/cells"
    assert pick.choices[3].value == "/t00001/s01/0/cells"
    assert pick.all_words == "All 4, one result each"


@pytest.mark.parametrize("given", ["/t00001/s01/0/cells", "setup RFP, time point 1"])
def test_one_is_chosen_by_path_or_words(jobtype, given: str) -> None:
    [one] = plan(jobtype, {"array": given, "size": 2}, {"stack": [MOVIE]})
    assert one.options["array"] == "/t00001/s01/0/cells"
    assert one.title == "Movie, sharpened, setup RFP, time point 1"
    assert [choice.chosen for choice in field(jobtype, given).pick.choices] == [False, False, False, True]


def test_all_are_a_job_each(jobtype) -> None:
    made = plan(jobtype, {"array": "all"}, {"stack": [MOVIE]})
    assert [one.title for one in made] == [
        f"Movie, sharpened, setup {name}, time point {time}" for time in range(2) for name in ("GFP", "RFP")
    ]


def test_views_that_are_called_the_same_are_told_apart_by_their_paths(jobtype) -> None:
    with pytest.raises(InvalidError, match="There is none called"):
        plan(jobtype, {"array": "setup GFP, time point 0"}, {"stack": [TWICE]})
    form = build_form(jobtype, {"stack": [TWICE]})
    [pick] = [one.pick for one in form.fields if one.name == "array"]
    assert [choice.label for choice in pick.choices] == ["/t00000/s00/0/cells", "/t00000/s01/0/cells"]
