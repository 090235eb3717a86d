"""The one table: what the scheduler saw last × what result.json says -> what becomes of the job. Pure.

The scheduler's word and the store's own eyes decide; result.json is the person's testimony, checked for form.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from portal import words
from portal.jobs import cause as in_words
from portal.jobs.cause import Asked, Cause, Retry, retry_of
from portal.jobs.result_json import Testimony
from portal.scheduler.base import Ending

SIGTERM, SIGKILL = 15, 9
# What launch's reserved exit codes mean when there is no result.json to say it better.
RESERVED: dict[int, Cause] = {
    90: Cause.ORDER,
    91: Cause.CLAIMED,
    92: Cause.INPUT,
    93: Cause.IMAGE,
    94: Cause.FOLDER,
    95: Cause.START,
}
KEPT = " What it had written is kept aside for now."


class Action(StrEnum):
    """What reconcile does with the job."""

    NOTHING = "nothing"
    """Not knowing is not an answer."""
    WAIT = "wait"
    """The result may show late."""
    COLLECT = "collect"
    FAIL = "fail"
    CANCEL = "cancel"


@dataclass(frozen=True)
class Ended:
    """How the scheduler saw the end. `ending` None: it used a word that we do not know."""

    ending: Ending | None
    exit_code: int | None = None
    signal: int | None = None
    node: str | None = None
    reason: str | None = None
    by: str | None = None
    """Who cancelled it, as the scheduler names accounts."""
    by_owner: bool = False


@dataclass(frozen=True)
class Verdict:
    """What to do, why, in words, and what another try would need."""

    action: Action
    cause: Cause | None = None
    words: str | None = None

    @property
    def retry(self) -> Retry:
        """What another try would need to end otherwise."""
        return retry_of(self.cause) if self.action is Action.FAIL and self.cause else Retry.NEVER

    def told_by(self, said: "OwnWords") -> "Verdict":
        """The same in the program's words, where else only an exit code is known."""
        if self.cause is not Cause.EXIT:
            return self
        if said.refusal:
            return replace(self, cause=Cause.DECLINED, words=in_words.refused_by_program(said.refusal))
        if self.words != in_words.exit_code():
            return self
        if said.reason:
            return replace(self, words=in_words.by_its_words(said.reason))
        return replace(self, words=in_words.exit_code(said.last)) if said.last else self


@dataclass(frozen=True)
class OwnWords:
    """What the program says of its failure, for people to read: anything may stand there."""

    refusal: str = ""
    """Why it refused what it was given."""
    reason: str = ""
    """What stands in its log where its job type says that the reason stands."""
    last: str = ""
    """What it wrote last."""


NOTHING_SAID = OwnWords()


def judge(
    ended: Ended,
    testimony: Testimony | None,
    asked: Asked,
    *,
    wished_by: str | None = None,
    waited_s: float = 0.0,
    late_result_s: float = 120.0,
    invalid: str | None = None,
    said: OwnWords = NOTHING_SAID,
) -> Verdict:
    """One cell of the table.

    `testimony` None: result.json is absent, or invalid for the reason in `invalid`. `wished_by` is who asked
    this portal to cancel. `waited_s` is how long ago the scheduler first said that the job ended.
    """
    if ended.ending is None:
        return Verdict(Action.NOTHING)
    if ended.ending is Ending.CANCELLED:
        told = (
            in_words.cancelled(wished_by)
            if wished_by
            else in_words.cancelled_outside(ended.by, own=ended.by_owner)
        )
        return Verdict(Action.CANCEL, Cause.CANCELLED, told)
    if ended.ending is Ending.COMPLETED and testimony is None and waited_s < late_result_s:
        return Verdict(Action.WAIT)
    if ended.ending is Ending.COMPLETED:
        return _completed(ended, testimony, asked, invalid or late_result_s).told_by(said)
    if ended.ending is Ending.FAILED:
        return _failed(ended, testimony, asked, wished_by, invalid).told_by(said)
    return _scheduler_wins(ended, testimony, asked)


def _completed(ended: Ended, testimony: Testimony | None, asked: Asked, missing: str | float) -> Verdict:
    """`missing`: why the result is invalid, or for how many seconds it was waited for."""
    if testimony is None:
        invalid, late_s = (missing, 0.0) if isinstance(missing, str) else (None, missing)
        return _fail(Cause.NO_RESULT, in_words.no_result(late_s, invalid, ended.node))
    if testimony.exit_code in asked.success_codes and testimony.signal is None:
        return Verdict(Action.COLLECT)
    return _by_testimony(testimony, asked, ended.node)


def _failed(
    ended: Ended, testimony: Testimony | None, asked: Asked, wished_by: str | None, invalid: str | None
) -> Verdict:
    if wished_by and _ended_by_request(ended, testimony):
        return Verdict(Action.CANCEL, Cause.CANCELLED, in_words.cancelled(wished_by))
    if testimony is None:
        return _by_scheduler(ended, asked, invalid)
    if testimony.exit_code == 0 and testimony.signal is None and testimony.reason is None:
        said = "The program reports that it ended well, the scheduler that it failed."
        return _fail(Cause.DIFFERS, f"{said} {in_words.SAFE}{KEPT}")
    # launch passes the program's code on, so a code that the job type calls success arrives here as a failure.
    agreed = testimony.exit_code == ended.exit_code and testimony.signal is None and testimony.reason is None
    if agreed and testimony.exit_code in asked.success_codes:
        return Verdict(Action.COLLECT)
    return _by_testimony(testimony, asked, ended.node)


