"""Tests again and again while two processes keep the processors busy: `./run exercise flaky [TIMES] [PATHS…]`.

Ten times tests/flow unless told otherwise. Prints each test that did not pass every time, with how
often it ended how. Exits 1 if there is one.
"""

import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

TIMES = 10
BUSY = "while True: pass"
PROCESSES = 2
OUTCOME = re.compile(r"^(PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS) (\S+?::.*?)(?: - .*)?$", re.MULTILINE)


def outcomes(text: str) -> dict[str, str]:
    """The outcome of each test in what `pytest -rA` printed; the worst where there are two."""
    found: dict[str, str] = {}
    for word, test in OUTCOME.findall(text):
        if found.get(test) not in {"FAILED", "ERROR"}:
            found[test] = word
    return found


def one_round(paths: list[str], log: Path) -> dict[str, str]:
    """Run the tests once."""
    command = [sys.executable, "-m", "pytest", "-rA", "-q", "-p", "no:cacheprovider", *paths]
    with log.open("wb") as file:
        subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False)
    return outcomes(log.read_text("utf-8", errors="replace"))


def unsteady(rounds: list[dict[str, str]]) -> dict[str, Counter[str]]:
    """The tests that did not end well, or were not skipped, every time; to be missing in a round is an outcome."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for test in {test for one in rounds for test in one}:
        for one in rounds:
            counted[test][one.get(test, "MISSING")] += 1
    return {
        test: words for test, words in counted.items() if set(words) not in ({"PASSED"}, {"SKIPPED"}, {"XFAIL"})
    }


def main(words: list[str]) -> int:
    """Run it; 2 if the first word is no number of times."""
    if words and not words[0].isdecimal() and not Path(words[0].partition("::")[0]).exists():
        print(
            f"./run exercise flaky [TIMES] [PATHS…]: “{words[0]}” is neither a number nor a path.", file=sys.stderr
        )
        return 2
    times = int(words.pop(0)) if words and words[0].isdecimal() else TIMES
    paths = words or ["tests/flow"]
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(PROCESSES)]
    rounds: list[dict[str, str]] = []
    try:
        folder = Path(tempfile.mkdtemp(prefix="gantry-flaky-"))
        for number in range(1, times + 1):
            rounds.append(one_round(paths, folder / f"round-{number}.log"))
            bad = sum(word in {"FAILED", "ERROR"} for word in rounds[-1].values())
            print(f"round {number} of {times}: {len(rounds[-1])} tests, {bad} failed ({folder})", flush=True)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    found = unsteady(rounds)
    for test, outcome in sorted(found.items()):
        print(f"{test}: {', '.join(f'{number} × {word.lower()}' for word, number in outcome.most_common())}")
    ran = any(rounds)
    print(f"{len(found)} of {len({test for one in rounds for test in one})} tests did not pass every time")
    return 1 if found or not ran else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
