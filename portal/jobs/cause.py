"""Why a job failed or waits: codes for programs, words for people, and what running again could change. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gantry_formats.patterns.lines import LinePattern
from portal import words
from portal.jobs.timing.need import LastWord, Need, for_work
from portal.jobs.timing.spread import about_words


class Cause(StrEnum):
    """The code in `Job.cause`; stable, because people and programs search by it."""

    MEMORY = "memory"
    TIME = "time"
    EXIT = "exit code"
    DECLINED = "refused by program"
    """The program says in a sentence of its own why it cannot do what was asked for."""
    SIGNAL = "signal"
    NODE = "node"
    PREEMPTED = "preempted"
    DEADLINE = "deadline"
    INPUT = "input"
    IMAGE = "image"
    DISK = "disk full"
    FOLDER = "folder"
    START = "start"
    LICENCE = "licence"
    """A licence server that it needs does not answer, or is not offered."""
    ORDER = "order"
    CLAIMED = "claimed"
    NO_RESULT = "no result"
    DIFFERS = "launch and scheduler differ"
    UNKNOWN = "not known to the scheduler"
    LOST = "lost"
    CANCELLED = "cancelled"
    REFUSED = "result refused"
    MISSING_OUTPUT = "output missing"
    ACCESS = "access"
    SUBMISSION = "not accepted"
    QUOTA = "quota"
    ACCOUNT = "account"
    AWAY = "temporary"
    """Something needed does not answer now; it is tried again by itself."""


class Retry(StrEnum):
    """What has to be different for another try to end otherwise."""

    NEVER = "never"
    """The same will happen; a person has to change something first."""
    SAME = "same"
    """Nothing: the machine was at fault."""
    MORE_MEMORY = "more memory"
    MORE_TIME = "more time"


RETRY: dict[Cause, Retry] = {
    Cause.MEMORY: Retry.MORE_MEMORY,
    Cause.TIME: Retry.MORE_TIME,
    Cause.NODE: Retry.SAME,
    Cause.PREEMPTED: Retry.SAME,
    Cause.LOST: Retry.SAME,
    Cause.CLAIMED: Retry.SAME,
    Cause.FOLDER: Retry.SAME,
    Cause.LICENCE: Retry.SAME,
}
"""Causes that are not listed: NEVER."""

TITLES: dict[Cause, str] = {
    Cause.MEMORY: "Ran out of memory",
    Cause.TIME: "Reached the time limit",
    Cause.EXIT: "Stopped with an error",
    Cause.DECLINED: "Refused by the program",
    Cause.SIGNAL: "Crashed or was ended",
    Cause.NODE: "The computer failed",
    Cause.PREEMPTED: "Made room for others",
    Cause.DEADLINE: "Missed its deadline",
    Cause.INPUT: "An input was gone or changed",
    Cause.IMAGE: "Software image missing or changed",
    Cause.DISK: "The disk was full",
    Cause.FOLDER: "Working folder cannot be written",
    Cause.START: "Could not be started",
    Cause.LICENCE: "No licence could be had",
    Cause.ORDER: "Its order was changed",
    Cause.CLAIMED: "Another run had its place",
    Cause.NO_RESULT: "Ended without a report",
    Cause.DIFFERS: "Program and scheduler differ",
    Cause.UNKNOWN: "Not known to the scheduler",
    Cause.LOST: "Lost",
    Cause.CANCELLED: "Cancelled",
    Cause.REFUSED: "Result not accepted",
    Cause.MISSING_OUTPUT: "Left no result",
    Cause.ACCESS: "No access to the data",
    Cause.SUBMISSION: "Not accepted by the scheduler",
    Cause.QUOTA: "A limit of the portal",
    Cause.ACCOUNT: "No account on the cluster",
    Cause.AWAY: "Something did not answer",
}
"""What stands over several failures, for staff."""

SAFE = "Your dataset is unchanged."
_MARKS = str.maketrans("“”", "‘’")
_TERMINAL = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")
_NOT_STARTED = re.compile(r"^The program could not be started[.:]\s*")
MOST_LAST_WORDS = 300
MIB = 2**20


@dataclass(frozen=True)
class Asked:
    """What the attempt had, what it would need by all that is known, and what can be asked for next time."""

    memory_mb: int = 1024
    time_s: int = 3600
    grace_s: int = 0
    """How long before its time limit its program is told to end."""
    more_memory_mb: int | None = None
    """What to run again with; None: nothing that its analysis allows would help."""
    more_time_s: int | None = None
    success_codes: tuple[int, ...] = (0,)
    most_memory_mb: int | None = None
    """The most that its analysis allows; None: not looked at."""
    most_time_s: int | None = None
    need: Need | None = None
    """How long it would need, where its progress told."""
    last: LastWord | None = None
    """What it had said last of how far it was, where that tells nothing of how long it needs."""
    step: str = ""
    """The step that it was in, as "step 2 of 3, deconvolving"; empty where its program names none."""
    peak_bytes: int | None = None
    """The most memory that it was seen to use."""
    others: str = ""
    """What finished runs like it used of memory, as a sentence; empty where too few tell."""
    codes: Mapping[int, str] = field(default_factory=dict)
    """What exit codes of its program mean, by its job type."""


def title_of(code: str) -> str:
    """The heading of a cause's code; the code itself where an earlier release had another."""
    return TITLES[Cause(code)] if code in set(Cause) else code.capitalize()


