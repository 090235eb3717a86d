"""The contract on recordings: what the live suite asks of a Slurm, asked of each release that was recorded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alone import alone

from portal.scheduler.base import Ending, JobHandle, JobReport, JobRequest, Phase, SchedulerError
from portal.scheduler.slurm import note as slurm_note
from portal.scheduler.slurm import times as slurm_times
from portal.scheduler.slurm.cluster import SlurmScheduler
from portal.scheduler.slurm.commands import Answer
from portal.scheduler.slurm.config import SlurmConfig
from portal.scheduler.slurm.rows import accounting_rows, queue_rows

RECORDINGS = Path(__file__).parent / "recordings"
RELEASES = sorted(folder.name for folder in RECORDINGS.glob("slurm-*"))
# Fate -> phase, ending, exit code of its last job: what the live suite arranges too.
FATES: Mapping[str, tuple[Phase, Ending | None, int | None]] = {
    "completed": (Phase.ENDED, Ending.COMPLETED, 0),
    "failed-code": (Phase.ENDED, Ending.FAILED, 3),
    "timeout": (Phase.ENDED, Ending.TIMEOUT, None),
    "cancelled-by-owner": (Phase.ENDED, Ending.CANCELLED, None),
    "cancelled-by-owner-waiting": (Phase.ENDED, Ending.CANCELLED, None),
    "node-fails": (Phase.ENDED, Ending.NODE_FAIL, None),
    "requeued-runs-again": (Phase.RUNNING, None, None),
    "running": (Phase.RUNNING, None, None),
    "association-jobs": (Phase.PENDING, None, None),
    "begin-later": (Phase.PENDING, None, None),
}
NOT_REFUSALS_OF_SBATCH = {"unknown-job", "unknown-job-scontrol", "private"}
COMMAND_LINE = {"option"}
"""What sbatch itself does not understand, and the controller never saw."""
RETRIED = {"too-many"}


def document(release: str, name: str) -> Mapping[str, Any]:
    return json.loads((RECORDINGS / release / f"{name}.json").read_text(encoding="utf-8"))


class Recorded:
    """Commands that say what was recorded; `says` has an answer for a program, instead."""

    def __init__(self, said: Mapping[str, Any], **says: Answer) -> None:
        self.said = said
        self.says = says

    def run(self, command: Sequence[str], *, stdin: str = "") -> Answer:
        program = command[0]
        if program in self.says:
            return self.says[program]
        if command[1] == "--json=list":
            return Answer(0, f"Possible data_parser plugins:\ndata_parser/{self.said['parser']}\n", "")
        assert command[1] == f"--json={self.said['parser']}", command
        return Answer(0, json.dumps(self.said[program]), "")


def answer(said: Mapping[str, Any]) -> Answer:
    return Answer(said["code"], said["stdout"], said["stderr"])


def scheduler(said: Mapping[str, Any], folder: Path = Path("/nowhere"), **says: Answer) -> SlurmScheduler:
    return SlurmScheduler(SlurmConfig("gantry", canary=False), folder, commands=Recorded(said, **says))


def handles(said: Mapping[str, Any]) -> list[tuple[str, JobHandle]]:
    """The recorded jobs in the order of their ids, as the portal would have kept them: with their first times."""
    first: dict[int, JobHandle] = {}
    for row in (*accounting_rows(said["sacct"]), *queue_rows(said["squeue"])):
        known = first.get(int(row.job_id))
        if known is None or row.submitted < known.submitted:
            first[int(row.job_id)] = JobHandle(row.cluster, row.job_id, None, row.name, row.submitted)
    return [(f"key {number}", handle) for number, handle in sorted(first.items())]


def dialects() -> list[tuple[str, str]]:
    """Every recording of a fate in the table, in each of its dialects."""
    return [
        (release, path.name.removesuffix(".json"))
        for release in RELEASES
        for path in sorted((RECORDINGS / release).glob("*.json"))
        if path.name.partition(".")[0] in FATES
    ]


def last(release: str, name: str) -> JobReport:
    said = document(release, name)
    asked = handles(said)
    observation = scheduler(said).observe(asked)
    assert observation.answered, observation.message
    return observation.reports[asked[-1][0]]


def test_several_releases_were_recorded_and_each_has_every_fate():
    assert len(RELEASES) >= 2
    for release in RELEASES:
        assert {name for folder, name in dialects() if folder == release} >= set(FATES), release


@pytest.mark.parametrize(("release", "name"), dialects())
def test_a_job_is_reported_as_it_was(release, name):
    report = last(release, name)
    assert (report.phase, report.ending, report.exit_code) == FATES[name.partition(".")[0]]
    assert (report.ended is not None) == (report.phase is Phase.ENDED)
    assert report.handle.submitted <= (report.started or report.handle.submitted)
    if name.startswith("cancelled-by-owner-waiting"):
        assert report.started is None
    if report.phase is Phase.RUNNING:
        assert report.node


@pytest.mark.parametrize(("release", "name"), dialects())
def test_a_job_that_waits_or_was_ended_by_slurm_tells_why(release, name):
    report = last(release, name)
    assert bool(report.reason) == (
        report.phase is Phase.PENDING or report.ending in {Ending.TIMEOUT, Ending.NODE_FAIL}
    )


@pytest.mark.parametrize(
    "change",
    [{"job_id": "999999999"}, {"name": "gantry-another-1"}, {"submitted": datetime(2099, 1, 1, tzinfo=UTC)}],
    ids=["id", "name", "time"],
)
@pytest.mark.parametrize(("release", "name"), dialects())
def test_a_job_that_is_not_exactly_this_one_is_absent(release, name, change):
    said = document(release, name)
    strangers = [(key, replace(handle, **change)) for key, handle in handles(said)]
    observation = scheduler(said).observe(strangers)
    assert observation.answered
    assert observation.reports == {}


@pytest.mark.parametrize("release", RELEASES)
def test_each_of_many_jobs_is_answered_by_its_key(release):
    said = document(release, "association-jobs")
    asked = handles(said)
    assert len(asked) > 1
    reports = scheduler(said).observe(asked).reports
    assert {key: report.handle for key, report in reports.items()} == dict(asked)


@pytest.mark.parametrize("release", RELEASES)
def test_a_controller_that_is_away_has_not_answered(release):
    away = answer(document(release, "controller-away")["said"]["squeue"])
    said = document(release, "running")
    observation = scheduler(said, squeue=away).observe(handles(said))
    assert not observation.answered
    assert observation.reports == {}
    assert observation.message == "The cluster does not answer."


@pytest.mark.parametrize("release", RELEASES)
def test_without_accounting_the_controllers_word_stands_and_no_absence_counts(release):
    away = answer(document(release, "controller-away")["said"]["sacct"])
    said = document(release, "completed")
    [(key, handle)] = handles(said)
    missing = replace(handle, job_id="999999999")
    observation = scheduler(said, sacct=away).observe([(key, handle), ("missing", missing)])
    assert observation.answered
    assert observation.reports[key].ending is Ending.COMPLETED
    assert not observation.absences_count
    assert "missing" not in observation.reports


@pytest.mark.parametrize("release", RELEASES)
def test_the_columns_tell_the_times_that_the_json_tells(release):
    said = document(release, "columns")
    question = slurm_times.question(said["jobs"])
    assert said["columns"]["command"][-len(question) :] == question
    told = slurm_times.times(said["columns"]["stdout"], "gantry")
    rows = queue_rows(said["squeue"])
    back = {row.job_id for row in rows if row.restart}
    assert len(back) == 1
    assert told == {(row.job_id, row.name): row.submitted for row in rows if row.job_id not in back}
    assert {job_id for job_id, _name in told} == set(said["jobs"]) - back
    names = {name for _job_id, name in told}
    assert names == {"gantry-columns-1", "g" * 200, "a name  with blanks, commas"}


@pytest.mark.parametrize("release", RELEASES)
def test_the_tasks_of_an_array_that_wait_and_that_run_are_its_rows(release):
    said = document(release, "columns")
    rows = queue_rows(said["squeue"])
    _one, _long, _blanks, whole, scattered, started, _back = said["jobs"]

    def tasks(job_id: str) -> list[list[int]]:
        return sorted(sorted(row.indices or ()) for row in rows if row.job_id == job_id)

    assert tasks(whole) == [list(range(100))]
    assert tasks(scattered) == [[index for index in range(400) if index % 3 == 0 or index % 7 == 0]]
    assert tasks(started) == [[0], [1], list(range(2, 10))]


def request(folder: Path) -> JobRequest:
    folder.mkdir()
    return JobRequest(folder.name, "gantry-1-1", "maya", ("launch",), folder, 1, 100, 60)


@pytest.mark.parametrize("release", RELEASES)
def test_a_lost_answer_of_sbatch_is_no_refusal(release, tmp_path):
    away = answer(document(release, "controller-away")["said"]["sbatch"])
    one = request(tmp_path / "attempt")
    with pytest.raises(SchedulerError) as caught:
        alone(scheduler(document(release, "running"), tmp_path, sbatch=away).submit([one]))
    assert caught.value.retry
    assert slurm_note.read(one.folder) is not None


@pytest.mark.parametrize("release", RELEASES)
def test_every_refusal_has_words_of_its_own_and_its_hope(release, tmp_path):
    said = document(release, "refusals")["said"]
    words = {}
    for what in said.keys() - NOT_REFUSALS_OF_SBATCH - COMMAND_LINE:
        one = request(tmp_path / what)
        with pytest.raises(SchedulerError) as caught:
            alone(scheduler({"parser": "v0.0.42"}, tmp_path, sbatch=answer(said[what])).submit([one]))
        assert caught.value.retry is (what in RETRIED), what
        assert slurm_note.read(one.folder) is None, what
        words[what] = caught.value.message
    assert len(words) >= 8
    assert not any(message.startswith("The cluster refused the job:") for message in words.values()), words


@pytest.mark.parametrize("release", RELEASES)
def test_an_estimate_has_a_basis(release, tmp_path):
    said = answer(document(release, "estimate")["answer"])
    estimate = scheduler({}, tmp_path, sbatch=said).estimate(request(tmp_path / "attempt"))
    assert estimate.basis
    assert estimate.start is not None
    assert estimate.start.tzinfo is not None


@pytest.mark.parametrize("release", RELEASES)
def test_nodes_are_told_apart(release):
    survey = scheduler(document(release, "nodes-mixed")).survey()
    assert survey.answered, survey.message
    assert [node.name for node in survey.nodes] == ["node1", "node2"]
    [first, second] = survey.nodes
    assert (first.cpus_used, first.gpus_used, first.reason) == (2, 1, "fan is loud")
    assert (first.works, second.works) == (False, False)
    assert {partition.name for partition in survey.partitions} == {"main", "short"}
