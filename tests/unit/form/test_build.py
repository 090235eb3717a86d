"""The form that people see: defaults with their source, errors beside the field, nothing typed is lost."""

import shlex
from dataclasses import replace

import pytest

from portal.errors import InvalidError
from portal.form import InputDataset, Quantity, as_command, as_python, build_form, plan, raw_of_html
from portal.jobtype.model import Preset


def field(form, name):
    return next(field for field in form.fields if field.name == name)


def stack(**parameters):
    return InputDataset(7, "Stack", "light-sheet stack", True, parameters)


def test_a_default_shows_that_it_is_from_the_dataset(jobtype, heart):
    found = field(build_form(jobtype, {"stack": [heart]}), "sigma")
    assert (found.value, found.source) == ("0.8", "0.8 um, from your dataset")


def test_before_a_dataset_is_chosen_the_usual_value_is_not_called_the_default(jobtype):
    form = build_form(jobtype, {})
    sigma = field(form, "sigma")
    assert (sigma.value, sigma.source) == (
        "0.3",
        "From the dataset's psf sigma xy; 0.3 um where it records none",
    )
    assert field(form, "iterations").source == ""


def test_a_default_is_converted_to_the_options_unit(jobtype, heart):
    assert field(build_form(jobtype, {"stack": [heart]}), "voxel").value == "0.2"


def test_a_dataset_that_does_not_say_leaves_the_usual_value(jobtype, bare):
    found = field(build_form(jobtype, {"stack": [bare]}), "sigma")
    assert found.value == "0.3"
    assert found.source == "Your dataset does not record psf sigma xy; 0.3 um is the usual value"


@pytest.mark.parametrize(
    "quantity",
    [Quantity(0.0, "um"), Quantity(1e9, "um"), Quantity(float("nan"), "um")],
)
def test_a_datasets_value_that_is_impossible_is_shown_but_not_used(quantity, jobtype):
    found = field(build_form(jobtype, {"stack": [stack(**{"psf sigma xy": quantity})]}), "sigma")
    assert found.value == "0.3"
    assert "which cannot be used here" in found.source


@pytest.mark.parametrize(
    ("quantity", "said"),
    [
        (Quantity(0.8), "0.8 without a unit"),
        (Quantity(0.8, "furlong"), "0.8 “furlong”, which is no unit that could be used here"),
        (Quantity(3.0, "s"), "3 “s”, which is no unit that could be used here"),
        (
            Quantity(0.8, "px", source="in a.tif, ome:PhysicalSizeX"),
            "0.8 “px”, which is no unit that could be used here (in a.tif, ome:PhysicalSizeX)",
        ),
    ],
)
def test_a_number_of_which_the_unit_is_not_known_is_asked_for(jobtype, quantity, said):
    chosen = {"stack": [stack(**{"psf sigma xy": quantity})]}
    found = field(build_form(jobtype, chosen), "sigma")
    assert (found.value, found.required, found.error) == ("", True, "")
    assert found.source == (
        f"The unit of psf sigma xy is not known: your dataset says {said}. Give the value that holds, in um."
    )
    refused = field(build_form(jobtype, chosen, values={}), "sigma")
    assert (refused.error, refused.source) == (found.source, "")
    with pytest.raises(InvalidError) as error:
        plan(jobtype, {}, chosen)
    assert error.value.fields["sigma"] == found.source
    given = field(build_form(jobtype, chosen, values={"sigma": "0.8"}), "sigma")
    assert (given.error, given.source) == (
        "",
        f"Set by you. The unit of psf sigma xy is not known: your dataset says {said}",
    )
    assert plan(jobtype, {"sigma": "0.8", "voxel": "0.2"}, chosen)[0].options["sigma"] == 0.8


def test_a_text_where_a_number_is_needed_is_asked_for(jobtype):
    said = stack(**{"psf sigma xy": Quantity("0.2 um in a.h5, 0.5 um in b.h5")})
    found = field(build_form(jobtype, {"stack": [said]}), "sigma")
    assert (found.value, found.required) == ("", True)
    assert found.source == (
        "Your dataset records psf sigma xy as “0.2 um in a.h5, 0.5 um in b.h5”, which is no one number. "
        "Give the value that holds, in um."
    )


