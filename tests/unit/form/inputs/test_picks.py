"""What of a dataset's files an option picks: taken where it is one, asked where there are several, or all."""

from pathlib import Path

import pytest

from portal.errors import InvalidError
from portal.form import InputDataset, as_command, build_form, plan
from portal.form.inputs.arrays import InputArray
from portal.form.inputs.dataset import Quantity
from portal.form.inputs.picks import held_by, nothing_held, picks_of
from portal.jobtype.load import parse_text

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
  - {name: psf, label: Point spread function, dataset_types: [light-sheet stack], min: 0}
options:
  - {name: iterations, type: integer, label: Iterations, default: 20}
  - {name: array, type: text, label: Volume, pick: {array: ZYX}, advanced: true}
  - {name: channel, type: integer, label: Channel, pick: {along: C}, advanced: true}
  - {name: time, type: integer, label: Time point, pick: {along: T}, advanced: true}
  - {name: psf_array, type: text, label: Volume of the PSF, pick: {slot: psf, array: ZYX}, advanced: true}
resources: {default: small, variants: [{name: small, label: Small}]}
result_title: "{input}, sharpened"
outputs:
  - {name: sharp, dataset_type: light-sheet result}
"""


def array(name: str, axes: str, *shape: int, labels: tuple[str, ...] = (), **more) -> InputArray:
    more = {"file": "a.tif", "dtype": "uint16", "id": 7} | more
    return InputArray(name=name, shape=shape, axes=axes, labels={"C": labels} if labels else {}, **more)


def dataset(*arrays: InputArray, name: str = "Heart", number: int = 1) -> InputDataset:
    return InputDataset(number, name, "light-sheet stack", arrays=arrays)


def left_out(name: str, why: str) -> InputArray:
    return InputArray(0, "a.h5", name, (), "", "", left_out=why)


STACK = array("/stack", "ZYX", 16, 40, 48)
PLANE = array("/plane", "YX", 40, 48)
TWO_CHANNELS = array(
    "Heart", "ZCYX", 16, 2, 40, 48, labels=("DAPI", "GFP"), pictures=(("", 0), ("C", 0), ("C", 1))
)
SERIES = array("series 0", "TZYX", 3, 16, 40, 48)


def jobs(jobtype, datasets, raw=None, **more):
    planned = plan(jobtype, raw or {}, {"stack": datasets}, **more)
    return [({k: v for k, v in one.options.items() if k != "iterations"}, one.title) for one in planned]


def wrong(jobtype, datasets, raw=None, **more) -> dict[str, str]:
    with pytest.raises(InvalidError) as caught:
        plan(jobtype, raw or {}, {"stack": datasets}, **more)
    return dict(caught.value.fields)


def fields(jobtype, datasets, values=None, **more):
    form = build_form(jobtype, {"stack": datasets}, values=values, **more)
    return form, {field.name: field for field in form.fields}


WAVES = array("/waves", "ZYX", 16, 40, 48, dtype="complex64")


def test_complex_numbers_are_left_out_and_said_so(jobtype):
    assert jobs(jobtype, [dataset(STACK, WAVES)]) == [({"array": "/stack"}, "Heart, sharpened")]
    _form, named = fields(jobtype, [dataset(STACK, WAVES)])
    assert named["array"].source == (
        "1 other array is left out. /waves: its values are complex numbers, where real ones are needed."
    )


def test_without_any_real_array_nothing_can_be_started(jobtype):
    found = wrong(jobtype, [dataset(WAVES)])
    assert found["inputs.stack"].endswith("/waves: its values are complex numbers, where real ones are needed.")
    form, _named = fields(jobtype, [dataset(WAVES)])
    assert form.impossible == ("Heart",)


def test_planes_of_complex_numbers_in_a_file_each_are_said_as_a_whole(jobtype):
    planes = [array(f"p{n}", "YX", 40, 48, dtype="complex64", file=f"p{n}.tif") for n in range(2)]
    whole = array("2 files", "ZYX", 2, 40, 48, dtype="complex64")
    assert wrong(jobtype, [dataset(*planes, whole)])["inputs.stack"] == (
        "“Heart” has no array with the axes z, y and x. 2 files: its values are complex numbers, "
        "where real ones are needed."
    )


def test_the_only_array_is_taken_and_said(jobtype):
    held = dataset(STACK, PLANE)
    assert jobs(jobtype, [held]) == [({"array": "/stack"}, "Heart, sharpened")]
    form, named = fields(jobtype, [held])
    assert named["array"].pick.fact == "/stack, 16 × 40 × 48, uint16"
    assert named["array"].source == "1 other array is left out. /plane: it has two dimensions."
    assert "array" in [field.name for group in form.groups for field in group.fields]
    assert named["channel"].idle
    assert named["time"].idle
    assert form.results == 1


def test_of_several_none_is_taken(jobtype):
    other = array("/other", "ZYX", 8, 20, 24)
    said = wrong(jobtype, [dataset(STACK, other)])
    assert said == {
        "array": "There are several: /stack (16 × 40 × 48); /other (8 × 20 × 24). Choose one by its name, or all."
    }
    assert jobs(jobtype, [dataset(STACK, other)], {"array": "/other"}) == [
        ({"array": "/other"}, "Heart, sharpened, /other")
    ]
    assert [options["array"] for options, _title in jobs(jobtype, [dataset(STACK, other)], {"array": "all"})] == [
        "/stack",
        "/other",
    ]
    _form, named = fields(jobtype, [dataset(STACK, other)])
    pick = named["array"].pick
    assert [choice.value for choice in pick.choices] == ["/stack", "/other"]
    assert not any(choice.chosen for choice in pick.choices)
    assert named["array"].required
    assert pick.all_words == "Both, one result each"


def test_one_that_cannot_be_taken_is_refused_with_what_there_is(jobtype):
    said = wrong(jobtype, [dataset(STACK, PLANE)], {"array": "/plane"})
    assert said["array"] == "There is none called “/plane” that can be taken. There are: /stack (16 × 40 × 48)."


def test_nothing_that_fits_is_said_of_the_dataset(jobtype):
    times = array("series 0", "TYX", 16, 40, 48)
    assert wrong(jobtype, [dataset(times)]) == {
        "inputs.stack": "“Heart” has no array with the axes z, y and x. series 0: it is a series of 16 time "
        "points, each a single plane: it has no z."
    }
    unread = left_out("/data", "it is stored by a filter that is not installed here: LZ4 (32004)")
    assert "stored by a filter" in wrong(jobtype, [dataset(unread)])["inputs.stack"]


GAP = (
    *(array("series 0", "YX", 40, 48, file=f"z{number}.tif") for number in range(9)),
    InputArray(0, "", "9 files", (), "", "", left_out="it lacks planes: there is no file of the number 5"),
)
NO_VOLUME = "has no array with the axes z, y and x."
UNKNOWN = InputArray(0, "a.zarr", "/0", (2, 16, 40, 48), "uint16", "?ZYX", labels={"?": ("q",)})


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        (GAP, "9 files: it lacks planes: there is no file of the number 5."),
        ((UNKNOWN,), "/0: its first axis, “q” (2 long) has no known meaning: no place along it can be chosen."),
        ((left_out("map", "values of this kind are not read"),), "map: values of this kind are not read."),
        ((InputArray(0, "", "", (), "", "", left_out="there is no array in it"),), "There is no array in it."),
    ],
)
def test_what_no_program_can_use_is_said_when_the_form_opens(jobtype, arrays, why):
    form, named = fields(jobtype, [dataset(*arrays)])
    assert named["array"].pick.nothing.startswith(f"“Heart” {NO_VOLUME}")
    assert named["array"].pick.nothing.endswith(why)
    assert named["array"].pick.nothing == wrong(jobtype, [dataset(*arrays)])["inputs.stack"]
    assert "array" in [field.name for group in form.groups for field in group.fields]
    assert (form.impossible, form.impossible_words) == (("Heart",), "“Heart”")
    assert named["channel"].idle


def test_of_several_datasets_those_that_no_program_can_use_are_named(jobtype):
    bad = [dataset(PLANE, name=name, number=number) for number, name in enumerate("ABCDE", 2)]
    form, named = fields(jobtype, [dataset(STACK), *bad])
    assert form.impossible == tuple("ABCDE")
    said = named["array"].pick.nothing
    assert said.startswith(f"“A” {NO_VOLUME} /plane: it has two dimensions. “B” has")
    assert said.endswith("Nor have “D” and “E” one.")
    assert wrong(jobtype, [dataset(STACK), *bad])["inputs.stack"] == said
    assert fields(jobtype, [dataset(STACK)])[0].impossible == ()


def test_a_further_dataset_that_holds_nothing_is_said_and_can_be_changed(jobtype):
    flat = dataset(PLANE, name="Flat", number=2)
    form = build_form(jobtype, {"stack": [dataset(STACK)], "psf": [flat]})
    named = {field.name: field for field in form.fields}
    assert named["psf_array"].pick.nothing.startswith(f"“Flat” {NO_VOLUME}")
    assert form.impossible == ()


def test_a_channel_is_chosen_by_number_or_name(jobtype):
    held = [dataset(TWO_CHANNELS)]
    assert wrong(jobtype, held) == {"channel": "Heart has 2 channels: 0 (DAPI), 1 (GFP). Choose one, or all."}
    for given in (1, "1", "GFP", "gfp", " GFP "):
        assert jobs(jobtype, held, {"channel": given}) == [
            ({"array": "Heart", "channel": 1}, "Heart, sharpened, GFP")
        ], given
    for given in (2, "RFP", -1, True, 1.5, "1e0", "٣"):
        said = wrong(jobtype, held, {"channel": given})["channel"]
        assert said.endswith("it has 2 channels: 0 (DAPI), 1 (GFP)."), given


def test_names_that_are_numbers_do_not_hide_places(jobtype):
    wavelengths = array("a", "CZYX", 2, 16, 40, 48, labels=("488", "0"))
    for given, place in (("488", 0), ("0", 0), ("1", 1)):
        assert jobs(jobtype, [dataset(wavelengths)], {"channel": given})[0][0]["channel"] == place


def test_all_channels_and_time_points_are_a_job_each(jobtype):
    both = array("a", "TCZYX", 3, 2, 16, 40, 48, labels=("DAPI", "GFP"))
    made = jobs(jobtype, [dataset(both)], {"channel": "all", "time": "all"})
    assert [(options["channel"], options["time"]) for options, _title in made] == [
        (channel, time) for channel in range(2) for time in range(3)
    ]
    assert made[-1][1] == "Heart, sharpened, GFP, time point 2"
    form, _named = fields(jobtype, [dataset(both)], {"channel": "all", "time": "1"})
    assert form.valid
    assert form.results == 2
    assert "--set channel=all" in as_command(jobtype, {"stack": [dataset(both)]}, {"channel": "all", "time": "1"})


def test_all_arrays_may_have_different_channels(jobtype):
    one = array("one", "ZYX", 16, 40, 48)
    made = jobs(jobtype, [dataset(one, TWO_CHANNELS)], {"array": "all", "channel": "all"})
    assert [(options["array"], options.get("channel")) for options, _title in made] == [
        ("one", None),
        ("Heart", 0),
        ("Heart", 1),
    ]
    assert wrong(jobtype, [dataset(one, TWO_CHANNELS)], {"array": "one", "channel": 1}) == {
        "channel": "one has no channel “1”; it has only one channel."
    }


def test_of_several_datasets_each_is_asked_for_itself(jobtype):
    first = dataset(TWO_CHANNELS, name="Heart", number=1)
    second = dataset(array("Tail", "ZCYX", 16, 2, 40, 48, labels=("GFP", "DAPI")), name="Tail", number=2)
    third = dataset(STACK, name="Plain", number=3)
    made = jobs(jobtype, [first, second], {"channel": "GFP"})
    assert [(options["array"], options["channel"]) for options, _title in made] == [("Heart", 1), ("Tail", 0)]
    assert wrong(jobtype, [first, second, third], {"channel": "GFP"})["channel"] == (
        "“Plain”: /stack has no channel “GFP”; it has only one channel."
    )
    assert len(jobs(jobtype, [first, second, third], {"channel": "all"})) == 5
    said = wrong(jobtype, [first, second, third])["channel"]
    assert said.startswith("“Heart”: Heart has 2 channels: 0 (DAPI), 1 (GFP). Choose one, or all. “Tail”: ")
    form, named = fields(jobtype, [first, second, third], {"channel": "all"})
    assert (form.results, named["channel"].pick.total) == (5, 5)
    assert named["array"].pick.fact == "The only one of each dataset"
    assert [choice.label for choice in named["channel"].pick.choices] == ["channel 0"]  # of all three


def test_datasets_of_one_job_without_an_array_of_one_name_are_told_what_each_has(jobtype):
    [picks, _psf] = picks_of(jobtype)
    heart = dataset(STACK, array("/more", "ZYX", 8, 8, 8), name="Heart")
    tail = dataset(array("/other", "ZYX", 16, 40, 48), name="Tail", number=2)
    assert nothing_held(picks, held_by(picks, [heart, tail]), ["Heart", "Tail"]) == (
        "No array has the same name in all of these datasets, which one job takes: "
        "“Heart” has /stack and /more; “Tail” has /other."
    )
    flat = dataset(PLANE, name="Flat", number=3)
    assert nothing_held(picks, held_by(picks, [heart, flat]), ["Heart", "Flat"]) == (
        "“Flat” has no array with the axes z, y and x. /plane: it has two dimensions."
    )


def test_what_was_not_listed_is_asked_as_before_and_said_why(jobtype):
    held = [dataset()]
    assert jobs(jobtype, held) == [({}, "Heart, sharpened")]
    assert jobs(jobtype, held, {"array": "/a", "channel": "1"})[0][0] == {"array": "/a", "channel": 1}
    assert "not listed" in wrong(jobtype, held, {"channel": "all"})["channel"]
    form, named = fields(jobtype, held)
    assert named["channel"].source.startswith("What is in the files of your dataset was not listed")
    assert "channel" in [field.name for group in form.more for field in group.fields]


def test_a_name_beyond_what_was_listed_is_left_to_the_program(jobtype):
    more = InputArray(0, "a.h5", "", (), "", "", left_out="300 arrays more are not listed")
    assert "array" in wrong(jobtype, [dataset(STACK, more)])  # it need not be the only one
    assert jobs(jobtype, [dataset(STACK, more)], {"array": "/far"})[0][0] == {"array": "/far"}


def test_of_a_file_that_could_not_be_looked_into_nothing_is_known(jobtype):
    broken = left_out("", "the file is truncated")
    assert jobs(jobtype, [dataset(broken)]) == [({}, "Heart, sharpened")]
    assert "array" in wrong(jobtype, [dataset(STACK, broken)])


def test_another_slot_has_picks_of_its_own(jobtype):
    two = dataset(STACK, array("/b", "ZYX", 8, 8, 8), name="Beads", number=2)
    with pytest.raises(InvalidError) as caught:
        plan(jobtype, {}, {"stack": [dataset(STACK)], "psf": [two]})
    assert list(caught.value.fields) == ["psf_array"]
    [planned] = plan(jobtype, {"psf_array": "/b"}, {"stack": [dataset(STACK)], "psf": [two]})
    assert planned.options["psf_array"] == "/b"


def test_too_many_results_are_refused_before_they_are_made(jobtype):
    endless = array("a", "TZYX", 2**40, 16, 40, 48)
    assert "10,000 results at most" in wrong(jobtype, [dataset(endless)], {"time": "all"})["time"]
    long = array("a", "TCZYX", 9_000, 9, 16, 40, 48)
    said = wrong(jobtype, [dataset(long)], {"time": "all", "channel": "all"})
    assert "more than 10,000 results" in said["array"]


def test_pictures_of_choices(jobtype):
    _form, named = fields(jobtype, [dataset(TWO_CHANNELS, number=5)], {"channel": "GFP"})
    first, second = named["channel"].pick.choices
    assert (first.label, first.words, first.dataset, first.array, first.picture) == ("DAPI", "channel 0", 5, 7, 1)
    assert (second.chosen, first.chosen) == (True, False)


@pytest.mark.parametrize(
    ("pick", "words"),
    [
        ("{array: ZYX, along: C}", "must pick either an array or a place"),
        ("{}", "must pick either an array or a place"),
        ("{along: C}", "what picks a place along an axis is a whole number"),
        ("{array: ZYX}, required: true", "it has no default and is not required"),
        ("{array: ZYX, slot: stak}", "there is no slot named stak; did you mean stack?"),
    ],
)
def test_picks_that_do_not_fit_together_are_found(pick, words):
    found, problems = parse_text(TEXT.replace("pick: {array: ZYX},", f"pick: {pick},", 1), Path("sharpen.yaml"))
    assert found is None
    assert words in " ".join(map(str, problems))


def test_two_options_do_not_pick_the_same_and_a_place_needs_an_array():
    twice = TEXT.replace("{along: T}", "{along: C}")
    assert "time picks the same as channel" in str(parse_text(twice, Path("a.yaml"))[1])
    alone = TEXT.replace("label: Volume, pick: {array: ZYX}", "label: Volume")
    assert "needs an option that picks the array" in str(parse_text(alone, Path("a.yaml"))[1])


def test_a_job_type_without_picks_keeps_its_revision(jobtype):
    document = jobtype.document()
    assert "pick" not in document["options"][0]
    assert document["options"][1]["pick"] == {"slot": None, "array": "ZYX", "along": None}


VOXEL = """\
  - name: voxel
    type: float
    label: Voxel size
    units: um
    default_from: {parameter: voxel size x, axis: x}
