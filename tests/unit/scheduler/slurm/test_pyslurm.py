"""libslurm asked through a program of its own, with a pyslurm that says what it is told."""

import ast
import json
import os
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alone import alone

from portal.scheduler.base import JobHandle, JobRequest, Phase, SchedulerError
from portal.scheduler.slurm import note as slurm_note
from portal.scheduler.slurm import script
from portal.scheduler.slurm.cluster import SlurmScheduler
from portal.scheduler.slurm.commands import NotRunError, SlurmCommands
from portal.scheduler.slurm.config import SlurmConfig
from portal.scheduler.slurm.pyslurm import pipe as pyslurm_pipe
from portal.scheduler.slurm.pyslurm.commands import PyslurmCommands, description, listing
from portal.scheduler.slurm.questions import commands_of
from portal.scheduler.slurm.rows import queue_rows

ROOT = Path(__file__).parents[4]
# With one that never answers: long enough for it to have started, on a busy machine too.
PATIENCE_S = 6
# What the fake does at import and on each verb stands in a file beside it.
FAKE = """
import json, os, sys, time
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).parent
said = json.loads((HERE / "says.json").read_text())
(HERE / "pids").open("a").write(f"{os.getpid()}\\n")

def does(what):
    if what == "end":
        os.write(2, b"fatal: Unable to process configuration file\\n")
        os._exit(1)
    if what == "hang":
        time.sleep(600)
    if what == "print":
        print("a library's own words", flush=True)

class RPCError(Exception):
    def __init__(self, errno, text):
        super().__init__(text)
        self.errno = errno

class Job:
    def __init__(self, values):
        self.__dict__.update(values)
    @property
    def name(self):
        return self.raw_name if self.raw_name != "not text" else b"\\xff".decode()

class Jobs:
    @staticmethod
    def load():
        does(said.get("load"))
        if "error" in said:
            raise RPCError(*said["error"])
        return {job["id"]: Job(job) for job in said["jobs"]}

class JobSubmitDescription:
    # Those of 25.11.2 that stand for sbatch's common options.
    __slots__ = tuple(
        "name account priority array working_directory nodes constraints log_files_open_mode memory_per_cpu "
        "memory_per_node partitions qos is_requeueable script environment time_limit cpus_per_task gpus "
        "gres_per_node ntasks standard_in standard_output standard_error values".split()
    )
    def __init__(self, **values):
        for name, value in values.items():
            setattr(self, name if not said.get("other release") else "unheard_of", value)
        self.values = values
    def submit(self):
        does(said.get("submit"))
        if "error" in said:
            raise RPCError(*said["error"])
        if self.values["cpus_per_task"] > 65535:
            raise OverflowError("value too large to convert to uint16_t")
        (HERE / "sent.json").write_text(json.dumps(self.values))
        return 7

__version__ = "25.11.2"
settings = SimpleNamespace(LOCAL_CLUSTER=said.get("cluster", "gantry"))
does(said.get("import"))
"""


def job(number: int, **changes: Any) -> dict[str, Any]:
    """A job as pyslurm has it."""
    values = {
        "id": number, "cluster": None, "array_id": None, "array_task_id": None, "array_tasks_waiting": None,
        "raw_name": f"gantry-{number}-1", "user_id": os.geteuid(), "account": "microscopy",
        "working_directory": f"/scratch/{number}", "state": "PENDING", "state_reason": "Priority",
        "submit_time": 1_790_000_000, "start_time": None, "end_time": None, "allocated_nodes": None,
        "exit_code": 0, "exit_code_signal": 0, "requeue_count": 0, "partition": "main", "priority": 5,
    }  # fmt: skip
    return values | changes


