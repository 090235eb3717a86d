"""The sentences that a job type has for a paper: what is wrong with them is said with its line."""

from collections.abc import Callable

import pytest

from portal.jobtype.load import load_folders, parse_text, shipped_folder
from portal.jobtype.methods import Mark, holds, pieces

WRONG = {  # what stands at the end of the file -> words that the problem must have
    "placeholder": ('methods: ["By {sigmma}."]', "{sigmma} is no placeholder here; did you mean sigma?"),
    "open brace": ('methods: ["By {sigma."]', "a single “{”; write it twice where a brace is meant"),
    "closed brace": ('methods: ["By sigma}."]', "a single “}”"),
    "empty": ('methods: ["By {}."]', "is no placeholder"),
    "two words": ('methods: ["By {sigma wide}."]', "is no placeholder"),
    "found what": ('methods: ["By {found}."]', "{found} says not what is found"),
    "slot": ('methods: ["{input dat} was blurred."]', "there is no slot named dat; did you mean data?"),
    "reference": ('methods: ["By {cite gaus1809}."]', "there is no reference named gaus1809"),
    "condition": ("methods: [{text: x, when: {sgma: 1}}]", "there is no option named sgma; did you mean sigma?"),
    "value of a condition": ("methods: [{text: x, when: {sigma: [1, 50]}}]", "sigma is never 50"),
    "kind of a condition": ("methods: [{text: x, unless: {sigma: wide}}]", "sigma is never 'wide'"),
    "tells": ("methods: [{text: x, tells: [sigm]}]", "there is no option named sigm; did you mean sigma?"),
    "key": ("methods: [{text: x, whenn: {sigma: 1}}]", "unknown key"),
    "doi": ('references: [{key: a, authors: [A], title: T, journal: J, year: 2000, doi: "doi:10.1/x"}]', "doi"),
    "journal": ("references: [{key: a, authors: [A], title: T}]", "an article has a journal and a year"),
    "software": ("references: [{key: a, kind: software, authors: [A], title: T}]", "software has a url or a doi"),
    "twice": (
        "references: [{key: a, kind: book, authors: [A], title: T}, {key: A, kind: book, authors: [A], title: T}]",
        "there are two references with the key A",
    ),
    "when": (
        "references: [{key: a, kind: book, authors: [A], title: T, when: {x: 1}}]",
        "there is no option named x",
    ),
    "year": ('references: [{key: a, kind: book, authors: [A], title: T, year: "1999"}]', "year"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_in_its_line(name: str, load: Callable[..., object], small_text: str) -> None:
    added, words = WRONG[name]
    jobtype, problems = load("result_title", f"{added}\nresult_title")
    assert jobtype is None
    (problem,) = problems
    line = small_text[: small_text.index("result_title")].count("\n") + 1
    assert problem.line == line
    assert words in problem.message


def test_an_input_where_there_is_none(small_text: str) -> None:
    text = small_text.replace("inputs:\n  - name: data\n    label: Dataset\n    dataset_types: [stack]\n", "")
    text = text.replace('"{input}, blurred"', "Blurred") + 'methods: ["{input} was blurred."]\n'
    jobtype, problems = parse_text(text, shipped_folder() / "x.yaml")
    assert jobtype is None
    assert "this analysis takes none" in problems[0].message


def test_sound_sentences(small_text: str) -> None:
    text = (
        small_text
        + """\
methods:
  - "{input} and {input data} were blurred by {sigma} {{so}}, {found how much} {cite a, b}."
  - {text: "{analysis}.", when: {sigma: [1.5, null]}, found: {sharp: true}}
references:
  - {key: a, kind: book, authors: [A], title: T}
  - {key: b, kind: software, authors: ["B, C"], title: T, url: "https://b.example"}
"""
    )
    jobtype, problems = parse_text(text, shipped_folder() / "x.yaml")
    assert jobtype is not None, problems
    marks = [one for one in pieces("By {sigma} {{so}}, {cite a, b}.") if isinstance(one, Mark)]
    assert marks == [Mark("option", ("sigma",)), Mark("cite", ("a", "b"))]
    assert "".join(one for one in pieces("{{so}}") if isinstance(one, str)) == "{so}"


def test_a_job_type_without_them_keeps_the_revision_that_was_published_before_there_were_any(
    small_text: str,
) -> None:
    jobtype, _problems = parse_text(small_text, shipped_folder() / "x.yaml")
    assert jobtype is not None
    assert not {"methods", "references"} & jobtype.document().keys()
    assert jobtype.revision == "sha256:364c01bfdd22753b9e3be62c8a268143112b892a07dd5860b884953234d5828f"


def test_every_shipped_type_that_leaves_a_dataset_says_how() -> None:
    shipped = load_folders([shipped_folder()])
    assert not shipped.problems
    assert all(jobtype.methods for jobtype in shipped.by_name.values() if jobtype.outputs)


def test_true_is_not_one_and_text_is_no_number() -> None:
    assert holds(1, 1.0) and holds(None, None) and holds("a", ["b", "a"])
    assert not holds(True, 1) and not holds(1, True) and not holds("1", 1) and not holds(0, None)