def in_short(text: str) -> str:
    """What happened, without what is said to the job's owner alone."""
    return text.partition(SAFE)[0].strip()


def retry_of(cause: Cause) -> Retry:
    """What another try needs after this cause."""
    return RETRY.get(cause, Retry.NEVER)


def may_help(cause: str | None, asked: Asked) -> bool:
    """Whether another try, with more of what it ran out of, could end otherwise."""
    if cause == Cause.MEMORY:
        return asked.more_memory_mb is not None
    if cause == Cause.TIME:
        return asked.more_time_s is not None
    return cause not in {Cause.DECLINED, Cause.INPUT, Cause.MISSING_OUTPUT}


def as_it_was(cause: str | None) -> bool:
    """Whether another try with the very same resources could end otherwise."""
    return cause not in {Cause.MEMORY, Cause.TIME, Cause.DECLINED, Cause.INPUT, Cause.MISSING_OUTPUT}


def limit_of(asked: Asked) -> str:
    """Its time limit, with what of it is not for work where that is a part that counts."""
    limit, work_s = words.limit(asked.time_s), for_work(asked.time_s, asked.grace_s)
    if work_s > asked.time_s * WHOLE:
        return limit
    return f"{limit}, {words.duration(asked.time_s - work_s)} of it for its end"


WHOLE = 0.9
"""Where a program may work for more than this part of its limit, the rest is not worth a word."""


def out_of_memory(asked: Asked) -> str:
    """What is said of a job that needed more memory than it had asked for, by its measured peak."""
    had = words.memory(asked.memory_mb)
    peak_mb = (asked.peak_bytes or 0) / MIB
    start = f"It ran out of memory ({had})."
    if peak_mb > asked.memory_mb:
        used = words.memory(peak_mb)
        start = f"It ran out of memory: it had {had}, and used {used} when it was ended."
    most = asked.most_memory_mb or asked.memory_mb
    if peak_mb > most:
        return f"{start} That is more than the {words.memory(most)} that this analysis may have. {SAFE} {SMALLER}"
    if asked.more_memory_mb is None:
        return f"{start} {SAFE} It had the most that this analysis may use. {SMALLER}"
    unknown = asked.others or "How much it needs in all is not known."
    return f"{start} {unknown} {SAFE} Run again with {words.memory(asked.more_memory_mb)}?"


def out_of_time(asked: Asked) -> str:
    """The time limit, how far the job was, how long it needs at that rate, and what can be done."""
    limit = limit_of(asked)
    if asked.need is None:
        start = f"It reached its time limit ({limit})."
        known = _last_word(asked) or "How far it was is not known, so how long it needs is not either."
    elif asked.need.all_of_it:
        start = f"It reached its time limit ({limit}) after about {_percent(asked.need.done)} of its work."
        known = f"At that rate it needs about {about_words(asked.need.seconds)}."
    else:
        where = f" in {asked.step}" if asked.step else f" while {asked.need.stage}"
        start = f"It reached its time limit ({limit}){where}, of which {_percent(asked.need.done)} was done."
        least = about_words(asked.need.seconds)
        known = f"At that rate it needs at least {least}; how long the steps after it take is not known."
    if asked.more_time_s is not None:
        return f"{start} {known} {SAFE} Run again with {words.limit(asked.more_time_s)}?"
    most = asked.most_time_s or asked.time_s
    if asked.need is not None and asked.need.seconds > for_work(most, asked.grace_s):
        known = f"{known.rstrip('.')}, more than the {words.limit(most)} that this analysis may have."
        return f"{start} {known} {SAFE} {SMALLER}"
    return f"{start} {known} {SAFE} It had the most that this analysis may use. {SMALLER}"


SMALLER = "A smaller part of the data may do; staff can allow the analysis more."


def _last_word(asked: Asked) -> str:
    """What is known of a run that said how far it was, and then nothing for longer than its rate had told."""
    if asked.last is None:
        return ""
    of_what = "its work" if asked.last.whole else asked.step or "this step"
    quiet = (
        f" and nothing for {about_words(asked.last.before_s)} before its end" if asked.last.before_s >= 5 else ""
    )
    return f"It had said {_percent(asked.last.done)} of {of_what}{quiet}, so how long it needs is not known."


def _percent(share: float) -> str:
    return f"{max(1, min(99, round(100 * share)))} %"


def refused_by_program(why: str) -> str:
    """Why the program says that it refused: between marks, as its words, of which none ends them."""
    return f"The program says: “{why.translate(_MARKS)}” {SAFE}"


