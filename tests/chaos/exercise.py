"""One exercise from beginning to end: people work, things break, all is mended, the accounts are compared."""

import os
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hosts.cluster import Cluster
from hosts.place import LabError

from tests.chaos import evidence, report
from tests.chaos.checker import Finding, check
from tests.chaos.faults import LANES, Saboteur, written
from tests.chaos.lab import prepared, told
from tests.chaos.plan import Fault, Plan
from tests.chaos.readings import read
from tests.chaos.table import ENDED, PUT_BACK
from tests.chaos.workload import Workload

Say = Callable[[str], None]
SETTLE_S = 90
ROUNDS_S = 15.0


@dataclass(frozen=True)
class Outcome:
    """What an exercise gave."""

    finding: Finding
    report: Sequence[str]
    folder: Path
    faults: Sequence[dict[str, Any]]


def run_exercise(cluster: Cluster, plan: Plan, folder: Path, say: Say, *, patience_s: float) -> Outcome:
    """Carry out a plan on a lab that is up.

    `folder` takes the evidence; `patience_s`: for the last job, after the last fault. Raises LabError.
    """
    folder.mkdir(parents=True)
    run = f"c{uuid.uuid4().hex[:6]}"
    ctl = cluster.hosts["ctl"]
    since = told(ctl, "date", "+%Y-%m-%dT%H:%M:%S").strip()
    saboteur, stop = Saboteur(cluster), threading.Event()
    with prepared(cluster, plan, run) as ready:
        began = time.monotonic()
        say(f"Exercise {run}: {plan.tasks} jobs in {len(plan.submissions)} submissions, {len(plan.faults)} faults")
        with evidence.Witness(ctl, since, folder / "words.jsonl"):
            workload = Workload(ready, plan, began, stop)
            workload.start()
            faults: list[dict[str, Any]] = []
            lanes = _start_lanes(saboteur, plan, began, faults, say)
            resumed = _start_rounds(saboteur, began, stop, say)
            try:
                for lane in lanes:
                    lane.join()
                saboteur.mend_all()
                workload.wait_submitted(time.monotonic() + patience_s)
                say(f"{time.monotonic() - began:.0f} s: all is submitted and mended")
                left = workload.wait_final(lambda: _unfinished(cluster, run), time.monotonic() + patience_s, say)
                say(
                    f"{time.monotonic() - began:.0f} s: "
                    + ("all have ended" if left == 0 else f"{left} have not ended")
                )
                _settle(cluster, since, run, say)
            finally:
                stop.set()
                saboteur.mend_all()
        seconds = time.monotonic() - began
        faults.sort(key=lambda fault: float(fault["began"]))
        evidence.gather(cluster, ready, plan, workload.record, faults, since, folder)
    finding = check(read(folder))
    sizes = [len(one.tasks) for one in plan.submissions if one.batch]
    facts = {
        "seed": plan.seed,
        "jobs": plan.jobs,
        "batches": len(sizes),
        "sizes": ", ".join(map(str, sizes)),
        "tasks": plan.tasks,
        "seconds": seconds,
        "span": plan.submissions[-1].at,
        "load": f"{os.getloadavg()[1]:.1f} on {os.cpu_count()} cores",
        "repeats": workload.record.repeats,
        "withdrawn": len(workload.record.withdrawn),
        "resumed": resumed,
    }
    lines = report.of_exercise(facts, faults, finding)
    (folder / "report.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Outcome(finding, lines, folder, faults)


def _start_lanes(
    saboteur: Saboteur, plan: Plan, began: float, faults: list[dict[str, Any]], say: Say
) -> list[threading.Thread]:
    """Faults of one lane wait for one another, lanes do not: a dead daemon and a cut network come together."""

    def work(mine: Sequence[Fault]) -> None:
        for fault in mine:
            time.sleep(max(0.0, began + fault.at - time.monotonic()))
            at = time.monotonic() - began
            words = saboteur.do(fault)
            faults.append(written(fault, at, time.monotonic() - began, words))
            say(f"{time.monotonic() - began:.0f} s: {fault.kind}: {words}")

    lanes = [
        threading.Thread(
            target=work, args=[[fault for fault in plan.faults if LANES[fault.kind] == lane]], daemon=True
        )
        for lane in sorted(set(LANES.values()))
    ]
    for lane in lanes:
        lane.start()
    return lanes


def _start_rounds(saboteur: Saboteur, began: float, stop: threading.Event, say: Say) -> list[str]:
    """An administrator who looks after the nodes until the end; the list grows by what had to be done."""
    done: list[str] = []

    def work() -> None:
        while not stop.wait(ROUNDS_S):
            for words in saboteur.resume_drained():
                done.append(f"{time.monotonic() - began:.1f}  {words}")
                say(f"{time.monotonic() - began:.0f} s: {words}")

    threading.Thread(target=work, daemon=True).start()
    return done


def _unfinished(cluster: Cluster, run: str) -> int | None:
    """How many jobs the database says have not ended; None if it does not answer."""
    try:
        jobs = evidence.database(cluster.hosts["portal"], run)["jobs"]
    except (LabError, OSError, ValueError):
        return None
    return sum(job["state"] not in {"succeeded", "failed", "cancelled"} for job in jobs)


def _settle(cluster: Cluster, since: str, run: str, say: Say) -> None:
    """Give Slurm time for its own last words: until no row is alive any more, or that does not change."""
    until = time.monotonic() + SETTLE_S
    alive = 0
    while time.monotonic() < until:
        with suppress(LabError):
            rows = [line.split("|") for line in evidence.sacct(cluster.hosts["ctl"], since).splitlines()[1:]]
            alive = sum(
                row[3].split()[0] not in ENDED | PUT_BACK
                for row in rows
                if row[1].startswith("gantry-") and row[3]
            )
            if alive == 0:
                return
        time.sleep(5)
    say(f"Slurm's accounting still holds {alive} jobs of {run} for alive")
