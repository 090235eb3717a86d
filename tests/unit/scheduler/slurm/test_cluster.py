"""The backend on commands whose answers are given: recordings, silences, refusals, lost answers."""

import copy
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from alone import alone

from portal.scheduler.base import Ending, JobHandle, JobRequest, Phase, SchedulerError
from portal.scheduler.slurm import note as slurm_note
from portal.scheduler.slurm import times as slurm_times
from portal.scheduler.slurm.cluster import SlurmScheduler
from portal.scheduler.slurm.commands import Answer
from portal.scheduler.slurm.config import SlurmConfig
from portal.scheduler.slurm.rows import queue_rows
from portal.scheduler.slurm.visibility import CANARY, own_account

RECORDINGS = Path(__file__).parents[3] / "contract" / "recordings" / "slurm-24.11"
AWAY = Answer(1, "", "error: Unable to contact slurm controller (connect failure)\n")
NO_DATABASE = Answer(1, "", "sacct: error: Problem talking to the database: Connection refused\n")
LATE = SchedulerError("Slurm did not answer within 30 s.", retry=True, detail="it was late")
SUBMITTED = datetime(2026, 11, 21, 1, 1, 12, tzinfo=UTC)
Say = Answer | SchedulerError | Callable[[Sequence[str], str], Answer]


def recorded(name: str) -> Mapping[str, Any]:
    return json.loads((RECORDINGS / f"{name}.json").read_text())


def reply(*jobs: Mapping[str, Any]) -> Answer:
    meta = {"slurm": {"cluster": "gantry"}}
    return Answer(0, json.dumps({"jobs": jobs, "meta": meta, "errors": [], "warnings": []}), "")


class Slurm:
    """What each of Slurm's commands says, and what it was asked."""

    def __init__(self, **says: Say) -> None:
        self.says = {"squeue": reply(), "sacct": reply(), **says}
        self.asked: list[tuple[list[str], str]] = []

    def run(self, command: Sequence[str], *, stdin: str = "") -> Answer:
        self.asked.append((list(command), stdin))
        said = self.says[command[0]]
        if isinstance(said, SchedulerError):
            raise said
        return said if isinstance(said, Answer) else said(command, stdin)

    def commands(self, program: str) -> list[list[str]]:
        return [command for command, _stdin in self.asked if command[0] == program]


def queue_job(job_id: int, name: str, folder: Path, **changes: Any) -> dict[str, Any]:
    """A row of squeue like a recorded one."""
    job = copy.deepcopy(dict(recorded("begin-later")["squeue"]["jobs"][0]))
    job |= {"job_id": job_id, "name": name, "current_working_directory": str(folder)}
    job["submit_time"] = {"set": True, "infinite": False, "number": int(SUBMITTED.timestamp())}
    return job | changes


