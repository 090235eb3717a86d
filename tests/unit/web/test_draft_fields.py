"""Fields of the editor's steps: what they show changes nothing, what is typed becomes the document's values."""

from pathlib import Path
from typing import Any

import pytest

from portal.jobtype.load import judge, shipped_folder
from portal.jobtype.written.check import Step, check
from portal.jobtype.written.start import empty
from portal.jobtype.written.tree import Tree
from portal.web.views.drafts import kinds
from portal.web.views.drafts.apply import applied, done
from portal.web.views.drafts.fields import OF_STEP
from portal.web.views.drafts.shown import groups_of

TEXT = """\
# mine
name: fit
version: "1"
title: Fit
summary: Fits.
category: Fits
contact: Sam
program:
  command: [fit, {option: method}, {option: sigma}, {input: data}]
inputs:
  - {name: data, label: Data, dataset_types: ["*"]}
options:
  - name: method
    type: choice
    label: Method
    choices: [fast, {value: exact, label: Exact}]
    default: fast
  - {name: sigma, type: float, label: Sigma, default: 1}
  - {name: planes, type: numbers, label: Planes}
  - {name: window, type: range, label: Window}
  - {name: strict, type: boolean, label: Strict}
resources: {default: standard, variants: [{name: standard, label: Standard}]}
result_title: "{input}, fitted"
outputs: []
"""


def typed(step: Step, text: str = TEXT, **fields: str) -> str:
    """The text with these fields, __ for their dots."""
    return applied(text, step, {f"f.{name.replace('__', '.')}": value for name, value in fields.items()})


def value(text: str, *path: Any) -> Any:
    """What stands there."""
    tree = Tree(text)
    return tree.get(path) if tree.has(path) else None


def shown(text: str, step: Step) -> dict[str, tuple[str, tuple[str, ...]]]:
    """All fields of a step: value and what is wrong."""
    groups = groups_of(Tree(text), check(text), step)
    return {
        field.name[2:]: (field.value, field.wrong) for group in groups for field in (*group.fields, *group.rare)
    }


@pytest.mark.parametrize("file", sorted(shipped_folder().glob("*.yaml")), ids=lambda file: file.name)
def test_what_fields_show_changes_no_analysis_that_ships(file: Path) -> None:
    text = file.read_text()
    for step in Step:
        fields = {f"f.{name}": shown_ for name, (shown_, _wrong) in shown(text, step).items()}
        assert applied(text, step, fields) == text, step


def test_every_part_that_has_fields_becomes_sound() -> None:
    text = done(typed(Step.DATA), Step.DATA, "needs.add")
    text = typed(Step.DATA, text, needs__0__when="files.count > 2", needs__0__because="needs a series")
    text = typed(
        Step.COMMAND,
        text,
        program__environment="MODE = fast\nTHREADS = {resource: cpus}\nSIGMA={option: sigma}",
        program__working_folder="scratch",
        progress__pattern="plane (?<done>[0-9]+) of (?<total>[0-9]+)",
        progress__stage="fitting",
        success_codes="0, 3",
    )
    text = typed(
        Step.OPTIONS,
        text,
        options__0__choices__0__when="files.count < 10",
        options__0__choices__0__because="too many files",
        options__0__choices__1__when="files.count > 0",
        options__1__only_with="method = exact",
        options__2__show_when='method == "exact"',
        options__2__because="of the exact one",
    )
    text = done(text, Step.OPTIONS, "presets.add")
    text = typed(
        Step.OPTIONS,
        text,
        presets__0__name="Careful",
        presets__0__blurb="Slow.",
        presets__0__values="method = exact\nsigma = 0.5\nplanes = 1, 2.5\nwindow = 1 to 20\nstrict = true",
        presets__0__when="files.count < 100",
        presets__0__because="too many",
        crop__words="The first planes",
        crop__options="planes",
        crop__values="planes = 1, 2",
    )
    text = typed(
        Step.RESOURCES,
        text,
        resources__variants__0__memory="3 * files.size + 2 GB",
        resources__variants__0__time="5 min + files.count * 2 s",
        retry__memory__times="1",
        retry__memory__memory_factor="2",
    )
    assert value(text, "program", "environment", "THREADS") == {"resource": "cpus"}
    assert value(text, "options", 0, "choices", 0) == {
        "value": "fast",
        "when": "files.count < 10",
        "because": "too many files",
    }
    assert value(text, "presets", 0, "values") == {
        "method": "exact",
        "sigma": 0.5,
        "planes": [1, 2.5],
        "window": {"low": 1, "high": 20},
        "strict": True,
    }
    found = check(text)
    assert [one.message for one in found.wrong if one.path[:1] != ("crop",)] == []
    assert text.startswith("# mine\n")
    for step in Step:  # and what they show then changes nothing again
        fields = {f"f.{name}": shown_ for name, (shown_, _wrong) in shown(text, step).items()}
        assert applied(text, step, fields) == text, step


