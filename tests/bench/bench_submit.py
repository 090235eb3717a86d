"""How long from Start to the program's first line, what launch adds to a run, and what an idle daemon costs.

`python tests/bench/bench_submit.py [--jobs 20]` prints one JSON object. Real daemon, agent, scheduler and launch,
with SQLite in a temporary folder. Times in milliseconds; `load` is the load average while it was measured.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests" / "support")]

from job_yard import Yard, analysis, make_yard  # noqa: E402 - the paths come first

STAMP = """
import time
first = time.time()
import json, os, pathlib
job = json.load(open(os.environ["GANTRY_JOB"]))
with open(job["options"]["ledger"], "a") as ledger:
    ledger.write(job["job"]["attempt"] + ":" + repr(first) + "\\n")
pathlib.Path("output").mkdir(exist_ok=True)
pathlib.Path("output/done.txt").write_text("done")
"""
IDLE_S = 10.0


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=20, help="submissions, one after another")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gantry-bench-") as folder:
        daemon = {"idle_s": 0.25, "poll_s": 1.0}  # as they are in a portal that nobody configured
        yard = make_yard(Path(folder), analysis("stamp", STAMP), daemon=daemon)
        try:
            print(json.dumps(measure(yard, given.jobs), indent=1))
        finally:
            yard.close()
    return 0


def measure(yard: Yard, jobs: int) -> dict[str, object]:
    """Submit one after another; then look at the daemon while nothing happens."""
    process = yard.start_daemon()
    yard.submit("stamp")  # warms caches: the first import of a program is not what people wait for every time
    yard.wait(yard.ended)
    started, whole = [], []
    for _number in range(jobs):
        begun = time.time()
        yard.submit("stamp")
        committed = time.time()
        yard.wait(yard.ended)
        whole.append(time.time() - begun)
        started.append(float(yard.ledger.read_text().split()[-1].split(":")[1]) - committed)
    return {
        "submit_to_program_ms": figures(started),
        "submit_to_registered_ms": figures(whole),
        "launch_overhead_ms": figures([overhead(job) for job in yard.jobs()[1:]]),
        "idle_cpu_percent": idle_cpu(process.pid),
        "jobs": jobs,
        "cpus": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
    }


def overhead(job) -> float:  # type: ignore[no-untyped-def]  # a model of the portal, whose types mypy does not follow here
    """What launch adds: its own time as the supervisor saw it, less the program's as launch saw it."""
    seen, told = job.attempt.seen.scheduler, job.attempt.testimony
    return (seen.ended - seen.started).total_seconds() - seconds(told)


def seconds(times: dict[str, str]) -> float:
    """From `started` to `ended`."""
    return (datetime.fromisoformat(times["ended"]) - datetime.fromisoformat(times["started"])).total_seconds()


def idle_cpu(pid: int) -> float:
    """Percent of one CPU that the daemon uses while nothing happens."""
    time.sleep(2)
    before = cpu_s(pid)
    time.sleep(IDLE_S)
    return round(100 * (cpu_s(pid) - before) / IDLE_S, 2)


def cpu_s(pid: int) -> float:
    """User and system time of a process, in seconds (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def figures(values: list[float]) -> dict[str, float]:
    """Least, median, 95th percentile and most, in milliseconds."""
    ordered = sorted(values)
    return {
        "min": round(1000 * ordered[0], 1),
        "median": round(1000 * statistics.median(ordered), 1),
        "p95": round(1000 * ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 1),
        "max": round(1000 * ordered[-1], 1),
    }


if __name__ == "__main__":
    sys.exit(main())
