"""Many orders in one request to a Slurm agent: what goes over together, and what each job keeps of its own."""

import copy
import errno
import json
import os
import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alone import alone

from portal.agent import folder
from portal.agent.backend import parse
from portal.agent.verbs import Verbs
from portal.files.confined import Root
from portal.rpc.exchange import RefusedError
from portal.scheduler.base import SchedulerError
from portal.scheduler.slurm import note as slurm_note
from portal.scheduler.slurm import times as slurm_times
from portal.scheduler.slurm.cluster import SlurmScheduler
from portal.scheduler.slurm.commands import Answer
from portal.scheduler.slurm.config import parse as parse_slurm
from portal.scheduler.slurm.rows import queue_rows

SUBMITTED = datetime(2026, 11, 21, 1, 1, 12, tzinfo=UTC)


class Slurm:
    """Takes everything with ids from 7 on, and lists it."""

    def __init__(self) -> None:
        self.scripts: list[str] = []
        self.rows: list[dict[str, Any]] = []
        self.asked: list[Sequence[str]] = []

    def run(self, command: Sequence[str], *, stdin: str = "") -> Answer:
        self.asked.append(command)
        if slurm_times.asked(command[1:]) is not None:
            return Answer(0, slurm_times.told(queue_rows({"jobs": self.rows})), "")
        if command[0] == "sacct":
            return Answer(0, json.dumps({"jobs": [], "meta": {}, "errors": []}), "")
        if command[0] != "sbatch":
            return Answer(0, json.dumps({"jobs": self.rows, "meta": {}, "errors": []}), "")
        options = dict(word.removeprefix("--").split("=", 1) for word in command[1:] if "=" in word)
        self.scripts.append(stdin)
        job_id = 6 + len(self.scripts)
        row: dict[str, Any] = {
            "job_id": job_id,
            "name": options["job-name"],
            "user_name": "maya",
            "current_working_directory": options["chdir"],
            "job_state": ["PENDING"],
            "submit_time": int(SUBMITTED.timestamp()),
        }
        if "array" in options:
            row |= {"array_job_id": job_id, "array_task_string": options["array"]}
        self.rows.append(row)
        return Answer(0, f"{job_id}\n", "")


class Cluster:
    """The agent's verbs on that Slurm."""

    def __init__(self, facility: Any) -> None:
        self.facility, self.slurm = facility, Slurm()
        document = {key: value for key, value in facility.backend.items() if key != "spool"}
        config = {"cluster": "gantry", "data_parser": "v0.0.42", "max_array_size": 100}
        self.backend = parse(document | {"kind": "slurm", "slurm": config})

    def scheduler(self) -> SlurmScheduler:
        config = parse_slurm(self.backend.cluster["slurm"])
        return SlurmScheduler(config, self.backend.scratch, commands=self.slurm)

    def submit(self, items: Sequence[dict[str, Any]]) -> list[Any]:
        return list(Verbs(self.backend, self.scheduler()).submit(items))

    def items(self, count: int) -> list[dict[str, Any]]:
        """Orders of as many submissions (each has the index 0 there), under one name and with places."""
        name = f"gantry-{uuid.uuid4()}-1"
        made = []
        for place in range(count):
            item = copy.deepcopy(self.facility.item())
            item["order"]["job"]["name"] = name
            made.append(item | {"name": name, "place": place})
        return made


@pytest.fixture
def cluster(facility):
    return Cluster(facility)


