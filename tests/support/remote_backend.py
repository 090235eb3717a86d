"""A third backend, small: jobs go by mail to a far machine, and what it answers is as old as its last letter.

It is what a backend needs to be, and no more: a folder (this file), a `Kind`, a line in the factory's table.
"""

import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portal.scheduler.base import (
    Estimate,
    JobHandle,
    JobReport,
    JobRequest,
    Kind,
    Observation,
    Phase,
    SchedulerError,
)
from portal.scheduler.local.backend import LocalScheduler
from portal.scheduler.local.fair_share import Limits
from portal.scheduler.survey import Survey
from portal.times import from_iso, iso

CLUSTER = "far"
LIMITS = Limits(cpus=2, memory_mb=4096)


class RemoteScheduler:
    """This end: letters out, the last letter back."""

    cluster = CLUSTER
    batch_size = 10
    joins = False
    near = False
    running_per_person = 100

    def __init__(self, folder: Path) -> None:
        self.letters, self.wishes, self.answer = folder / "letters", folder / "wishes", folder / "answer"
        for made in (self.letters, self.wishes):
            made.mkdir(parents=True, exist_ok=True)

    def submit(self, requests: Sequence[JobRequest]) -> list[JobHandle | SchedulerError]:
        return [_or_error(lambda request=request: self._submit(request)) for request in requests]

    def _submit(self, request: JobRequest) -> JobHandle:
        if request.cpus > LIMITS.cpus:
            raise SchedulerError("The far machine is too small.", retry=False)
        letter = self.letters / request.attempt
        if not letter.exists():
            number = 1 + len(list(self.letters.iterdir()))
            written = {"id": str(number), "submitted": iso(datetime.now(UTC))}
            letter.write_text(json.dumps(written | {"request": asdict(request) | {"folder": str(request.folder)}}))
        return _handle(letter)

    def find(self, items: Sequence[tuple[str, str]]) -> list[JobHandle | SchedulerError | None]:
        return [self._find(*item) for item in items]

    def _find(self, attempt: str, name: str) -> JobHandle | None:
        letter = self.letters / attempt
        handle = _handle(letter) if letter.exists() else None
        return handle if handle is not None and handle.name == name else None

    def cancel(self, handles: Sequence[JobHandle], *, by: str | None = None) -> list[bool | SchedulerError]:
        return [_or_error(lambda handle=handle: self._cancel(handle, by)) for handle in handles]

    def _cancel(self, handle: JobHandle, by: str | None) -> bool:
        report = self.observe([("it", handle)]).reports.get("it")
        if report is None or report.phase is Phase.ENDED:
            return False
        (self.wishes / handle.job_id).write_text(by or "")
        return True

    def estimate(self, request: JobRequest) -> Estimate:
        return Estimate(None, "The far machine does not say.")

    def start(self, now: datetime) -> bool:
        return False

    def forget(self, attempt: str) -> None:
        pass

    def prune(self, before: datetime) -> int:
        return 0

    def observe(self, handles: Sequence[tuple[str, JobHandle]]) -> Observation:
        """As of the last letter back; what is on its way waits."""
        try:
            sent = {handle.job_id: handle for handle in map(_handle, self.letters.iterdir())}
            told: dict[str, JobReport] = pickle.loads(self.answer.read_bytes()) if self.answer.exists() else {}
        except OSError as error:
            return Observation(False, message=f"The letters cannot be read: {error.strerror}.")
        reports = {}
        for key, handle in handles:
            if sent.get(handle.job_id) == handle:
                on_its_way = JobReport(handle, Phase.PENDING, reason="It is on its way.")
                reports[key] = replace(told.get(handle.job_id, on_its_way), handle=handle)
        return Observation(True, reports)

    def survey(self) -> Survey:
        return Survey(answered=True)


class FarMachine:
    """The other end: it reads its letters when it likes to, and writes back what has become of all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.machine = LocalScheduler(folder / "machine", limits=LIMITS)

    def turn(self) -> None:
        letters = sorted((self.folder / "letters").iterdir(), key=lambda letter: int(_handle(letter).job_id))
        taken = self.machine.submit([_request(letter) for letter in letters])
        by_id = dict(zip((_handle(letter).job_id for letter in letters), taken, strict=True))
        for wish in (self.folder / "wishes").iterdir():
            self.machine.cancel([by_id[wish.name]], by=wish.read_text() or None)
        self.machine.start(datetime.now(UTC))
        reports = self.machine.observe(list(by_id.items())).reports
        aside = self.folder / "answer.aside"
        aside.write_bytes(pickle.dumps(reports))
        aside.rename(self.folder / "answer")


def _or_error(do: Callable[[], Any]) -> Any:
    try:
        return do()
    except SchedulerError as error:
        return error


def _handle(letter: Path) -> JobHandle:
    written = json.loads(letter.read_text())
    return JobHandle(CLUSTER, written["id"], None, written["request"]["name"], from_iso(written["submitted"]))


def _request(letter: Path) -> JobRequest:
    given = json.loads(letter.read_text())["request"]
    return JobRequest(**(given | {"argv": tuple(given["argv"]), "folder": Path(given["folder"])}))


def _made(document: Mapping[str, Any], _scratch: Path) -> RemoteScheduler:
    if not isinstance(document.get("remote"), str):
        raise ValueError("remote must be the folder of the letters")
    return RemoteScheduler(Path(document["remote"]))


REMOTE = Kind(_made, _made, own_accounts=True)
