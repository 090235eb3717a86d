"""What only Slurm has, on a real one: arrays, requeues, lost answers; and the real agent and launch on it."""

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from alone import alone
from one_line import publish_line

from portal.agent.client import AgentClient, Fenced, Submitted, Taken
from portal.scheduler.base import Ending, JobHandle, JobReport, Phase, SchedulerError
from portal.scheduler.slurm.cluster import SlurmScheduler
from portal.scheduler.slurm.note import ANSWER, NOTE, array_of

pytestmark = [
    pytest.mark.parametrize("bench", ["slurm", "pyslurm"], indirect=True),
    pytest.mark.cluster,
    pytest.mark.skipif(
        "GANTRY_TEST_SLURM" not in os.environ,
        reason="no Slurm here: tests/cluster/test_contract.py runs this on a host that has it",
    ),
]
SLEEP = "import time; time.sleep(300)"
RUNNING, ENDED = Phase.RUNNING, Phase.ENDED
PATIENCE_S = 180.0


@pytest.fixture
def slurm(bench):
    """The bench of the contract, on Slurm only."""
    assert isinstance(bench.scheduler, SlurmScheduler)
    return bench


def look(slurm, handles) -> list[JobReport | None]:
    observation = slurm.scheduler.observe([(str(place), handle) for place, handle in enumerate(handles)])
    assert observation.answered, observation.message
    return [observation.reports.get(str(place)) for place in range(len(handles))]


def until(slurm, handles, test, *, cancelled=()) -> list[JobReport]:
    """Look until `test` holds. Of the places in `cancelled` there may be no word for a while, of others always.

    A task that was cancelled before it started is struck out by the controller, and has ended for certain only
    once accounting was told of all that happened.
    """
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        reports = look(slurm, handles)
        silent = {place for place, report in enumerate(reports) if report is None}
        assert silent <= set(cancelled)
        if not silent and test(reports):
            return reports
        time.sleep(0.5)
    raise AssertionError(f"not in time: {[report and report.phase.value for report in look(slurm, handles)]}")


def all_ended(reports) -> bool:
    return all(report.phase is Phase.ENDED for report in reports)


def array(slurm, codes: dict[int, str], **changes):
    name = f"gantry-{uuid.uuid4()}-1"
    return [slurm.request(code, name=name, index=index, **changes) for index, code in codes.items()]


# ---- arrays --------------------------------------------------------------------------------------------------


def test_an_array_is_one_submission_and_each_task_a_job_of_its_own(slurm):
    requests = array(slurm, {0: "pass", 1: "raise SystemExit(7)", 4: "pass"})
    handles = slurm.scheduler.submit(requests)
    assert len({handle.job_id for handle in handles}) == 1
    assert [handle.array_index for handle in handles] == [0, 1, 4]
    reports = until(slurm, handles, all_ended)
    assert [(report.ending, report.exit_code) for report in reports] == [
        (Ending.COMPLETED, 0),
        (Ending.FAILED, 7),
        (Ending.COMPLETED, 0),
    ]
    assert [report.handle for report in reports] == handles


def test_a_task_is_told_which_attempt_it_is(slurm):
    code = "import sys; from pathlib import Path; Path(sys.argv[1], 'told').write_text(' '.join(sys.argv[2:]))"
    requests = array(slurm, {3: code, 5: code})
    requests = [replace(one, argv=(*one.argv, str(one.folder))) for one in requests]
    handles = slurm.scheduler.submit(requests)
    until(slurm, handles, all_ended)
    for request, handle in zip(requests, handles, strict=True):
        words = (request.folder / "told").read_text().split()
        assert words == [
            "--cluster", handle.cluster, "--job-id", handle.job_id, "--array-index", str(handle.array_index),
            "--restart", "0",
        ]  # fmt: skip


