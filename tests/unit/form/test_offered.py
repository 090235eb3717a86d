"""Choices, presets and whole analyses under conditions, and options that exclude or need others."""

import json
import re
from pathlib import Path

import pytest

from portal.errors import InvalidError
from portal.form import InputDataset, Quantity, build_form, plan
from portal.form.conditions.page import for_page
from portal.form.fitting import asks_for_arrays, fitting_on
from portal.jobtype.load import JobTypes, parse_text

TEXT = """\
name: fuse
version: "1.0"
title: Fusion
summary: Fuses.
category: Any data
contact: staff
program: {command: [fuse, {option: method}, {option: way}, {flag: --deep, when: deep}]}
inputs:
  - {name: stack, label: Stack, dataset_types: [stack], max: 9}
  - {name: psf, label: PSF, dataset_types: [stack], min: 0}
needs:
  - {when: angles > 1, because: needs more than one angle}
  - {when: "psf.wavelength == null || psf.wavelength < 700 nm"}
options:
  - {name: deep, type: boolean, label: Deep}
  - name: method
    type: choice
    label: Method
    default: mean
    choices:
      - mean
      - {value: content, label: by content, when: angles >= 4, because: needs four angles at least}
      - {value: network, when: deep}
  - {name: way, type: choice, label: Way, required: true, default: fast,
     choices: [{value: fast, when: "!deep"}, slow]}
presets:
  - {name: Usual, values: {method: mean}}
  - {name: Careful, values: {method: content}, when: angles >= 4, because: needs four angles at least}
resources: {default: small, variants: [{name: small, label: Small}]}
result_title: "{input}, fused"
outputs: [{name: fused, dataset_type: fused}]
"""


def stack(number, angles=None, **parameters):
    known = {} if angles is None else {"angles": Quantity(angles)}
    return InputDataset(number, f"S{angles}", "stack", True, {**known, **parameters}, file_count=1, file_size=1)


def on(*angles):
    return {"stack": [stack(number, one) for number, one in enumerate(angles)]}


def field(form, name):
    return next(one for one in form.fields if one.name == name)


def wrong(jobtype, raw, inputs, **more):
    with pytest.raises(InvalidError) as caught:
        plan(jobtype, raw, inputs, **more)
    return caught.value.fields


def test_a_choice_can_be_made_only_where_it_is_offered(jobtype):
    assert plan(jobtype, {"method": "content"}, on(4))[0].options["method"] == "content"
    assert wrong(jobtype, {"method": "content"}, on(2)) == {
        "method": "by content cannot be chosen: needs four angles at least. Choose another one."
    }
    assert wrong(jobtype, {"method": "network"}, on(2)) == {
        "method": "network cannot be chosen: Deep must be on. Choose another one."
    }
    assert plan(jobtype, {"method": "network", "deep": True, "way": "slow"}, on(2))
    assert wrong(jobtype, {"method": "content"}, on(2, 4, 5))["method"].startswith("“S2”: by content cannot")


def test_a_default_that_is_not_offered_is_never_taken_in_silence(jobtype):
    assert wrong(jobtype, {"deep": True}, on(2)) == {
        "way": "fast cannot be chosen: Deep must be off. Choose another one."
    }


def test_the_form_says_which_choices_and_presets_there_are_not_and_why(jobtype):
    form = build_form(jobtype, on(2))
    method = field(form, "method")
    assert method.unoffered == {"content": "needs four angles at least.", "network": "Deep must be on."}
    assert method.never("content") and not method.never("network") and not method.never("mean")
    assert [one.why_not for one in form.presets] == ["", "needs four angles at least."]
    assert [one.why_not for one in build_form(jobtype, on(2, 9)).presets] == [
        "",
        "“S2”: needs four angles at least.",
    ]
    assert not field(build_form(jobtype, on(4), values={"deep": "true"}), "method").unoffered
    said = json.loads(for_page(form, {}, on(2)))
    assert {one["name"]: list(one.get("offered", ())) for one in said["options"]} == {
        "deep": [], "method": ["network"], "way": ["fast"],
    }  # fmt: skip
    assert said["unoffered"]["method"]["network"] == "Deep must be on."


def test_a_preset_that_does_not_fit_is_refused_with_the_reason(jobtype):
    assert plan(jobtype, {}, on(4), preset="Careful")[0].options["method"] == "content"
    told = wrong(jobtype, {}, on(2), preset="careful")
    assert told["preset"] == "needs four angles at least. Choose another one."


