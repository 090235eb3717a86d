"""The program that asks libslurm through pyslurm: JSON lines in on its standard input, JSON lines out.

A program of its own, run by the Python that a site installed pyslurm for, never imported by the portal: libslurm
ends its process where there is no slurm.conf, and pyslurm (GPL) belongs to the site. Needs nothing but pyslurm and
the standard library. `pipe.py` is the other end; docs/developers/slurm.md has the lines.
"""

import json
import os
import pwd
import sys
from functools import lru_cache
from typing import Any

Json = dict[str, Any]
OUT_OF_RANGE = "The job asks for a number that Slurm cannot write down"
REFUSALS = (range(2000, 3000), range(8000, 9000))
"""slurm_errno.h: the controller's own words for no, and those of its submission plugins."""


def main() -> int:
    """Answer until the asker goes away."""
    # Whatever the libraries print must not come between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # It may end this process; and whoever imports this file must not import it.
    import pyslurm

    say(answers, {"pyslurm": pyslurm.__version__, "cluster": pyslurm.settings.LOCAL_CLUSTER})
    for line in sys.stdin:
        say(answers, answer(pyslurm, json.loads(line)))
    return 0


def say(answers: Any, document: Json) -> None:
    """One line out."""
    answers.write(json.dumps(document, separators=(",", ":")) + "\n")
    answers.flush()


def answer(pyslurm: Any, question: Json) -> Json:
    """The reply to one question, or what stood in its way."""
    try:
        return jobs(pyslurm, question) if question["ask"] == "jobs" else submit(pyslurm, question["job"])
    except pyslurm.RPCError as error:
        return {"error": str(error), "refused": any(int(error.errno or 0) in numbers for numbers in REFUSALS)}
    except OverflowError:
        return {"error": OUT_OF_RANGE, "refused": True}
    except (ValueError, TypeError) as error:
        # pyslurm checks a job before it sends it.
        return {"error": str(error), "refused": True}
    except AttributeError as error:
        # Another release of pyslurm has other words.
        return {"error": str(error), "unsent": True}


def jobs(pyslurm: Any, question: Json) -> Json:
    """The controller's jobs, as squeue's JSON has them but only what the portal reads."""
    mine = os.geteuid() if question.get("me") else None
    name, ids = question.get("name"), question.get("ids")
    rows = []
    for job in pyslurm.Jobs.load().values():
        if mine is not None and job.user_id != mine:
            continue
        if name is not None and text(job, "name") != name:
            continue
        if ids is not None and (job.array_id or job.id) not in ids:
            continue
        rows.append(row(job))
    return {"jobs": rows, "meta": {"slurm": {"cluster": pyslurm.settings.LOCAL_CLUSTER}}, "errors": []}


def row(job: Any) -> Json:
    """One job. What pyslurm tells less exactly than Slurm is left out, not guessed."""
    state, nodes = text(job, "state"), text(job, "allocated_nodes")
    return {
        "cluster": text(job, "cluster"),
        "job_id": job.id,
        "array_job_id": job.array_id or 0,
        "array_task_id": task(job, state, nodes),
        "array_task_string": text(job, "array_tasks_waiting"),
        "name": text(job, "name"),
        "user_id": job.user_id,
        "user_name": account_name(job.user_id),
        "account": text(job, "account"),
        "current_working_directory": text(job, "working_directory"),
        "job_state": [state],
        "state_reason": text(job, "state_reason") or "None",
        "state_description": "",
        "submit_time": job.submit_time,
        "start_time": job.start_time,
        "end_time": job.end_time,
        "nodes": nodes,
        # pyslurm takes 128 off greater exit codes, so that only that of a success is certain.
        "exit_code": {
            "return_code": 0 if state == "COMPLETED" else None,
            "signal": {"id": job.exit_code_signal or None},
        },
        "restart_cnt": job.requeue_count,
        "partition": text(job, "partition"),
        "priority": job.priority,
    }


def text(job: Any, attribute: str) -> str:
    """A text of Slurm's; anybody may give a job a name that is none, and must not hide the others' by it."""
    try:
        return getattr(job, attribute) or ""
    except UnicodeDecodeError:
        return "\ufffd"


def task(job: Any, state: str, nodes: str) -> Any:
    """The index of a task of an array; None for all that wait together.

    pyslurm says None for task 0 too. A row without any task is what is left of an array that was cancelled while
    it waited; a task 0 with the same end is left to accounting.
    """
    if job.array_task_id is not None or not job.array_id or job.array_tasks_waiting:
        return job.array_task_id
    return None if state == "CANCELLED" and not nodes else 0


@lru_cache(maxsize=4096)
def account_name(uid: int) -> str:
    """The name of an account, or its number where it has none here."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def submit(pyslurm: Any, job: Json) -> Json:
    """Hand one job, or one array, over."""
    return {"job_id": pyslurm.JobSubmitDescription(**job).submit()}


if __name__ == "__main__":
    sys.exit(main())
