"""People at work: each sends what the plan says over the portal's web API and keeps a record of what was accepted.

A request that is not answered is repeated with the same Idempotency-Key until it is: what the portal accepted once
must be there once.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from hosts.web import session_for

from tests.chaos.lab import JOB_TYPE, Ready, token_of
from tests.chaos.plan import Plan, Submission, Task

PAUSE_S = 2.0
REQUEST_S = 30
POLL_S = 5.0


@dataclass(frozen=True)
class Accepted:
    """A job that the portal said it had: the task that it is for, and whether its person withdrew it later."""

    token: str
    job: int
    submission: str
    person: str
    fate: str
    value: int
    batch: bool


@dataclass
class Record:
    """What the people of the exercise know."""

    accepted: list[Accepted] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    withdrawn: dict[int, float] = field(default_factory=dict)
    too_late: list[str] = field(default_factory=list)
    """Withdrawals that the portal did not take."""
    repeats: int = 0
    """Requests that had to be repeated."""


class Person:
    """One person's hands: an HTTP session with a token."""

    def __init__(self, ready: Ready, name: str, record: Record, stop: threading.Event) -> None:
        self.ready, self.name, self.record, self.stop = ready, name, record, stop
        self.http = session_for(ready.portal, ready.certificate)
        self.http.headers["Authorization"] = f"Bearer {ready.tokens[name]}"
        self.lock = threading.Lock()
        self.timers: list[threading.Timer] = []

    def call(self, method: str, path: str, **rest: Any) -> requests.Response | None:
        """The answer, after as many repetitions as it takes; None if the exercise was stopped before.

        Only a portal that answers decides anything: what is broken, busy or away is asked again.
        """
        while not self.stop.is_set():
            try:
                with self.lock:
                    answer = self.http.request(
                        method, f"https://{self.ready.portal.name}/api/v1/{path}", timeout=REQUEST_S, **rest
                    )
            except requests.RequestException:
                answer = None
            if answer is not None and answer.status_code < 500 and answer.status_code != 429:
                return answer
            self.record.repeats += 1
            self.stop.wait(PAUSE_S)
        return None

    def submit(self, one: Submission) -> None:
        """Send one submission and note the jobs that the portal made of it."""
        run = self.ready.run
        tokens = [token_of(run, task) for task in one.tasks]
        first = one.tasks[0]
        options: dict[str, object] = {"token": tokens[0], "fate": "by dataset"}
        if not one.batch:
            options |= {"fate": first.fate, "seconds": first.seconds, "value": first.value}
        body = {
            "analysis": JOB_TYPE,
            "inputs": {"task": [self.ready.datasets[token] for token in tokens]},
            "options": options,
            "title": None,
        }
        key = f"{run}-{one.number}"
        answer = self.call("POST", "submissions", json=body, headers={"Idempotency-Key": key})
        if answer is None or not answer.ok:
            self.record.refused.append(f"{key}: {answer.text[:300] if answer is not None else 'stopped'}")
            return
        made = answer.json()
        task_of = {
            self.ready.datasets[token]: (token, task) for token, task in zip(tokens, one.tasks, strict=True)
        }
        for job in made["jobs"]:
            token, task = task_of[job["inputs"][0]["dataset"]]
            self._note(one, made["id"], job["id"], token, task)

    def _note(self, one: Submission, submission: str, job: int, token: str, task: Task) -> None:
        self.record.accepted.append(Accepted(token, job, submission, self.name, task.fate, task.value, one.batch))
        if task.fate == "withdrawn":
            timer = threading.Timer(task.value, self.withdraw, [job])
            timer.daemon = True
            timer.start()
            self.timers.append(timer)

    def withdraw(self, job: int) -> None:
        """Ask for a job's end. That it had ended already is no refusal."""
        answer = self.call("POST", f"jobs/{job}/cancel")
        if answer is not None and answer.ok:
            self.record.withdrawn[job] = time.time()
        elif answer is not None:
            self.record.too_late.append(f"{job}: {answer.status_code} {answer.text[:300]}")


class Workload:
    """All people at once, a thread each."""

    def __init__(self, ready: Ready, plan: Plan, began: float, stop: threading.Event) -> None:
        self.plan, self.began, self.stop = plan, began, stop
        self.record = Record()
        self.people = {name: Person(ready, name, self.record, stop) for name in ready.tokens}
        self.threads = [
            threading.Thread(target=self._work, args=[name], name=f"person-{name}", daemon=True)
            for name in self.people
        ]

    def start(self) -> None:
        """Everybody begins."""
        for thread in self.threads:
            thread.start()

    def _work(self, name: str) -> None:
        for one in self.plan.submissions:
            if one.person != name:
                continue
            self.stop.wait(max(0.0, self.began + one.at - time.monotonic()))
            if self.stop.is_set():
                return
            self.people[name].submit(one)

    def wait_submitted(self, deadline: float) -> None:
        """Until everybody has sent everything, or until `deadline` (monotonic)."""
        for thread in self.threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for timer in [timer for person in self.people.values() for timer in person.timers]:
            timer.join(max(0.0, deadline - time.monotonic()))

    def wait_final(
        self, unfinished: Callable[[], int | None], deadline: float, tell: Callable[[str], None]
    ) -> int | None:
        """Until no job is left that has not ended, or until `deadline` (monotonic); how many are left."""
        left = unfinished()
        while left != 0 and time.monotonic() < deadline and not self.stop.is_set():
            tell(f"{'?' if left is None else left} jobs have not ended yet")
            self.stop.wait(POLL_S)
            left = unfinished()
        return left
