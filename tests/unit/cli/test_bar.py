"""What a program says, in the bar of `gantry run`."""

import io
from typing import Any

import pytest
from rich.console import Console

from portal.cli.run import bar, teller


def test_brackets_in_what_a_program_says_are_shown_as_they_are() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with bar(console) as shown:
        shown.add_task("Step 1 of 1, reading: [/x] of [red]y.", total=1)
    assert "[/x] of [red]y." in console.file.getvalue()


def told(*documents: dict[str, Any]) -> list[tuple[float | None, float, str]]:
    """Total, done and what is said of it after each answer about one job."""
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    found = []
    with bar(console) as shown:
        tell = teller(shown, 1)
        for document in documents:
            job = {"state": "running", "final": False, "sentence": "x", "progress": None} | document
            tell({"jobs": [job]})
            (task,) = shown.tasks
            found.append((task.total, task.completed, task.fields.get("done", "")))
    return found


HALF = {"progress": {"fraction": 0.5}}


def test_what_is_not_known_is_no_nought() -> None:
    found = told({"state": "queued"}, {}, {"progress": {"fraction": None}}, HALF)
    assert found[:3] == [(None, 0, "")] * 3
    assert found[3] == (100, 50, "50 %")


def test_a_bar_does_not_go_back_while_the_result_is_saved() -> None:
    assert told(HALF, {"state": "collecting"})[-1] == (100, 50, "50 %")
    assert told(HALF, {"state": "succeeded", "final": True})[-1] == (100, 100, "100 %")


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_what_failed_was_not_done_by_that(state: str) -> None:
    assert told(HALF, {"state": state, "final": True})[-1] == (100, 50, "50 %")


def test_what_begins_anew_is_not_half_done() -> None:
    assert told(HALF, {"state": "queued"})[-1][0] is None