class Site:
    """A Python with the fake, and what there is of Slurm beside it: nothing but an sbatch that always refuses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fakes = folder / "fakes"
        self.fakes.mkdir()
        (self.fakes / "pyslurm.py").write_text(FAKE)
        start = f"import sys; sys.path.insert(0, {str(self.fakes)!r}); import runpy; "
        start += "runpy.run_path(sys.argv[2], run_name='__main__')"
        self.python = folder / "python"
        self.python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{start}" "$@"\n')
        self.python.chmod(0o755)
        sbatch = folder / "commands" / "sbatch"
        sbatch.parent.mkdir()
        sbatch.write_text(
            "#!/bin/sh\necho 'sbatch: error: Batch job submission failed: it was sbatch' >&2\nexit 1\n"
        )
        sbatch.chmod(0o755)
        self.made: list[PyslurmCommands] = []
        self.says()

    def says(self, **what: Any) -> None:
        (self.fakes / "says.json").write_text(json.dumps({"jobs": []} | what))

    def commands(self, **changes: Any) -> PyslurmCommands:
        values = {"pyslurm": self.python, "commands": self.folder / "commands", "data_parser": "v0.0.44"}
        made = commands_of(SlurmConfig("gantry", **(values | {"canary": False, "accounting": False} | changes)))
        assert isinstance(made, PyslurmCommands)
        self.made.append(made)
        return made

    def scheduler(self, **changes: Any) -> SlurmScheduler:
        commands = self.commands(**changes)
        return SlurmScheduler(commands._others._config, self.folder, commands=commands)

    def sent(self) -> Mapping[str, Any]:
        return json.loads((self.fakes / "sent.json").read_text())

    def pids(self) -> list[int]:
        return [int(line) for line in (self.fakes / "pids").read_text().split()]

    def request(self, **changes: Any) -> JobRequest:
        attempt = str(uuid.uuid4())
        (self.folder / attempt).mkdir()
        values = {
            "attempt": attempt, "name": "gantry-1-1", "person": "maya", "argv": ("launch", attempt),
            "folder": self.folder / attempt, "cpus": 2, "memory_mb": 300, "time_s": 90,
        }  # fmt: skip
        return JobRequest(**(values | changes))


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    for commands in made.made:
        commands.close()


LIST = ["squeue", "--json=v0.0.44", "--states=all"]


def rows(commands: PyslurmCommands, *words: str):
    answer = commands.run([*LIST, *words])
    assert answer.code == 0, answer.err
    return queue_rows(json.loads(answer.out))


# ---- the program stands apart --------------------------------------------------------------------------------


def test_nothing_of_the_portal_imports_pyslurm_but_the_program_that_nobody_imports():
    for path in sorted((ROOT / "portal").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            if path.parts[-2:] != ("pyslurm", "child.py"):
                assert not any(name.split(".")[0] == "pyslurm" for name in names), path
            assert not any("pyslurm.child" in name for name in names), path


def test_making_the_backend_loads_no_pyslurm_and_starts_nothing(site):
    code = """
        import sys
        from pathlib import Path
        from portal.scheduler.slurm.cluster import SlurmScheduler
        from portal.scheduler.slurm.config import SlurmConfig
        SlurmScheduler(SlurmConfig("gantry", pyslurm=Path("/nowhere/python")), Path("/nowhere"))
        print(any(name.partition(".")[0] == "pyslurm" for name in sys.modules))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "False\n"
    site.scheduler()
    assert not (site.fakes / "pids").exists()


def test_without_the_setting_slurms_commands_are_asked():
    assert isinstance(commands_of(SlurmConfig("gantry")), SlurmCommands)


def test_a_library_that_ends_its_process_has_not_answered(site):
    site.says(**{"import": "end"})
    observation = site.scheduler().observe([("key", handle())])
    assert not observation.answered
    assert observation.reports == {}
    assert observation.message


def test_what_it_said_at_its_end_is_kept_for_staff(site):
    site.says(**{"import": "end"})
    with pytest.raises(NotRunError) as caught:
        site.commands().run(LIST)
    assert "Unable to process configuration file" in caught.value.detail


def test_a_python_that_is_not_there_is_no_answer(site):
    with pytest.raises(NotRunError):
        site.commands(pyslurm=Path("/nowhere/python")).run(LIST)


def test_after_an_end_the_next_question_starts_another(site):
    commands = site.commands()
    site.says(load="end")
    with pytest.raises(SchedulerError) as caught:
        commands.run(LIST)
    assert caught.value.retry
    site.says(jobs=[job(3)])
    assert [row.job_id for row in rows(commands)] == ["3"]
    assert len(site.pids()) == 2


def test_one_program_answers_many_questions_until_it_is_old(site, monkeypatch):
    commands = site.commands()
    for _ in range(3):
        rows(commands)
    assert len(site.pids()) == 1
    monkeypatch.setattr(pyslurm_pipe, "LASTS_S", 0.0)
    rows(commands)
    assert len(site.pids()) == 2
    with pytest.raises(ProcessLookupError):
        os.kill(site.pids()[0], 0)


@pytest.mark.parametrize("where", ["import", "load"])
def test_one_that_is_late_is_killed(site, where):
    site.says(**{where: "hang"})
    commands = site.commands(timeout_s=PATIENCE_S)
    with pytest.raises(SchedulerError) as caught:
        commands.run(LIST)
    assert caught.value.retry
    with pytest.raises(ProcessLookupError):
        os.kill(site.pids()[0], 0)


def test_what_a_library_prints_does_not_come_between(site):
    site.says(load="print", jobs=[job(3)])
    assert len(rows(site.commands())) == 1


