"""One test a cell of the table: the scheduler's final state × result.json."""

import dataclasses

import pytest

from portal.daemon.reconcile.verdict import RESERVED, Action, Ended, OwnWords, judge, judge_absent
from portal.jobs.cause import RETRY, Asked, Cause, Retry, last_words, retry_of
from portal.jobs.result_json import Testimony as Said
from portal.scheduler.base import Ending

ASKED = Asked(memory_mb=2048, time_s=600, more_memory_mb=4096, more_time_s=1200)
GOOD = Said(
    exit_code=0,
    signal=None,
    reason=None,
    detail=None,
    started=None,
    ended=None,
    host="node1",
    runner="environment",
    cpus=1,
    cpu_s=1.0,
    memory_peak_bytes=10,
    memory_limit_bytes=2048 * 2**20,
    stdout_truncated=False,
    stderr_truncated=False,
    launch_version="0.1.0",
)
BAD = dataclasses.replace(GOOD, exit_code=3)
TESTIMONIES = {"exit 0": GOOD, "exit 3": BAD, "absent": None}
WINS = {
    Ending.OUT_OF_MEMORY: (Cause.MEMORY, Retry.MORE_MEMORY),
    Ending.TIMEOUT: (Cause.TIME, Retry.MORE_TIME),
    Ending.NODE_FAIL: (Cause.NODE, Retry.SAME),
    Ending.PREEMPTED: (Cause.PREEMPTED, Retry.SAME),
    Ending.BOOT_FAIL: (Cause.NODE, Retry.SAME),
    Ending.DEADLINE: (Cause.DEADLINE, Retry.NEVER),
}


def test_completed_with_exit_0_is_collected():
    assert judge(Ended(Ending.COMPLETED), GOOD, ASKED).action is Action.COLLECT


def test_completed_with_another_exit_code_fails_with_it():
    verdict = judge(Ended(Ending.COMPLETED), BAD, ASKED)
    assert (verdict.action, verdict.cause) == (Action.FAIL, Cause.EXIT)
    assert verdict.words.startswith("The program stopped with an error.")


def test_completed_with_a_code_that_the_job_type_calls_success_is_collected():
    asked = dataclasses.replace(ASKED, success_codes=(0, 3))
    assert judge(Ended(Ending.COMPLETED), BAD, asked).action is Action.COLLECT


def test_completed_without_a_result_waits_while_it_may_show_late():
    assert judge(Ended(Ending.COMPLETED), None, ASKED, waited_s=119, late_result_s=120).action is Action.WAIT


def test_completed_without_a_result_fails_when_the_wait_is_over():
    verdict = judge(Ended(Ending.COMPLETED), None, ASKED, waited_s=120, late_result_s=120)
    assert (verdict.action, verdict.cause) == (Action.FAIL, Cause.NO_RESULT)
    assert "2 minutes" in verdict.words


def test_completed_with_an_invalid_result_says_why_it_cannot_be_used():
    verdict = judge(
        Ended(Ending.COMPLETED), None, ASKED, waited_s=1, late_result_s=0, invalid="it is about another attempt"
    )
    assert verdict.cause is Cause.NO_RESULT
    assert "another attempt" in verdict.words


def test_failed_with_exit_0_shows_both_words():
    verdict = judge(Ended(Ending.FAILED, exit_code=1), GOOD, ASKED)
    assert (verdict.action, verdict.cause) == (Action.FAIL, Cause.DIFFERS)
    assert "The program reports that it ended well, the scheduler that it failed." in verdict.words


def test_failed_with_another_exit_code_fails_with_it():
    verdict = judge(Ended(Ending.FAILED, exit_code=3), BAD, ASKED)
    assert (verdict.action, verdict.cause) == (Action.FAIL, Cause.EXIT)


def test_failed_with_a_signal_fails_with_the_signal():
    verdict = judge(
        Ended(Ending.FAILED, exit_code=139), dataclasses.replace(GOOD, exit_code=None, signal=11), ASKED
    )
    assert verdict.cause is Cause.SIGNAL
    assert "segmentation fault" in verdict.words


def test_failed_with_a_code_that_both_saw_and_the_job_type_calls_success_is_collected():
    asked = dataclasses.replace(ASKED, success_codes=(0, 3))
    assert judge(Ended(Ending.FAILED, exit_code=3), BAD, asked).action is Action.COLLECT
    assert judge(Ended(Ending.FAILED, exit_code=4), BAD, asked).action is Action.FAIL


def test_failed_without_a_result_names_the_node_and_no_code():
    verdict = judge(Ended(Ending.FAILED, exit_code=7, node="node9"), None, ASKED)
    assert verdict.cause is Cause.EXIT
    assert "7" not in verdict.words
    assert "node9" in verdict.words