def test_tasks_of_an_array_are_found_and_cancelled_one_by_one(slurm):
    requests = array(slurm, dict.fromkeys(range(4), SLEEP))
    handles = slurm.scheduler.submit(requests)
    for request in requests:
        (slurm.folder / array_of(request.folder) / ANSWER).unlink(missing_ok=True)
    fresh = slurm.adapter.fresh()
    assert fresh.find([(request.attempt, request.name) for request in requests]) == handles
    assert alone(slurm.scheduler.cancel([handles[3]]))
    reports = until(slurm, handles, lambda reports: reports[3].phase is Phase.ENDED, cancelled=[3])
    assert reports[3].ending is Ending.CANCELLED
    assert {report.phase for report in reports[:3]} <= {Phase.PENDING, Phase.RUNNING}


def test_many_are_cancelled_by_one_call_and_each_is_answered_for_itself(slurm, monkeypatch):
    calls, run = [], slurm.adapter.line.run

    def counting(command, *, stdin=""):
        calls.extend([command] if command[0] == "scancel" else [])
        return run(command, stdin=stdin)

    monkeypatch.setattr(slurm.adapter.line, "run", counting)
    handles = slurm.scheduler.submit(array(slurm, {0: "pass"} | dict.fromkeys(range(1, 60), SLEEP)))
    until(slurm, handles, lambda reports: [one.phase for one in reports[:3]] == [ENDED, RUNNING, RUNNING])
    [other] = slurm.scheduler.submit(array(slurm, {5: SLEEP}))
    stranger = replace(other, name=handles[0].name)
    # Above 2**26 scancel would take it for an id of a federation, and ask for each id apart.
    forgotten = replace(handles[0], job_id="67000000", array_index=7)
    meant = [*handles[:20], stranger, forgotten, *handles[30:]]
    told = slurm.scheduler.cancel(meant)
    assert told == [False] + [True] * 19 + [False, False] + [True] * 30
    assert len(calls) == 1
    assert slurm.scheduler.cancel(meant) == [False] * len(meant)
    assert len(calls) == 2
    cancelled = [*range(20), *range(30, len(handles))]
    reports = until(
        slurm,
        handles,
        lambda reports: all(reports[place].phase is ENDED for place in cancelled),
        cancelled=cancelled,
    )
    assert {one.ending for one in reports[1:20] + reports[30:]} == {Ending.CANCELLED}
    assert {one.phase for one in reports[20:30]} <= {Phase.PENDING, RUNNING}
    me = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    assert [one.ended_by for one in reports[1:3]] == [me, me]
    [untouched] = look(slurm, [other])
    assert untouched.phase in {Phase.PENDING, RUNNING}
    assert slurm.scheduler.cancel([*handles, other]) == [False] * 20 + [True] * 10 + [False] * 30 + [True]
    assert len(calls) == 4


def test_when_slurm_is_silent_nothing_is_known_of_any(slurm):
    handles = slurm.scheduler.submit(array(slurm, dict.fromkeys(range(3), SLEEP)))
    slurm.adapter.silence()
    told = slurm.scheduler.cancel(handles)
    assert all(isinstance(one, SchedulerError) and one.retry for one in told)


def test_an_array_runs_no_more_at_once_than_it_should(slurm):
    handles = slurm.scheduler.submit(array(slurm, dict.fromkeys(range(3), SLEEP), at_once=1))
    reports = until(slurm, handles, lambda reports: any(report.phase is Phase.RUNNING for report in reports))
    assert [report.phase for report in reports] == [Phase.RUNNING, Phase.PENDING, Phase.PENDING]
    assert "only so many" in until(slurm, handles, lambda reports: "only" in (reports[2].reason or ""))[2].reason


def test_a_long_list_of_scattered_tasks_is_seen_whole(slurm):
    indices = [index for index in range(160) if index % 3 or index % 7 == 0]
    handles = slurm.scheduler.submit(array(slurm, dict.fromkeys(indices, SLEEP)))
    assert None not in look(slurm, handles)


