"""Print what was skipped and why, what is untested here, and one last line: passed, failed, skipped.

Usage: closing.py PYTEST-LOG. Exits 1 if anything failed or nothing ran.
"""

import re
import sys
from pathlib import Path

UNTESTED_HERE = (
    "GPU paths of the kernels",
    "memory limits by control groups in Slurm, NFS and its root squash (recordings stand for the first)",
)
WITHOUT_A_CLUSTER = "a Slurm cluster, containers run by Apptainer, and people's own Unix accounts"


def counts(log: str) -> dict[str, int]:
    """Numbers of pytest's closing line, zero where it does not name an outcome."""
    # Between signs of equality, or bare where pytest was asked to be quiet.
    lines = re.findall(
        r"^(?:=+ )?(\d+ (?:passed|failed|errors?|skipped|xfailed|xpassed|deselected)\b.* in [\d.]+s.*)$",
        log,
        re.MULTILINE,
    )
    found = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", lines[-1])} if lines else {}
    errors = found.get("error", 0) + found.get("errors", 0)
    return {
        "passed": found.get("passed", 0),
        "failed": found.get("failed", 0) + errors,
        "skipped": found.get("skipped", 0) + found.get("xfailed", 0),
    }


def untested(log: str) -> tuple[str, ...]:
    """What no test of this run has seen."""
    without = re.search(r"^SKIPPED \[\d+\] tests/cluster/\S* (?:the cluster|this machine)", log, re.MULTILINE)
    return (WITHOUT_A_CLUSTER, *UNTESTED_HERE) if without else UNTESTED_HERE


def say_skipped_and_untested(log: str) -> None:
    """Print what was skipped and why, and what no test has seen."""
    skips = re.findall(r"^SKIPPED \[(\d+)\] (.*)$", log, re.MULTILINE)
    if skips:
        print("\nSkipped, and why:")
        for number, reason in skips:
            print(f"  {number} × {reason}")
    print("Not tested on this machine:")
    for thing in untested(log):
        print(f"  {thing}")


def main(log_file: str) -> int:
    """Print the closing words; the exit code says whether all is well."""
    log = Path(log_file).read_text(encoding="utf-8", errors="replace")
    total = counts(log)
    say_skipped_and_untested(log)
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
