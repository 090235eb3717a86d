"""One validator: what was typed becomes typed options, a set a job, or words beside the field."""

from pathlib import Path

import pytest
import yaml

from portal.errors import InvalidError
from portal.form import InputDataset, Quantity, plan, result_title, typed
from portal.jobtype.load import load_folders, shipped_folder

SHIPPED = load_folders([shipped_folder()]).by_name
EXAMPLES = sorted((shipped_folder() / "examples").glob("*.yaml"))


def wrong(jobtype, raw, inputs, **more):
    with pytest.raises(InvalidError) as refused:
        plan(jobtype, raw, inputs, **more)
    return refused.value


def test_without_any_value_every_option_has_its_default(jobtype, heart):
    assert typed(jobtype, {}, {"stack": [heart]}) == {
        "iterations": 20,
        "sigma": 0.8,
        "voxel": 0.2,
        "psf": "gaussian",
        "clip": True,
        "background": 1.5,
        "seventh": 7,
    }


def test_text_of_a_browser_and_json_of_a_program_give_the_same(jobtype, heart):
    typed_in = {"iterations": "30", "sigma": "0.5", "clip": "false", "psf": "gaussian", "note": "hello"}
    sent = {"iterations": 30, "sigma": 0.5, "clip": False, "psf": "gaussian", "note": "hello"}
    assert typed(jobtype, typed_in, {"stack": [heart]}) == typed(jobtype, sent, {"stack": [heart]})


def test_a_field_left_blank_takes_the_datasets_value(jobtype, heart):
    assert typed(jobtype, {"sigma": ""}, {"stack": [heart]})["sigma"] == 0.8
    assert typed(jobtype, {"sigma": None}, {"stack": [heart]})["sigma"] == 0.8


def test_an_optional_field_that_was_cleared_has_its_default_or_no_value(jobtype, heart):
    options = typed(jobtype, {"background": " ", "eighth": "", "clip": ""}, {"stack": [heart]})
    assert options["background"] == 1.5
    assert options["clip"] is True
    assert "eighth" not in options


def test_a_required_field_that_was_cleared_is_asked_for_again(jobtype, heart):
    error = wrong(jobtype, {"iterations": ""}, {"stack": [heart]})
    assert error.fields == {"iterations": "Give a value, for example 20."}
    assert str(error) == "Iterations: Give a value, for example 20."


def test_a_required_value_that_no_dataset_gives_is_asked_for(jobtype, bare):
    assert wrong(jobtype, {}, {"stack": [bare]}).fields == {"voxel": "Give a value."}


def test_all_that_is_wrong_is_told_at_once(jobtype, heart):
    error = wrong(jobtype, {"iterations": "1,5", "sigma": "x", "sgma": 1}, {"stack": [heart]})
    assert set(error.fields) == {"iterations", "sigma", "sgma"}
    assert "did you mean sigma?" in error.fields["sgma"]
    assert str(error) == "3 values cannot be used: sgma, Iterations, Sigma."


def test_datasets_that_differ_each_keep_their_own_value(jobtype, heart, brain):
    jobs = plan(jobtype, {}, {"stack": [heart, brain]})
    assert [job.options["sigma"] for job in jobs] == [0.8, 0.5]
    assert [job.options["voxel"] for job in jobs] == [0.2, 0.2]
    assert [job.title for job in jobs] == ["Zebrafish heart, 20 times", "Mouse brain, 20 times"]


def test_a_value_that_was_given_holds_for_all_datasets(jobtype, heart, brain):
    assert [job.options["sigma"] for job in plan(jobtype, {"sigma": "1"}, {"stack": [heart, brain]})] == [1.0, 1.0]


def test_one_job_over_datasets_that_differ_needs_one_value(jobtype, heart, brain):
    error = wrong(jobtype, {}, {"stack": [heart, brain]}, mode="all")
    assert error.fields == {"sigma": "Your datasets differ (0.5 to 0.8 um); one job needs one value. Give one."}
    (job,) = plan(jobtype, {"sigma": "0.6"}, {"stack": [heart, brain]}, mode="all")
    assert job.title == "Zebrafish heart and 1 more, 20 times"


