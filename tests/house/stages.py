"""The whole suite, its stages side by side: what waits for Slurm and hosts leaves the processors to what computes.

Usage: stages.py. Some stages run at a time, each a process with a log of its own in .run/; one that ends makes
room for the next. The last line tells passed, failed, skipped of all. Exits 1 if anything failed, ended oddly, or
ran no test.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import closing

ROOT = Path(__file__).parents[2]
LOGS = ROOT / ".run"
BUDGET_PAGE = ROOT / "docs/developers/testing.md"
FIRST = "cluster"
"""It takes the longest and goes before the others, which lose little by it: it mostly waits."""
ORDER = (FIRST, "flow", "web", "lint", "others", "browser", "programs", "truths", "upgrade")
"""By folder of tests/; `lint` is no folder, and `others` are all folders that are not named. What takes long comes
early, so that the last ones end at about one time."""
AT_ONCE = 3
"""On two processors: some stage waits at most times."""
WITHIN = {
    "upgrade": ("flow/upgrade",),
    "programs": ("unit/wrappers/programs",),
    "web": ("flow/api", "flow/doors", "flow/web"),
}
"""Stages of folders within others, whose stages leave them out."""
BEHIND = ("nice", "-n", "5")
NO_TESTS = frozenset({"bench", "support", "house", "screenshots", "exercises"})
SAY_EVERY_S = 60.0
PYTEST_FAILED = 1
PYTEST_NOTHING = 5


@dataclass
class Stage:
    """One process and what came of it."""

    name: str
    command: Sequence[str]
    log: Path
    seconds: float = 0.0
    code: int | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def text(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def counts(self) -> dict[str, int]:
        """Passed, failed, skipped. Lint counts as one; an end that its tests do not explain is a failure."""
        if self.name == "lint":
            return {"passed": int(self.code == 0), "failed": int(self.code != 0), "skipped": 0}
        total = closing.counts(self.text)
        explained = self.code == 0 or (self.code == PYTEST_FAILED and total["failed"] > 0)
        if not explained or not any(total.values()):
            total["failed"] += 1
        return total


def folders() -> dict[str, list[str]]:
    """The folders of each stage that runs tests; a new folder is among the others by itself."""
    there = sorted(
        path.name
        for path in (ROOT / "tests").iterdir()
        if path.is_dir() and path.name not in NO_TESTS and any(path.rglob("test_*.py"))
    )
    made = {name: [f"tests/{name}"] for name in there if name in ORDER}
    made["others"] = [f"tests/{name}" for name in there if name not in ORDER]
    for name, inner in WITHIN.items():
        made[name] = [f"tests/{folder}" for folder in inner]
        for folder in inner:
            made.get(folder.split("/")[0], made["others"]).append(f"--ignore=tests/{folder}")
    return made


def plan() -> list[Stage]:
    """The stages, in their order."""
    paths = folders()
    stages = []
    for name in ORDER:
        if name == "lint":
            command = ["./run", "lint"]
        elif paths.get(name):
            command = [sys.executable, "-m", "pytest", "-o", f"cache_dir=.run/cache-{name}", *paths[name]]
        else:
            continue
        words = command if name == FIRST else [*BEHIND, *command]
        stages.append(Stage(name, words, LOGS / f"{name}.log"))
    return stages


def run_next(waiting: deque[Stage], began: float) -> None:
    """Run one stage after another until none waits."""
    while waiting:
        try:
            stage = waiting.popleft()
        except IndexError:  # another thread was quicker
            return
        start = time.monotonic()
        with stage.log.open("wb") as log:
            stage.process = subprocess.Popen(
                stage.command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
            code = stage.process.wait()
        stage.seconds = time.monotonic() - start
        stage.code = code
        told = ", ".join(f"{number} {word}" for word, number in stage.counts().items() if number)
        say(began, f"{stage.name}: {told}, {stage.seconds:.0f} s")


def say(began: float, words: str) -> None:
    """A line with the time since the beginning."""
    seconds = int(time.monotonic() - began)
    print(f"[{seconds // 60:3}:{seconds % 60:02}] {words}", flush=True)


def progress(stages: Iterable[Stage]) -> str:
    """Where the running stages are, by the percentage that pytest prints at the end of its lines."""
    at = []
    for stage in stages:
        if stage.process is not None and stage.code is None:
            found = re.findall(r"\[ *(\d+)%\]", stage.text)
            failed = len(re.findall(r"^tests/\S+ [.sxF]*F", stage.text, re.MULTILINE))
            at.append(
                f"{stage.name} {found[-1] if found else 0} %{f' ({failed} files with failures)' * bool(failed)}"
            )
    return ", ".join(at)


def run_all(stages: Sequence[Stage], began: float) -> None:
    """Run the stages beside each other; on an interrupt end what was started."""
    waiting = deque(stages)
    threads = [threading.Thread(target=run_next, args=(waiting, began), daemon=True) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    said = began
    try:
        while any(thread.is_alive() for thread in threads):
            time.sleep(0.2)
            if time.monotonic() - said >= SAY_EVERY_S:
                said = time.monotonic()
                say(began, progress(stages))
    except KeyboardInterrupt:
        waiting.clear()
        for stage in stages:
            if stage.process is not None and stage.process.poll() is None:
                os.killpg(stage.process.pid, signal.SIGINT)
        for thread in threads:
            thread.join()
        raise


def failures(text: str) -> str:
    """What pytest told of failures and errors, whole; the end of its output where it told nothing of the kind."""
    found = re.search(r"^=+ (?:FAILURES|ERRORS) =+$.*?(?=^=+ (?:seconds by folder|warnings summary|short test))",
                      text, re.MULTILINE | re.DOTALL)  # fmt: skip
    return found.group(0) if found else text[-20_000:]


def times(stages: Iterable[Stage]) -> list[str]:
    """Seconds by folder, the slowest first; a folder of which two stages run a part each counts once."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for stage in stages:
        for seconds, tests, folder in re.findall(r"^ +(\d+) s +(\d+) tests +(\S+)$", stage.text, re.MULTILINE):
            found[folder].update(seconds=int(seconds), tests=int(tests))
    ordered = sorted(found.items(), key=lambda told: -told[1]["seconds"])
    return [f"{count['seconds']:8d} s {count['tests']:6d} tests  {folder}" for folder, count in ordered]


