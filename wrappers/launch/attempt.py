"""One start of one attempt, from the claim to the result."""

import errno
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from wrappers.launch.checks import check_image, check_inputs
from wrappers.launch.claim import Identity, take_claim
from wrappers.launch.container import attempt_tmp
from wrappers.launch.environment import DEVICES
from wrappers.launch.exits import FIRST_SIGNAL_EXIT, Exit, Refusal
from wrappers.launch.failpoints import reach
from wrappers.launch.files import (
    Reserve,
    is_full,
    make_directory,
    make_temporary,
    move_aside,
    open_folder,
    open_new,
    remove_tree,
)
from wrappers.launch.jobspec import JobSpec, read_job_spec
from wrappers.launch.lists import write_lists
from wrappers.launch.logs import CappedLog
from wrappers.launch.reports.metadata import report
from wrappers.launch.reports.progress import Watcher
from wrappers.launch.result import MIB, exit_code_of, result_document, write_result
from wrappers.launch.runner import CONTAINED, Plan, plan, view_of
from wrappers.launch.servers.answering import check_servers
from wrappers.launch.servers.confine import write_hosts
from wrappers.launch.supervise import Ending, Limits, Signals, Supervisor
from wrappers.launch.written import write_files

OF_A_RUN = ("output", "result.json", "stdout.log", "stderr.log", "events.jsonl")


@dataclass(frozen=True, slots=True)
class Policy:
    """What the caller decides: whether launch enforces memory, whether a container is a must."""

    enforce_memory: bool = False
    require_container: bool = False


