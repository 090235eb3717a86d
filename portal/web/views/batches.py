"""A batch in words: it is never done while a part is not."""

from collections.abc import Mapping
from dataclasses import dataclass

from portal.jobs.state import FINAL, State


@dataclass(frozen=True)
class StateCount:
    """How many jobs of a batch are in a state that people see."""

    state: str
    number: int


ORDER = ("Failed", "Running", "Saving", "Waiting", "On hold", "Done", "Cancelled")


def batch_counts(by_state: Mapping[State, int]) -> list[StateCount]:
    """Counts by the words people see, what needs a look first; empty states are left out."""
    found: dict[str, int] = {}
    for state, number in by_state.items():
        found[state.words] = found.get(state.words, 0) + number
    return [StateCount(word, found[word]) for word in ORDER if found.get(word)]


def state_of_all(by_state: Mapping[State, int]) -> str:
    """The one word for several jobs: what goes on yet; else what did not end well; Done where all are."""
    there = {state.words for state, number in by_state.items() if number}
    return next(
        word
        for word in ("Running", "Saving", "Waiting", "On hold", "Failed", "Cancelled", "Done")
        if word in there
    )


def hidden_words(hidden: int) -> str:
    """A sentence behind the counts where there are jobs that are not shared with this person; else nothing."""
    return f" {hidden:,} more {'is' if hidden == 1 else 'are'} not shared with you." if hidden else ""


def batch_sentence(by_state: Mapping[State, int], warned: int = 0) -> str:
    """One sentence: `7 of 12 done, 2 of them with warnings, 2 failed, 3 to go.`"""
    total = sum(by_state.values())
    done, failed = by_state.get(State.SUCCEEDED, 0), by_state.get(State.FAILED, 0)
    cancelled = by_state.get(State.CANCELLED, 0)
    left = sum(number for state, number in by_state.items() if state not in FINAL)
    doubt = [f"{warned} of them with warnings"] if warned else []
    if done == total:
        return ", ".join([f"All {total} are done", *doubt]) + "."
    parts = [f"{done} of {total} done", *doubt]
    if failed:
        parts.append(f"{failed} failed")
    if cancelled:
        parts.append(f"{cancelled} cancelled")
    if left:
        parts.append(f"{left} to go")
    return ", ".join(parts) + "."