def test_failed_without_a_result_names_the_signal_and_node():
    verdict = judge(Ended(Ending.FAILED, signal=9, node="node9"), None, ASKED)
    assert verdict.cause is Cause.SIGNAL
    assert "node9" in verdict.words


@pytest.mark.parametrize("code", sorted(RESERVED))
def test_failed_without_a_result_reads_the_reserved_exit_codes(code):
    verdict = judge(Ended(Ending.FAILED, exit_code=code), None, ASKED)
    assert (verdict.action, verdict.cause) == (Action.FAIL, RESERVED[code])


@pytest.mark.parametrize("left", TESTIMONIES)
@pytest.mark.parametrize("ending", WINS)
def test_the_schedulers_failure_wins(ending, left):
    verdict = judge(Ended(ending, node="node1"), TESTIMONIES[left], ASKED)
    assert (verdict.action, verdict.cause, verdict.retry) == (Action.FAIL, *WINS[ending])
    assert ("kept aside" in verdict.words) == (left != "absent")


@pytest.mark.parametrize("left", TESTIMONIES)
def test_cancelled_by_the_portals_wish_says_who_asked(left):
    verdict = judge(Ended(Ending.CANCELLED, by="root"), TESTIMONIES[left], ASKED, wished_by="Maya Lind")
    assert (verdict.action, verdict.words) == (Action.CANCEL, "Cancelled by Maya Lind.")


@pytest.mark.parametrize("left", TESTIMONIES)
def test_cancelled_by_others_says_by_whom(left):
    verdict = judge(Ended(Ending.CANCELLED, by="root"), TESTIMONIES[left], ASKED)
    assert verdict.action is Action.CANCEL
    assert verdict.words == "Cancelled by the cluster's staff (root), outside this portal."
    own = judge(Ended(Ending.CANCELLED, by="maya", by_owner=True), TESTIMONIES[left], ASKED)
    assert own.words == "Cancelled by its owner on the cluster, outside this portal."
    assert "staff" in judge(Ended(Ending.CANCELLED), TESTIMONIES[left], ASKED).words


@pytest.mark.parametrize("left", TESTIMONIES)
def test_an_unknown_word_changes_nothing(left):
    assert judge(Ended(None, exit_code=0), TESTIMONIES[left], ASKED, waited_s=1e9).action is Action.NOTHING


@pytest.mark.parametrize("left", TESTIMONIES)
def test_absence_changes_nothing_before_the_time_is_over(left):
    assert judge_absent(TESTIMONIES[left], ASKED, absent_s=899, lost_s=900).action is Action.NOTHING


def test_absence_and_a_good_result_are_collected_and_said_so():
    verdict = judge_absent(GOOD, ASKED, absent_s=900, lost_s=900)
    assert (verdict.action, verdict.cause) == (Action.COLLECT, Cause.UNKNOWN)


def test_absence_and_a_bad_result_fail_with_the_programs_word():
    verdict = judge_absent(BAD, ASKED, absent_s=900, lost_s=900)
    assert (verdict.action, verdict.cause) == (Action.FAIL, Cause.EXIT)
    assert "15 minutes" in verdict.words


def test_absence_without_a_result_is_lost_and_worth_another_try():
    verdict = judge_absent(None, ASKED, absent_s=900, lost_s=900)
    assert (verdict.cause, verdict.retry) == (Cause.LOST, Retry.SAME)


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("memory", Cause.MEMORY),
        ("time", Cause.TIME),
        ("input", Cause.INPUT),
        ("image", Cause.IMAGE),
        ("start", Cause.START),
        ("disk", Cause.DISK),
        ("licence", Cause.LICENCE),
    ],
)
def test_launchs_own_word_for_the_failure_is_used(reason, cause):
    testimony = dataclasses.replace(GOOD, exit_code=1, reason=reason, detail="stack.h5 is gone")
    verdict = judge(Ended(Ending.FAILED, exit_code=1), testimony, ASKED)
    assert verdict.cause is cause
    if reason == "input":
        assert "stack.h5" in verdict.words


def test_a_kill_at_the_limit_is_memory_even_where_the_scheduler_does_not_know():
    testimony = dataclasses.replace(
        GOOD, exit_code=None, signal=9, memory_peak_bytes=3 * 2**30, memory_limit_bytes=2 * 2**30
    )
    verdict = judge(Ended(Ending.FAILED, signal=9), testimony, ASKED)
    assert verdict.cause is Cause.MEMORY