def test_jobs_of_many_submissions_go_over_as_one_array(cluster):
    items = cluster.items(5)
    answers = cluster.submit(items)
    assert len({item["order"]["job"]["submission"] for item in items}) == 5
    assert [(answer["job_id"], answer["array_index"]) for answer in answers] == [
        ("7", place) for place in range(5)
    ]
    [script] = cluster.slurm.scripts
    for place, (item, answer) in enumerate(zip(items, answers, strict=True)):
        folder = cluster.facility.folder(item)
        order = (folder / "job.json").read_bytes()
        job = json.loads(order)["job"]
        assert (job["attempt"], job["submission"], job["index"]) == (
            item["attempt"],
            item["order"]["job"]["submission"],
            0,
        )
        assert answer["folder"] == str(folder)
        assert re.search(
            rf"^{place}\) set -- {re.escape(str(folder))} --job-sha256 {answer['job_sha256']} ;;$",
            script,
            re.MULTILINE,
        )
        note = slurm_note.read(folder)
        assert note is not None
        assert (note.name, note.index, note.job_id) == (item["name"], place, "7")


def test_each_of_them_is_found_by_its_own_folder_and_place(cluster):
    items = cluster.items(3)
    answers = cluster.submit(items)
    for answer in Path(cluster.backend.scratch).glob(f"array-*/{slurm_note.ANSWER}"):
        answer.unlink()
    for item, answer in zip(items, answers, strict=True):
        handle = alone(cluster.scheduler().find([(item["attempt"], item["name"])]))
        assert handle is not None
        assert (handle.job_id, handle.array_index) == (answer["job_id"], answer["array_index"])


def test_asked_again_with_other_places_they_keep_those_that_they_have(cluster):
    items = cluster.items(3)
    answers = cluster.submit(items)
    again = [item | {"place": place} for item, place in zip(items, (7, 8, 9), strict=True)]
    assert cluster.submit(again) == answers
    assert len(cluster.slurm.scripts) == 1


def test_one_alone_is_no_array(cluster):
    [answer] = cluster.submit(cluster.items(1))
    assert (answer["job_id"], answer["array_index"]) == ("7", None)


def test_without_a_place_the_index_in_the_submission_counts(cluster):
    items = cluster.items(2)
    for index, item in enumerate(items):
        del item["place"]
        item["order"]["job"]["index"] = 40 + index
    assert [answer["array_index"] for answer in cluster.submit(items)] == [40, 41]


@pytest.mark.parametrize("place", [-1, 10_000, 1.0, "0", True, [0]], ids=repr)
def test_a_place_is_a_whole_number_within_bounds(cluster, place):
    good, other = cluster.items(2)
    answers = cluster.submit([good, other | {"place": place}])
    assert answers[0]["job_id"] == "7"
    assert isinstance(answers[1], RefusedError)
    assert (answers[1].code, answers[1].retry) == ("request", False)
    assert not cluster.facility.folder(other).exists()


def test_a_lost_answer_is_settled_for_each_of_them(cluster, monkeypatch):
    items, run = cluster.items(3), cluster.slurm.run

    def taken_but_late(command: Sequence[str], *, stdin: str = "") -> Answer:
        answer = run(command, stdin=stdin)
        if command[0] == "sbatch":
            raise SchedulerError("It was late.", retry=True)
        return answer

    monkeypatch.setattr(cluster.slurm, "run", taken_but_late)
    assert all(isinstance(answer, RefusedError) and answer.retry for answer in cluster.submit(items))
    answers = cluster.submit(items)
    assert [(answer["job_id"], answer["array_index"]) for answer in answers] == [("7", 0), ("7", 1), ("7", 2)]
    assert len(cluster.slurm.scripts) == 1


@pytest.mark.parametrize("count", [1, folder.FEW, folder.FEW + 1])
def test_nothing_is_handed_over_before_its_order_is_on_disk(cluster, monkeypatch, count):
    synced, run = [], cluster.slurm.run
    fsync, whole = os.fsync, folder.sync_file_system

    def one(fd: int) -> None:
        synced.append(Path(f"/proc/self/fd/{fd}").readlink().name)
        fsync(fd)

    def all_of_them(fd: int) -> None:
        synced.extend(["job.json"] * count)
        whole(fd)

    def sbatch(command: Sequence[str], *, stdin: str = "") -> Answer:
        assert synced.count("job.json") == count
        return run(command, stdin=stdin)

    monkeypatch.setattr(os, "fsync", one)
    monkeypatch.setattr(folder, "sync_file_system", all_of_them)
    monkeypatch.setattr(cluster.slurm, "run", sbatch)
    assert all(answer["job_id"] == "7" for answer in cluster.submit(cluster.items(count)))


