"""What recorded replies of real Slurm releases say, held against what was done to the jobs."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portal.daemon.reconcile.verdict import Ended
from portal.daemon.reconcile.verdict import judge as verdict_of
from portal.jobs.cause import Asked, Cause, Retry
from portal.scheduler.base import Ending, JobHandle, JobReport, Phase
from portal.scheduler.slurm.match import Rows, judge, unsettled, vanished
from portal.scheduler.slurm.rows import accounting_rows, queue_rows

RECORDINGS = Path(__file__).parents[3] / "contract" / "recordings"
RELEASES = sorted(path.name for path in RECORDINGS.glob("slurm-*") if any(path.glob("*.json")))
LATER = datetime(2099, 1, 1, tzinfo=UTC)

# scenario -> for each of its jobs, in the order of their ids: phase, ending, exit code, signal, who ended it
TOLD: Mapping[str, list[tuple[Phase, Ending | None, int | None, int | None, str | None]]] = {
    "completed": [(Phase.ENDED, Ending.COMPLETED, 0, None, None)],
    "failed-code": [(Phase.ENDED, Ending.FAILED, 3, None, None)],
    "failed-command": [(Phase.ENDED, Ending.FAILED, 127, None, None)],
    "failed-signal": [(Phase.ENDED, Ending.FAILED, None, 11, None)],
    "failed-killed": [(Phase.ENDED, Ending.FAILED, None, 9, None)],
    "timeout": [(Phase.ENDED, Ending.TIMEOUT, None, None, None)],
    "deadline": [(Phase.ENDED, Ending.DEADLINE, None, None, None)],
    "preempted": [(Phase.ENDED, Ending.PREEMPTED, None, None, None)],
    "node-fails": [(Phase.ENDED, Ending.NODE_FAIL, None, None, None)],
    "node-fails-requeued": [(Phase.PENDING, None, None, None, None)],
    "cancelled-by-owner": [(Phase.ENDED, Ending.CANCELLED, None, None, "maya")],
    "cancelled-by-owner-waiting": [(Phase.ENDED, Ending.CANCELLED, None, None, "maya")],
    "cancelled-by-administrator": [(Phase.ENDED, Ending.CANCELLED, None, None, "root")],
    "cancelled-by-coordinator": [(Phase.ENDED, Ending.CANCELLED, None, None, "gantry-daemon")],
    "requeued": [(Phase.PENDING, None, None, None, None)],
    "requeued-runs-again": [(Phase.RUNNING, None, None, None, None)],
    "requeued-ended": [(Phase.ENDED, Ending.CANCELLED, None, None, "root")],
    "running": [(Phase.RUNNING, None, None, None, None)],
    "running-gpu": [(Phase.RUNNING, None, None, None, None)],
    "running-two-nodes": [(Phase.RUNNING, None, None, None, None)],
    "suspended": [(Phase.RUNNING, None, None, None, None)],
    "held-by-owner": [(Phase.PENDING, None, None, None, None)],
    "held-by-administrator": [(Phase.PENDING, None, None, None, None)],
    "begin-later": [(Phase.PENDING, None, None, None, None)],
    "partition-down": [(Phase.PENDING, None, None, None, None)],
    "node-drained": [(Phase.PENDING, None, None, None, None)],
    "association-gpus": [(Phase.PENDING, None, None, None, None)],
    "association-jobs": [(Phase.RUNNING, None, None, None, None), (Phase.PENDING, None, None, None, None)],
    "qos-jobs-per-user": [(Phase.RUNNING, None, None, None, None), (Phase.PENDING, None, None, None, None)],
    "dependency": [(Phase.RUNNING, None, None, None, None), (Phase.PENDING, None, None, None, None)],
    "dependency-never": [(Phase.ENDED, Ending.FAILED, 1, None, None), (Phase.PENDING, None, None, None, None)],
    "full": [(Phase.RUNNING, None, None, None, None), *2 * [(Phase.PENDING, None, None, None, None)]],
}
PUT_BACK = {"requeued", "requeued-runs-again", "requeued-ended", "node-fails-requeued"}


def replies(release: str, scenario: str) -> Mapping[str, Any]:
    return json.loads((RECORDINGS / release / f"{scenario}.json").read_text())


def recorded() -> list[tuple[str, str]]:
    """Every recording whose truth is in the table, in each of its dialects."""
    found = []
    for release in RELEASES:
        for path in sorted((RECORDINGS / release).glob("*.json")):
            scenario = path.name.removesuffix(".json")
            if scenario.partition(".")[0] in TOLD:
                found.append((release, scenario))
    return found


class Recording:
    """A recording with the handles of its jobs, as the portal would have kept them."""

    def __init__(self, release: str, scenario: str) -> None:
        document = replies(release, scenario)
        self.queue = queue_rows(document["squeue"])
        self.accounting = accounting_rows(document["sacct"])
        first: dict[tuple[int, int], JobHandle] = {}
        for row in (*self.accounting, *self.queue):
            for index in (None,) if row.indices is None else sorted(row.indices):
                handle = JobHandle(row.cluster, row.job_id, index, row.name, row.submitted)
                key = (int(row.job_id), -1 if index is None else index)
                if key not in first or first[key].submitted > row.submitted:
                    first[key] = handle
        self.handles = [(str(key), handle) for key, handle in sorted(first.items())]

    def judge(self, *, forgotten: bool = False) -> list[JobReport | None]:
        """Reports in the order of the ids; `forgotten`: the controller does not know the jobs any more."""
        queue = Rows([] if forgotten else self.queue)
        made = judge(self.handles, queue, Rows(self.accounting), LATER, accounted=True)
        return [made.get(key) for key, _handle in self.handles]


def told(report: JobReport | None) -> object:
    assert report is not None
    return (report.phase, report.ending, report.exit_code, report.signal, report.ended_by)


def test_there_are_recordings_of_at_least_one_release():
    assert recorded()


@pytest.mark.parametrize(("release", "scenario"), recorded())
def test_a_recording_is_told_as_it_was(release, scenario):
    assert [told(report) for report in Recording(release, scenario).judge()] == TOLD[scenario.partition(".")[0]]


@pytest.mark.parametrize(("release", "scenario"), recorded())
def test_what_the_controller_has_forgotten_is_told_by_accounting_or_not_at_all(release, scenario):
    reports = Recording(release, scenario).judge(forgotten=True)
    for report, truth in zip(reports, TOLD[scenario.partition(".")[0]], strict=True):
        if truth[0] is Phase.ENDED:
            assert told(report) == truth
        else:
            assert report is None


@pytest.mark.parametrize(("release", "scenario"), recorded())
def test_a_waiting_job_says_why_in_words(release, scenario):
    for report in Recording(release, scenario).judge():
        if report is not None and report.phase is Phase.PENDING:
            assert report.reason
            assert report.reason.endswith(".")
            assert "“" not in report.reason, "a reason without words of its own"
            assert not any(len(word) > 14 and not word.islower() for word in report.reason.split()), report.reason


@pytest.mark.parametrize(("release", "scenario"), recorded())
def test_times_are_in_order_and_a_job_that_never_ran_has_no_start(release, scenario):
    for report in Recording(release, scenario).judge():
        moments = [report.handle.submitted, report.started, report.ended]
        known = [moment for moment in moments if moment is not None]
        assert known == sorted(known)
        assert (report.ended is not None) == (report.phase is Phase.ENDED)
        assert (report.started is None) == (report.node is None)


def test_a_job_that_waits_tells_when_slurm_means_to_start_it():
    [report] = Recording("slurm-24.11", "begin-later").judge()
    assert (report.expected_start - report.handle.submitted) == timedelta(hours=1)
    [report] = Recording("slurm-24.11", "held-by-owner").judge()
    assert report.expected_start is None


@pytest.mark.parametrize(("release", "scenario"), recorded())
def test_restarts_are_counted(release, scenario):
    put_back = scenario.partition(".")[0] in PUT_BACK
    assert {report.restarts for report in Recording(release, scenario).judge()} == {1 if put_back else 0}


@pytest.mark.parametrize("scenario", ["array-mixed", "array-mixed.v0.0.41", "array-mixed.v0.0.40"])
def test_the_tasks_of_an_array_are_told_apart(scenario):
    recording = Recording("slurm-24.11", scenario)
    assert [handle.array_index for _key, handle in recording.handles] == list(range(10))
    assert len({handle.job_id for _key, handle in recording.handles}) == 1
    reports = recording.judge()
    assert [report.phase for report in reports] == 2 * [Phase.ENDED] + 2 * [Phase.RUNNING] + 6 * [Phase.PENDING]
    assert [report.exit_code for report in reports[:2]] == [0, 7]


def test_a_pending_array_is_one_row_and_as_many_jobs_as_it_has_tasks():
    recording = Recording("slurm-24.11", "array-held")
    assert len(recording.queue) == 1
    assert [report.phase for report in recording.judge()] == 100 * [Phase.PENDING]
    sparse = Recording("slurm-24.11", "array-sparse")
    indices = [handle.array_index for _key, handle in sparse.handles]
    assert indices == [1, 3, 7, 8, 9, 20, 24, 28, 32, 36, 40]


@pytest.mark.parametrize(
    "change",
    [
        {"cluster": "another"},
        {"job_id": "99"},
        {"name": "gantry-other-1"},
        {"user": "tom"},
        {"array_index": 3},
        {"submitted": datetime(2001, 1, 1, tzinfo=UTC)},
        {"submitted": datetime(2098, 1, 1, tzinfo=UTC)},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("scenario", ["completed", "running"])
def test_a_job_that_differs_in_anything_is_another(scenario, change):
    recording = Recording("slurm-24.11", scenario)
    [(key, handle)] = recording.handles
    other = [(key, replace(handle, **change))]
    assert judge(other, Rows(recording.queue), Rows(recording.accounting), LATER, accounted=True) == {}


def test_a_job_of_the_same_user_is_the_same():
    recording = Recording("slurm-24.11", "running")
    [(key, handle)] = recording.handles
    mine = [(key, replace(handle, user="maya"))]
    assert key in judge(mine, Rows(recording.queue), Rows([]), LATER, accounted=True)


def test_an_id_that_went_to_another_job_of_the_submission_is_not_taken_for_a_second_run():
    recording = Recording("slurm-24.11", "completed")
    [(key, handle)] = recording.handles
    earlier = replace(handle, submitted=handle.submitted - timedelta(seconds=5))
    forgotten = replace(
        recording.accounting[0], words=("PENDING",), submitted=earlier.submitted, started=None, ended=None
    )
    for restart in (0, None):
        [later] = [replace(row, restart=restart) for row in recording.accounting]
        rows = Rows([forgotten, later])
        assert judge([(key, earlier)], Rows(recording.queue), rows, LATER, accounted=True) == {}
        found = judge([(key, handle)], Rows(recording.queue), rows, LATER, accounted=True)
        assert found[key].ending is Ending.COMPLETED


def test_a_word_that_is_not_known_is_reported_and_ends_nothing():
    recording = Recording("slurm-24.11", "running")
    [(key, handle)] = recording.handles
    [row] = recording.queue
    report = judge([(key, handle)], Rows([replace(row, words=("MELTED",))]), Rows([]), LATER, accounted=True)[key]
    assert (report.ending, report.raw) == (None, "MELTED")


def test_an_ending_waits_a_while_for_accounting_and_then_goes_without():
    recording = Recording("slurm-24.11", "cancelled-by-administrator")
    [(key, handle)] = recording.handles
    [row] = recording.queue
    [kept] = recording.accounting
    behind = Rows([replace(kept, words=("RUNNING",), ended=None)])
    soon, late = row.ended + timedelta(seconds=3), row.ended + timedelta(minutes=2)
    assert judge(recording.handles, Rows([row]), behind, soon, accounted=True)[key].phase is Phase.RUNNING
    assert judge(recording.handles, Rows([row]), behind, late, accounted=True)[key].ending is Ending.CANCELLED
    assert judge(recording.handles, Rows([row]), behind, soon, accounted=False)[key].ending is Ending.CANCELLED
    assert handle.submitted <= row.submitted


def test_accounting_is_asked_about_the_unknown_and_the_ended_only():
    for scenario, asked in (("running", False), ("begin-later", False), ("completed", True)):
        recording = Recording("slurm-24.11", scenario)
        assert bool(unsettled(recording.handles, Rows(recording.queue))) is asked
        assert unsettled(recording.handles, Rows([])) == recording.handles


@pytest.mark.parametrize("reply", [{}, {"jobs": [{"job_id": 1}]}, {"jobs": [None]}, {"jobs": None}])
def test_a_reply_that_cannot_be_read_is_an_error_and_no_empty_list(reply):
    for read in (queue_rows, accounting_rows):
        with pytest.raises(ValueError, match="read"):
            read(reply)


def test_numbers_and_words_of_older_dialects_are_read():
    [job] = replies("slurm-24.11", "failed-code")["squeue"]["jobs"]
    older = job | {
        "job_state": "FAILED",
        "submit_time": job["submit_time"]["number"],
        "start_time": job["start_time"]["number"],
        "end_time": job["end_time"]["number"],
        "exit_code": {"status": "ERROR", "return_code": 3, "signal": {"signal_id": 0, "name": "NONE"}},
        "array_job_id": 0,
        "array_task_id": None,
    }
    assert queue_rows({"jobs": [older]}) == queue_rows({"jobs": [job]})


# ---- tasks that Slurm strikes out ----------------------------------------------------------------------------


def struck_out(told: bool) -> tuple[dict[str, JobReport], dict[str, JobReport]]:
    """What is said of ten tasks of which the last was cancelled while it waited; `told`: by accounting too."""
    recording = Recording("slurm-24.11", "array-mixed")
    rest = frozenset(range(4, 9))
    queue = [replace(row, indices=rest) if len(row.indices) > 1 else row for row in recording.queue]
    kept = [replace(row, indices=rest) if len(row.indices) > 1 else row for row in recording.accounting]
    accounting = Rows(kept if told else recording.accounting)
    reports = judge(recording.handles, Rows(queue), accounting, LATER, accounted=True)
    return reports, vanished(recording.handles, reports, accounting)


def test_a_task_that_is_struck_out_of_its_array_was_cancelled_before_it_started():
    reports, gone = struck_out(told=True)
    assert len(reports) == 9
    [report] = gone.values()
    assert (report.handle.array_index, report.ending, report.started) == (9, Ending.CANCELLED, None)


def test_as_long_as_accounting_has_the_task_it_is_only_absent():
    reports, gone = struck_out(told=False)
    assert len(reports) == 9
    assert gone == {}


def test_a_task_of_an_array_that_accounting_does_not_know_is_only_absent():
    recording = Recording("slurm-24.11", "array-mixed")
    assert vanished(recording.handles, {}, Rows([])) == {}
    strangers = [(key, replace(handle, job_id="99")) for key, handle in recording.handles]
    assert vanished(strangers, {}, Rows(recording.accounting)) == {}


def test_the_row_of_an_array_that_was_cancelled_names_no_task():
    [row] = replies("slurm-24.11", "array-held")["squeue"]["jobs"]
    [cancelled] = queue_rows({"jobs": [row | {"array_task_string": "", "job_state": ["CANCELLED"]}]})
    assert cancelled.indices == frozenset()


@pytest.mark.parametrize("dialect", ["", ".v0.0.41", ".v0.0.40"])
def test_a_job_that_the_kernel_killed_at_its_memory_limit(dialect):
    """The lab has no control groups to enforce a limit: a recorded failure, in the words of such an end."""
    release = RECORDINGS / "slurm-24.11"
    text = (release / f"failed-code{dialect}.json").read_text().replace('"FAILED"', '"OUT_OF_MEMORY"')
    said = json.loads(text)
    for job in said["squeue"]["jobs"] + said["sacct"]["jobs"]:
        # What slurmd writes down: code 0, signal 125.
        code, number = ({"set": True, "number": value} for value in (0, 125))
        job["exit_code"] = {"return_code": code, "signal": {"id": number}}
    queue, accounting = queue_rows(said["squeue"]), accounting_rows(said["sacct"])
    [row] = accounting
    handle = JobHandle(row.cluster, row.job_id, None, row.name, row.submitted)
    for seen in (Rows(queue), Rows([])):
        report = judge([("job", handle)], seen, Rows(accounting), LATER, accounted=True)["job"]
        assert (report.phase, report.ending) == (Phase.ENDED, Ending.OUT_OF_MEMORY)
        assert report.reason == "It used more memory than it had asked for."
        verdict = verdict_of(Ended(report.ending), None, Asked(memory_mb=64, more_memory_mb=128))
        assert verdict.cause is Cause.MEMORY
        assert verdict.words == (
            "It ran out of memory (64 MB). How much it needs in all is not known. Your dataset is unchanged. "
            "Run again with 128 MB?"
        )
        assert verdict.retry is Retry.MORE_MEMORY
