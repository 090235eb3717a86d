"""The jobs of a trial: one dataset, a job a value, on the usual part or another."""

import pytest
from trial_types import CROP

from portal.errors import InvalidError
from portal.trials.part import part_words, usual_part, volume_of
from portal.trials.plan import plan_trial
from portal.trials.trial import Asked, Trial

RAW = {"iterations": "7", "sigma": "0.5", "channel": "1", "planes": "30", "box": ""}


def fields(jobtype, stack, asked, raw=RAW):
    with pytest.raises(InvalidError) as caught:
        plan_trial(jobtype, raw, {"stack": [stack]}, asked)
    return caught.value.fields


def test_a_job_a_value_on_the_usual_part(jobtype, stack):
    planned, trial = plan_trial(
        jobtype, RAW, {"stack": [stack]}, Asked("iterations", ["5", "10"], datasets=(7, 8))
    )
    assert [one.options["iterations"] for one in planned] == [5, 10]
    assert {one.options["planes"] for one in planned} == {2}
    assert {one.options["box"] for one in planned} == {"3:7, 22:38, 0:48"}
    assert {one.options["sigma"] for one in planned} == {0.5}
    assert planned[0].title == "Zebrafish heart, sharp, channel 1, trial with Iterations 5"
    assert trial.crop == {"planes": 2, "box": "3:7, 22:38, 0:48"}
    assert trial.datasets == (7, 8)


def test_what_is_kept_is_the_form_without_the_part_and_the_value(jobtype, stack):
    _planned, trial = plan_trial(jobtype, RAW, {"stack": [stack]}, Asked("iterations", ["5", "10"]))
    assert trial.options == {"sigma": "0.5", "channel": "1", "planes": "30", "box": ""}
    assert Trial.of(trial.document()) == trial


def test_another_part_and_the_whole(jobtype, stack):
    asked = Asked("iterations", [5, 10], {"planes": "3", "box": "0:2, 0:9, 0:9"})
    planned, trial = plan_trial(jobtype, RAW, {"stack": [stack]}, asked)
    assert (planned[1].options["planes"], planned[1].options["box"]) == (3, "0:2, 0:9, 0:9")
    assert part_words(jobtype, trial.crop) == "Planes 3, Box 0:2, 0:9, 0:9"
    planned, trial = plan_trial(jobtype, RAW, {"stack": [stack]}, Asked("iterations", [5, 10], whole=True))
    assert planned[0].options["planes"] == 30 and not planned[0].options.get("box") and trial.crop == {}


def test_an_option_that_a_part_does_not_show_runs_on_the_whole(jobtype, stack):
    planned, trial = plan_trial(jobtype, RAW, {"stack": [stack]}, Asked("edge", ["zero", "reflect"]))
    assert planned[0].options["planes"] == 30 and trial.crop == {}


def test_a_type_without_a_crop_runs_on_the_whole(make_type, stack):
    jobtype = make_type((CROP, ""))
    planned, trial = plan_trial(jobtype, RAW, {"stack": [stack]}, Asked("planes", ["5", "10"]))
    assert [one.options["planes"] for one in planned] == [5, 10] and trial.crop == {}
    assert "crop.planes" in fields(jobtype, stack, Asked("sigma", ["1", "2"], {"planes": "1"}))


def test_what_is_wrong_stands_beside_its_field(jobtype, stack):
    assert "did you mean iterations" in fields(jobtype, stack, Asked("iteration", [1, 2]))["try.option"]
    for limits in ("planes", "box", "channel", "array"):
        assert "cannot be tried" in fields(jobtype, stack, Asked(limits, ["1", "2"]))["try.option"]
    assert "try.values" in fields(jobtype, stack, Asked("iterations", ["1", "none"]))
    assert fields(jobtype, stack, Asked("iterations", [1, 2], {"planes": "0"})).keys() == {"crop.planes"}
    assert fields(jobtype, stack, Asked("iterations", [1, 2], {"plane": "1"})).keys() == {"crop.plane"}
    assert fields(jobtype, stack, Asked("iterations", [1, 2]), {**RAW, "sigma": "1,500"}).keys() == {"sigma"}


def test_values_are_not_tried_on_all_channels_or_several_datasets(jobtype, stack):
    assert (
        "Choose one" in fields(jobtype, stack, Asked("iterations", [1, 2]), {**RAW, "channel": "all"})["channel"]
    )
    for given in ([], [stack, stack]):
        with pytest.raises(InvalidError) as caught:
            plan_trial(jobtype, RAW, {"stack": given}, Asked("iterations", [1, 2]))
        assert "one dataset" in caught.value.fields["try.dataset"]


def test_a_volume_of_unknown_size_has_no_usual_box(jobtype, stack):
    bare = type(stack)(8, "Bare", stack.type)
    assert volume_of(jobtype, {"stack": [bare]}, RAW) is None
    assert usual_part(jobtype, {"stack": [bare]}, RAW) == {"planes": 2, "box": ""}


def test_a_part_that_is_none_is_refused(jobtype, stack, make_type):
    jobtype = make_type(("  options: [planes]\n  values: {planes: 2}\n", ""))
    bare = type(stack)(8, "Bare", stack.type)
    with pytest.raises(InvalidError) as caught:
        plan_trial(jobtype, {**RAW, "channel": ""}, {"stack": [bare]}, Asked("iterations", [1, 2]))
    assert "Nothing here makes it a part" in caught.value.fields["crop.box"]


def test_an_option_that_is_not_asked_for_is_not_tried(stack, make_type):
    hidden = make_type(("label: Sigma,", "label: Sigma, show_when: iterations > 100,"))
    assert fields(hidden, stack, Asked("sigma", ["0.3", "0.4"])) == {
        "try.option": "Sigma is not asked for with what is chosen, and all results would be the same. "
        "Iterations must be more than 100; it is 7."
    }
    assert plan_trial(hidden, {**RAW, "iterations": "150"}, {"stack": [stack]}, Asked("sigma", ["0.3", "0.4"]))


def test_a_long_name_keeps_what_was_tried(jobtype, stack):
    long = type(stack)(7, "x" * 255, stack.type, arrays=stack.arrays)
    planned, _trial = plan_trial(jobtype, RAW, {"stack": [long]}, Asked("iterations", [5, 10]))
    assert all(len(one.title) == 255 for one in planned) and planned[1].title.endswith("trial with Iterations 10")
