"""The checker finds each kind of disagreement that is planted into accounts that agree."""

import ast
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import table
from tests.chaos.checker import Finding, check
from tests.chaos.readings import Evidence, ledger_lines, sacct_rows, words_heard
from tests.chaos.report import lines
from tests.chaos.table import Told, Word, told, verdict_unseen, verdicts

HEADER = "JobID|JobName|User|State|ExitCode|Submit|Start|End|NodeList|Restarts|WorkDir"
DIGEST = "d1" * 32
Account = dict[str, Any]


def start(job: str, attempt: str, slurm: str) -> Account:
    return {"what": "start", "token": job, "attempt": attempt, "slurm_job": slurm, "slurm_task": ""}


def end(job: str, attempt: str, slurm: str, **how: object) -> Account:
    return {"what": "end", "token": job, "attempt": attempt, "slurm_job": slurm, "slurm_task": "", **how}


def result(attempt: str, exit_code: int | None = 0, *, restart: int = 0, **more: object) -> str:
    document = {"schema": 1, "attempt": attempt, "job_sha256": "s", "exit_code": exit_code, "signal": None}
    return json.dumps(document | {"reason": None, "claim": {"restart": restart}} | more)


def row(job: str, name: str, state: str, folder: str, code: str = "0:0", *, restarts: int = 0) -> str:
    hour = f"2026-11-21T08:0{restarts}"
    times = f"{hour}:00|{hour}:01|{hour}:09"
    return f"{job}|{name}|maya|{state}|{code}|{times}|node1|{restarts}|/shared/scratch/{folder}"


def accounts() -> Account:
    """Three jobs about which all agree: one succeeded, one failed by its own code, one was lost and ran again."""
    attempts = [
        {"id": "a1", "job": 1, "number": 1, "name": "gantry-x-1", "cluster_job": "11", "outcome": "succeeded"},
        {"id": "b1", "job": 2, "number": 1, "name": "gantry-y-1", "cluster_job": "12", "outcome": "exit code"},
        {"id": "c1", "job": 3, "number": 1, "name": "gantry-z-1", "cluster_job": "13", "outcome": "lost"},
        {"id": "c2", "job": 3, "number": 2, "name": "gantry-z-2", "cluster_job": "14", "outcome": "succeeded"},
    ]
    usual = {"array_index": None, "submitted": "…", "job_sha256": "s", "fenced": None, "ended": "…", "seen": {}}
    states = {1: "succeeded", 2: "failed", 3: "succeeded"}
    claim = json.dumps({"by": "launch"})
    return {
        "people": {
            "accepted": [{"token": f"r-{job}", "job": job, "submission": f"s{job}"} for job in states],
            "refused": [],
            "withdrawn": {},
        },
        "sql": {
            "jobs": [
                {"id": job, "token": f"r-{job}", "submission": f"s{job}", "key": f"k{job}", "index": 0,
                 "state": state, "cause": None, "words": None, "withdrawn": None, "withdrawn_by": None}
                for job, state in states.items()
            ],
            "attempts": [one | usual for one in attempts],
            "outputs": [
                {"job": job, "attempt": one, "name": "result", "dataset": 100 + job}
                for job, one in ((1, "a1"), (3, "c2"))
            ],
            "datasets": [
                {"id": 100 + job, "name": f"r-{job}", "file": "result.json", "sha256": DIGEST} for job in (1, 3)
            ],
        },
        "ledger": [
            start("r-1", "a1", "11"), end("r-1", "a1", "11", exit=0, sha256=DIGEST),
            start("r-2", "b1", "12"), end("r-2", "b1", "12", exit=7),
            start("r-3", "c1", "13"),
            start("r-3", "c2", "14"), end("r-3", "c2", "14", exit=0, sha256=DIGEST),
        ],
        "sacct": [
            row("11", "gantry-x-1", "COMPLETED", "a1"),
            row("12", "gantry-y-1", "FAILED", "b1", "7:0"),
            row("14", "gantry-z-2", "COMPLETED", "c2"),
        ],
        "folders": {
            "a1": {"result": result("a1"), "claim": claim},
            "b1": {"result": result("b1", 7), "claim": claim},
            "c1": {"result": "", "claim": claim},
            "c2": {"result": result("c2"), "claim": claim},
        },
        "results": [
            {"dataset": 101, "file": "1/a", "sha256": DIGEST, "made_by": {"token": "r-1", "attempt": "a1"}},
            {"dataset": 103, "file": "1/c", "sha256": DIGEST, "made_by": {"token": "r-3", "attempt": "c2"}},
        ],
        "words": [],
    }  # fmt: skip


