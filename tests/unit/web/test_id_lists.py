"""Many numbers of datasets in an address: what comes out is what went in, within a bound."""

import random

import pytest

from portal.errors import LimitError
from portal.web.bounds import LONGEST_LINK
from portal.web.views.paging import MOST_DATASETS, whole_numbers
from portal.web.views.picks.id_lists import AS_THEY_ARE, texts_of


@pytest.mark.parametrize("number", [0, 1, AS_THEY_ARE, AS_THEY_ARE + 1, MOST_DATASETS])
def test_the_numbers_come_back_in_their_order(number: int) -> None:
    ids = random.Random(number).sample(range(1, 10_000_000), number)
    texts = texts_of(ids)
    assert whole_numbers(texts) == ids
    assert len(texts) == (number if number <= AS_THEY_ARE else 1)


def test_as_many_as_a_submission_takes_fit_into_an_address() -> None:
    """Ticked all over a catalogue of a million, in the order of a list and in none."""
    ids = sorted(random.Random(7).sample(range(1, 1_000_000), MOST_DATASETS), reverse=True)
    assert len("dataset=") + len(texts_of(ids)[0]) < LONGEST_LINK
    random.Random(8).shuffle(ids)
    assert len(texts_of(ids)[0]) < LONGEST_LINK
    assert whole_numbers(texts_of(ids)) == ids


@pytest.mark.parametrize(
    "text",
    ["~", "~.", "~-1", "~5.-6", "~1..2", "~1,2", "~ 1", "~A", "~1.٣", "~" + "z" * 14, "~1.--1", "1.2", "~~1"],
)
def test_what_is_no_such_text_names_nothing(text: str) -> None:
    assert whole_numbers([text]) == []


def test_more_than_a_request_may_name_are_refused_however_they_are_written() -> None:
    many = list(range(10, 10 + MOST_DATASETS))
    assert len(whole_numbers([*texts_of(many), "10"])) == MOST_DATASETS
    with pytest.raises(LimitError, match="at most 1,000 datasets"):
        whole_numbers(["~1" + ".1" * MOST_DATASETS])
    with pytest.raises(LimitError, match="at most 1,000 datasets"):
        whole_numbers([*texts_of(many), "1"])
    with pytest.raises(LimitError, match="at most 1,000 datasets"):
        whole_numbers(["~1" + ".1" * 9000])