def budget(cold: bool) -> dict[str, int]:
    """Seconds that each stage may take, from the table in docs/developers/testing.md."""
    rows = re.findall(r"^\| `([a-z ]+)` \| (\d+) \| (\d+) \|", BUDGET_PAGE.read_text("utf-8"), re.MULTILINE)
    return {name: int(cold_s if cold else warm_s) for name, warm_s, cold_s in rows}


def over_budget(seconds: dict[str, float], allowed: dict[str, int]) -> list[str]:
    """A warning for each stage that took longer than it may."""
    return [
        f"Over budget: {name} took {took:.0f} s, {allowed[name]} s are foreseen (docs/developers/testing.md)"
        for name, took in seconds.items()
        if name in allowed and took > allowed[name]
    ]


def is_cold() -> bool:
    """Whether the hosts' layers must be made anew."""
    return not any(Path(os.environ.get("GANTRY_CACHE") or "/var/cache/gantry").glob("layers/*"))


def main() -> int:
    """Run everything, tell everything; the last line counts."""
    LOGS.mkdir(exist_ok=True)
    began, cold = time.monotonic(), is_cold()
    every = plan()
    for stage in every:
        stage.log.unlink(missing_ok=True)
    run_all(every, began)
    total: Counter[str] = Counter({"passed": 0, "failed": 0, "skipped": 0})
    for stage in every:
        total.update(stage.counts())
        if stage.counts()["failed"]:
            print(f"\n---- {stage.name} (whole log: .run/{stage.log.name}) ----\n{failures(stage.text)}")
    text = "\n".join(stage.text for stage in every)
    print("\nSeconds by folder:")
    print("\n".join(times(every)))
    print("\nSeconds by stage, side by side:")
    seconds = {stage.name: stage.seconds for stage in every} | {"in all": time.monotonic() - began}
    allowed = budget(cold)
    for name, took in seconds.items():
        print(f"{took:8.0f} s  {name}{f' (budget {allowed[name]} s)' if name in allowed else ''}")
    print("\n".join(over_budget(seconds, allowed)))
    closing.say_skipped_and_untested(text)
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] or total["passed"] <= 1 else 0


def interrupted(_number: int, _frame: object) -> None:
    """End by hand."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    # A shell's background job has SIGINT ignored, and so would all that is started here.
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, interrupted)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("Ended by hand.")
        sys.exit(130)