def test_many_jobs_and_lists_of_one_hand_over_have_each_its_own_time(slurm):
    lists = [*array(slurm, dict.fromkeys(range(2), SLEEP)), *array(slurm, dict.fromkeys((5, 9), SLEEP))]
    requests = [*lists, *(slurm.request(SLEEP) for _ in range(3)), slurm.request(SLEEP, name="g" * 200)]
    handles = slurm.scheduler.submit(requests)
    assert len({handle.job_id for handle in handles}) == 6
    assert [handle.name for handle in handles] == [request.name for request in requests]
    assert None not in look(slurm, handles)
    for request in requests:
        (request.folder / NOTE).unlink()
    singles = slice(len(lists), None)
    asked = [(request.attempt, request.name) for request in requests[singles]]
    assert slurm.adapter.fresh().find(asked) == handles[singles]


def test_a_list_longer_than_slurm_takes_is_cut_into_chunks(slurm):
    scheduler = SlurmScheduler(
        replace(slurm.adapter.config, max_array_size=4), slurm.folder, commands=slurm.adapter.line
    )
    handles = scheduler.submit(array(slurm, dict.fromkeys(range(10), "pass")))
    assert len({handle.job_id for handle in handles}) == 3
    assert [handle.array_index for handle in handles] == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    until(slurm, handles, all_ended)


# ---- what goes wrong -----------------------------------------------------------------------------------------


def test_a_job_that_is_put_back_keeps_its_handle_and_counts_its_restarts(slurm):
    handle = alone(slurm.scheduler.submit([slurm.request(SLEEP)]))
    slurm.until(handle, Phase.RUNNING)
    subprocess.run(["scontrol", "update", f"JobId={handle.job_id}", "Requeue=1"], check=True)
    subprocess.run(["scontrol", "requeue", handle.job_id], check=True)
    [report] = until(slurm, [handle], lambda reports: reports[0].restarts == 1)
    assert (report.handle, report.ending) == (handle, None)
    assert alone(slurm.scheduler.cancel([handle]))
    assert slurm.until(handle, Phase.ENDED).ending is Ending.CANCELLED


def test_who_cancelled_is_told(slurm):
    handle = alone(slurm.scheduler.submit([slurm.request(SLEEP)]))
    slurm.until(handle, Phase.RUNNING)
    subprocess.run(["scancel", handle.job_id], check=True)
    assert (
        slurm.until(handle, Phase.ENDED).ended_by
        == subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    )


# A Python whose pyslurm hands a job over and then does not come back.
LATE_PYSLURM = """import runpy, sys, time
import pyslurm
real = pyslurm.JobSubmitDescription
class Late:
    def __init__(self, **values):
        self.real = real(**values)
    def submit(self):
        self.real.submit()
        time.sleep(60)
pyslurm.JobSubmitDescription = Late
runpy.run_path(sys.argv[2], run_name="__main__")
"""


@pytest.fixture
def slow_sbatch(slurm) -> SlurmScheduler:
    """A backend whose sbatch (or pyslurm) hands the job over and then does not come back."""
    folder, config = slurm.folder / "bin", slurm.adapter.config
    folder.mkdir()
    for program in ("squeue", "sacct", "scancel"):
        (folder / program).symlink_to(shutil.which(program))
    late = {"sbatch": f'#!/bin/sh\n{shutil.which("sbatch")} "$@" >/dev/null\nexec sleep 60\n'}
    if config.pyslurm is not None:
        (folder / "late.py").write_text(LATE_PYSLURM)
        late["python"] = f'#!/bin/sh\nexec {config.pyslurm} {folder}/late.py "$@"\n'
        config = replace(config, pyslurm=folder / "python")
    for name, text in late.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    # On a busy machine squeue takes a second by itself, and starting pyslurm more.
    patience_s = 8 if config.pyslurm is None else 15
    return SlurmScheduler(replace(config, commands=folder, timeout_s=patience_s), slurm.folder)