def _ended_by_request(ended: Ended, testimony: Testimony | None) -> bool:
    """The end came by the signal that a cancellation sends."""
    signals = {ended.signal, testimony.signal if testimony else None}
    codes = {ended.exit_code, testimony.exit_code if testimony else None}
    if testimony and testimony.reason == "cancelled":
        return True
    return bool(signals & {SIGTERM, SIGKILL} or codes & {128 + SIGTERM, 128 + SIGKILL})


def _scheduler_wins(ended: Ended, testimony: Testimony | None, asked: Asked) -> Verdict:
    """OUT_OF_MEMORY, TIMEOUT, NODE_FAIL, PREEMPTED, BOOT_FAIL, DEADLINE: whatever result.json says."""
    kept = KEPT if testimony is not None else ""
    match ended.ending:
        case Ending.OUT_OF_MEMORY:
            return _fail(Cause.MEMORY, in_words.out_of_memory(asked) + kept)
        case Ending.TIMEOUT:
            return _fail(Cause.TIME, in_words.out_of_time(asked) + kept)
        case Ending.PREEMPTED:
            return _fail(
                Cause.PREEMPTED, f"It had to make room for more urgent work. {in_words.SAFE} Run it again?{kept}"
            )
        case Ending.DEADLINE:
            return _fail(Cause.DEADLINE, f"It could not end before its deadline. {in_words.SAFE}{kept}")
        case _:
            return _fail(Cause.NODE, in_words.node_failed(ended.node, ended.reason) + kept)


def _by_testimony(testimony: Testimony, asked: Asked, node: str | None) -> Verdict:
    """The program ran and did not succeed; launch's own word for it first."""
    told = {
        "memory": (Cause.MEMORY, in_words.out_of_memory(asked)),
        "time": (Cause.TIME, in_words.out_of_time(asked)),
        "input": (Cause.INPUT, in_words.input_gone(testimony.detail)),
        "image": (Cause.IMAGE, in_words.image_gone(testimony.detail)),
        "start": (Cause.START, in_words.start_failed(testimony.detail)),
        "licence": (Cause.LICENCE, in_words.licence_silent(testimony.detail)),
        "disk": (Cause.DISK, in_words.disk_full(testimony.detail)),
    }.get(testimony.reason or "")
    if told:
        return _fail(*told)
    if testimony.reason == "cancelled":
        return Verdict(Action.CANCEL, Cause.CANCELLED, in_words.cancelled(None))
    if _over_memory(testimony):
        return _fail(Cause.MEMORY, in_words.out_of_memory(asked))
    if testimony.signal is not None:
        return _fail(Cause.SIGNAL, in_words.by_signal(testimony.signal, node))
    means = asked.codes.get(testimony.exit_code or 0)
    return _fail(
        Cause.EXIT, in_words.known_code(testimony.exit_code or 0, means) if means else in_words.exit_code()
    )


def _over_memory(testimony: Testimony) -> bool:
    """Killed at its limit: without cgroups the scheduler only sees signal 9."""
    killed = testimony.signal == SIGKILL or testimony.exit_code == 128 + SIGKILL
    peak, limit = testimony.memory_peak_bytes, testimony.memory_limit_bytes
    return killed and peak is not None and bool(limit) and limit is not None and peak >= limit


def _by_scheduler(ended: Ended, asked: Asked, invalid: str | None) -> Verdict:
    """Nothing usable was left behind: only the scheduler's word."""
    if ended.exit_code in RESERVED and ended.signal is None:
        return _reserved(RESERVED[ended.exit_code])
    if ended.signal is not None:
        return _fail(Cause.SIGNAL, in_words.by_signal(ended.signal, ended.node))
    if ended.exit_code:
        where = f" on {ended.node}" if ended.node else ""
        return _fail(Cause.EXIT, f"The program stopped with an error{where}, and left no report. {in_words.SAFE}")
    return _fail(Cause.NO_RESULT, in_words.no_result(0, invalid, ended.node))


def _reserved(cause: Cause) -> Verdict:
    text = {
        Cause.ORDER: f"Its order was changed after it was submitted, so it was not run. {in_words.SAFE}",
        Cause.CLAIMED: f"Another run had taken its place, so this one did nothing. {in_words.SAFE}",
        Cause.INPUT: in_words.input_gone(None),
        Cause.IMAGE: in_words.image_gone(None),
        Cause.FOLDER: f"Its working folder cannot be written. {in_words.SAFE} Please tell staff.",
        Cause.START: in_words.start_failed(None),
    }[cause]
    return _fail(cause, text)


def _fail(cause: Cause, text: str) -> Verdict:
    return Verdict(Action.FAIL, cause, text)


def judge_absent(
    testimony: Testimony | None, asked: Asked, *, absent_s: float, lost_s: float, said: OwnWords = NOTHING_SAID
) -> Verdict:
    """The scheduler has answered for `absent_s` seconds without knowing a job that was claimed.

    Before `lost_s` nothing changes. Then result.json decides, if there is a valid one; otherwise it is LOST.
    """
    if absent_s < lost_s:
        return Verdict(Action.NOTHING)
    note = f"The scheduler has not known it for {words.duration(lost_s)}."
    if testimony is None:
        return _fail(Cause.LOST, f"{note} It was started, and left no result: it is lost. {in_words.SAFE}")
    if testimony.exit_code in asked.success_codes and testimony.signal is None:
        return Verdict(Action.COLLECT, Cause.UNKNOWN, f"{note} Its own report says that it ended well.")
    verdict = _by_testimony(testimony, asked, None).told_by(said)
    return Verdict(verdict.action, verdict.cause, f"{verdict.words} {note}")
