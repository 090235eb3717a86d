"""References in words and as BibTeX."""

import pytest

from portal.jobtype.methods import Reference
from portal.methods.publications import Bibliography, bibtex, in_words, latex
from portal.methods.quantities import number, quantity, unit


def reference(**more: object) -> Reference:
    return Reference.model_validate(
        {"key": "k", "authors": ["Töpfner, Nicole"], "title": "T", "journal": "J", "year": 2015, **more}
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Töpfner & Søn, 5 % of a_b", "T{\\\"o}pfner \\& S{\\o}n, 5 \\% of a\\_b"),
        ("Łukasz Žížek Çelik Ångström ñ",
         "{\\L}ukasz {\\v Z}{\\'\\i}{\\v z}ek {\\c C}elik {\\AA}ngstr{\\\"o}m {\\~n}"),
        ("Paul Erdős {#1} $x^2$ \\n ~",
         ("Paul Erd{\\H o}s \\textbraceleft{}\\#1\\textbraceright{} \\$x\\textasciicircum{}2\\$ "
          "\\textbackslash{}n \\textasciitilde{}")),
        ("Straße œuvre", "Stra{\\ss}e {\\oe}uvre"),
        ("1–2", "1--2"),
        ("顕微鏡 α", "顕微鏡 α"),
        ("İstanbul Ģ ṩ", "{\\.I}stanbul {\\c G} ṩ"),
    ],
)  # fmt: skip
def test_text_as_latex(text: str, wanted: str) -> None:
    assert latex(text) == wanted


def test_an_entry() -> None:
    one = reference(
        authors=["Otto, Oliver", "The dclab developers", "Töpfner, N."],
        title="Real-time RI of cells & CT in Jena: 100 %",
        pages="199-202", volume="12", number="3", doi="10.1038/nmeth_3281",
    )  # fmt: skip
    assert bibtex(one, "otto2015") == (
        "@article{otto2015,\n"
        '  author = {Otto, Oliver and {The dclab developers} and T{\\"o}pfner, N.},\n'
        "  title = {Real-time {RI} of cells \\& {CT} in {Jena:} 100 \\%},\n"
        "  journal = {J},\n  volume = {12},\n  number = {3},\n  pages = {199--202},\n  year = {2015},\n"
        "  doi = {10.1038/nmeth_3281}\n}\n"
    )


def test_braces_are_even_whatever_the_text() -> None:
    entry = bibtex(reference(title="}{ \\{ %{", authors=["A}, {B"]), "k")
    depth = 0
    for character in entry:  # BibTeX counts braces behind a backslash, too
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0


def test_in_words() -> None:
    assert in_words(reference(authors=["Gureyev, Timur E.", "Jean-Luc Group", "Sartre, Jean-Paul"])) == (
        "T. E. Gureyev, Jean-Luc Group, J.-P. Sartre, “T”, J (2015)"
    )


def test_one_publication_has_one_number_and_keys_are_unique() -> None:
    cited = Bibliography()
    first, same = reference(doi="10.1234/A"), reference(key="other", doi="10.1234/a")
    another = reference(title="Another")
    assert [cited.number(one) for one in (first, same, another, first)] == [1, 1, 2, 1]
    assert [key for key, _ in cited.entries()] == ["k", "ka"]


UNITS = {
    "um": "µm", "um^2": "µm²", "um²": "µm²", "us": "µs", "deg": "°", "counts": "counts", "1/mm": "1/mm",
    "mm**-1": "mm⁻¹", "ul/s": "µl/s", "units": "units", "kg": "kg", "lumens": "lumens", "px": "px",
}  # fmt: skip


@pytest.mark.parametrize(("name", "wanted"), UNITS.items())
def test_units_as_people_write_them(name: str, wanted: str) -> None:
    assert unit(name) == wanted


def test_numbers_in_sensible_digits() -> None:
    assert number(0.30000000000000004) == "0.3"
    assert number(0.1234567) == "0.123457"
    assert number(-6) == "−6"
    assert number(1e-6) == "1 × 10⁻⁶"
    assert number(1023.5125) == "1023.51"
    assert number(2.0) == "2"
    assert (number(9999), number(-10_000), number(4720829.0)) == ("9999", "−10,000", "4,720,829")
    assert number(6.02e23) == "6.02 × 10²³"
    assert quantity(180.0, "deg") == "180°"
    assert quantity(float("inf"), "um") == "inf"
    assert quantity(10**400, "um") == f"{10**400:,} µm"


def test_a_title_in_capitals_throughout_is_left_to_the_style() -> None:
    entry = bibtex(reference(title="Bayesian-Based Iterative Method of CT Image Restoration"), "k")
    assert "title = {Bayesian-Based Iterative Method of {CT} Image Restoration}" in entry


def test_what_stands_in_proceedings() -> None:
    entry = bibtex(reference(kind="proceedings", journal="11th Conference"), "k")
    assert entry.startswith("@inproceedings{k,")
    assert "booktitle = {11th Conference}" in entry