def test_it_ends_with_the_one_who_asks(site):
    commands = site.commands()
    rows(commands)
    commands.close()
    with pytest.raises(ProcessLookupError):
        os.kill(site.pids()[0], 0)


# ---- listing -------------------------------------------------------------------------------------------------


def handle() -> JobHandle:
    """That of job 3, as the portal would have kept it."""
    return JobHandle("gantry", "3", None, "gantry-3-1", datetime.fromtimestamp(1_790_000_000, UTC))


def test_a_waiting_and_a_running_job_are_reported(site):
    site.says(jobs=[job(3)])
    report = site.scheduler().observe([("key", handle())]).reports["key"]
    assert (report.phase, report.started, report.node) == (Phase.PENDING, None, None)
    assert report.reason
    site.says(jobs=[job(3, state="RUNNING", state_reason="None", start_time=1_790_000_009, allocated_nodes="n1")])
    report = site.scheduler().observe([("key", handle())]).reports["key"]
    assert (report.phase, report.node) == (Phase.RUNNING, "n1")
    assert report.started is not None


def test_only_ones_own_only_one_name_only_some_ids(site):
    site.says(jobs=[job(3), job(4, user_id=os.geteuid() + 1), job(5, array_id=9, array_task_id=2)])
    commands = site.commands()
    assert [row.job_id for row in rows(commands)] == ["3", "4", "9"]
    assert [row.job_id for row in rows(commands, "--me")] == ["3", "9"]
    assert [row.job_id for row in rows(commands, "--name=gantry-4-1")] == ["4"]
    assert [row.job_id for row in rows(commands, "--jobs=9,3")] == ["3", "9"]


def test_tasks_are_told_apart_and_task_0_which_pyslurm_hides_is_one_of_them(site):
    waiting = job(9, array_id=9, array_tasks_waiting="3-5")
    ran = job(10, array_id=9, state="RUNNING", allocated_nodes="n1")
    other = job(11, array_id=9, array_task_id=2, state="RUNNING", allocated_nodes="n1")
    left = job(12, array_id=12, state="CANCELLED")
    site.says(jobs=[waiting, ran, other, left])
    assert [row.indices for row in rows(site.commands())] == [{3, 4, 5}, {0}, {2}, set()]


def test_an_exit_code_that_pyslurm_has_changed_is_not_told(site):
    ended = {"allocated_nodes": "n1", "start_time": 1_790_000_001, "end_time": 1_790_000_002}
    site.says(
        jobs=[
            job(3, state="COMPLETED", **ended),
            job(4, state="FAILED", exit_code=2, **ended),
            job(5, state="FAILED", exit_code_signal=11, **ended),
        ]
    )
    assert [(row.exit_code, row.signal) for row in rows(site.commands())] == [(0, None), (None, None), (None, 11)]


def test_a_name_that_is_no_text_hides_nobodys_jobs(site):
    site.says(jobs=[job(2, raw_name="not text"), job(3)])
    assert [row.job_id for row in rows(site.commands())] == ["2", "3"]


def test_another_cluster_has_not_answered(site):
    site.says(cluster="another", jobs=[job(3)])
    observation = site.scheduler().observe([("key", handle())])
    assert not observation.answered


def test_a_controller_that_is_away_has_not_answered(site):
    site.says(error=[1800, "Unable to contact slurm controller (connect failure)"])
    observation = site.scheduler().observe([("key", handle())])
    assert not observation.answered
    assert observation.message == "The cluster does not answer."


def test_questions_in_other_words_are_left_to_squeue():
    assert listing(["--json=v0.0.44", "--states=all"]) == {"ask": "jobs"}
    for words in (["--json=list"], ["--json=v0.0.44"], ["--states=all", "--user=tom"]):
        assert listing(words) is None


# ---- handing over --------------------------------------------------------------------------------------------


def test_a_job_goes_over_with_all_that_sbatch_would_have_been_told(site):
    settings = {
        "partition": "main,short",
        "account": "microscopy",
        "qos": "normal",
        "constraint": "north",
        "gpu": "gpu:a100",
    }
    request = site.request(gpus=2)
    site.says()
    scheduler = site.scheduler(**settings)
    with pytest.raises(SchedulerError) as caught:
        alone(scheduler.submit([request]))
    assert caught.value.message == "It is not clear whether the cluster has taken the job.", (
        "taken, not yet listed"
    )
    sent = dict(site.sent())
    assert sent.pop("script") == script.single(request, scheduler.config)[1]
    assert sent == {
        "name": "gantry-1-1", "account": "microscopy", "partitions": ["main", "short"], "qos": "normal",
        "constraints": "north", "ntasks": 1, "cpus_per_task": 2, "time_limit": 2, "nodes": "1",
        "memory_per_node": "300M", "gres_per_node": {"gpu:a100": 2}, "working_directory": str(request.folder),
        "standard_output": f"{request.folder}/slurm.log", "standard_in": "/dev/null",
        "log_files_open_mode": "append", "is_requeueable": False,
        "environment": {"SLURM_EXPORT_ENV": "NIL", "SLURM_UMASK": "0027"},
    }  # fmt: skip