def test_a_second_input_goes_to_every_job(jobtype, heart, brain, bare):
    jobs = plan(jobtype, {"psf": "file"}, {"stack": [heart, brain], "psf": [bare]})
    assert [[dataset.id for dataset in job.inputs["psf"]] for job in jobs] == [[3], [3]]
    assert [[dataset.id for dataset in job.inputs["stack"]] for job in jobs] == [[1], [2]]


def test_a_choice_that_needs_an_input_says_so(jobtype, heart):
    assert wrong(jobtype, {"psf": "file"}, {"stack": [heart]}).fields == {
        "psf": "This needs a dataset as “Point spread function”."
    }


def test_a_preset_stands_beneath_what_was_given(jobtype, heart):
    inputs = {"stack": [heart]}
    assert typed(jobtype, {}, inputs, preset="quick look")["iterations"] == 5
    assert typed(jobtype, {"iterations": 9}, inputs, preset="Quick look")["iterations"] == 9


def test_an_unknown_preset_names_those_that_exist(jobtype, heart):
    error = wrong(jobtype, {}, {"stack": [heart]}, preset="Slow")
    assert error.fields == {"preset": "No such preset. There are: Quick look."}


def test_an_unknown_mode_is_refused(jobtype, heart):
    assert "mode" in wrong(jobtype, {}, {"stack": [heart]}, mode="some").fields


INPUTS = {
    "none at all": ([], "Choose a light-sheet stack."),
    "too many together": ([1, 2, 3, 4, 5, 6], "Takes at most 5 datasets; there are 6."),
    "one twice": ([1, 1], "One dataset is there twice."),
}


@pytest.mark.parametrize("what", INPUTS)
def test_inputs_that_do_not_fit_are_told_by_slot(what, jobtype):
    ids, words = INPUTS[what]
    parameters = {"voxel size x": Quantity(1.0, "um")}
    datasets = [InputDataset(number, f"Stack {number}", "light-sheet stack", True, parameters) for number in ids]
    assert wrong(jobtype, {}, {"stack": datasets}, mode="all").fields["inputs.stack"] == words


def test_a_dataset_of_another_type_is_named(jobtype):
    scan = InputDataset(1, "Tooth", "tomography scan")
    fields = wrong(jobtype, {"voxel": 1}, {"stack": [scan]}).fields
    assert fields == {"inputs.stack": "Needs a light-sheet stack; “Tooth” is a tomography scan."}


def test_a_dataset_that_is_still_being_written_must_wait(jobtype, heart):
    writing = InputDataset(9, "Live", "light-sheet stack", False, heart.parameters)
    fields = wrong(jobtype, {}, {"stack": [heart, writing]}).fields
    assert fields == {
        "inputs.stack": "“Live” is still being written. It can be analysed as soon as it is complete."
    }


def test_an_unknown_input_is_refused(jobtype, heart):
    fields = wrong(jobtype, {}, {"stack": [heart], "stak": [heart]}).fields
    assert fields == {"inputs.stak": "This analysis has no input named stak; did you mean stack?"}


def test_a_title_is_one_line_of_at_most_255_characters(jobtype):
    odd = InputDataset(1, "Line\n one {note} " + "x" * 400, "light-sheet stack")
    title = result_title(jobtype, {"stack": [odd]}, {"iterations": 1})
    assert title.startswith("Line one {note} xxx")
    assert len(title) == 255 and title.endswith("…")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_invocation_gives_what_it_says(path: Path):
    example = yaml.safe_load(path.read_text(encoding="utf-8"))
    datasets = {entry["id"]: _dataset(entry) for entry in example["datasets"]}
    inputs = {slot: [datasets[number] for number in ids] for slot, ids in example["inputs"].items()}
    (job,) = plan(SHIPPED[example["jobtype"]], example["options"], inputs, experiment=example.get("experiment"))
    assert job.options == example["expect"]["options"]
    assert job.title == example["expect"]["title"]


def test_every_job_type_that_ships_has_an_example():
    assert {path.stem for path in EXAMPLES} == set(SHIPPED)


def _dataset(entry):
    parameters = {name: Quantity(**quantity) for name, quantity in entry.get("parameters", {}).items()}
    return InputDataset(entry["id"], entry["name"], entry["type"], True, parameters)