def test_a_job_that_landed_though_sbatch_was_late_is_adopted_and_not_doubled(slurm, slow_sbatch):
    request = slurm.request("pass")
    with pytest.raises(SchedulerError) as caught:
        alone(slow_sbatch.submit([request]))
    assert caught.value.retry
    handle = alone(slurm.scheduler.find([(request.attempt, request.name)]))
    assert handle is not None
    assert alone(slurm.scheduler.submit([request])) == handle
    assert alone(slow_sbatch.submit([request])) == handle
    assert slurm.until(handle, Phase.ENDED).ending is Ending.COMPLETED


def test_a_job_is_found_by_its_folder_when_every_note_is_gone(slurm):
    first, second = slurm.request("pass"), slurm.request("pass")
    second = replace(second, name=first.name)
    handles = [alone(slurm.scheduler.submit([request])) for request in (first, second)]
    slurm.until(handles[1], Phase.ENDED)
    for request in (first, second):
        (request.folder / NOTE).unlink()
    assert [alone(slurm.scheduler.find([(request.attempt, first.name)])) for request in (first, second)] == handles


@pytest.mark.parametrize("change", [{"memory_mb": 10**9}, {"gpus": 900}, {"time_s": 10**9}])
def test_what_no_node_has_is_refused_in_words(slurm, change):
    with pytest.raises(SchedulerError) as caught:
        alone(slurm.scheduler.submit([slurm.request(**change)]))
    assert not caught.value.retry
    assert "refused the job:" not in caught.value.message
    with pytest.raises(SchedulerError):
        slurm.scheduler.estimate(slurm.request(**change))


def test_nothing_of_the_person_reaches_the_jobs_environment(slurm):
    code = (
        "import json, os, sys; from pathlib import Path;"
        "Path(sys.argv[1], 'environment').write_text(json.dumps(dict(os.environ)))"
    )
    request = slurm.request(code)
    request = replace(request, argv=(*request.argv, str(request.folder)))
    slurm.until(alone(slurm.scheduler.submit([request])), Phase.ENDED)
    environment = json.loads((request.folder / "environment").read_text())
    assert "SLURM_JOB_ID" in environment
    assert not {"GANTRY_TEST_SLURM", "PYTHONPATH", "HOME", "SLURM_EXPORT_ENV"} & set(environment)


def test_a_job_gets_the_gpus_that_it_asks_for(slurm):
    code = (
        "import os, sys; from pathlib import Path;"
        "Path(sys.argv[1], 'gpus').write_text(os.environ['SLURM_GPUS_ON_NODE'])"
    )
    request = slurm.request(code, gpus=2)
    request = replace(request, argv=(*request.argv, str(request.folder)))
    assert slurm.until(alone(slurm.scheduler.submit([request])), Phase.ENDED).ending is Ending.COMPLETED
    assert (request.folder / "gpus").read_text() == "2"


# ---- the agent and launch ------------------------------------------------------------------------------------


class Facility:
    """The real agent with the real launch behind a published job type that runs a line of Python."""

    def __init__(self, slurm) -> None:
        self.scheduler = slurm.scheduler
        self.scratch, self.published = slurm.folder / "scratch", slurm.folder / "published"
        self.scratch.mkdir()
        code = Path(__file__).parents[2]
        given = asdict(slurm.adapter.config)
        slurm_settings = {
            key: str(value) if isinstance(value, Path) else value
            for key, value in given.items()
            if value is not None
        }
        backend = {
            "kind": "slurm",
            "slurm": slurm_settings,
            "scratch": str(self.scratch),
            "launch": ["/usr/bin/env", f"PYTHONPATH={code}", sys.executable, "-m", "wrappers.launch"],
            "jobtypes": str(self.published),
        }
        self.client = AgentClient((sys.executable, "-m", "portal.agent"), backend)
        self.submission = str(uuid.uuid4())

    def item(self, code: str, index: int) -> dict[str, object]:
        attempt = str(uuid.uuid4())
        job = {
            "id": 1,
            "number": "J-1",
            "submission": self.submission,
            "index": index,
            "attempt": attempt,
            "try": 1,
        }
        job |= {"name": f"gantry-{self.submission}-1", "title": "A line", "person": "maya"}
        order = {
            "job": job,
            "jobtype": {"name": "line", "version": "1.0", "revision": publish_line(self.published, code)},
            "inputs": {},
            "options": {},
            "resources": {"cpus": 1, "memory_mb": 256, "time_s": 30},
        }
        return {"attempt": attempt, "name": job["name"], "order": order}

    def joined(self, code: str, count: int) -> list[dict[str, object]]:
        """Items of as many submissions that go over together: one name, and a place each."""
        items = []
        for place in range(count):
            self.submission = str(uuid.uuid4())
            item = self.item(code, 0)
            name = items[0]["name"] if items else item["name"]
            item["order"]["job"]["name"] = name
            items.append(item | {"name": name, "place": place})
        return items

    def handles(self, items, answers) -> list[JobHandle]:
        cluster = self.scheduler.cluster
        return [
            JobHandle(cluster, answer.job_id, answer.array_index, item["name"], answer.submitted)
            for item, answer in zip(items, answers, strict=True)
        ]


