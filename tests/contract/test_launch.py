"""The real launch under the local backend, ordered by the real agent: what the files between them promise."""

import json
import os
import signal
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
from alone import alone
from one_line import publish_line

from portal.agent.client import AgentClient, Fenced, Submitted, local_command
from portal.scheduler.base import Ending, JobHandle, JobReport, Phase
from portal.scheduler.local.backend import LocalScheduler
from portal.scheduler.local.fair_share import Limits

SCHEMAS = Path(__file__).parents[2] / "jobtypes" / "schema"
PATIENCE_S = 120.0


class Facility:
    """One job type that runs a line of Python, and the parts to run it."""

    def __init__(self, path: Path) -> None:
        self.scratch = path / "scratch"
        self.published = path / "published"
        self.scratch.mkdir()
        self.scheduler = LocalScheduler(path / "spool", limits=Limits(cpus=2, memory_mb=2048))
        backend = {
            "kind": "local",
            "spool": str(path / "spool"),
            "scratch": str(self.scratch),
            "launch": [sys.executable, "-m", "wrappers.launch"],
            "jobtypes": str(self.published),
        }
        self.client = AgentClient(local_command(), backend)

    def item(self, code: str, **resources: int) -> dict[str, object]:
        attempt, submission = str(uuid.uuid4()), str(uuid.uuid4())
        job = {"id": 1, "number": "J-1", "submission": submission, "index": 0, "attempt": attempt, "try": 1}
        job |= {"name": f"gantry-{submission}-1", "title": "A line", "person": "maya"}
        order = {
            "job": job,
            "jobtype": {"name": "line", "version": "1.0", "revision": publish_line(self.published, code)},
            "inputs": {},
            "options": {},
            "resources": {"cpus": 1, "memory_mb": 256, "time_s": 30} | resources,
        }
        return {"attempt": attempt, "name": job["name"], "order": order}

    def submit(self, code: str, **resources: int) -> tuple[Submitted, JobHandle]:
        item = self.item(code, **resources)
        [answer] = self.client.submit([item])
        assert isinstance(answer, Submitted), answer
        return answer, JobHandle("local", answer.job_id, None, str(item["name"]), answer.submitted)

    def until(self, handle: JobHandle, phase: Phase = Phase.ENDED, file: Path | None = None) -> JobReport:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            report = self.scheduler.observe([("job", handle)]).reports["job"]
            if report.phase is phase and (file is None or file.exists()):
                return report
            time.sleep(0.02)
        raise AssertionError(f"the job did not become {phase} in time")


@pytest.fixture
def facility(tmp_path: Path) -> Facility:
    return Facility(tmp_path)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def checked(folder: Path, name: str, schema: str) -> dict[str, object]:
    document = json.loads((folder / name).read_text())
    jsonschema.validate(document, json.loads((SCHEMAS / f"{schema}.schema.json").read_text()))
    return document


def test_an_order_of_the_agent_is_one_that_launch_runs(facility):
    answer, handle = facility.submit("open('output/told', 'w').write('done'); print('hello')")
    report = facility.until(handle)
    assert (report.ending, report.exit_code) == (Ending.COMPLETED, 0)
    result = checked(answer.folder, "result.json", "result")
    assert result["exit_code"] == 0
    assert result["job_sha256"] == answer.job_sha256
    assert result["claim"]["job_id"] == answer.job_id
    assert (answer.folder / "output" / "told").read_text() == "done"
    assert (answer.folder / "stdout.log").read_text() == "hello\n"


def test_scheduler_and_launch_tell_the_same_exit_code(facility):
    answer, handle = facility.submit("raise SystemExit(5)")
    report = facility.until(handle)
    assert (report.ending, report.exit_code) == (Ending.FAILED, 5)
    assert checked(answer.folder, "result.json", "result")["exit_code"] == 5


def test_a_cancelled_job_leaves_a_result_that_says_so(facility):
    answer, handle = facility.submit("import time; open('output/ready', 'w'); time.sleep(300)")
    facility.until(handle, Phase.RUNNING, answer.folder / "output" / "ready")
    assert facility.client.cancel([(answer.folder.name, answer.job_id, handle.name)]) == [True]
    assert facility.until(handle).ending is Ending.CANCELLED
    assert checked(answer.folder, "result.json", "result")["reason"] == "cancelled"


def test_a_killed_supervisor_ends_launch_and_its_program(facility):
    code = (
        "import os, time; open('output/pid.new', 'w').write(str(os.getpid()));"
        "os.rename('output/pid.new', 'output/pid'); time.sleep(300)"
    )
    answer, handle = facility.submit(code)
    pid = answer.folder / "output" / "pid"
    facility.until(handle, Phase.RUNNING, pid)
    os.kill(facility.scheduler.spool.records()[0].supervision.identity.pid, signal.SIGKILL)
    assert facility.until(handle).ending is Ending.NODE_FAIL
    assert not is_running(int(pid.read_text()))


def test_a_fenced_attempt_ends_without_running_even_if_the_scheduler_has_it(facility):
    blockers = [facility.submit("import time; time.sleep(300)")[1] for _ in range(2)]
    answer, handle = facility.submit("open('output/told', 'w')")
    assert facility.client.fence([answer.folder.name]) == [Fenced(True)]
    for blocker in blockers:
        facility.until(blocker, Phase.RUNNING)
        alone(facility.scheduler.cancel([blocker]))
        facility.until(blocker)
    facility.scheduler.start(datetime.now(UTC))
    report = facility.until(handle)
    assert (report.ending, report.exit_code) == (Ending.FAILED, 91)
    assert not (answer.folder / "output" / "told").exists()


def test_launch_loses_a_race_for_the_claim_in_words_the_agent_understands(facility):
    answer, handle = facility.submit("pass")
    facility.until(handle)
    [fenced] = facility.client.fence([answer.folder.name])
    assert not fenced.won
    assert fenced.claim["by"] == "launch"
    assert fenced.claim["job_id"] == answer.job_id