"""


def sizes(**named: float | None) -> tuple[InputArray, ...]:
    return tuple(
        array(name, "ZYX", 16, 40, 48, sizes={} if size is None else {"x": size}) for name, size in named.items()
    )


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({"one": 0.2}, 0.2),
        ({"one": None}, 0.2),
        ({"one": 0.20000001}, 0.2),
        ({"one": 0.2, "two": 0.2}, 0.2),
        ({"one": None, "two": None}, 0.2),
        # Each of several keeps its own, which its program reads; the dataset's is of another one.
        ({"one": 2.0, "two": 0.2}, None),
        ({"one": 0.2, "two": None}, None),
    ],
)
def test_a_datasets_size_of_pixels_is_not_taken_for_arrays_that_tell_another(arrays, expected):
    at = TEXT.index("resources:")
    jobtype, problems = parse_text(TEXT[:at] + VOXEL + TEXT[at:], Path("sharpen.yaml"))
    assert problems == []
    one = InputDataset(
        1, "Heart", "light-sheet stack", True, {"voxel size x": Quantity(0.2, "um")}, sizes(**arrays)
    )
    planned = plan(jobtype, {"array": "all"}, {"stack": [one]})
    assert [job.options.get("voxel") for job in planned] == [expected] * len(arrays)
    form = build_form(jobtype, {"stack": [one]})
    [field] = [field for field in form.fields if field.name == "voxel"]
    assert ("Each array keeps the size that its file tells" in field.source) == (expected is None)


def test_where_only_the_arrays_tell_their_sizes_the_form_says_them():
    at = TEXT.index("resources:")
    jobtype, _problems = parse_text(TEXT[:at] + VOXEL + TEXT[at:], Path("sharpen.yaml"))
    one = InputDataset(1, "Heart", "light-sheet stack", True, {}, sizes(one=2.0, two=0.2))
    [field] = [field for field in build_form(jobtype, {"stack": [one]}).fields if field.name == "voxel"]
    assert field.source.startswith("Each array keeps the size that its file tells (one: 2 um, two: 0.2 um)")
    planned = plan(jobtype, {"array": "all"}, {"stack": [one]})
    assert [job.options.get("voxel") for job in planned] == [None, None]


def test_one_array_that_tells_another_size_than_its_dataset_is_a_contradiction_to_be_asked():
    at = TEXT.index("resources:")
    jobtype, _problems = parse_text(TEXT[:at] + VOXEL + TEXT[at:], Path("sharpen.yaml"))
    one = InputDataset(
        1, "Heart", "light-sheet stack", True, {"voxel size x": Quantity(200.0, "nm")}, sizes(one=0.5)
    )
    words = "“Heart” records 0.2 um, its file tells one: 0.5 um. Give the value that holds."
    assert wrong(jobtype, [one]) == {"voxel": words}
    [planned] = plan(jobtype, {"voxel": "0.5"}, {"stack": [one]})
    assert planned.options["voxel"] == 0.5


NEEDS = """\
  - name: psf
    type: choice
    label: PSF
    default: gaussian
    choices: [{value: gaussian, needs_options: [voxel]}, file]
