"""Which analyses fit which datasets, and why others do not."""

import pytest

from portal.jobtype.load import load_folders, shipped_folder
from portal.jobtype.match import fitting, misfit, words_of

SHIPPED = load_folders([shipped_folder()])


def names(jobtypes):
    return [jobtype.name for jobtype in jobtypes]


def test_the_particular_analysis_stands_before_the_general_ones():
    assert names(fitting(SHIPPED, ["light-sheet stack"]).fits) == [
        "lightsheet-deconvolution",
        "qc",
        "convert",
        "archive",
        "print-checksums",
    ]


def test_an_analysis_that_does_not_fit_says_what_it_needs():
    others = {other.jobtype.name: other.reason for other in fitting(SHIPPED, ["tomography scan"]).others}
    assert (
        others["lightsheet-deconvolution"]
        == "It needs a light-sheet stack or a converted picture; this is a tomography scan."
    )


def test_of_mixed_datasets_the_ones_that_do_not_fit_are_counted():
    reason = misfit(SHIPPED.by_name["tomo-slice"], ["tomography scan", "light-sheet stack", "light-sheet stack"])
    assert reason == "It needs a tomography scan; 2 of these 3 are something else (light-sheet stack)."


def test_many_datasets_fit_an_analysis_that_takes_one_at_a_time():
    assert "tomo-slice" in names(fitting(SHIPPED, ["tomography scan"] * 50).fits)


def test_without_a_dataset_nothing_that_needs_one_fits():
    found = fitting(SHIPPED, [])
    assert names(found.fits) == ["random-counts"]
    assert len(found.others) == len(SHIPPED.by_name) - 1


def test_what_takes_no_dataset_says_so_beside_one():
    assert misfit(SHIPPED.by_name["random-counts"], ["light-sheet stack"]) == "It works without a dataset."


@pytest.mark.parametrize(
    ("types", "words"),
    [
        (["stack"], "a stack"),
        (["image"], "an image"),
        (["x", "y", "z"], "a x, a y or a z"),
        (["*"], "any dataset"),
    ],
)
def test_types_in_words(types, words):
    assert words_of(types) == words