def test_an_optional_value_in_doubt_is_asked_where_everybody_sees_it(jobtype):
    said = {"voxel size x": Quantity(0.5, "um", (Quantity(0.2, "um", source="typed by maya"),), "in a.tif")}
    form = build_form(jobtype, {"stack": [stack(**said)]})
    assert "voxel" in [one.name for group in form.groups for one in group.fields]
    assert field(form, "voxel").required
    assert field(form, "voxel").source == (
        "Your dataset records voxel size x as 0.5 um (in a.tif) and 0.2 um (typed by maya), and which of them "
        "holds is not known. Give the value that holds, in um."
    )
    assert set(build_form(jobtype, {"stack": [stack(**said)]}, values={}).errors) == {"voxel"}


def test_a_corrected_value_is_taken_and_says_so(jobtype):
    said = {"voxel size x": Quantity(0.1625, "um", source="in a.tif", before="162.5 um")}
    found = field(build_form(jobtype, {"stack": [stack(**said)]}), "voxel")
    assert found.value == "0.1625"
    assert found.source == "0.1625 um, from your dataset. It was corrected: 162.5 um was registered first"
    typed = field(build_form(jobtype, {"stack": [stack(**said)]}, values={"voxel": "0.2"}), "voxel")
    assert typed.source == (
        "Set by you; 0.1625 um comes from your dataset. It was corrected: 162.5 um was registered first"
    )
    both = field(build_form(jobtype, {"stack": [stack(**said), replace(stack(**said), id=12)]}), "voxel")
    assert both.source == "0.1625 um, from your datasets. 2 of 2 were corrected since they were registered"


def test_what_the_file_does_not_say_any_more_is_asked_for(jobtype):
    said = {"voxel size x": Quantity(None, before="352.8 um")}
    assert field(build_form(jobtype, {"stack": [stack(**said)]}), "voxel").source == (
        "Your dataset does not say voxel size x: 352.8 um was registered first, and does not hold. "
        "Give the value that holds, in um."
    )


def test_datasets_that_differ_say_so_and_leave_the_field_open(jobtype, heart, brain, bare):
    found = field(build_form(jobtype, {"stack": [heart, brain, bare]}), "sigma")
    assert found.value == ""
    assert found.placeholder == "each dataset's own"
    assert not found.required
    assert found.source == (
        "Your datasets differ (0.5 to 0.8 um); each keeps its own value unless you give one. "
        "1 of 3 do not record psf sigma xy; there 0.3 um is used"
    )


def test_datasets_that_agree_show_their_value(jobtype, heart, brain):
    found = field(build_form(jobtype, {"stack": [heart, brain]}), "voxel")
    assert (found.value, found.source) == ("0.2", "0.2 um, from your datasets")


def test_a_fresh_form_reproaches_nobody(jobtype):
    form = build_form(jobtype, {})
    assert form.valid
    assert [slot.error for slot in form.slots] == ["", ""]


def test_a_fresh_form_tells_that_its_dataset_does_not_fit(jobtype):
    form = build_form(jobtype, {"stack": [InputDataset(1, "Tooth", "tomography scan")]})
    assert "is a tomography scan" in form.slots[0].error


def test_errors_stand_beside_their_field_and_what_was_typed_stays(jobtype, heart):
    typed = {"iterations": "twenty", "sigma": "1,800", "note": "  kept  ", "clip": "false"}
    form = build_form(jobtype, {"stack": [heart]}, values=typed)
    assert {name: field(form, name).value for name in typed} == typed
    assert field(form, "iterations").error == "Give a whole number from 1 to 200; “twenty” is not one."
    assert field(form, "sigma").error == "“1,800” can be 1800 or 1.8. Write 1800 or 1.8."
    assert field(form, "note").error == ""
    assert field(form, "clip").checked is False
    assert not form.valid


def test_a_value_set_by_hand_still_shows_what_the_dataset_says(jobtype, heart):
    found = field(build_form(jobtype, {"stack": [heart]}, values={"sigma": "2"}), "sigma")
    assert found.source == "Set by you; 0.8 um comes from your dataset"


def test_a_preset_fills_its_values_in(jobtype, heart):
    form = build_form(jobtype, {"stack": [heart]}, preset="Quick look")
    assert field(form, "iterations").value == "5"
    assert [(preset.name, preset.chosen) for preset in form.presets] == [("Quick look", True)]


def test_a_preset_says_whether_an_untouched_form_is_as_it_says(jobtype, heart):
    begun = {name: field(build_form(jobtype, {"stack": [heart]}), name).value for name in ("iterations", "sigma")}
    as_it_is = Preset(name="As it is", values={"iterations": int(begun["iterations"])})
    other = Preset(name="Other", values={"iterations": int(begun["iterations"]) + 1})
    offered = jobtype.model_copy(update={"presets": [other, as_it_is]})
    for typed in (None, {"iterations": "77"}):
        form = build_form(offered, {"stack": [heart]}, values=typed)
        assert [(preset.name, preset.same) for preset in form.presets] == [("Other", False), ("As it is", True)]