def found(given: Account) -> Finding:
    rows = sacct_rows("\n".join([HEADER, *given["sacct"]]))
    return check(
        Evidence(
            given["people"], given["sql"], given["ledger"], rows, given["folders"], given["results"],
            words_heard(given["words"]), given.get("scancelled", frozenset()), arrays=given.get("arrays", {}),
        )
    )  # fmt: skip


def test_accounts_that_agree_are_counted_and_leave_nothing_to_complain_of() -> None:
    finding = found(accounts())
    assert finding.disagreements == []
    assert (finding.jobs, finding.attempts, finding.starts, finding.registered) == (3, 4, 4, 2)
    [forgotten] = finding.forgotten
    assert "r-3" in forgotten and "no row" in forgotten and "lost" in forgotten
    assert "attempts [1, 2] started" in finding.notes[0]
    assert "0 disagreements" in lines(finding)[0]


def sql(given: Account, kind: str, place: int, **changed: object) -> None:
    given["sql"][kind][place] |= changed


def drop_job(given: Account) -> None:
    given["sql"]["jobs"].pop(1)
    given["sql"]["attempts"] = [one for one in given["sql"]["attempts"] if one["job"] != 2]
    given["ledger"] = [line for line in given["ledger"] if line["token"] != "r-2"]


def run_fenced(given: Account) -> None:
    sql(given, "attempts", 2, outcome="fenced", fenced="2026-11-21T08:00:00Z")


def double_dataset(given: Account) -> None:
    given["sql"]["datasets"].append(given["sql"]["datasets"][0] | {"id": 900})


def double_output(given: Account) -> None:
    given["sql"]["outputs"].append({"job": 1, "attempt": "a1", "name": "result", "dataset": 101})


def succeeded_twice(given: Account) -> None:
    sql(given, "attempts", 2, outcome="succeeded")
    given["sacct"].append(row("13", "gantry-z-1", "COMPLETED", "c1"))
    given["folders"]["c1"]["result"] = result("c1")


def wrong_result(given: Account) -> None:
    given["results"][1]["made_by"] = {"token": "r-3", "attempt": "c1"}


def failed_called_success(given: Account) -> None:
    sql(given, "attempts", 1, outcome="succeeded")


def ran_twice(given: Account) -> None:
    given["ledger"].append(start("r-1", "a1", "11"))


def submitted_twice(given: Account) -> None:
    given["sacct"].append(row("21", "gantry-x-1", "CANCELLED by 0", "a1"))


def node_failure_collected(given: Account) -> None:
    given["sacct"][0] = row("11", "gantry-x-1", "NODE_FAIL", "a1", "1:0")


def stale_result_of_an_earlier_run(given: Account) -> None:
    given["sacct"][0] = row("11", "gantry-x-1", "COMPLETED", "a1", restarts=1)


def retried_its_own_failure(given: Account) -> None:
    sql(given, "attempts", 2, outcome="exit code")
    given["folders"]["c1"]["result"] = result("c1", 3)


def gave_up_too_soon(given: Account) -> None:
    given["sacct"][1] = row("12", "gantry-y-1", "NODE_FAIL", "b1", "1:0")
    sql(given, "attempts", 1, outcome="node")


def forgot_a_wish(given: Account) -> None:
    given["people"]["withdrawn"] = {"2": 1.0}


