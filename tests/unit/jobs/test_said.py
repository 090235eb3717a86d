"""Documents of a job's rows: typed, who said what apart, and read whatever release wrote them."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from portal.jobs.models import Attempt, Job
from portal.jobs.said import MOST_TEXT, FilesSaid, PortalNoted, SchedulerSaid, Seen, Waiting

AT = datetime(2026, 11, 20, 12, 0, 1, 500_000, tzinfo=UTC)
WRITTEN = "2026-11-20T12:00:01.500Z"
WAITING = Waiting("All are busy.", 0, AT, 3)
SEEN = Seen(
    SchedulerSaid("failed", "FAILED", 1, 9, "n1", "why", "root", AT, AT, 1.5, 2**40),
    FilesSaid("not JSON", "the last\nlines"),
    PortalNoted(AT, AT, "Not now.", "Invalid account"),
)
# As the release before this one wrote them: all names side by side.
OLD_WAITING = {"reason": "All are busy.", "position": 0, "start": WRITTEN, "tries": 3}
OLD_SEEN = {
    "ending": "failed",
    "raw": "FAILED",
    "exit_code": 1,
    "signal": 9,
    "node": "n1",
    "reason": "why",
    "by": "root",
    "started": WRITTEN,
    "ended": WRITTEN,
    "cpu_s": 1.5,
    "memory_peak_bytes": 2**40,
    "invalid_result": "not JSON",
    "last_lines": "the last\nlines",
    "ended_seen": WRITTEN,
    "cancel_sent": WRITTEN,
    "cancel_refused": "Not now.",
    "detail": "Invalid account",
}


@pytest.mark.parametrize("said", [Waiting(), WAITING, Waiting(position=0), Seen(), SEEN, Seen(files=SEEN.files)])
def test_what_is_kept_is_read_again(said):
    assert type(said).of(said.document()) == said


def test_what_the_scheduler_the_files_and_the_portal_said_lie_apart():
    assert {name: sorted(part) for name, part in SEEN.document().items()} == {
        "scheduler": sorted(SchedulerSaid.__dataclass_fields__),
        "files": ["invalid_result", "last_lines"],
        "portal": ["cancel_refused", "cancel_sent", "detail", "ended_seen"],
    }
    assert Seen().document() == {}
    assert WAITING.document() == OLD_WAITING


def test_rows_of_the_release_before_are_read_right():
    assert Waiting.of(OLD_WAITING) == WAITING
    assert Seen.of(OLD_SEEN) == SEEN
    assert Seen.of({"detail": None, "node": None, "started": None}) == Seen()
    assert Waiting.of({"reason": None, "position": None}) == Waiting()


@pytest.mark.parametrize("value", [None, True, [], {}, "", 2**70, float("inf"), "nan", "2026-11-20T12:00:00"])
def test_what_is_not_what_it_should_be_is_left_out_and_harms_nothing(value):
    for old in (OLD_SEEN, OLD_WAITING, {"scheduler": 1, "files": 2, "portal": 3, "later": 4}):
        for name in old:
            Seen.of(old | {name: value})
            Waiting.of(old | {name: value})
    assert Waiting.of({"position": True, "start": value, "tries": "3", "later": value}) == Waiting()
    assert Seen.of({"scheduler": {"exit_code": True, "cpu_s": True, "started": value}}) == Seen()


def test_texts_are_cut_to_a_length():
    assert len(Waiting("x" * 10**6).document()["reason"]) == MOST_TEXT
    assert len(Seen.of({"detail": "x" * 10**6}).portal.detail) == MOST_TEXT


def test_columns_hold_the_types_and_old_rows_are_read_through_them(bench):
    bench.desk.submit()
    bench.dispatch()
    with bench.deps.write() as session:
        session.execute(text("""UPDATE job SET waiting = '{"reason": "old", "position": 4, "later": 1}'"""))
        session.execute(
            text("""UPDATE attempt SET seen = '{"node": "n7", "last_lines": "l", "ended_seen": "x"}'""")
        )
    job = bench.job()
    assert job.waiting == Waiting("old", 4)
    assert job.attempt.seen == Seen(SchedulerSaid(node="n7"), FilesSaid(last_lines="l"))
    with bench.deps.write() as session:
        session.get_one(Job, job.id).waiting = WAITING
        session.get_one(Attempt, job.attempt.id).seen = SEEN
    job = bench.job()
    assert (job.waiting, job.attempt.seen) == (WAITING, SEEN)
