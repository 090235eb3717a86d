"""A long text is judged in one go, and one that was looked at is not judged again."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.jobtype import lines, option
from portal.jobtype.checks import MOST_CHOICES
from portal.jobtype.kept import MOST, MOST_CHARACTERS, Kept
from portal.jobtype.written import verdict
from portal.jobtype.written.check import check
from portal.jobtype.written.tree import Tree


@pytest.fixture
def large(small_text: str) -> Callable[[int, int], str]:
    """A sound job type with so many choices of so many values, each asked for under a condition."""

    def made(options: int, values: int) -> str:
        listed = ", ".join(f"c{number}" for number in range(values))
        added = "".join(
            f"  - {{name: o{number}, label: O, type: choice, choices: [{listed}], "
            f"show_when: 'sigma > 1 || sigma < {number}'}}\n"
            for number in range(options)
        )
        return small_text.replace("resources:\n", f"{added}resources:\n", 1)

    return made


@pytest.fixture
def loaders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are read as YAML from now on."""
    read: list[str] = []

    class Counted(lines.PlainLoader):
        def __init__(self, stream: Any) -> None:
            read.append(stream)
            super().__init__(stream)

    monkeypatch.setattr(lines, "PlainLoader", Counted)
    return read


def test_each_choice_is_made_once(large: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    real = option.Choice

    def counted(value: str) -> option.Choice:
        made.append(value)
        return real(value=value)

    monkeypatch.setattr(option, "Choice", counted)
    judged = check(large(40, 60))
    assert judged.jobtype is not None, judged.found
    assert len(made) == 40 * 60
    assert judged.jobtype.conditions
    assert len(made) == 40 * 60


def test_a_condition_still_knows_only_what_stands_before_it(large: Any) -> None:
    text = large(3, 2).replace("sigma < 1'", "o2 == 'c1''", 1).replace("o2 == 'c1''", 'o2 == "c1"\'')
    assert any("o2 stands behind this" in one.message for one in check(text).wrong), text


def test_a_text_is_read_once_and_looked_at_again_for_nothing(large: Any, loaders: list[str]) -> None:
    text = large(4, 7) + "# read once\n"
    check(text)
    assert loaders == [text]
    again = check(text)
    assert again.jobtype is not None
    Tree(text)
    assert verdict.verdicts([text, text])[1] is not None
    assert loaders == [text]


def test_what_is_kept_is_bounded_by_number_and_by_length() -> None:
    made: list[str] = []

    def make(text: str) -> int:
        made.append(text)
        return len(text)

    kept = Kept(make)
    for number in range(MOST + 1):
        assert kept(str(number)) == kept(str(number))
    assert len(made) == MOST + 1
    kept("0")  # the oldest made room
    assert len(made) == MOST + 2
    third = "x" * (MOST_CHARACTERS // 3)
    for letter in "abcd":
        kept(letter + third)
    kept("d" + third)
    kept("c" + third)
    assert len(made) == MOST + 6
    kept("a" + third)
    assert len(made) == MOST + 7
    kept("y" * (2 * MOST_CHARACTERS))
    kept("y" * (2 * MOST_CHARACTERS))
    assert len(made) == MOST + 8


def test_a_list_judges_so_much_at_once_and_says_what_it_did_not(
    large: Any, loaders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [large(3, 5) + f"# of a list {number}\n" for number in range(3)]
    monkeypatch.setattr(verdict, "MOST_ANEW", len(texts[0]) * 2 + 1)
    first = verdict.verdicts(texts)
    assert [one is not None for one in first] == [True, True, False]
    assert loaders == texts[:2]
    assert None not in verdict.verdicts(texts)
    assert loaders == texts
    monkeypatch.setattr(verdict, "MOST_ANEW", 1)
    longer = large(3, 6)
    assert verdict.verdicts([longer])[0] is not None, "the first is judged however long it is"


def test_more_choices_than_a_form_shows_are_refused_in_words(large: Any) -> None:
    assert check(large(50, 100)).jobtype is not None
    (wrong,) = check(large(MOST_CHOICES // 100 + 1, 100)).wrong
    assert wrong.message == (
        "all options together have 5,100 choices, and a form shows 5,000 at most: "
        "shorten lists, or let people type the value"
    )
    assert wrong.path == ("options", 1, "choices")