@dataclass(slots=True)
class Attempt:
    """The state of one start. Times are of time.time(), for people, and time.monotonic(), for limits."""

    folder: str
    folder_fd: int
    spec: JobSpec
    me: Identity
    replaced: int | None
    policy: Policy
    outer: Mapping[str, str]
    signals: Signals
    begun: float
    begun_monotonic: float
    ending: Ending = field(default_factory=Ending)
    plan: Plan | None = None
    reserve: Reserve | None = None
    logs: tuple[CappedLog, CappedLog] | None = None

    def run(self) -> int:
        """Run the claimed attempt and write its result; return launch's exit code."""
        refused: Exit | None = None
        try:
            self._prepare()
            self._run_program()
            if self.ending.reason == "start":
                refused = Exit.START
        except Refusal as refusal:
            refused = refusal.code
            self.ending.reason, self.ending.detail = refusal.reason, refusal.detail
            complain(refusal.detail)
        reach("launch-program-ended")
        return self._conclude(refused)

    def _prepare(self) -> None:
        try:
            if self.replaced is not None:
                move_aside(self.folder_fd, OF_A_RUN, self.replaced)
            self.reserve = Reserve(self.folder_fd)
            make_directory(self.folder_fd, "output")
            make_temporary(self.folder_fd)
            limit = self.spec.log_limit_bytes
            self.logs = (
                CappedLog(open_new(self.folder_fd, "stdout.log"), limit),
                CappedLog(open_new(self.folder_fd, "stderr.log"), limit),
            )
        except OSError as error:
            raise self._folder_refused(error) from error
        if self.spec.image:
            check_image(self.spec.image)
        check_inputs(self.spec.inputs)
        check_servers(self.spec.servers)
        self.plan = plan(self.spec, self.folder, self.outer, require_container=self.policy.require_container)
        try:
            contained, tmp = self.plan.runner == CONTAINED, attempt_tmp(self.folder)
            if contained and self.spec.servers:
                write_hosts(self.spec.servers, tmp)
            write_lists(self.spec, tmp, contained=contained)
            view = view_of(self.spec, self.folder, contained=contained)
            write_files(self.spec.program.written, self.spec.options, view, tmp)
        except OSError as error:
            raise self._folder_refused(error) from error

    @staticmethod
    def _folder_refused(error: OSError) -> Refusal:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        detail = f"The attempt's folder cannot be written: {error.strerror}."
        return Refusal(Exit.FOLDER, "disk" if full else None, detail)

    def _run_program(self) -> None:
        assert self.plan and self.logs
        if self.signals.received:
            raise Refusal(Exit.START, "cancelled", "The job was cancelled before its program was started.")
        resources = self.spec.resources
        limits = Limits(
            deadline=self.begun_monotonic + resources.time_s,
            # A grace longer than half the time would end the program before it has worked.
            grace_s=min(resources.grace_s, resources.time_s / 2),
            memory_limit_bytes=resources.memory_mb * MIB,
            enforce_memory=self.policy.enforce_memory,
        )
        progress = self.spec.reports.progress
        watcher = Watcher(self.folder_fd, progress) if progress else None
        supervisor = Supervisor(limits, self.signals, *self.logs, self._started, watcher)
        self.ending = supervisor.run(self.plan.command)
        if watcher:
            watcher.finish()
        self._report()

    def _report(self) -> None:
        """What the job type looks for in the program's files; a program that failed has left what it has."""
        if exit_code_of(self.ending)[0] is None:
            return
        try:
            report(self.folder_fd, self.spec.reports)
        except OSError as error:
            self.ending.detail = self.ending.detail or f"output/metadata.json cannot be written: {error.strerror}."

    def _started(self, begun: float) -> None:
        self.begun = begun
        reach("launch-program-started")

    def _conclude(self, refused: Exit | None) -> int:
        ended = time.time()
        self._explain(refused)
        if self.reserve:
            self.reserve.release()
        if self.logs:
            for log in self.logs:
                log.finish()
            self._explain_logs(self.logs)
        document = result_document(
            self.spec,
            self.me,
            self.ending,
            refused=refused,
            times=(self.begun, ended),
            runner=self.plan.runner if self.plan else "environment",
            logs=self.logs,
            devices=self.outer.get(DEVICES, ""),
        )
        written = self._write(document)
        remove_tree(self.folder_fd, "tmp")
        if not written:
            return Exit.FOLDER
        if refused is not None:
            return refused
        code, signum = exit_code_of(self.ending)
        return FIRST_SIGNAL_EXIT + (signum or 0) if code is None else code

    def _explain(self, refused: Exit | None) -> None:
        """Find the reason that launch can know for a failure that had none so far."""
        ending = self.ending
        if refused is None and ending.left_running:
            ending.detail = f"{ending.left_running} processes of the program could not be ended."
        if refused is not None or ending.reason or exit_code_of(ending)[0] == 0:
            return
        if is_full(self.folder_fd):
            ending.reason = "disk"
            ending.detail = "There was no space left in the job's folder when the program failed."
        elif exit_code_of(ending)[1] == signal.SIGKILL and self._over_memory():
            ending.reason = "memory"

    def _over_memory(self) -> bool:
        return self.ending.memory_peak_bytes >= self.spec.resources.memory_mb * MIB

    def _explain_logs(self, logs: tuple[CappedLog, CappedLog]) -> None:
        errors = [log.error for log in logs if log.error]
        if errors and not self.ending.detail:
            self.ending.detail = f"The log could not be written in full: {errors[0]}."

    def _write(self, document: dict[str, object]) -> bool:
        """Write the result; if there is no space even now, give up tmp/ first."""
        try:
            write_result(self.folder_fd, document)
        except OSError:
            remove_tree(self.folder_fd, "tmp")
            try:
                write_result(self.folder_fd, document)
            except OSError as error:
                complain(f"result.json cannot be written: {error.strerror}.")
                return False
        return True


def launch(folder: str, job_sha256: str, me: Identity, policy: Policy, outer: Mapping[str, str]) -> int:
    """Verify, claim and run the attempt in `folder` (an absolute path); return the exit code."""
    begun, begun_monotonic = time.time(), time.monotonic()
    os.umask(0o027)
    try:
        try:
            folder_fd = open_folder(folder)
        except OSError as error:
            raise Refusal(Exit.ORDER, None, f"The folder cannot be opened: {error.strerror}.") from error
        spec = read_job_spec(folder_fd, job_sha256)
        signals = Signals()
        reach("launch-before-claim")
        replaced = take_claim(folder_fd, me, begun)
        reach("launch-after-claim")
    except Refusal as refusal:
        complain(refusal.detail)
        return refusal.code
    return Attempt(folder, folder_fd, spec, me, replaced, policy, outer, signals, begun, begun_monotonic).run()


def complain(sentence: str) -> None:
    """Say a sentence where the batch script's own output goes."""
    sys.stderr.write(f"launch: {sentence}\n")
    sys.stderr.flush()