PLANTED: list[tuple[Callable[[Account], None], str]] = [
    (drop_job, "the database has 0 jobs of it"),
    (lambda given: sql(given, "jobs", 1, state="running", words="…"), "has not ended"),
    (lambda given: given["people"]["accepted"].pop(), "nobody was told so"),
    (lambda given: given["people"]["refused"].append("k9: 400"), "refused: k9"),
    (lambda given: sql(given, "jobs", 1, key="k1"), "made 2 submissions"),
    (double_output, "has 2 registered results"),
    (double_dataset, "dataset 900"),
    (lambda given: given["sql"]["outputs"].pop(0), "has 0 registered results"),
    (succeeded_twice, "2 attempts count"),
    (wrong_result, "its result was made by r-3, attempt c1"),
    (lambda given: given["results"][0].update(sha256="00" * 32), "digest"),
    (lambda given: sql(given, "datasets", 0, sha256="00" * 32), "digest"),
    (run_fenced, "fenced, and yet it started"),
    (lambda given: given["ledger"].append(start("r-1", "zz", "15")), "nobody knows: zz"),
    (lambda given: given["ledger"][0].update(slurm_job="99"), "started as Slurm's"),
    (ran_twice, "started 2 times; Slurm ran it 1 times"),
    (submitted_twice, "Slurm has it as ['11', '21']"),
    (failed_called_success, "Slurm says FAILED 7:0, result.json exit ≠ 0: exit code, not 'succeeded'"),
    (node_failure_collected, "node, not 'succeeded'"),
    (stale_result_of_an_earlier_run, "result.json absent: no result, not 'succeeded'"),
    (retried_its_own_failure, "tried again after 'exit code'"),
    (gave_up_too_soon, "node, and not tried again"),
    (lambda given: sql(given, "jobs", 0, state="failed"), "its last attempt came to 'succeeded'"),
    (lambda given: given["ledger"][3].update(exit=8), "the program ended with 8"),
    (lambda given: given["ledger"].pop(1), "no program of its last attempt says so"),
    (forgot_a_wish, "the database does not know"),
]  # fmt: skip


@pytest.mark.parametrize(("plant", "words"), PLANTED, ids=[words for _plant, words in PLANTED])
def test_a_planted_disagreement_is_found(plant: Callable[[Account], None], words: str) -> None:
    given = copy.deepcopy(accounts())
    plant(given)
    finding = found(given)
    assert any(words in one for one in finding.disagreements), finding.disagreements


def test_a_word_that_slurm_took_back_is_listed_and_not_held_against_the_portal() -> None:
    given = accounts()
    node_failure_collected(given)
    given["words"] = [json.dumps({"at": 1, "from": "sacct", "line": row("11", "gantry-x-1", "COMPLETED", "a1")})]
    finding = found(given)
    assert finding.disagreements == []
    assert any("said COMPLETED 0:0 before it said NODE_FAIL" in one for one in finding.forgotten)


def test_a_put_back_job_may_start_once_a_run() -> None:
    given = accounts()
    given["sacct"][0:1] = [
        row("11", "gantry-x-1", "REQUEUED", "a1"),
        row("11", "gantry-x-1", "COMPLETED", "a1", restarts=1),
    ]
    given["folders"]["a1"]["result"] = result("a1", restart=1)
    given["ledger"].insert(0, start("r-1", "a1", "11"))
    assert found(given).disagreements == []


def test_a_job_without_a_row_is_cancelled_only_if_somebody_wished_it() -> None:
    given = accounts()
    sql(given, "attempts", 3, outcome="cancelled")
    sql(given, "jobs", 2, state="cancelled")
    given["sacct"].pop()
    given["folders"]["c2"]["result"] = ""
    given["sql"]["outputs"].pop()
    given["sql"]["datasets"].pop()
    given["ledger"] = given["ledger"][:-2]
    assert any("lost, not 'cancelled'" in one for one in found(given).disagreements)
    given["scancelled"] = frozenset({"14"})
    assert found(given).disagreements == []


def test_tasks_of_an_array_are_told_apart_by_their_index() -> None:
    given = accounts()
    for place, name in ((0, "gantry-x-1"), (1, "gantry-x-1")):
        sql(given, "attempts", place, name=name, array_index=place, cluster_job="11")
    given["arrays"] = {"array-f": {"0": "a1", "1": "b1"}}
    given["ledger"][2]["slurm_job"] = given["ledger"][3]["slurm_job"] = "11"
    given["sacct"][:2] = [
        row("11_0", "gantry-x-1", "COMPLETED", "array-f"), row("11_1", "gantry-x-1", "FAILED", "array-f", "7:0")
    ]  # fmt: skip
    finding = found(given)
    assert finding.disagreements == []
    assert finding.arrays == 1
    given["arrays"] = {"array-f": {"0": "b1", "1": "a1"}}
    assert found(given).disagreements != []