@pytest.fixture
def facility(slurm) -> Facility:
    return Facility(slurm)


def test_an_array_of_the_agent_is_one_that_launch_runs(slurm, facility):
    code = "open('output/told', 'w').write('done'); print('hello')"
    items = [facility.item(code, index) for index in range(3)]
    answers = facility.client.submit(items)
    assert all(isinstance(answer, Submitted) for answer in answers), answers
    handles = facility.handles(items, answers)
    assert [handle.array_index for handle in handles] == [0, 1, 2]
    reports = until(slurm, handles, all_ended)
    assert {report.ending for report in reports} == {Ending.COMPLETED}
    for answer in answers:
        result = json.loads((answer.folder / "result.json").read_text())
        assert result["exit_code"] == 0
        claim = {key: result["claim"][key] for key in ("cluster", "job_id", "array_index", "restart")}
        assert claim == {
            "cluster": facility.scheduler.cluster,
            "job_id": answer.job_id,
            "array_index": answer.array_index,
            "restart": 0,
        }
        assert (answer.folder / "output" / "told").read_text() == "done"
    assert facility.client.submit(items) == answers


def test_jobs_of_several_submissions_are_one_array_by_their_places(slurm, facility):
    items = facility.joined("open('output/told', 'w').write('done')", 3)
    answers = facility.client.submit(items)
    assert all(isinstance(answer, Submitted) for answer in answers), answers
    handles = facility.handles(items, answers)
    assert len({handle.job_id for handle in handles}) == 1
    assert [handle.array_index for handle in handles] == [0, 1, 2]
    assert {report.ending for report in until(slurm, handles, all_ended)} == {Ending.COMPLETED}
    assert {(answer.folder / "output" / "told").read_text() for answer in answers} == {"done"}


def test_a_joined_job_whose_answer_was_lost_is_found_and_cancelled_alone(slurm, facility):
    items = facility.joined(SLEEP, 3)
    answers = facility.client.submit(items)
    handles = facility.handles(items, answers)
    [array_folder] = facility.scratch.glob("array-*")
    (array_folder / ANSWER).unlink()
    found = facility.client.find([(item["attempt"], item["name"]) for item in items])
    assert [(one.job_id, one.array_index) for one in found] == [(one.job_id, one.array_index) for one in handles]
    assert facility.client.cancel([(items[2]["attempt"], handles[2].job_id, items[2]["name"])]) == [True]
    reports = until(slurm, handles, lambda reports: reports[2].phase is Phase.ENDED, cancelled=[2])
    assert reports[2].ending is Ending.CANCELLED
    assert {report.phase for report in reports[:2]} <= {Phase.PENDING, Phase.RUNNING}


def test_a_refused_item_harms_no_other_of_its_array(slurm, facility):
    items = [facility.item("pass", index) for index in range(3)]
    items[1]["order"] |= {"options": {"colour": "red"}}
    first, refused, third = facility.client.submit(items)
    assert refused.code == "option"
    handles = facility.handles([items[0], items[2]], [first, third])
    until(slurm, handles, all_ended)


