"""The values of a trial, as people type them."""

import pytest

from portal.errors import InvalidError
from portal.trials.values import checked, of_list, of_range, value_words


def words(call, *arguments, **named):
    with pytest.raises(InvalidError) as caught:
        call(*arguments, **named)
    return caught.value.fields["try.values"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("5, 10, 20", ["5", "10", "20"]),
        ("5,10,20", ["5", "10", "20"]),
        (" 5 ,10, 20 ,", ["5", "10", "20"]),
        ("5; 10\n20", ["5", "10", "20"]),
        ("", []),
    ],
)
def test_a_list_is_read_as_it_is_typed(jobtype, text, values):
    assert of_list(jobtype.option("iterations"), text) == values


def test_commas_that_may_stand_inside_numbers_are_asked_about_and_not_guessed(jobtype):
    assert "which commas" in words(of_list, jobtype.option("sigma"), "0,5, 0,7")
    raw = of_list(jobtype.option("sigma"), "0,5; 0,7")
    assert checked(jobtype.option("sigma"), raw) == [0.5, 0.7]
    raw = of_list(jobtype.option("sigma"), "300 nm; 0.5; 7e2 nm")
    assert checked(jobtype.option("sigma"), raw) == [0.3, 0.5, 0.7]
    assert value_words(jobtype.option("sigma"), "300 nm") == "0.3 um"
    assert "1,500: “1,500” can be 1500 or 1.5" in words(checked, jobtype.option("sigma"), ["1,500", "2"])


def test_each_value_goes_through_the_validator_of_forms(jobtype):
    iterations = jobtype.option("iterations")
    assert checked(iterations, ["5", 10]) == [5, 10]
    said = words(checked, iterations, ["5", "many", "900"])
    assert "many: Give a whole number from 1 to 200" in said and "900: Must be a number from 1 to 200" in said


def test_two_to_twelve_values_each_once(jobtype):
    iterations = jobtype.option("iterations")
    assert "none is given" in words(checked, iterations, [])
    assert "there is 1 value" in words(checked, iterations, ["5"])
    assert "there are 13 values" in words(checked, iterations, [str(n) for n in range(1, 14)])
    assert "5 is there twice" in words(checked, iterations, ["5", "05", "6"])
    assert "0.5 um is there twice" in words(checked, jobtype.option("sigma"), ["0.5", ".50"])
    assert "empty" in words(checked, iterations, ["5", " ", "6"])


def test_many_values_are_counted_and_not_judged_one_by_one(jobtype):
    said = words(checked, jobtype.option("sigma"), [1 + n / 1e6 for n in range(200_000)])
    assert said == "Give 2 to 12 values; there are 200,000 values."


def test_equal_steps_meet_both_ends(jobtype):
    assert of_range(jobtype.option("sigma"), "0.1", "0.5", "5", geometric=False) == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert of_range(jobtype.option("iterations"), "20", "5", 4, geometric=False) == [20, 15, 10, 5]


def test_steps_that_multiply_meet_both_ends(jobtype):
    assert of_range(jobtype.option("iterations"), "5", "80", "5", geometric=True) == [5, 10, 20, 40, 80]
    assert of_range(jobtype.option("sigma"), "0.01", "10", "4", geometric=True) == [0.01, 0.1, 1.0, 10.0]


def test_an_end_keeps_all_its_digits(jobtype):
    found = of_range(jobtype.option("sigma"), "0.12345678", "0.5", "3", geometric=False)
    assert found[0] == 0.12345678 and found[-1] == 0.5


def test_what_makes_no_range_is_said(jobtype):
    iterations = jobtype.option("iterations")
    assert "“to” is empty" in words(of_range, iterations, "5", "", "5", geometric=False)
    assert "From: Give a whole number" in words(of_range, iterations, "few", "9", "5", geometric=False)
    assert "2 to 12" in words(of_range, iterations, "5", "9", "13", geometric=False)
    assert "2 to 12" in words(of_range, iterations, "5", "9", "2,5", geometric=False)
    assert "Both ends are 5" in words(of_range, iterations, "5", "5", "3", geometric=False)
    said = words(of_range, iterations, "1", "3", "5", geometric=False)
    assert "not 5 different whole numbers" in said and "1, 2, 2, 2, 3" in said
    assert "no number" in words(of_range, jobtype.option("edge"), "1", "3", "3", geometric=False)


def test_steps_that_multiply_need_ends_above_nothing(make_type):
    option = make_type(
        ("name: sigma, type: float, label: Sigma, units: um", "name: shift, type: float, label: Shift"),
        ("min: 0.01, ", ""),
    ).option("shift")
    assert "above 0" in words(of_range, option, "-1", "4", "3", geometric=True)


def test_values_in_words(jobtype):
    assert value_words(jobtype.option("sigma"), 0.5) == "0.5 um"
    assert value_words(jobtype.option("edge"), "reflect") == "mirrored"
    assert value_words(jobtype.option("clip"), False) == "no"