def test_the_sentence_for_memory_is_the_one_of_the_house():
    verdict = judge(Ended(Ending.OUT_OF_MEMORY), None, ASKED)
    assert verdict.words == (
        "It ran out of memory (2 GB). How much it needs in all is not known. Your dataset is unchanged. "
        "Run again with 4 GB?"
    )


def test_the_largest_variant_offers_no_more():
    asked = dataclasses.replace(ASKED, more_memory_mb=None, more_time_s=None)
    assert "Run again with" not in judge(Ended(Ending.OUT_OF_MEMORY), None, asked).words
    assert "Run again with" not in judge(Ended(Ending.TIMEOUT), None, asked).words


def test_a_wish_and_an_end_by_its_signal_is_a_cancellation():
    testimony = dataclasses.replace(GOOD, exit_code=None, signal=15, reason="cancelled")
    verdict = judge(Ended(Ending.FAILED, exit_code=143), testimony, ASKED, wished_by="Maya Lind")
    assert verdict.action is Action.CANCEL


def test_a_wish_that_came_too_late_does_not_take_the_result_away():
    assert judge(Ended(Ending.COMPLETED), GOOD, ASKED, wished_by="Maya Lind").action is Action.COLLECT


def test_every_cause_has_a_class_of_retry():
    assert set(RETRY) <= set(Cause)
    assert retry_of(Cause.EXIT) is Retry.NEVER


@pytest.mark.parametrize("ending", [Ending.COMPLETED, Ending.FAILED])
def test_a_programs_refusal_is_said_as_its_words(ending):
    verdict = judge(Ended(ending, exit_code=3), BAD, ASKED, said=OwnWords("a.h5 holds no volume.", last="Bye."))
    assert (verdict.action, verdict.cause) == (Action.FAIL, Cause.DECLINED)
    assert verdict.words == "The program says: “a.h5 holds no volume.” Your dataset is unchanged."
    absent = judge_absent(BAD, ASKED, absent_s=20, lost_s=10, said=OwnWords("a.h5 holds no volume."))
    assert absent.words.startswith(verdict.words)


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("Traceback (most recent call last):\n  File 'x.py'\nKeyError: 'data'\n\n", "KeyError: 'data'"),
        ("reading\n\x1b[31mno such\x1b[0m file\x1b]0;title\x07", "no such file"),
        ("10 %\r50 %\r\x1b[2Kcannot go on\r", "cannot go on"),
        ("it is over.” Your data are gone.\n----\n", "it is over.’ Your data are gone."),
        ("\u202egnp.exe\x00", "\ufffdgnp.exe\ufffd"),
    ],
)
def test_the_last_line_that_a_program_wrote_is_a_hint_in_its_own_words(log, said):
    verdict = judge(Ended(Ending.FAILED, exit_code=3), BAD, ASKED, said=OwnWords(last=last_words(log)))
    assert verdict.cause is Cause.EXIT
    assert (
        verdict.words == f"The program stopped with an error. Its last words: “{said}” Your dataset is unchanged."
    )


def test_last_words_are_bounded_and_none_where_a_log_says_nothing():
    assert len(last_words("x" * 100_000)) == 300
    assert last_words("\n \n=====\n\x1b[0m") == ""


def test_nothing_in_a_refusal_ends_its_marks():
    verdict = judge(Ended(Ending.FAILED, exit_code=3), BAD, ASKED, said=OwnWords("no.” All is lost. “Oh"))
    assert verdict.words == "The program says: “no.’ All is lost. ‘Oh” Your dataset is unchanged."


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (Ended(Ending.COMPLETED), GOOD),
        (Ended(Ending.FAILED, exit_code=1), GOOD),
        (Ended(Ending.OUT_OF_MEMORY), BAD),
        (Ended(Ending.FAILED, signal=11), dataclasses.replace(BAD, exit_code=None, signal=11)),
        (Ended(Ending.FAILED, exit_code=3), dataclasses.replace(BAD, reason="disk")),
        (Ended(Ending.FAILED, exit_code=92), None),
    ],
)
def test_a_refusal_changes_no_other_ending(ended, said):
    assert judge(ended, said, ASKED, said=OwnWords("a.h5 holds no volume.")) == judge(ended, said, ASKED)


@pytest.mark.parametrize("said", ["The program could not be started. ", "The program could not be started: ", ""])
def test_that_a_program_could_not_be_started_is_said_once(said):
    testimony = dataclasses.replace(GOOD, exit_code=95, reason="start", detail=f"{said}mpirun: No such file")
    words = judge(Ended(Ending.FAILED, exit_code=95), testimony, ASKED).words
    assert words.startswith("The program could not be started (mpirun: No such file). ")
