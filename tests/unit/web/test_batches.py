"""A batch in words: never done while a part is not."""

import pytest

from portal.jobs.state import State
from portal.web.views.batches import batch_counts, batch_sentence


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ({State.SUCCEEDED: 3}, "All 3 are done."),
        ({State.SUCCEEDED: 2, State.COLLECTING: 1}, "2 of 3 done, 1 to go."),
        (
            {State.SUCCEEDED: 7, State.FAILED: 2, State.RUNNING: 1, State.QUEUED: 2},
            "7 of 12 done, 2 failed, 3 to go.",
        ),
        ({State.CANCELLED: 1, State.SUCCEEDED: 1}, "1 of 2 done, 1 cancelled."),
    ],
)
def test_the_sentence_counts_what_is_left(states: dict[State, int], words: str) -> None:
    assert batch_sentence(states) == words


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ({State.SUCCEEDED: 3}, "All 3 are done, 2 of them with warnings."),
        ({State.SUCCEEDED: 2, State.FAILED: 1}, "2 of 3 done, 2 of them with warnings, 1 failed."),
    ],
)
def test_doubtful_results_are_counted(states: dict[State, int], words: str) -> None:
    assert batch_sentence(states, 2) == words


def test_states_that_people_see_as_one_are_counted_as_one_and_failures_come_first() -> None:
    counted = batch_counts({State.QUEUED: 1, State.PENDING: 2, State.FAILED: 1})
    assert [(item.state, item.number) for item in counted] == [("Failed", 1), ("Waiting", 3)]