WELL, BADLY = Told(0, None, None), Told(3, None, None)


@pytest.mark.parametrize(
    ("state", "result_told", "wanted"),
    [
        ("COMPLETED", WELL, {"succeeded"}),
        ("COMPLETED", BADLY, {"exit code"}),
        ("COMPLETED", None, {"no result"}),
        ("FAILED", WELL, {"launch and scheduler differ"}),
        ("FAILED", BADLY, {"exit code"}),
        ("FAILED", Told(None, 11, None), {"signal"}),
        ("FAILED", Told(None, 9, None, over_memory=True), {"memory"}),
        ("FAILED", None, {"exit code"}),
        ("OUT_OF_MEMORY", WELL, {"memory"}),
        ("TIMEOUT", WELL, {"time"}),
        ("NODE_FAIL", WELL, {"node"}),
        ("PREEMPTED", BADLY, {"preempted"}),
        ("BOOT_FAIL", None, {"node"}),
        ("DEADLINE", None, {"deadline"}),
        ("CANCELLED", WELL, {"cancelled"}),
        ("CANCELLED", None, {"cancelled"}),
        ("SOMETHING_NEW", WELL, set()),
    ],
)
def test_the_table_has_one_verdict_a_cell(state: str, result_told: Told | None, wanted: set[str]) -> None:
    assert verdicts(Word(state, 1), result_told, left_nothing=False, wished=False) == wanted


def test_the_absence_rule_and_the_fence_decide_what_slurm_never_ended() -> None:
    assert verdict_unseen(None, claimed_by="launch", left_nothing=False, wished=False) == {"lost"}
    assert verdict_unseen(None, claimed_by="fence", left_nothing=False, wished=False) == {"fenced"}
    assert verdict_unseen(WELL, claimed_by="launch", left_nothing=False, wished=False) == {"succeeded"}
    assert verdict_unseen(BADLY, claimed_by="launch", left_nothing=False, wished=True) == {
        "exit code",
        "cancelled",
    }


def test_a_result_of_another_attempt_order_or_run_is_none() -> None:
    assert told(result("a"), "a", "s", 0) == WELL
    assert told(result("a"), "b", "s", 0) is None
    assert told(result("a"), "a", "t", 0) is None
    assert told(result("a"), "a", "s", 1) is None
    assert told("{", "a", "s") is None


def test_ranges_of_waiting_tasks_and_broken_lines_are_read() -> None:
    rows = sacct_rows(f"{HEADER}\n" + row("7_[0-2,5%2]", "n", "PENDING", "f"))
    assert [one.task for one in rows] == [0, 1, 2, 5]
    assert ledger_lines('{"what": "start"}\n{"wh') == ([{"what": "start"}], ['{"wh'])


def test_the_controllers_lines_are_heard_too() -> None:
    line = "JobId=9 ArrayJobId=7 ArrayTaskId=2 JobState=FAILED ExitCode=3:0"
    heard = words_heard([json.dumps({"at": 1, "from": "scontrol", "line": line})])
    assert heard == {("7", 2): frozenset({Word("FAILED", 3, 0)})}


@pytest.mark.parametrize("name", ["checker", "readings", "report", "table"])
def test_the_checker_imports_nothing_of_the_portal(name: str) -> None:
    tree = ast.parse(Path(table.__file__).with_name(f"{name}.py").read_text(encoding="utf-8"))
    modules = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            modules += [f"{node.module}.{alias.name}" for alias in node.names]
    foreign = [one for one in modules if one.partition(".")[0] in {"portal", "wrappers", "tests", "hosts"}]
    own = tuple(f"tests.chaos.{part}" for part in ("checker", "readings", "report", "table"))
    assert all(one.startswith(own) for one in foreign)