def test_the_array_goes_with_the_last_of_its_folders(slurm, facility):
    items = [facility.item("pass", index) for index in range(2)]
    answers = facility.client.submit(items)
    until(slurm, facility.handles(items, answers), all_ended)
    assert len(list(facility.scratch.glob("array-*"))) == 1
    assert facility.client.purge([items[0]["attempt"]]) == [True]
    assert len(list(facility.scratch.glob("array-*"))) == 1
    assert facility.client.purge([items[1]["attempt"]]) == [True]
    assert list(facility.scratch.iterdir()) == []


def test_the_agent_finds_cancels_and_seals(slurm, facility):
    items = [facility.item(f"open('output/ready', 'w'); {SLEEP}", index) for index in range(2)]
    answers = facility.client.submit(items)
    handles = facility.handles(items, answers)
    [found] = facility.client.find([(items[0]["attempt"], items[0]["name"])])
    assert isinstance(found, Taken)
    assert (found.job_id, found.array_index) == (handles[0].job_id, 0)
    ready = answers[0].folder / "output" / "ready"
    until(slurm, handles, lambda _reports: ready.exists())
    assert facility.client.cancel([(items[0]["attempt"], handles[0].job_id, items[0]["name"])]) == [True]
    reports = until(slurm, handles, lambda reports: reports[0].phase is Phase.ENDED)
    assert reports[0].ending is Ending.CANCELLED
    assert json.loads((answers[0].folder / "result.json").read_text())["reason"] == "cancelled"
    [sealed] = facility.client.seal([items[0]["attempt"]])
    assert sealed.files > 0


def test_the_agent_cancels_a_batch_and_a_bad_item_harms_no_other(slurm, facility):
    items = [facility.item(SLEEP, index) for index in range(30)]
    answers = facility.client.submit(items)
    handles = facility.handles(items, answers)
    until(slurm, handles, lambda reports: [one.phase for one in reports[:2]] == [RUNNING, RUNNING])
    wishes = [(item["attempt"], handle.job_id, item["name"]) for item, handle in zip(items, handles, strict=True)]
    attempt, job_id, name = wishes[0]
    bad = [("../x", job_id, name), (attempt, job_id, "--me"), (attempt, "1,2", name), (attempt, "", name)]
    told = facility.client.cancel([*bad, *wishes[:29], (str(uuid.uuid4()), job_id, name)], by="Maya Lind")
    assert [getattr(one, "code", one) for one in told[:4]] == ["request", "request", False, False]
    assert told[4:] == [True] * 29 + [False]
    reports = until(
        slurm, handles, lambda reports: all(one.phase is ENDED for one in reports[:29]), cancelled=range(29)
    )
    assert {one.ending for one in reports[:29]} == {Ending.CANCELLED}
    assert reports[29].phase in {Phase.PENDING, RUNNING}
    # What had not begun can never begin; what had is nobody else's.
    assert facility.client.fence([item["attempt"] for item in items[2:29]]) == [Fenced(True)] * 27
    assert [one.won for one in facility.client.fence([item["attempt"] for item in items[:2]])] == [False, False]
    assert facility.client.cancel(wishes[:29]) == [False] * 29


def test_a_fenced_task_ends_without_running(slurm, facility):
    blockers = [alone(facility.scheduler.submit([slurm.request(SLEEP)])) for _ in range(2)]
    for blocker in blockers:
        slurm.until(blocker, Phase.RUNNING)
    item = facility.item("open('output/told', 'w')", 0)
    [answer] = facility.client.submit([item])
    assert facility.client.fence([item["attempt"]]) == [Fenced(True)]
    for blocker in blockers:
        alone(facility.scheduler.cancel([blocker]))
    [handle] = facility.handles([item], [answer])
    report = slurm.until(handle, Phase.ENDED)
    assert (report.ending, report.exit_code) == (Ending.FAILED, 91)
    assert not (answer.folder / "output" / "told").exists()
