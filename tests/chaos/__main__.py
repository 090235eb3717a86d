"""`./run chaos [--jobs N] [--seed S] [--short] [--keep FOLDER]`: an exercise in the lab, and its report."""

import argparse
import os
import random
import sys
import time
from pathlib import Path

from hosts.cluster import HOSTS, Cluster
from hosts.network import the_network
from hosts.place import LabError, need_root, the_place

from tests.chaos.exercise import run_exercise
from tests.chaos.plan import SHORT_JOBS, make_plan

PATIENCE_S = {False: 1500.0, True: 240.0}


def main() -> int:
    """Bring the lab up if it is not, carry out an exercise, print the report; 1 if the accounts disagree."""
    parser = argparse.ArgumentParser(prog="./run chaos", description=__doc__)
    parser.add_argument("--jobs", type=whole, help="separate jobs; batches come on top (default 500)")
    parser.add_argument("--seed", type=whole, help="the same seed plans the same again (default: drawn, and said)")
    parser.add_argument("--short", action="store_true", help=f"one fault of each kind and {SHORT_JOBS} jobs")
    parser.add_argument("--keep", type=Path, help="where the evidence goes (default .run/chaos/…)")
    given = parser.parse_args()
    jobs = given.jobs if given.jobs is not None else (SHORT_JOBS if given.short else 500)
    if jobs < 1:
        parser.error("--jobs needs a positive number")
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(100_000)
    folder = given.keep or Path(".run/chaos") / f"{time.strftime('%Y%m%d-%H%M%S')}-{seed}"
    try:
        need_root()
        os.environ.setdefault("GANTRY_LAB", "cha")
        cluster = Cluster(the_place(), the_network(), say)
        was_up = any(cluster.hosts[name].pid is not None for name in HOSTS)
        cluster.up()
        try:
            plan = make_plan(seed, jobs, short=given.short)
            outcome = run_exercise(cluster, plan, folder, say, patience_s=PATIENCE_S[given.short])
        finally:
            if not was_up:
                cluster.down(wipe=True)
    except LabError as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        say(f"\nStopped; what was seen until then lies in {folder}." if folder.exists() else "\nStopped.")
        return 130
    print("\n".join(outcome.report))
    say(f"The evidence lies in {folder}; check it again: python -m tests.chaos.checker {folder}")
    return 1 if outcome.finding.disagreements else 0


def whole(text: str) -> int:
    """A whole number. Raises ArgumentTypeError with words."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” is no whole number") from None


def say(words: str) -> None:
    """A line about how it goes."""
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
