"""The experiment of the results, where no dataset says it."""

from pathlib import Path

import pytest

from portal.errors import InvalidError
from portal.form import InputDataset, TargetField, as_command, as_python, build_form, plan
from portal.jobtype.load import load_folders, parse_text, shipped_folder

SHIPPED = load_folders([shipped_folder()]).by_name
COUNTS, CHECKSUMS = SHIPPED["random-counts"], SHIPPED["print-checksums"]


@pytest.fixture
def notify():
    """Takes nothing, leaves nothing."""
    text = (shipped_folder() / "random-counts.yaml").read_text(encoding="utf-8")
    jobtype, problems = parse_text(text.partition("outputs:")[0] + "outputs: []\n", Path("notify.yaml"))
    assert problems == []
    return jobtype


def refused(jobtype, inputs, experiment):
    with pytest.raises(InvalidError) as error:
        plan(jobtype, {}, inputs, experiment=experiment)
    return error.value


def test_what_makes_a_dataset_of_nothing_needs_an_experiment():
    error = refused(COUNTS, {}, None)
    assert error.fields == {"experiment": "Choose the experiment in which the result is filed."}
    assert str(error) == "Experiment: Choose the experiment in which the result is filed."
    (job,) = plan(COUNTS, {}, {}, experiment=3)
    assert (job.inputs, job.title) == ({}, "Random counts, 10000 up to 65535")


def test_what_leaves_nothing_either_needs_none(notify):
    assert [len(plan(notify, {}, {}, experiment=chosen)) for chosen in (None, 3)] == [1, 1]


def test_what_takes_a_dataset_is_filed_where_the_data_are(jobtype, heart):
    tooth = InputDataset(1, "Tooth", "tomography scan")
    for taking, inputs in ((jobtype, {"stack": [heart]}), (CHECKSUMS, {"data": [tooth]})):
        assert refused(taking, inputs, 3).fields["experiment"].endswith("Leave this out.")
        assert len(plan(taking, {}, inputs)) == 1


def test_the_form_asks_only_where_no_dataset_says_it(jobtype, heart, notify):
    assert build_form(jobtype, {"stack": [heart]}).target is None
    assert build_form(COUNTS, {}).target == TargetField(None, required=True, error="")
    assert build_form(COUNTS, {}, experiment=3).target == TargetField(3, required=True, error="")
    assert build_form(notify, {}).target == TargetField(None, required=False, error="")


def test_the_form_says_what_is_wrong_once_something_was_typed():
    form = build_form(COUNTS, {}, values={"how_many": "7"})
    assert form.target.error == form.errors["experiment"] == "Choose the experiment in which the result is filed."
    assert build_form(COUNTS, {}, values={"how_many": "7"}, experiment=3).valid


def test_an_analysis_without_inputs_takes_none():
    tooth = InputDataset(1, "Tooth", "tomography scan")
    assert refused(COUNTS, {"data": [tooth]}, 3).fields == {"inputs.data": "This analysis has no input named data"}


def test_the_copied_command_and_program_name_the_experiment():
    raw = {"how_many": "7"}
    assert as_command(COUNTS, {}, raw, experiment=3) == "gantry run random-counts --set how_many=7 --experiment 3"
    assert "    {},\n    options={'how_many': '7'},\n    experiment=3,\n)" in as_python(
        COUNTS, {}, raw, experiment=3
    )
