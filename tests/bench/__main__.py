"""The measurements by name: `./run bench` lists them, `./run bench NAME [OPTIONS]` runs one.

Each prints one JSON object. None of them is part of the tests: a shared machine has no fixed speed.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.house.by_name import choose

HERE = Path(__file__).parent
BENCHES = {
    "pages": ("bench_pages.py", "server time of each page at 10,000 datasets and 100,000 files"),
    "submit": ("bench_submit.py", "from Start to the program's first line; launch's overhead; an idle daemon"),
    "collect": ("bench_collect.py", "saving a small result, one beside 100,000 files, a sparse file of 20 GiB"),
    "stalls": ("bench_stalls.py", "what another person waits while somebody does their worst"),
    "register": ("bench_register.py", "registering files with their arrays, against hashing them alone"),
    "cluster-hand-over": ("cluster_hand_over.py", "until Slurm knows many jobs, against sbatch; needs a lab"),
    "cluster-collect": ("cluster_collect.py", "from a job's end to its registered result; needs a lab"),
    "cluster-tracking": ("cluster_tracking.py", "what tracking 10,000 separate jobs costs; needs a lab"),
    "deconvolution": ("bench_deconvolution.py", "Richardson-Lucy against scikit-image and RedLionfish"),
    "back-projection": ("kernels/bench_back_projection.py", "filtered back-projection against scikit-image"),
}


def main(words: list[str]) -> int:
    """Run the named measurement; without a known name, list them."""
    about = {name: what for name, (_, what) in BENCHES.items()}
    name = choose(words, about, "./run bench NAME [OPTIONS]", "measurement")
    if isinstance(name, int):
        return name
    script, _ = BENCHES[name]
    paths = (HERE.parents[1], HERE.parent / "cluster")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    return subprocess.run(
        [sys.executable, str(HERE / script), *words[1:]], env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