class Yard:
    """A scratch folder and requests in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = SlurmConfig("gantry", data_parser="v0.0.42", canary=False)
        self.name = f"gantry-{uuid.uuid4()}-1"

    def scheduler(self, slurm: Slurm, **settings: Any) -> SlurmScheduler:
        others = settings.pop("others", False)
        return SlurmScheduler(replace(self.config, **settings), self.path, others=others, commands=slurm)

    def request(self, index: int | None = None, **changes: Any) -> JobRequest:
        attempt = str(uuid.uuid4())
        folder = self.path / attempt
        folder.mkdir()
        made = JobRequest(attempt, self.name, "maya", ("launch", attempt), folder, 1, 100, 60, index=index)
        return replace(made, **changes)

    def taking(self, job_id: int = 7, **says: Say) -> Slurm:
        """A Slurm that takes everything, with ids from `job_id` on, and tells the time."""
        jobs: list[dict[str, Any]] = []
        several_at_a_time = Lock()

        def sbatch(command: Sequence[str], _stdin: str) -> Answer:
            options = dict(word.removeprefix("--").split("=", 1) for word in command[1:] if "=" in word)
            with several_at_a_time:
                row = queue_job(job_id + len(jobs), options["job-name"], Path(options["chdir"]))
                if "array" in options:
                    row |= {"array_job_id": row["job_id"], "array_task_string": options["array"]}
                jobs.append(row)
            return Answer(0, f"{row['job_id']}\n", "")

        def squeue(command: Sequence[str], _stdin: str) -> Answer:
            if slurm_times.asked(command[1:]) is not None:
                return Answer(0, slurm_times.told(queue_rows({"jobs": jobs})), "")
            return reply(*jobs)

        return Slurm(**{"sbatch": sbatch, "squeue": squeue, **says})


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def refused(words: str) -> Answer:
    return Answer(1, "", f"sbatch: error: Batch job submission failed: {words}\n")


# ---- submission ----------------------------------------------------------------------------------------------


def test_a_handle_has_the_id_and_slurms_own_time(yard):
    request = yard.request()
    handle = alone(yard.scheduler(yard.taking()).submit([request]))
    assert handle == JobHandle("gantry", "7", None, request.name, SUBMITTED)


def test_what_was_submitted_is_not_submitted_again(yard):
    request, slurm = yard.request(), yard.taking()
    first = alone(yard.scheduler(slurm).submit([request]))
    assert alone(yard.scheduler(slurm).submit([request])) == first
    assert alone(yard.scheduler(Slurm(squeue=AWAY, sacct=NO_DATABASE)).submit([request])) == first
    assert len(slurm.commands("sbatch")) == 1


def test_an_attempt_keeps_its_name(yard):
    request, slurm = yard.request(), yard.taking()
    alone(yard.scheduler(slurm).submit([request]))
    with pytest.raises(SchedulerError) as caught:
        alone(yard.scheduler(slurm).submit([replace(request, name=f"gantry-{uuid.uuid4()}-2")]))
    assert not caught.value.retry


@pytest.mark.parametrize(
    "answer", [LATE, AWAY, Answer(1, "", "sbatch: error: ...: Socket timed out on send/recv operation"),
               Answer(0, "nothing of use", ""), Answer(137, "", "")], ids=str
)  # fmt: skip
def test_an_answer_of_sbatch_that_is_lost_may_be_retried_but_never_submits_twice(yard, answer):
    request, slurm = yard.request(), Slurm(sbatch=answer)
    for _ in range(2):
        with pytest.raises(SchedulerError) as caught:
            alone(yard.scheduler(slurm).submit([request]))
        assert caught.value.retry
    assert len(slurm.commands("sbatch")) == 1


def test_a_job_that_sbatch_had_handed_over_before_it_was_late_is_found_by_its_folder(yard):
    request = yard.request()
    with pytest.raises(SchedulerError):
        alone(yard.scheduler(Slurm(sbatch=LATE)).submit([request]))
    mine = queue_job(9, request.name, request.folder)
    other = queue_job(8, request.name, yard.path / "another")
    handle = alone(yard.scheduler(Slurm(squeue=reply(other, mine))).find([(request.attempt, request.name)]))
    assert handle == JobHandle("gantry", "9", None, request.name, SUBMITTED)
    assert alone(yard.scheduler(Slurm(squeue=reply(other))).submit([request])) == handle


@pytest.mark.parametrize(
    ("words", "retry"),
    [
        ("Invalid account or account/partition combination specified", False),
        ("Requested node configuration is not available", False),
        ("Requested time limit is invalid (missing or exceeds some limit)", False),
        ("Something new that nobody has heard of", False),
        ("AssocMaxSubmitJobLimit", True),
        ("Slurm temporarily unable to accept job, sleeping and retrying", True),
    ],
)
def test_a_refusal_tells_why_and_whether_another_try_can_help(yard, words, retry):
    request = yard.request()
    with pytest.raises(SchedulerError) as caught:
        alone(yard.scheduler(Slurm(sbatch=refused(words))).submit([request]))
    assert caught.value.retry is retry
    assert caught.value.message.endswith(".")
    assert words in caught.value.detail
    assert slurm_note.read(request.folder) is None, "what was refused was certainly not taken"


def test_refusals_of_a_real_slurm_are_told_in_words():
    said = recorded("refusals")["said"]
    from portal.scheduler.slurm.reasons import refusal

    for what in ("account", "not-my-account", "qos", "partition", "time", "memory", "constraint", "gres"):
        words, retry = refusal(said[what]["stderr"])
        assert not retry, what
        assert "refused the job:" not in words, what
    assert refusal(said["too-many"]["stderr"])[1]


def test_after_a_silence_the_others_are_not_even_asked(yard):
    slurm = Slurm(sbatch=LATE)
    results = yard.scheduler(slurm).submit([yard.request() for _ in range(3)])
    assert [result.retry for result in results] == [True, True, True]
    assert len(slurm.commands("sbatch")) == 1
    assert sum(slurm_note.read(folder) is not None for folder in yard.path.iterdir()) == 1


def test_a_job_that_was_taken_and_is_not_seen_yet_is_settled_later(yard):
    request, slurm = yard.request(), yard.taking(squeue=AWAY)
    with pytest.raises(SchedulerError) as caught:
        alone(yard.scheduler(slurm).submit([request]))
    assert caught.value.retry
    row = queue_job(7, request.name, request.folder)
    assert alone(yard.scheduler(Slurm(squeue=reply(row))).submit([request])).job_id == "7"


def test_where_sbatch_is_not_installed_nothing_was_submitted(yard):
    request = yard.request()
    real = SlurmScheduler(replace(yard.config, commands=yard.path / "nowhere"), yard.path)
    with pytest.raises(SchedulerError) as caught:
        alone(real.submit([request]))
    assert caught.value.retry
    assert alone(yard.scheduler(yard.taking()).submit([request])).job_id == "7"


def test_nothing_is_submitted_from_a_folder_that_cannot_be_written(yard):
    request, slurm = yard.request(), yard.taking()
    request.folder.rmdir()
    with pytest.raises(SchedulerError) as caught:
        alone(yard.scheduler(slurm).submit([request]))
    assert caught.value.retry
    assert slurm.commands("sbatch") == []


# ---- arrays --------------------------------------------------------------------------------------------------


def test_many_jobs_of_one_submission_are_one_array(yard):
    requests, slurm = [yard.request(index) for index in (0, 1, 2, 5)], yard.taking()
    handles = yard.scheduler(slurm).submit(requests)
    [command] = slurm.commands("sbatch")
    assert "--array=0-2,5" in command
    assert [(handle.job_id, handle.array_index) for handle in handles] == [("7", 0), ("7", 1), ("7", 2), ("7", 5)]
    assert yard.scheduler(slurm).submit(requests) == handles


def test_the_manifest_says_which_attempt_is_which_task(yard):
    requests = [yard.request(index) for index in (3, 4)]
    yard.scheduler(yard.taking()).submit(requests)
    [folder] = yard.path.glob("array-*")
    assert json.loads((folder / "array.json").read_text())["attempts"] == {
        "3": requests[0].attempt,
        "4": requests[1].attempt,
    }
    assert slurm_note.array_of(requests[0].folder) == folder.name
    assert slurm_note.remaining(folder) == 2


def test_indices_beyond_slurms_bound_go_into_a_chunk_of_their_own(yard):
    requests, slurm = [yard.request(index) for index in (1, 2, 11, 12, 13, 25)], yard.taking()
    handles = yard.scheduler(slurm, max_array_size=10).submit(requests)
    arrays = [[word for word in command if word.startswith("--array=")] for command in slurm.commands("sbatch")]
    assert sorted(arrays) == [[], ["--array=1-2"], ["--array=1-3"]]
    assert [handle.array_index for handle in handles] == [1, 2, 1, 2, 3, None]


def test_jobs_of_different_sizes_or_names_do_not_share_an_array(yard):
    requests = [yard.request(0), yard.request(1, cpus=2), yard.request(2, name=f"gantry-{uuid.uuid4()}-1")]
    slurm = yard.taking()
    handles = yard.scheduler(slurm).submit(requests)
    assert [handle.array_index for handle in handles] == [None, None, None]
    assert len(slurm.commands("sbatch")) == 3


def test_an_array_larger_than_the_account_may_have_is_halved_until_it_fits(yard):
    slurm = yard.taking()
    take = slurm.says["sbatch"]
    room = 3

    def sbatch(command: Sequence[str], stdin: str) -> Answer:
        nonlocal room
        size = stdin.count(") set -- ") or 1
        if size > room:
            return refused("AssocMaxSubmitJobLimit")
        room -= size
        return take(command, stdin)

    slurm.says["sbatch"] = sbatch
    results = yard.scheduler(slurm).submit([yard.request(index) for index in range(8)])
    assert [isinstance(result, JobHandle) for result in results] == 2 * [True] + [True] + 5 * [False]
    assert all(result.retry for result in results[3:])
    assert len(list(yard.path.glob("array-*"))) == 1, "of the arrays that were refused nothing is left"


def test_a_task_whose_answer_was_lost_is_found_in_its_array(yard):
    requests = [yard.request(index) for index in range(3)]
    yard.scheduler(Slurm(sbatch=LATE)).submit(requests)
    [folder] = yard.path.glob("array-*")
    row = queue_job(7, yard.name, folder, array_task_string="0-2", array_job_id=7)
    handle = alone(yard.scheduler(Slurm(squeue=reply(row))).find([(requests[2].attempt, yard.name)]))
    assert handle == JobHandle("gantry", "7", 2, yard.name, SUBMITTED)


def test_two_jobs_with_one_index_never_share_an_array(yard):
    handles = yard.scheduler(yard.taking()).submit([yard.request(0), yard.request(0), yard.request(1)])
    assert len({(handle.job_id, handle.array_index) for handle in handles}) == 3


# ---- find ----------------------------------------------------------------------------------------------------


def test_find_asks_accounting_for_what_the_controller_has_forgotten(yard):
    request = yard.request()
    kept = copy.deepcopy(recorded("completed")["sacct"]["jobs"][0])
    kept |= {"name": request.name, "working_directory": str(request.folder)}
    slurm = Slurm(sacct=reply(kept))
    handle = alone(yard.scheduler(slurm).find([(request.attempt, request.name)]))
    assert handle is not None
    assert handle.job_id == str(kept["job_id"])
    [command] = slurm.commands("sacct")
    assert "--duplicates" in command
    assert any(word.startswith("--starttime=") for word in command)


def test_what_neither_knows_is_not_found(yard):
    request = yard.request()
    assert alone(yard.scheduler(Slurm()).find([(request.attempt, request.name)])) is None


@pytest.mark.parametrize("says", [{"squeue": AWAY}, {"sacct": NO_DATABASE}, {"squeue": LATE}, {"sacct": LATE}])
def test_find_without_a_whole_answer_is_not_an_absence(yard, says):
    request = yard.request()
    with pytest.raises(SchedulerError) as caught:
        alone(yard.scheduler(Slurm(**says)).find([(request.attempt, request.name)]))
    assert caught.value.retry


def test_a_requeued_job_is_found_by_its_first_time(yard):
    request = yard.request()
    rows = copy.deepcopy(recorded("requeued"))
    for job in rows["squeue"]["jobs"]:
        job |= {"name": request.name, "current_working_directory": str(request.folder)}
    for job in rows["sacct"]["jobs"]:
        job |= {"name": request.name, "working_directory": str(request.folder)}
    slurm = Slurm(squeue=reply(*rows["squeue"]["jobs"]), sacct=reply(*rows["sacct"]["jobs"]))
    handle = alone(yard.scheduler(slurm).find([(request.attempt, request.name)]))
    assert handle.submitted.timestamp() == min(job["time"]["submission"] for job in rows["sacct"]["jobs"])


# ---- cancel and estimate -------------------------------------------------------------------------------------

HANDLE = JobHandle("gantry", "7", None, "gantry-x-1", SUBMITTED)


def test_cancel_names_the_job_and_the_owner(yard):
    slurm = Slurm(scancel=Answer(0, "", "scancel: Terminating job 7\n"))
    assert alone(yard.scheduler(slurm).cancel([HANDLE]))
    [command] = slurm.commands("scancel")
    assert command[1:] == ["--ctld", "--verbose", "--me", "--name=gantry-x-1", "7"]


def test_cancelling_what_has_ended_is_no_error(yard):
    gone = Answer(0, "", "scancel: error: Kill job error on job id 7: Invalid job id specified\n")
    assert alone(yard.scheduler(Slurm(scancel=gone)).cancel([HANDLE])) is False


@pytest.mark.parametrize("answer", [AWAY, LATE, Answer(0, "", "")], ids=["away", "late", "of another job"])
def test_a_wish_that_did_not_arrive_is_an_error_that_may_be_repeated(yard, answer):
    with pytest.raises(SchedulerError) as caught:
        alone(yard.scheduler(Slurm(scancel=answer)).cancel([HANDLE]))
    assert caught.value.retry


def test_an_estimate_is_slurms_plan(yard):
    said = recorded("estimate")["answer"]
    slurm = Slurm(sbatch=Answer(said["code"], said["stdout"], said["stderr"]))
    estimate = yard.scheduler(slurm).estimate(yard.request())
    assert estimate.start == datetime(2026, 11, 21, 1, 50, 19, tzinfo=UTC)
    assert estimate.basis


def test_an_estimate_of_what_can_never_run_is_refused(yard):
    never = Answer(1, "", "allocation failure: Requested node configuration is not available\n")
    with pytest.raises(SchedulerError) as caught:
        yard.scheduler(Slurm(sbatch=never)).estimate(yard.request())
    assert not caught.value.retry


# ---- observe -------------------------------------------------------------------------------------------------


def handle_of(job: Mapping[str, Any]) -> JobHandle:
    submitted = datetime.fromtimestamp(job["submit_time"]["number"], UTC)
    return JobHandle("gantry", str(job["job_id"]), None, job["name"], submitted)


def test_one_question_is_enough_for_jobs_that_the_controller_knows(yard):
    slurm, running = Slurm(squeue=reply(*recorded("running")["squeue"]["jobs"])), recorded("running")
    handle = handle_of(running["squeue"]["jobs"][0])
    observation = yard.scheduler(slurm).observe([("a", handle), ("b", handle)])
    assert observation.answered
    assert {key: report.phase for key, report in observation.reports.items()} == {
        "a": Phase.RUNNING,
        "b": Phase.RUNNING,
    }
    assert [command[0] for command, _stdin in slurm.asked] == ["squeue"]


def test_no_question_is_asked_about_no_job(yard):
    slurm = Slurm()
    assert yard.scheduler(slurm).observe([]).answered
    assert slurm.asked == []


def test_endings_are_accountings(yard):
    told = recorded("cancelled-by-administrator")
    slurm = Slurm(squeue=reply(*told["squeue"]["jobs"]), sacct=reply(*told["sacct"]["jobs"]))
    report = yard.scheduler(slurm, others=True).observe([("a", handle_of(told["squeue"]["jobs"][0]))]).reports["a"]
    assert (report.ending, report.ended_by) == (Ending.CANCELLED, "root")
    [command] = slurm.commands("sacct")
    assert "--allusers" in command
    assert "--duplicates" in command


@pytest.mark.parametrize(
    "answer",
    [AWAY, LATE, Answer(0, "", ""), Answer(0, "[]", ""), Answer(0, '{"jobs": [{}]}', ""),
     Answer(0, '{"jobs": [], "errors": [{"description": "broken"}]}', ""),
     Answer(0, '{"jobs": [], "meta": {"slurm": {"cluster": "another"}}}', "")],
    ids=str,
)  # fmt: skip
def test_a_slurm_that_does_not_answer_well_has_not_answered(yard, answer):
    observation = yard.scheduler(Slurm(squeue=answer)).observe([("a", HANDLE)])
    assert not observation.answered
    assert observation.reports == {}
    assert observation.message


def test_while_accounting_is_away_nothing_is_absent(yard):
    observation = yard.scheduler(Slurm(sacct=NO_DATABASE)).observe([("a", HANDLE)])
    assert observation.answered
    assert observation.reports == {}
    assert not observation.absences_count
    assert "Accounting" in observation.message


def test_a_job_that_both_do_not_know_is_absent(yard):
    observation = yard.scheduler(Slurm()).observe([("a", HANDLE)])
    assert observation.answered
    assert observation.absences_count
    assert observation.reports == {}


def test_without_accounting_the_controller_alone_decides(yard):
    told = recorded("failed-code")
    slurm = Slurm(squeue=reply(*told["squeue"]["jobs"]))
    report = (
        yard.scheduler(slurm, accounting=False).observe([("a", handle_of(told["squeue"]["jobs"][0]))]).reports["a"]
    )
    assert (report.ending, report.exit_code) == (Ending.FAILED, 3)
    assert slurm.commands("sacct") == []
    off = Answer(1, "", "Slurm accounting storage is disabled\n")
    observation = yard.scheduler(Slurm(sacct=off)).observe([("a", HANDLE)])
    assert observation.absences_count


# ---- sight ---------------------------------------------------------------------------------------------------

PRIVATE = Answer(0, "Configuration data\nPrivateData             = jobs,usage\n", "")
OPEN = Answer(0, "Configuration data\nPrivateData             = none\n", "")


def canary(**changes: Any) -> dict[str, Any]:
    return queue_job(3, CANARY, Path("/"), **{"user_name": own_account()} | changes)


def coordinator(*accounts: str) -> Answer:
    user = {"administrator_level": ["None"], "coordinators": [{"name": name} for name in accounts]}
    return Answer(0, json.dumps({"users": [user], "meta": {}, "errors": []}), "")


def test_absences_count_only_beside_the_canary(yard):
    slurm = Slurm(sbatch=Answer(0, "3\n", ""), scontrol=OPEN)
    scheduler = yard.scheduler(slurm, canary=True, others=True)
    for _ in range(2):
        blind = scheduler.observe([("a", HANDLE)])
        assert (blind.answered, blind.absences_count) == (True, False)
        assert blind.message
    assert len(slurm.commands("sbatch")) == 1, "a canary is not sent at every question"
    assert "--hold" in slurm.commands("sbatch")[0]
    slurm.says["squeue"] = reply(canary())
    assert scheduler.observe([("a", HANDLE)]).absences_count


def test_a_canary_of_another_account_or_one_that_has_ended_proves_nothing(yard):
    slurm = Slurm(sbatch=Answer(0, "3\n", ""), scontrol=OPEN)
    scheduler = yard.scheduler(slurm, canary=True, others=True)
    for row in (canary(user_name="mallory"), canary(job_state=["CANCELLED"])):
        slurm.says["squeue"] = reply(row)
        assert not scheduler.observe([("a", HANDLE)]).absences_count


def test_where_jobs_are_private_the_reader_must_be_a_coordinator(yard):
    slurm = Slurm(squeue=reply(canary()), scontrol=PRIVATE, sacctmgr=coordinator())
    assert not yard.scheduler(slurm, canary=True, others=True).observe([("a", HANDLE)]).absences_count
    slurm.says["sacctmgr"] = coordinator("gantry")
    scheduler = yard.scheduler(slurm, canary=True, others=True)
    for _ in range(3):
        assert scheduler.observe([("a", HANDLE)]).absences_count
    assert len(slurm.commands("sacctmgr")) == 2, "rights are asked for now and then only"


def test_rights_that_cannot_be_asked_for_are_none(yard):
    for says in ({"scontrol": AWAY}, {"scontrol": PRIVATE, "sacctmgr": NO_DATABASE}):
        slurm = Slurm(squeue=reply(canary()), **says)
        assert not yard.scheduler(slurm, canary=True, others=True).observe([("a", HANDLE)]).absences_count


# ---- the dialect ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("v0.0.42 data_parser/v0.0.40 v0.0.41", "v0.0.42"),
        ("v0.0.39 v0.0.40", "v0.0.40"),
        ("v0.0.99 v0.0.43", "v0.0.43"),
    ],
)
def test_the_newest_dialect_that_both_know_is_spoken_and_asked_for_once(yard, offered, chosen):
    slurm = Slurm(squeue=lambda command, _stdin: Answer(0, "", offered) if "--json=list" in command else reply())
    scheduler = yard.scheduler(slurm, data_parser=None)
    for _ in range(2):
        assert scheduler.observe([("a", HANDLE)]).answered
    assert [command[1] for command in slurm.commands("squeue")] == ["--json=list", *2 * [f"--json={chosen}"]]


def test_a_slurm_without_a_known_dialect_has_not_answered(yard):
    old = Slurm(squeue=Answer(1, "", "squeue: unrecognized option '--json=list'\n"))
    observation = yard.scheduler(old, data_parser=None).observe([("a", HANDLE)])
    assert not observation.answered
    assert "release" in observation.message


# ---- tasks that Slurm strikes out ----------------------------------------------------------------------------


@pytest.mark.parametrize(("waiting", "absent"), [(0, False), (3, True)])
def test_a_struck_out_task_ended_only_if_accounting_was_told_everything(yard, waiting, absent):
    told = copy.deepcopy(recorded("array-mixed"))
    for job in told["squeue"]["jobs"]:
        job["array_task_string"] = job["array_task_string"].replace("4-9", "4-8")
    for job in told["sacct"]["jobs"]:
        job["array"]["task"] = job["array"]["task"].replace("0x3F0", "0x1F0")
    told_all = Answer(0, json.dumps({"statistics": {"dbd_agent_queue_size": waiting}, "meta": {}}), "")
    slurm = Slurm(squeue=reply(*told["squeue"]["jobs"]), sacct=reply(*told["sacct"]["jobs"]), sdiag=told_all)
    first = told["squeue"]["jobs"][0]
    handle = replace(handle_of(first), array_index=9)
    observation = yard.scheduler(slurm).observe([("a", handle)])
    assert observation.answered
    assert ("a" not in observation.reports) is absent
    if not absent:
        assert observation.reports["a"].ending is Ending.CANCELLED