@pytest.mark.parametrize("count", [2, folder.FEW + 2])
def test_what_cannot_be_forced_to_disk_is_not_handed_over(cluster, monkeypatch, count):
    def full(_fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(folder, "sync_file_system", full)
    answers = cluster.submit(cluster.items(count))
    assert {(answer.code, answer.retry) for answer in answers} == {("scratch", True)}
    assert cluster.slurm.scripts == []


def test_what_orders_have_in_common_is_looked_at_once(cluster, monkeypatch):
    read = []
    opened = Root.open_file

    def counting(root: Root, relative: str, **given: Any) -> Any:
        read.append(relative)
        return opened(root, relative, **given)

    monkeypatch.setattr(Root, "open_file", counting)
    cluster.submit(cluster.items(4))
    assert len([name for name in read if name.startswith("lightsheet-deconvolution/")]) == 1


def test_finding_many_asks_slurm_once_for_a_name(cluster):
    items = cluster.items(5)
    answers = cluster.submit(items)
    for answer in Path(cluster.backend.scratch).glob(f"array-*/{slurm_note.ANSWER}"):
        answer.unlink()
    asked = len(cluster.slurm.asked)
    stranger = {"attempt": str(uuid.uuid4()), "name": items[0]["name"]}
    wanted = [{"attempt": item["attempt"], "name": item["name"]} for item in items]
    found = Verbs(cluster.backend, cluster.scheduler()).find([*wanted, stranger, {"attempt": "no"}])
    assert [(one["job_id"], one["array_index"], one["job_sha256"]) for one in found[:5]] == [
        (answer["job_id"], answer["array_index"], answer["job_sha256"]) for answer in answers
    ]
    assert found[5] == {"found": False}
    assert isinstance(found[6], RefusedError)
    assert found[6].code == "request"
    programs = [command[0] for command in cluster.slurm.asked[asked:]]
    # The stranger has no note, so it is looked for from further back, in accounting.
    assert (programs.count("squeue"), programs.count("sacct")) == (1, 1)


def test_a_slurm_that_is_silent_is_not_asked_for_each(cluster, monkeypatch):
    items, asked = cluster.items(3), []

    def silent(command: Sequence[str], *, stdin: str = "") -> Answer:
        asked.append(command[0])
        raise SchedulerError("It was late.", retry=True)

    monkeypatch.setattr(cluster.slurm, "run", silent)
    found = Verbs(cluster.backend, cluster.scheduler()).find(
        [{"attempt": item["attempt"], "name": item["name"]} for item in items]
    )
    assert all(isinstance(one, RefusedError) and one.retry for one in found)
    assert asked == ["squeue"]


# ---- cancelling many -----------------------------------------------------------------------------------------


class Scancel:
    """Beside that Slurm, a controller that knows which jobs are alive; scancel asks it once a call."""

    def __init__(self, cluster: Cluster, alive: set[str]) -> None:
        self.calls: list[list[str]] = []
        self.alive = alive
        self.told = cluster.slurm.run

    def run(self, command: Sequence[str], *, stdin: str = "") -> Answer:
        if command[0] != "scancel":
            return self.told(command, stdin=stdin)
        ids = [word for word in command[1:] if not word.startswith("-")]
        self.calls.append(list(command[1:]))
        said = [
            f"scancel: Terminating job {word}"
            if word in self.alive
            else f"scancel: error: Kill job error on job id {word}: Invalid job id specified"
            for word in ids
        ]
        self.alive -= set(ids)
        return Answer(0, "", "\n".join(said))


def wishes(items: Sequence[dict[str, Any]], answers: Sequence[Any], **more: Any) -> list[dict[str, Any]]:
    return [
        {"attempt": item["attempt"], "name": item["name"], "job_id": answer["job_id"], **more}
        for item, answer in zip(items, answers, strict=True)
    ]


def test_cancelling_many_asks_slurm_once_and_takes_the_claims_of_those_that_were_signalled(cluster, monkeypatch):
    items = cluster.items(6)
    answers = cluster.submit(items)
    scancel = Scancel(cluster, {"7_0", "7_1", "7_4"})
    monkeypatch.setattr(cluster.slurm, "run", scancel.run)
    cancelled = Verbs(cluster.backend, cluster.scheduler()).cancel(wishes(items[:5], answers[:5], by="Maya"))
    assert [one["signalled"] for one in cancelled] == [True, True, False, False, True]
    assert scancel.calls == [
        ["--ctld", "--verbose", "--me", f"--name={items[0]['name']}", *(f"7_{place}" for place in range(5))]
    ]
    claimed = [(cluster.facility.folder(item) / "claim").exists() for item in items]
    assert claimed == [True, True, False, False, True, False]
    again = Verbs(cluster.backend, cluster.scheduler()).cancel(wishes(items[:5], answers[:5]))
    assert [one["signalled"] for one in again] == [False] * 5


def test_a_bad_item_among_many_that_are_cancelled_harms_no_other(cluster, monkeypatch):
    items = cluster.items(4)
    answers = cluster.submit(items)
    scancel = Scancel(cluster, {"7_0", "7_3"})
    monkeypatch.setattr(cluster.slurm, "run", scancel.run)
    good = wishes(items, answers)
    bad: list[Any] = [
        good[0] | {"by": "a\nb"}, good[0] | {"name": "--me"}, good[0] | {"attempt": "../x"}, {}, None, [],
        good[1] | {"more": 1}, {key: value for key, value in good[1].items() if key != "job_id"},
    ]  # fmt: skip
    others: list[Any] = [good[1] | {"job_id": word} for word in ("8", "7,8", 7, None, ["7"])]
    others.append(good[2] | {"attempt": str(uuid.uuid4())})
    told = Verbs(cluster.backend, cluster.scheduler()).cancel([good[0], *bad, *others, good[3]])
    assert (told[0], told[-1]) == ({"signalled": True}, {"signalled": True})
    assert {one.code for one in told[1 : 1 + len(bad)] if isinstance(one, RefusedError)} == {"request"}
    assert sum(isinstance(one, RefusedError) for one in told) == len(bad)
    assert told[1 + len(bad) : -1] == [{"signalled": False}] * len(others)
    assert [call[4:] for call in scancel.calls] == [["7_0", "7_3"]]


def test_what_slurm_does_not_say_of_one_is_no_answer_for_it_and_no_claim(cluster, monkeypatch):
    items, run = cluster.items(2), cluster.slurm.run
    answers = cluster.submit(items)

    def half(command: Sequence[str], *, stdin: str = "") -> Answer:
        said = Answer(0, "", "scancel: Terminating job 7_[1]\n")
        return said if command[0] == "scancel" else run(command, stdin=stdin)

    monkeypatch.setattr(cluster.slurm, "run", half)
    unknown, signalled = Verbs(cluster.backend, cluster.scheduler()).cancel(wishes(items, answers))
    assert signalled == {"signalled": True}
    assert isinstance(unknown, RefusedError)
    assert (unknown.code, unknown.retry) == ("scheduler", True)
    assert [(cluster.facility.folder(item) / "claim").exists() for item in items] == [False, True]


@pytest.mark.parametrize("index", ["1 --me", "0]", [1], {}, 1.0, True], ids=repr)
def test_a_note_with_an_index_that_a_person_made_up_is_none(cluster, index):
    items = cluster.items(2)
    cluster.submit(items)
    note = cluster.facility.folder(items[0]) / slurm_note.NOTE
    note.chmod(0o600)
    note.write_text(json.dumps(json.loads(note.read_text()) | {"index": index}))
    assert slurm_note.read(note.parent) is None