def test_a_handle_has_slurms_own_time(site):
    request = site.request()
    site.says(jobs=[job(7, raw_name="gantry-1-1", submit_time=1_790_000_123)])
    made = alone(site.scheduler().submit([request]))
    assert (made.job_id, made.submitted.timestamp()) == ("7", 1_790_000_123)


def test_an_array_goes_over_whole(site):
    requests = [site.request(index=index, at_once=2) for index in (0, 1, 4)]
    site.says(jobs=[job(7, raw_name="gantry-1-1", array_id=7, array_tasks_waiting="0-1,4")])
    handles = site.scheduler().submit(requests)
    assert [(one.job_id, one.array_index) for one in handles] == [("7", 0), ("7", 1), ("7", 4)]
    assert site.sent()["array"] == "0-1,4%2"


def test_the_canary_goes_over_held(site):
    words = ["--parsable", "--hold", "--job-name=gantry-canary", "--time=1", "--ntasks=1", "--export=NIL",
             "--no-requeue", "--chdir=/", "--output=/dev/null", "--input=/dev/null"]  # fmt: skip
    assert description(words, "#!/bin/sh\n")["priority"] == 0


@pytest.mark.parametrize("word", ["--test-only", "--nodelist=node1", "--mem", "--ntasks=2", "--time=1-0", "plain"])
def test_what_cannot_be_said_to_pyslurm_is_left_to_sbatch(word):
    assert description(["--export=NIL", "--ntasks=1"], "#!/bin/sh\n") is not None
    assert description(["--export=NIL", "--ntasks=1", word], "#!/bin/sh\n") is None
    assert description(["--ntasks=1"], "#!/bin/sh\n") is None, "with another environment"


def test_several_ranks_go_over_by_sbatch(site):
    with pytest.raises(SchedulerError) as caught:
        alone(site.scheduler().submit([site.request(ranks=4)]))
    assert "it was sbatch" in caught.value.detail
    assert not (site.fakes / "pids").exists()


def test_a_refusal_by_the_controller_is_one(site):
    request = site.request()
    site.says(error=[2045, "Invalid account or account/partition combination specified"])
    with pytest.raises(SchedulerError) as caught:
        alone(site.scheduler().submit([request]))
    assert not caught.value.retry
    assert "does not know your account" in caught.value.message
    assert slurm_note.read(request.folder) is None


def test_a_number_beyond_slurms_is_a_refusal_in_words(site):
    with pytest.raises(SchedulerError) as caught:
        alone(site.scheduler().submit([site.request(cpus=100_000)]))
    assert not caught.value.retry
    assert "uint16" not in caught.value.message


@pytest.mark.parametrize("number", [-1, 11, 1007, 1900, 5003, 7000])
def test_an_error_of_the_way_to_the_controller_is_not_a_refusal(site, number):
    request = site.request()
    site.says(error=[number, "Unspecified error"])
    with pytest.raises(SchedulerError) as caught:
        alone(site.scheduler().submit([request]))
    assert caught.value.retry
    assert slurm_note.read(request.folder) is not None, "it may have been taken"


def test_a_pyslurm_with_other_words_has_handed_nothing_over(site):
    request = site.request()
    site.says(**{"other release": True})
    with pytest.raises(SchedulerError) as caught:
        alone(site.scheduler().submit([request]))
    assert caught.value.retry
    assert "unheard_of" in caught.value.detail
    assert slurm_note.read(request.folder) is None


@pytest.mark.parametrize("what", ["end", "hang"])
def test_a_program_that_ends_or_is_late_while_it_hands_over_may_have_done_it(site, what):
    request = site.request()
    site.says(submit=what)
    with pytest.raises(SchedulerError) as caught:
        alone(site.scheduler(timeout_s=PATIENCE_S).submit([request]))
    assert caught.value.retry
    assert slurm_note.read(request.folder) is not None


def test_a_program_that_cannot_be_started_has_handed_nothing_over(site):
    request = site.request()
    site.says(**{"import": "end"})
    with pytest.raises(SchedulerError) as caught:
        alone(site.scheduler().submit([request]))
    assert caught.value.retry
    assert slurm_note.read(request.folder) is None
