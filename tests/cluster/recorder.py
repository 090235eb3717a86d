"""Arranging jobs on the lab's cluster and keeping what Slurm says about them."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hosts.cluster import Cluster
from hosts.place import LabError

ENDED = {"COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "NODE_FAIL", "PREEMPTED", "DEADLINE", "OUT_OF_MEMORY"}
PATIENCE = 200

Step = Iterator[None]
"""A scenario is a generator: it yields when it has to wait for others' turns, and records before it ends."""


@dataclass
class Recorder:
    """Arranges jobs on the lab's cluster and writes down what Slurm says."""

    cluster: Cluster
    folder: Path
    release: str
    parsers: Sequence[str]
    """The dialects of JSON that this release has, the newest first."""
    mine: dict[str, list[str]] = field(default_factory=dict)

    @property
    def newest(self) -> str:
        """The newest dialect."""
        return self.parsers[0]

    def root(self, *command: str) -> str:
        """What a command of the administrator printed on the controller. Raises LabError if it failed."""
        done = self.cluster.hosts["ctl"].run(*command)
        if done.returncode:
            raise LabError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout

    def ask(self, person: str, *command: str) -> dict[str, object]:
        """A command as a person, with everything it said."""
        done = self.cluster.hosts["ctl"].run("runuser", "-u", person, "--", *command)
        return {"command": list(command), "code": done.returncode, "stdout": done.stdout, "stderr": done.stderr}

    def submit(self, scenario: str, *options: str, run: str = "sleep 600", person: str = "maya") -> str:
        """The id of a new job named after the scenario; it writes nothing."""
        account = [] if any(word.startswith("--account") for word in options) else ["--account=microscopy"]
        words = [
            *account,
            "--time=5",
            "--no-requeue",
            "--output=/dev/null",
            "--chdir=/",
            f"--job-name=gantry-{scenario}-1",
        ]
        answer = self.ask(person, "sbatch", "--parsable", *words, *options, "--wrap", run)
        if answer["code"]:
            raise LabError(f"{scenario}: {answer['stderr']}")
        job = str(answer["stdout"]).strip()
        self.mine.setdefault(scenario, []).append(job)
        return job

    def state(self, job: str) -> tuple[str, str]:
        """The state and reason that the controller gives, else accounting's."""
        done = self.cluster.hosts["ctl"].run("squeue", "--noheader", "--states=all", "-o", "%T|%r", "-j", job)
        lines = done.stdout.split("\n")
        if done.returncode or not lines[0]:
            lines = self.root("sacct", "-X", "-n", "-P", "-o", "State", "-j", job).split("\n")
            return lines[0].split(" ")[0].strip(), ""
        state, reason = lines[0].split("|")
        return state, reason

    def until(self, job: str, *states: str, reason: str | None = None) -> Step:
        """Yield until the job is in one of these states (and waits for this reason)."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            state, why = self.state(job)
            if state in states and reason in {None, why}:
                return
            yield
        raise LabError(f"job {job} is {self.state(job)}, not {states} {reason or ''}")

    def accounted(self, job: str) -> Step:
        """Yield until accounting knows the ending too."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            lines = self.root("sacct", "-X", "-n", "-P", "-D", "-o", "State", "-j", job).split("\n")
            if lines[0] and all(line.split(" ")[0] in {*ENDED, "REQUEUED"} for line in lines if line):
                return
            yield
        raise LabError(f"accounting does not know how job {job} ended")

    def write(self, scenario: str, told: str, *, every_parser: bool = False, detail: bool = False) -> None:
        """Ask controller and accounting about the scenario's jobs, and keep the answers."""
        jobs = ",".join(self.mine[scenario])
        for parser in self.parsers if every_parser else self.parsers[:1]:
            said: dict[str, object] = {
                "squeue": self.reply("squeue", f"--json={parser}", "--states=all", "-j", jobs)
            }
            sacct = ("sacct", f"--json={parser}", "-D", "-S", "now-1days", "-j", jobs)
            said["sacct"] = self.reply(*sacct)
            if detail:
                said["scontrol"] = self.reply(
                    "scontrol", f"--json={parser}", "show", "job", self.mine[scenario][0]
                )
            name = scenario if parser == self.newest else f"{scenario}.{parser}"
            self.keep(name, told, {"jobs": self.mine[scenario], "parser": parser, **said})

    def reply(self, *command: str) -> object:
        """The JSON that a command printed."""
        return json.loads(self.root(*command))

    def keep(self, name: str, told: str, said: dict[str, object]) -> None:
        """One file: what is true, and what was said; long lists one entry a line."""
        document = {"told": told, "release": self.release, **said}
        lines = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        (self.folder / f"{name}.json").write_text(lines + "\n", encoding="utf-8")
        print(f"{name:32} {told}", flush=True)


Scenario = Callable[[Recorder, str], Step]


def ends(options: Sequence[str], run: str, state: str, told: str, *, every_parser: bool = False) -> Scenario:
    """A job that ends by itself."""

    def play(recorder: Recorder, name: str) -> Step:
        job = recorder.submit(name, *options, run=run)
        yield from recorder.until(job, state)
        yield from recorder.accounted(job)
        recorder.write(name, told, every_parser=every_parser, detail=every_parser)

    return play


def waits(options: Sequence[str], reason: str, told: str, *, person: str = "maya", before: int = 0) -> Scenario:
    """A job that waits for a reason, after `before` like it that run; all are ended afterwards."""

    def play(recorder: Recorder, name: str) -> Step:
        first = [recorder.submit(name, *options, person=person) for _ in range(before)]
        for job in first:
            yield from recorder.until(job, "RUNNING")
        job = recorder.submit(name, *options, person=person)
        yield from recorder.until(job, "PENDING", reason=reason)
        recorder.write(name, told)
        recorder.root("scancel", *first, job)

    return play


def runs(options: Sequence[str], told: str, *, every_parser: bool = False) -> Scenario:
    """A job that is running."""

    def play(recorder: Recorder, name: str) -> Step:
        job = recorder.submit(name, *options)
        yield from recorder.until(job, "RUNNING")
        recorder.write(name, told, every_parser=every_parser, detail=True)
        recorder.root("scancel", job)

    return play


def cancelled(by: str, told: str, *, running: bool = True) -> Scenario:
    """A job that somebody ends."""

    def play(recorder: Recorder, name: str) -> Step:
        job = recorder.submit(name, *([] if running else ["--begin=now+1hour"]))
        yield from recorder.until(job, "RUNNING" if running else "PENDING")
        recorder.root("runuser", "-u", by, "--", "scancel", job)
        yield from recorder.until(job, "CANCELLED")
        yield from recorder.accounted(job)
        recorder.write(name, told)

    return play
