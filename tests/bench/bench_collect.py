"""Saving results: a small one, a small one beside somebody's 100,000 files, a sparse file of 20 GiB.

`python tests/bench/bench_collect.py small|beside|sparse [--files 100000]` prints one JSON object. Real daemon,
agent, scheduler and store, with SQLite in a temporary folder. Seconds; `load` is the load average. `small`
compares a process started for each file and picture with forks of one that is kept warm, in turns, in one run.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests" / "support")]

from job_yard import COUNT, Yard, analysis, make_yard  # noqa: E402 - the paths come first

from portal.jobs.state import State  # noqa: E402

PICTURED = """
import json, os, pathlib, sys
sys.path.insert(0, os.environ.get("BENCH_SITE", ""))
import h5py, numpy as np
out = pathlib.Path("output")
(out / "previews").mkdir(parents=True)
with h5py.File(out / "volume.h5", "w") as file:
    file["data"] = np.arange(8 * 64 * 64, dtype="u2").reshape(8, 64, 64)
from PIL import Image
Image.new("RGB", (300, 200), (200, 10, 10)).save(out / "previews" / "xy.png")
(out / "metadata.json").write_text(json.dumps({"schema": 1, "summary": "A volume", "parameters": [],
    "previews": [{"file": "previews/xy.png", "caption": "From above", "role": "thumbnail"}]}))
"""
MANY = """
import json, os, pathlib
import h5py
out = pathlib.Path("output")
out.mkdir(exist_ok=True)
with h5py.File(out / "first.h5", "w") as file:
    file["data"] = [1, 2, 3]
whole = (out / "first.h5").read_bytes()
for number in range(FILES - 1):
    (out / f"{number // 1000:03}").mkdir(exist_ok=True)
    (out / f"{number // 1000:03}" / f"{number}.h5").write_bytes(whole)
"""
SPARSE = """
import pathlib
pathlib.Path("output").mkdir(exist_ok=True)
with open("output/large.h5", "wb") as file:
    file.write(b"\\x89HDF no more")
    file.truncate(20 << 30)
"""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["small", "beside", "sparse"])
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    h5 = [{"name": "data", "pattern": "**", "dataset_type": "data"}]
    with tempfile.TemporaryDirectory(prefix="gantry-bench-") as folder:
        yard = make_yard(
            Path(folder),
            analysis("count", COUNT),
            analysis("pictured", PICTURED, outputs=h5),
            analysis("many", MANY.replace("FILES", str(given.files)), outputs=h5),
            analysis("sparse", SPARSE, outputs=h5),
        )
        try:
            made = {"small": small, "beside": beside, "sparse": sparse}[given.what](yard, given)
            print(json.dumps(made | {"load": os.getloadavg()[0]}, indent=1))
        finally:
            yard.close()
    return 0


def small(yard: Yard, given: argparse.Namespace) -> dict[str, object]:
    """Seconds of one collecting pass for a job with an HDF5 file and a picture."""
    from portal.daemon.collect import inspect

    kept, found = inspect.WARM, {"started each time": [], "kept warm": []}
    spent: dict[str, list[float]] = {"started each time": [], "kept warm": []}
    kept.begin()
    cold = type(kept)()
    cold.close()
    daemon = yard.daemon()
    collect = daemon.rounds[0].collect
    daemon.rounds[0].collect = lambda _deps: False
    for number in range(2 * given.rounds + 2):
        how = "kept warm" if number % 2 else "started each time"
        inspect.WARM = kept if number % 2 else cold
        yard.submit("pictured")
        yard.until(daemon, lambda: yard.jobs()[-1].state is State.COLLECTING)
        begun, before = time.perf_counter(), _processor_s(kept)
        collect(daemon._deps_for_all(daemon._lease))
        took = time.perf_counter() - begun
        assert yard.jobs()[-1].state is State.SUCCEEDED, yard.tell()
        if number > 1:  # the first of each warms the caches of the disk
            found[how].append(round(took, 3))
            spent[how].append(round(_processor_s(kept) - before, 3))
    median = {how: statistics.median(all_of) for how, all_of in found.items()}
    ratio = median["started each time"] / median["kept warm"]
    made: dict[str, object] = {"seconds": found, "median": median, "ratio": round(ratio, 1)}
    made["processor seconds"] = {how: statistics.median(all_of) for how, all_of in spent.items()}
    return made


def _processor_s(kept: Any) -> float:
    """Of this process, of what it has waited for, and of the processes that are kept warm with their forks."""
    total = sum(os.times()[:4])
    for nursery, _stamp in kept._ready:
        words = Path(f"/proc/{nursery._process.pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")
    return total


def beside(yard: Yard, given: argparse.Namespace) -> dict[str, object]:
    """How late another person's small result is, while one with many files is being saved."""
    yard.start_daemon()
    yard.submit("count", person="ravi")
    yard.wait(yard.ended)
    alone = _late(yard, -1)
    yard.submit("many", options={"wait": 0})
    yard.wait(lambda: yard.jobs()[-1].state is State.COLLECTING, 3600)
    large, begun = len(yard.jobs()) - 1, time.perf_counter()
    late = []
    while len(late) < given.rounds and yard.job(large).state is State.COLLECTING:
        yard.submit("count", person="ravi")
        index = len(yard.jobs()) - 1
        yard.wait(lambda index=index: yard.job(index).state.final, 7200)
        late.append(_late(yard, index))
        begun_s = round(time.perf_counter() - begun, 1)
        print(f"after {begun_s} s: a small one waited {late[-1]} s", file=sys.stderr, flush=True)
    yard.wait(lambda: yard.job(large).state.final, 7200)
    job = yard.job(large)
    return {
        "files": given.files,
        "the small one alone": alone,
        "small ones beside it": late,
        "the large one": round(time.perf_counter() - begun, 1),
        "large": [job.state.value, job.cause_words],
    }


def sparse(yard: Yard, _given: argparse.Namespace) -> dict[str, object]:
    """How long a file of 20 GiB takes of which all but some bytes are a hole, and what it takes on the disk."""
    yard.start_daemon()
    yard.submit("sparse")
    yard.wait(yard.ended, 3600)
    job = yard.job()
    [kept] = yard.settings.results.rglob("large.h5")
    status = kept.stat()
    seconds = (job.events[-1].at - job.events[-2].at).total_seconds()
    return {
        "state": job.state.value,
        "seconds": seconds,
        "size": status.st_size,
        "on disk": status.st_blocks * 512,
    }


def _late(yard: Yard, index: int) -> float:
    """From the end of its program to its registered result."""
    job = yard.jobs()[index]
    ended = job.attempt.seen.scheduler.ended if job.attempt else None
    return round(((job.ended or datetime.now(UTC)) - (ended or job.created)).total_seconds(), 2)


if __name__ == "__main__":
    sys.exit(main())