def test_an_unknown_preset_is_refused(jobtype, heart):
    with pytest.raises(InvalidError):
        build_form(jobtype, {"stack": [heart]}, preset="Slow")


def test_at_most_six_options_are_plain_and_the_rest_stand_under_more_settings(jobtype, heart):
    form = build_form(jobtype, {"stack": [heart]})
    plain = [field.name for group in form.groups for field in group.fields]
    more = [field.name for group in form.more for field in group.fields]
    assert sorted(plain) == ["background", "clip", "iterations", "note", "psf", "sigma"]
    assert sorted(more) == ["eighth", "seventh", "voxel"]
    assert [group.title for group in form.groups] == ["", "Output"]


def test_an_error_under_more_settings_is_known_to_its_group(jobtype, heart):
    form = build_form(jobtype, {"stack": [heart]}, values={"seventh": "x"})
    assert [group.has_error for group in form.more] == [True]
    assert [group.has_error for group in form.groups] == [False, False]


def test_fields_carry_what_a_browser_can_check(jobtype, heart):
    form = build_form(jobtype, {"stack": [heart]})
    iterations, sigma, psf = field(form, "iterations"), field(form, "sigma"), field(form, "psf")
    assert (iterations.min, iterations.max, iterations.step, iterations.required) == ("1", "200", "1", True)
    assert (sigma.step, sigma.unit, sigma.required) == ("any", "um", False)
    assert psf.choices == (("gaussian", "gaussian"), ("file", "the measured one"))


def test_resources_are_said_in_words(jobtype, heart):
    form = build_form(jobtype, {"stack": [heart]})
    assert [variant.words for variant in form.variants] == [
        "1 CPU, 512 MB, at most 10 minutes",
        "2 CPUs, 1 GPU, 4 MPI ranks, 4 GB, at most 3 hours",
    ]
    assert [variant.default for variant in form.variants] == [True, False]


def test_a_posted_form_gives_raw_values_with_unticked_boxes_as_false(jobtype):
    posted = {"option.iterations": ["30"], "csrf_token": ["x"], "option.note": [""]}
    assert raw_of_html(jobtype, posted) == {"iterations": "30", "note": "", "clip": "false"}
    assert raw_of_html(jobtype, {"option.clip": ["false", "true"]}) == {"clip": "true"}


def test_the_command_to_copy_is_one_that_a_shell_reads_back(jobtype, heart, brain, bare):
    inputs = {"stack": [heart, brain], "psf": [bare]}
    text = as_command(jobtype, inputs, {"iterations": "30", "note": "it's; rm", "sigma": "", "background": "1.5"})
    assert shlex.split(text) == [
        *("gantry", "run", "sharpen", "1", "2", "--input", "psf=3"),
        *("--set", "iterations=30", "--set", "note=it's; rm"),
    ]


def test_the_python_to_copy_compiles(jobtype, heart):
    text = as_python(jobtype, {"stack": [heart]}, {"iterations": "30", "note": 'a "b"'})
    compile(text, "example", "exec")
    assert "options={'iterations': '30', 'note': 'a \"b\"'}" in text


def test_a_parameter_that_contradicts_itself_is_asked_for(jobtype):
    said = stack(**{"psf sigma xy": Quantity(0.8, "um", (Quantity(7.0, "px"), Quantity(0.9, "um")))})
    shown = field(build_form(jobtype, {"stack": [said]}), "sigma")
    assert (shown.value, shown.required) == ("", True)
    assert shown.source == (
        "Your dataset records psf sigma xy as 0.8 um, 7 px and 0.9 um, and which of them holds is not known. "
        "Give the value that holds, in um."
    )


@pytest.mark.parametrize(("further", "more"), [(0, ""), (1, ", and 1 more of your datasets is in doubt")])
def test_of_several_datasets_those_in_doubt_are_named_and_counted(jobtype, heart, further, more):
    said = {"psf sigma xy": Quantity(0.8, "um", (Quantity(7.0, "px"),))}
    doubtful = [InputDataset(8 + i, f"Doubtful {i}", "light-sheet stack", True, said) for i in range(1 + further)]
    shown = field(build_form(jobtype, {"stack": [heart, *doubtful]}), "sigma")
    assert shown.value == ""
    assert shown.source == (
        "“Doubtful 0” records psf sigma xy as 0.8 um and 7 px, and which of them holds is not known"
        f"{more}. Give the value that holds, in um."
    )