@pytest.mark.parametrize(
    ("step", "fields", "gone"),
    [
        (Step.COMMAND, {"progress__pattern": "(?<percent>[0-9]+)%"}, "progress"),
        (Step.OPTIONS, {"crop__box__option": "method"}, "crop"),
        (Step.RESOURCES, {"retry__time__times": "1"}, "retry"),
    ],
)
def test_a_part_whose_last_field_is_emptied_is_gone(step: Step, fields: dict[str, str], gone: str) -> None:
    text = typed(step, **fields)
    assert value(text, gone)
    text = typed(step, text, **dict.fromkeys(fields, ""))
    assert value(text, gone) is None
    assert judge(text).jobtype is not None


@pytest.mark.parametrize(
    ("step", "field", "typed_", "told"),
    [
        (Step.OPTIONS, "options.1.show_when", "metod == 1", "metod"),
        (Step.OPTIONS, "options.0.choices.1.when", "files.count >", "at the end"),
        (Step.OPTIONS, "options.1.only_with", "method = slow", "slow"),
        (Step.OPTIONS, "presets.0.values", "sigma = much", "number"),
        (Step.OPTIONS, "presets.0.values", "sigma is 3", ""),
        (Step.OPTIONS, "crop.values", "sgma = 3", "sgma"),
        (Step.DATA, "needs.0.when", "wavelength >", "at the end"),
        (Step.COMMAND, "program.environment", "LD_PRELOAD = x", "LD_PRELOAD"),
        (Step.COMMAND, "program.environment", "A = {option: none}", "none"),
        (Step.COMMAND, "progress.pattern", "(?<done>[0-9]+)", "total"),
        (Step.RESOURCES, "resources.variants.0.memory", "3 * files.size + 2 min", ""),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_in_it(
    step: Step, field: str, typed_: str, told: str
) -> None:
    text = TEXT
    if field.startswith(("presets", "needs")):
        text = done(text, step, f"{field.partition('.')[0]}.add")
    if field == "crop.values":
        text = applied(text, step, {"f.crop.words": "A part", "f.crop.options": "sigma"})
    text = applied(text, step, {f"f.{field}": typed_})
    held, wrong = shown(text, step)[field]
    assert held == typed_
    assert wrong
    assert told in " ".join(wrong)


@pytest.mark.parametrize("step", list(OF_STEP))
def test_a_field_of_what_is_not_written_shows_no_word_for_that(step: Step) -> None:
    """A new draft says nothing of most keys: their fields are empty, or have what holds then."""
    text = empty("Shrink a picture", "Sam")
    fields = [
        field for group in groups_of(Tree(text), check(text), step) for field in (*group.fields, *group.rare)
    ]
    assert [field.label for field in fields if "None" in field.value] == []


def test_every_kind_of_field_shows_nothing_of_nothing() -> None:
    every = [kind for kind in vars(kinds).values() if isinstance(kind, kinds.Kind)] + list(kinds.DEFAULTS.values())
    assert len(every) > 10
    assert [kind.input for kind in every if kind.shown(None)] == []


PAPER = """\
methods:
  - "{input} was fitted {cite lucy1974}."   # always
  - {text: "Sigma was {sigma}.", when: {strict: true}}
references:
  - {key: lucy1974, authors: ["Lucy, Leon B."], title: An iterative technique, journal: Astron. J., year: 1974}
"""


def test_sentences_for_a_paper_stand_in_fields_and_change_nothing_by_themselves() -> None:
    text = TEXT + PAPER
    fields = shown(text, Step.PURPOSE)
    assert fields["methods.0.text"][0] == "{input} was fitted {cite lucy1974}."
    assert fields["methods.1.when"][0] == "strict = true"
    assert fields["references.0.authors"][0] == "Lucy, Leon B."
    assert applied(text, Step.PURPOSE, {f"f.{name}": one for name, (one, _wrong) in fields.items()}) == text


def test_a_sentence_that_is_written_alone_gets_a_condition() -> None:
    made = typed(Step.PURPOSE, TEXT + PAPER, methods__0__when="method = exact")
    assert value(made, "methods", 0) == {
        "text": "{input} was fitted {cite lucy1974}.",
        "when": {"method": "exact"},
    }
    assert judge(made).jobtype is not None
    other = typed(Step.PURPOSE, TEXT + PAPER, methods__0__text="It was fitted {cite lucy1974}.")
    assert value(other, "methods", 0) == "It was fitted {cite lucy1974}."
    assert "# always" in other
    gone = typed(Step.PURPOSE, TEXT + PAPER, methods__0__text="")
    assert value(gone, "methods", 0) == {}
    assert judge(gone).jobtype is None


def test_what_a_result_must_have_is_true_a_number_or_a_text() -> None:
    text = 'centre found = true\nrounds = 3\nname = otsu\nmarked = "3"'
    made = typed(Step.PURPOSE, TEXT + PAPER, methods__1__found=text)
    assert value(made, "methods", 1, "found") == {"centre found": True, "rounds": 3, "name": "otsu", "marked": "3"}
    assert shown(made, Step.PURPOSE)["methods.1.found"][0] == text


def test_a_publication_from_nothing() -> None:
    text = done(TEXT, Step.PURPOSE, "references.add")
    assert value(text, "references") == [{"key": "reference"}]
    assert shown(text, Step.PURPOSE)["references.0.title"][1]
    text = typed(
        Step.PURPOSE,
        text,
        references__0__title="An iterative technique",
        references__0__authors="Lucy, Leon B.\n\nRichardson, W. H.\n",
        references__0__year="1974",
        references__0__journal="Astron. J.",
        references__0__doi="https://doi.org/10.1086/111605",
    )
    text = done(text, Step.PURPOSE, "methods.add")
    text = typed(Step.PURPOSE, text, methods__0__text="{input} was fitted {cite reference}.", icon="layers")
    found = judge(text)
    assert found.jobtype is not None, found.wrong
    assert found.jobtype.references[0].authors == ["Lucy, Leon B.", "Richardson, W. H."]
    assert found.jobtype.references[0].doi == "10.1086/111605"
    assert found.jobtype.icon == "layers"
    assert value(done(text, Step.PURPOSE, "references.add"), "references", 1) == {"key": "reference_2"}


OFFERS = {
    "licences.#.name": (("matlab", "matlab"),),
    "licence_servers.#.name": (("mesh", "mesh"), ("solver", "solver (not for what is made in the browser)")),
}


def test_licences_and_servers_are_picked_from_what_the_site_offers() -> None:
    text = done(done(TEXT, Step.RESOURCES, "licences.add"), Step.RESOURCES, "licence_servers.add")
    assert not check(text).jobtype  # nothing is picked yet
    fields = {
        field.name[2:]: field
        for group in groups_of(Tree(text), check(text), Step.RESOURCES, offers=OFFERS)
        for field in (*group.fields, *group.rare)
    }
    assert fields["licences.0.name"].choices == (("matlab", "matlab"), ("", "Choose …"))
    assert [value for value, _words in fields["licence_servers.0.name"].choices] == ["mesh", "solver", ""]
    assert fields["licence_servers.0.name"].missing
    text = typed(Step.RESOURCES, text, licences__0__name="matlab", licence_servers__0__name="mesh")
    text = typed(Step.RESOURCES, text, licences__0__count="2", licence_servers__0__variable="MLM_LICENSE_FILE")
    made = check(text).jobtype
    assert [(one.name, one.count) for one in made.licences] == [("matlab", 2)]
    assert [(one.name, one.variable) for one in made.licence_servers] == [("mesh", "MLM_LICENSE_FILE")]
    assert "# mine" in text


def test_a_name_that_the_site_does_not_offer_stays_and_is_said() -> None:
    text = TEXT + "licences: [{name: comsol}]\n"
    (field,) = (
        field
        for group in groups_of(Tree(text), check(text), Step.RESOURCES, offers=OFFERS)
        for field in group.fields
        if field.name == "f.licences.0.name"
    )
    assert field.choices == (("matlab", "matlab"), ("comsol", "comsol (not known here)"))


def test_terms_are_typed_and_taken_away_again() -> None:
    text = typed(
        Step.RESOURCES,
        terms__title="Campus licence",
        terms__text="Cite us.\nPay us.",
        terms__use="academic",
        terms__name="campus",
    )
    terms = check(text).jobtype.terms
    assert (terms.title, terms.text, terms.use, terms.name) == (
        *("Campus licence", "Cite us.\nPay us.", "academic", "campus"),
    )
    assert shown(text, Step.RESOURCES)["terms.use"] == ("academic", ())
    empty_again = typed(Step.RESOURCES, text, terms__title="", terms__text="", terms__use="either", terms__name="")
    assert check(empty_again).jobtype is None or check(empty_again).jobtype.terms is None