"""


def test_a_size_that_cannot_be_is_asked_where_the_choice_needs_it_and_not_used():
    at = TEXT.index("resources:")
    limited = f"{VOXEL}    max: 1000\n"
    jobtype, problems = parse_text(TEXT[:at] + limited + NEEDS + TEXT[at:], Path("sharpen.yaml"))
    assert problems == []
    inches = InputDataset(
        1, "Heart", "light-sheet stack", True, {"voxel size x": Quantity(5080.0, "um")}, sizes(one=5080.0)
    )
    said = "The dataset says 5080 um, which cannot be used here. Give the value that holds, in um."
    assert wrong(jobtype, [inches]) == {"voxel": said}
    [field] = [field for field in build_form(jobtype, {"stack": [inches]}).fields if field.name == "voxel"]
    assert (field.asked, field.source) == (True, "Your dataset says 5080 um, which cannot be used here")
    for raw in ({"voxel": "0.2"}, {"psf": "file"}):
        assert len(plan(jobtype, raw, {"stack": [inches]})) == 1


def test_a_size_that_nobody_tells_is_asked_before_the_start_where_the_choice_needs_it():
    at = TEXT.index("resources:")
    jobtype, problems = parse_text(TEXT[:at] + VOXEL + NEEDS + TEXT[at:], Path("sharpen.yaml"))
    assert problems == []

    def having(**named: float | None) -> InputDataset:
        return InputDataset(1, "Heart", "light-sheet stack", True, {}, sizes(**named))

    words = "Neither the catalogue nor the file says it. Give the value that holds, in um."
    assert wrong(jobtype, [having(one=None)]) == {"voxel": words}
    assert wrong(jobtype, [having(one=0.2, two=None)], {"array": "all"}) == {"voxel": words}
    [field] = [
        field for field in build_form(jobtype, {"stack": [having(one=None)]}).fields if field.name == "voxel"
    ]
    assert (field.asked, field.required) == (True, False)
    assert field.source == "Your dataset does not record voxel size x, nor do its files"
    minus = InputDataset(
        1, "Heart", "light-sheet stack", True, {"voxel size x": Quantity(float("nan"), "um")}, sizes(one=None)
    )
    [field] = [field for field in build_form(jobtype, {"stack": [minus]}).fields if field.name == "voxel"]
    assert field.source == "Your dataset says nan um, which cannot be used here, and its files tell no other"
    for raw, arrays in (
        ({"voxel": "0.3"}, {"one": None}),
        ({"psf": "file"}, {"one": None}),
        ({}, {"one": 0.2}),
        ({"array": "one"}, {"one": 0.2, "two": None}),
    ):
        assert len(plan(jobtype, raw, {"stack": [having(**arrays)]})) == 1
    # What is in its files is not known: the program says it.
    assert len(plan(jobtype, {}, {"stack": [InputDataset(1, "Heart", "light-sheet stack")]})) == 1
