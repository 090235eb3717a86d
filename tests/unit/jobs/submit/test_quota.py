from portal.jobs.submit.quota import Admission, admit, releasable, waiting_words


def ask(**changes):
    values = {"wanted": 1, "unfinished": 0, "held": 0, "queued_limit": 10, "submission_limit": 5}
    return admit(**(values | changes))


def test_a_job_within_the_limits_is_admitted():
    assert ask(wanted=5, unfinished=5).admission is Admission.ADMITTED


def test_a_submission_with_too_many_datasets_is_refused_with_both_numbers():
    answer = ask(wanted=6)
    assert answer.admission is Admission.REFUSED
    assert "5 datasets" in answer.words
    assert "6" in answer.words


def test_a_submission_that_could_never_fit_is_refused():
    assert ask(wanted=11, submission_limit=100).admission is Admission.REFUSED


def test_jobs_above_the_limit_are_held_until_earlier_ones_end():
    answer = ask(wanted=2, unfinished=9)
    assert answer.admission is Admission.HELD
    assert "9 unfinished jobs" in answer.words


def test_a_second_submission_above_the_limit_is_refused():
    assert ask(wanted=1, unfinished=10, held=1).admission is Admission.REFUSED


def test_held_jobs_are_released_into_the_room_there_is():
    assert releasable(unfinished=7, queued_limit=10) == 3
    assert releasable(unfinished=12, queued_limit=10) == 0


def test_only_so_many_jobs_of_one_person_go_to_the_scheduler():
    assert waiting_words(running_limit=4) == "You may run 4 jobs at once; this one starts when one ends."
    assert waiting_words(running_limit=1, cluster="red") == (
        "You may run 1 job at once at the cluster red; this one starts when one ends there."
    )