def exit_code(last: str = "") -> str:
    """The program's own verdict on itself; `last`: what it wrote last, its words and not ours."""
    said = f"Its last words: “{last.translate(_MARKS)}” " if last else "It wrote nothing that says why. "
    return f"The program stopped with an error. {said}{SAFE}"


def known_code(code: int, means: str) -> str:
    """What the job type says of the program's exit code."""
    return f"{means.rstrip('. ')}. (Its program ended with the code {code}, which says so.) {SAFE}"


def said_cause(lines: str, pattern: LinePattern) -> str:
    """What the last line of a log that the pattern fits gives as the reason, printable; else empty."""
    for line in reversed(lines.splitlines()):
        found = pattern.found(_TERMINAL.sub("", line))
        said = words.one_line(found.get("cause", ""), MOST_LAST_WORDS) if found else ""
        if any(c.isalnum() for c in said):
            return said
    return ""


def by_its_words(why: str) -> str:
    """The reason that the program's own output gives, which its job type knows how to find."""
    return f"The program stopped with an error: “{why.translate(_MARKS)}” {SAFE}"


def last_words(lines: str) -> str:
    """The last line of a log that says anything, printable and without a terminal's commands; else empty."""
    for line in reversed(lines.splitlines()):
        # What was written over, as progress bars do, is not to be seen on a terminal either.
        shown = next((part for part in reversed(_TERMINAL.sub("", line).split("\r")) if part.strip()), "")
        said = words.one_line(shown, MOST_LAST_WORDS)
        if any(c.isalnum() for c in said):
            return said
    return ""


def by_signal(number: int, node: str | None = None) -> str:
    """A signal ended it: it crashed, or something outside ended it."""
    where = f" on {node}" if node else ""
    name = words.signal_name(number).partition(", ")[2]
    what = f" ({name})" if name else ""
    if number in CRASHES:
        return f"The program crashed{where}{what}. {SAFE}"
    return f"The program was ended from outside{where}{what}. {SAFE}"


CRASHES = frozenset({4, 6, 7, 8, 11})


def node_failed(node: str | None, reason: str | None = None) -> str:
    """The machine, or what watched over the job there, is gone."""
    where = f"The computer it ran on ({node})" if node else "The computer it ran on"
    said = f" ({words.one_line(reason, 200).rstrip('.')})" if reason else ""
    return f"{where} stopped working on it{said}. {SAFE} Running it again should help."


def cancelled(by: str | None) -> str:
    """Who ended it, by a wish that this portal has kept."""
    return f"Cancelled by {by}." if by else "Cancelled outside this portal, for example by the cluster's staff."


def cancelled_outside(by: str | None, *, own: bool) -> str:
    """Somebody ended it at the scheduler: its owner, or an account of the cluster's that the scheduler names."""
    if own:
        return "Cancelled by its owner on the cluster, outside this portal."
    return f"Cancelled by the cluster's staff ({by}), outside this portal." if by else cancelled(None)


def input_gone(detail: str | None) -> str:
    """An input is not what was chosen."""
    said = words.one_line(detail) if detail else "An input is gone or has changed since it was chosen"
    return f"{said.rstrip('.')}. Nothing was computed. Choose the dataset again, or ask who looks after it."


def start_failed(detail: str | None) -> str:
    """The program could not be started. What launch says of it may begin with the same words."""
    why = _NOT_STARTED.sub("", words.one_line(detail)).rstrip(".") if detail else ""
    said = f" ({why})" if why else ""
    return f"The program could not be started{said}. {SAFE} Please tell staff: the analysis is set up wrongly."


def image_gone(detail: str | None) -> str:
    """The container image is missing or not the one that was signed off."""
    said = f" ({words.one_line(detail).rstrip('.')})" if detail else ""
    return f"The analysis's software image is missing or has changed{said}. {SAFE} Please tell staff."


def licence_silent(detail: str | None) -> str:
    """A licence server did not answer when the job was to start."""
    said = words.one_line(detail).rstrip(".") if detail else "A licence server of this analysis does not answer"
    return f"{said}. Nothing was computed. {SAFE} Run it again later, or tell staff which server it is."


def disk_full(detail: str | None = None) -> str:
    """No room where the job works."""
    said = f" ({words.one_line(detail, 200).rstrip('.')})" if detail else ""
    return f"The disk that jobs work on is full{said}. {SAFE} Run it again when there is room."


def no_result(late_s: float, invalid: str | None, node: str | None = None) -> str:
    """It ended without saying how."""
    where = f" on {node}" if node else ""
    if invalid:
        note = f"its report cannot be used: {words.one_line(invalid, 200).rstrip('.')}"
        return f"It ended{where} without a result; {note}. {SAFE}"
    waited = f" within {words.duration(late_s)}" if late_s >= 1 else ""
    return f"It ended{where} without a result, and none appeared{waited}. {SAFE}"


def refused(why: str) -> str:
    """The collector does not take the result. `why` is a clause: "output/x is a link"."""
    clause = words.one_line(why).rstrip(".")
    return f"The result was not accepted: {clause}. {SAFE} Nothing was added to the catalogue."
