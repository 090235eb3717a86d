"""What is known to be of no use is refused before Start; of what could not be looked into nothing is known."""

from pathlib import Path

import pytest

from portal.errors import InvalidError
from portal.form import InputDataset, build_form, plan
from portal.form.inputs.arrays import InputArray
from portal.jobtype.load import parse_text

TEXT = """\
name: look
version: "1.0"
title: Look
summary: Looks.
category: Any data
contact: staff
program: {module: look}
inputs:
  - {name: data, label: Data, dataset_types: [stack], max: 4, reads: READS}
resources: {default: small, variants: [{name: small, label: Small}]}
result_title: "{input}, seen"
outputs:
  - {name: seen, dataset_type: report}
"""
PICKS = """\
options:
  - {name: array, type: text, label: Volume, pick: {array: ZYX}, advanced: true}
"""


def made(reads: str = "arrays", more: str = ""):
    found, problems = parse_text(TEXT.replace("READS", reads) + more, Path("look.yaml"))
    assert problems == []
    return found


def file(name: str, why: str = "", unusable: str = "") -> InputArray:
    if not why:
        return InputArray(1, name, "/a", (4, 5, 6), "uint8", "ZYX")
    return InputArray(0, name, "", (), "", "", left_out=why, unusable=unusable)


def dataset(*arrays: InputArray, name: str = "Heart", number: int = 1) -> InputDataset:
    return InputDataset(number, name, "stack", arrays=arrays)


CUT = file("a.tif", "the file is truncated: it should hold 90 bytes and has 40", "damaged")
EMPTY = file("b.h5", "the file is empty: it holds not one byte", "damaged")
TEXTS = file("c.csv", "it is text", "other kind")
SOUND = file("d.h5")
LATE = file("e.h5", "looking into the file took longer than 60 s")


def wrong(jobtype, *arrays: InputArray) -> dict[str, str]:
    try:
        plan(jobtype, {}, {"data": [dataset(*arrays)]})
    except InvalidError as error:
        return dict(error.fields)
    return {}


@pytest.mark.parametrize("arrays", [(CUT,), (EMPTY,), (TEXTS,), (CUT, EMPTY, TEXTS)])
def test_a_dataset_without_a_file_that_can_be_read_is_refused_in_the_words_of_its_page(arrays):
    said = wrong(made(), *arrays)["inputs.data"]
    assert said == f"No file of “Heart” can be read. {' '.join(f'{one.file}: {one.left_out}.' for one in arrays)}"
    form = build_form(made(), {"data": [dataset(*arrays)]})
    assert (form.slots[0].error, form.impossible, form.tells_why_impossible) == (said, ("Heart",), False)


@pytest.mark.parametrize("arrays", [(), (SOUND,), (LATE,), (CUT, LATE), (CUT, SOUND), (EMPTY, TEXTS, SOUND)])
def test_where_one_file_may_be_read_it_goes_on(arrays):
    assert wrong(made(), *arrays) == {}
    assert build_form(made(), {"data": [dataset(*arrays)]}).impossible == ()


def test_files_that_are_left_out_are_named():
    form = build_form(made(), {"data": [dataset(CUT, SOUND)]})
    assert form.slots[0].note == f"1 file is left out. a.tif: {CUT.left_out}."
    assert build_form(made(), {"data": [dataset(SOUND, LATE)]}).slots[0].note == ""
    many = [file(f"{number}.tif", "the file is empty", "damaged") for number in range(5)]
    note = build_form(made(), {"data": [dataset(SOUND, *many)]}).slots[0].note
    assert note.startswith("5 files are left out. 0.tif: the file is empty. ")
    assert note.endswith("2.tif: the file is empty. Nor can 2 more be read.")


def test_what_takes_files_of_any_kind_refuses_none_and_what_converts_takes_other_kinds():
    for arrays in ((CUT,), (EMPTY,), (TEXTS,)):
        assert wrong(made("files"), *arrays) == {}
    assert wrong(made("pictures"), TEXTS) == {}
    assert "inputs.data" in wrong(made("pictures"), CUT)
    assert wrong(made("pictures"), CUT, TEXTS) == {}


def test_one_of_several_datasets_is_named():
    jobtype = made()
    inputs = {"data": [dataset(SOUND), dataset(CUT, name="Tail", number=2)]}
    with pytest.raises(InvalidError, match="No file of “Tail” can be read"):
        plan(jobtype, {}, inputs, mode="each")
    assert build_form(jobtype, inputs).impossible == ("Tail",)


def test_where_an_array_is_picked_the_field_says_it_once():
    jobtype = made(more=PICKS)
    form = build_form(jobtype, {"data": [dataset(CUT)]})
    assert (form.slots[0].error, form.slots[0].note, form.impossible) == ("", "", ("Heart",))
    assert form.tells_why_impossible
    [field] = [field for field in form.fields if field.name == "array"]
    assert field.pick.nothing == f"No file of “Heart” can be read. a.tif: {CUT.left_out}."
    assert wrong(jobtype, CUT) == {"inputs.data": field.pick.nothing}
    assert wrong(jobtype, LATE) == {}


def test_beside_a_damaged_file_the_only_array_is_taken_and_the_file_named():
    jobtype = made(more=PICKS)
    [planned] = plan(jobtype, {}, {"data": [dataset(CUT, SOUND)]})
    assert planned.options == {"array": "/a"}
    [field] = build_form(jobtype, {"data": [dataset(CUT, SOUND)]}).fields
    assert (field.pick.fact, field.pick.note) == (
        "/a, 4 × 5 × 6, uint8",
        f"1 other file is left out. a.tif: {CUT.left_out}.",
    )
    assert "array" in wrong(jobtype, LATE, SOUND)  # what is not known may hold another


def test_the_key_stands_in_no_document_that_was_published_without_it():
    assert "reads" not in made("files").document()["inputs"][0]
    assert made("arrays").document()["inputs"][0]["reads"] == "arrays"


def test_a_file_in_a_folder_is_given_by_its_own_name_as_the_agent_gives_it():
    jobtype = parse_text(TEXT.replace("reads: READS", 'files: "a*", reads: arrays'), Path("look.yaml"))[0]
    assert jobtype is not None
    cut = file("deep/a.tif", "the file is truncated: it should hold 90 bytes and has 40", "damaged")
    assert "truncated" in wrong(jobtype, cut)["inputs.data"]
    assert not wrong(jobtype, cut, file("deep/a.h5"))