def test_an_analysis_that_does_not_fit_says_why_and_of_which_datasets(jobtype):
    assert wrong(jobtype, {}, on(1)) == {"inputs.stack": "Needs more than one angle."}
    assert wrong(jobtype, {}, on(1, 3)) == {"inputs.stack": "“S1”: needs more than one angle."}
    assert wrong(jobtype, {}, on(1, 3), mode="all") == wrong(jobtype, {}, on(1, 3))
    unknown = {"stack": [stack(1)]}
    assert wrong(jobtype, {}, unknown) == {"inputs.stack": "Needs more than one angle."}
    assert build_form(jobtype, on(1)).errors == {"inputs.stack": "Needs more than one angle."}
    assert build_form(jobtype, {}).errors == {}


def test_what_is_needed_of_a_further_slot_is_told_there(jobtype):
    assert plan(jobtype, {}, on(3))
    red = {**on(3), "psf": [stack(9, wavelength=Quantity(0.9, "um"))]}
    assert set(wrong(jobtype, {}, red)) == {"inputs.psf"}


def test_among_all_analyses_it_stands_with_those_that_do_not_fit(jobtype):
    jobtypes = JobTypes({"fuse": jobtype})
    assert not asks_for_arrays(jobtypes)
    assert [one.name for one in fitting_on(jobtypes, on(3)["stack"]).fits] == ["fuse"]
    for angles, words in (((1,), "It needs more than one angle."), ((1, 3), "“S1”: needs more than one angle.")):
        found = fitting_on(jobtypes, on(*angles)["stack"])
        assert (found.fits, [one.reason for one in found.others]) == ((), [words])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("when: angles >= 4, because", "when: later > 1 && deep, because", "deep is an option, and this speaks"),
        ("when: angles > 1", "when: method == 'mean'", "method is an option, and this speaks of datasets alone"),
        ("{value: network, when: deep}", "{value: network, when: way == 'slow'}", "way stands behind this"),
        ("{value: network, when: deep}", "{value: network, because: x}", "there is no when"),
        ("{value: network, when: deep}", "{value: network, when: deep ==}", "something is missing at the end"),
    ],
)
def test_conditions_that_can_never_be_told_are_refused(old, new, words):
    place = TEXT.rindex(old)  # of two, the preset's
    found, problems = parse_text(TEXT[:place] + TEXT[place:].replace(old, new, 1), Path("fuse.yaml"))
    assert found is None and words in problems[0].message, problems
    assert problems[0].line > 1


def test_without_conditions_the_document_is_what_it_was(jobtype):
    plain = re.sub(r", (when|because): [^,}]+(?=[,}])", "", re.sub(r"needs:\n(  - .*\n)+", "", TEXT))
    plain = plain.replace("{flag: --deep}", "{flag: --deep, when: deep}")
    found, problems = parse_text(plain, Path("fuse.yaml"))
    assert problems == []
    document = found.document()
    assert "needs" not in document
    assert all(
        set(item) == {"value", "label", "needs_input", "needs_options"}
        for item in document["options"][1]["choices"]
        if isinstance(item, dict)
    )
    assert set(document["presets"][0]) == {"name", "blurb", "values"}


DOCS = (Path(__file__).parents[3] / "docs/staff/job-types.md").read_text("utf-8")
EXAMPLE = re.search(r"```yaml\n(# Two that exclude each other.*?)```", DOCS, re.DOTALL)


def test_the_example_of_options_that_exclude_and_need_each_other_holds():
    assert EXAMPLE
    options = "".join(f"  {line}\n" for line in EXAMPLE[1].splitlines())
    text = re.sub(r"options:\n.*?presets:\n.*?resources", f"options:\n{options}resources", TEXT, flags=re.DOTALL)
    text = re.sub(r"program: .*", "program: {module: fuse}", re.sub(r"needs:\n(  - .*\n)+", "", text))
    found, problems = parse_text(text, Path("fuse.yaml"))
    assert problems == []
    assert plan(found, {}, on(1))[0].options == {"smooth": False}
    assert plan(found, {"threshold": "3"}, on(1))[0].options == {"threshold": 3.0, "smooth": False}
    assert plan(found, {"percentile": "3"}, on(1))[0].options == {"percentile": 3.0, "smooth": False}
    assert "only without a threshold" in wrong(found, {"threshold": "3", "percentile": "3"}, on(1))["percentile"]
    assert plan(found, {"smooth": True}, on(1))[0].options == {"smooth": True, "sigma": 1.0}
    assert "Smooth must be on" in wrong(found, {"sigma": "3"}, on(1))["sigma"]
