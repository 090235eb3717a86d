"""`python -m wrappers.launch`: see docs/developers/launch.md."""

import argparse
import os
import sys
from pathlib import Path

from wrappers.launch.attempt import Policy, launch
from wrappers.launch.claim import Identity


def main(argv: list[str]) -> int:
    """Run the attempt that the arguments name; return the exit code."""
    parser = argparse.ArgumentParser(prog="wrappers.launch", description=__doc__)
    parser.add_argument("--folder", required=True, help="the attempt's folder")
    parser.add_argument("--job-sha256", required=True, help="the SHA-256 of job.json, in hexadecimal")
    parser.add_argument("--cluster", required=True, help="the cluster's name")
    parser.add_argument("--job-id", required=True, help="the scheduler's job id")
    parser.add_argument("--array-index", type=_count, help="the index of an array's task; empty for none")
    parser.add_argument("--restart", type=_count, help="how often the scheduler restarted the job")
    parser.add_argument("--enforce-memory", action="store_true", help="end a program over its memory")
    parser.add_argument("--require-container", action="store_true", help="never run outside a container")
    given = parser.parse_args(argv)
    me = Identity(given.cluster, given.job_id, given.array_index, given.restart or 0)
    policy = Policy(given.enforce_memory, given.require_container)
    return int(launch(str(Path(given.folder).absolute()), given.job_sha256, me, policy, os.environ))


def _count(text: str) -> int | None:
    """A number; None for an empty text, which is what an unset variable of a batch script comes to."""
    if not text:
        return None
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
