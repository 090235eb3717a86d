from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from portal.catalogue.models import Grouping, InvestigationGroup, User, UserGroup
from portal.daemon import lease
from portal.daemon.health import Health, write_health
from portal.errors import InvalidError, NotFoundError
from portal.identity.actor import NOBODY
from portal.jobs.models import Attempt, Job, Submission
from portal.jobs.read import (
    cluster_status,
    counts,
    get_job,
    get_submission,
    job_view,
    list_jobs,
    log_tail,
    own_counts,
    sentence,
)
from portal.jobs.said import FilesSaid, Seen, Waiting
from portal.jobs.state import State
from portal.trials.trial import Trial


def listed(desk, who="maya", **asked):
    with desk.database.read() as session:
        return list_jobs(session, desk.actor(who), **asked)


def set_jobs(desk, **values):
    with desk.database.write() as session:
        session.execute(update(Job).values(**values))


@pytest.mark.parametrize(("person", "sees"), [("maya", True), ("ravi", True), ("sam", True), ("tom", False)])
def test_owner_team_and_staff_see_a_job_and_others_do_not(desk, person, sees):
    submission = desk.submit()
    job = desk.jobs()[0].id
    assert listed(desk, person).total == sees
    with desk.database.read() as session:
        if sees:
            assert get_job(session, desk.actor(person), job).id == job
            assert get_submission(session, desk.actor(person), submission).id == submission
            return
        with pytest.raises(NotFoundError):
            get_job(session, desk.actor(person), job)
        with pytest.raises(NotFoundError):
            get_submission(session, desk.actor(person), submission)
        assert counts(session, desk.actor(person), submission) == {}
        with pytest.raises(NotFoundError):
            log_tail(session, desk.actor(person), job, stream="stdout", offset=0, settings=desk.settings)


def test_a_group_of_the_experiment_sees_its_jobs(desk):
    desk.submit()
    with desk.database.write() as session:
        group = Grouping(name="collaborators")
        tom = session.query(User).filter_by(name="tom").one()
        session.add_all(
            [
                group,
                UserGroup(grouping=group, user=tom),
                InvestigationGroup(
                    grouping=group, investigation_id=desk.facility.investigations["private"], role="collaborator"
                ),
            ]
        )
    assert listed(desk, "tom").total == 1


def test_a_visitor_sees_no_job(desk):
    desk.submit()
    with desk.database.read() as session:
        assert list_jobs(session, NOBODY).total == 0


def test_jobs_are_found_by_state_word_person_text_and_number(desk):
    desk.submit(*desk.more_stacks(3))
    desk.submit(person="ravi", title="Ravi's own")
    assert listed(desk, state="waiting").total == 4
    assert listed(desk, state=State.FAILED).total == 0
    assert listed(desk, person="ravi", state="queued").total == 1
    assert listed(desk, text="stack 1").total == 1
    assert listed(desk, text="COUNT").total == 4
    assert listed(desk, text=desk.jobs()[0].number.lower()).total == 1
    assert listed(desk, text="100%").total == 0


def test_lists_come_in_pages_newest_first(desk):
    desk.submit(*desk.more_stacks(5))
    first = listed(desk, size=2)
    assert ([job.title for job in first.items], first.total, first.next) == (
        ["Stack 4, counted", "Stack 3, counted"],
        5,
        2,
    )
    assert listed(desk, size=2, page=3).next is None


def test_a_batch_is_counted_by_state(desk):
    submission = desk.submit(*desk.more_stacks(3))
    with desk.database.write() as session:
        session.execute(update(Job).where(Job.index == 1).values(state=State.FAILED))
    with desk.database.read() as session:
        assert counts(session, desk.actor(), submission) == {State.QUEUED: 2, State.FAILED: 1}
        assert counts(session, desk.actor("tom"), submission) == {}


def test_own_jobs_are_counted_apart_from_what_was_tried_until_it_is_kept(desk):
    _run, values, draft, kept = (desk.submit(one) for one in desk.more_stacks(4))
    desk.submit(person="ravi")
    with desk.database.write() as session:
        session.get_one(Submission, values).trial = Trial("sigma", {}, {}, ())
        session.get_one(Submission, draft).draft = session.get_one(Submission, kept).draft = True
        session.get_one(Submission, kept).kept = desk.now
        session.execute(update(Job).where(Job.submission_id == values).values(state=State.FAILED))
    with desk.database.read() as session:
        assert own_counts(session, desk.actor(), trials=False) == {State.QUEUED: 2}
        assert own_counts(session, desk.actor(), trials=True) == {State.QUEUED: 1, State.FAILED: 1}
        assert own_counts(session, desk.actor("sam"), trials=False) == {}


SINCE = datetime(2026, 11, 20, 14, 2, tzinfo=UTC)


def view(desk, after_s=360, status=None, **values):
    set_jobs(desk, **values)
    with desk.database.read() as session:
        job = get_job(session, desk.actor(), desk.jobs()[0].id)
        return job_view(job, desk.now + timedelta(seconds=after_s), status=status)


def test_a_waiting_job_says_how_long_and_why(desk):
    desk.submit()
    seen = view(desk, waiting=Waiting("All 4 GPUs are busy; two jobs are ahead.", 2))
    assert seen.sentence == "Waiting 6 minutes. All 4 GPUs are busy; two jobs are ahead."
    assert (seen.waited_s, seen.position, seen.can_cancel, seen.can_retry) == (360, 2, True, False)


def test_a_failed_job_offers_more_of_what_it_lacked(desk):
    desk.submit()
    seen = view(desk, state=State.FAILED, cause="memory", cause_words="It ran out of memory (1 GB).")
    assert (seen.sentence, seen.more_memory_mb, seen.more_time_s) == ("It ran out of memory (1 GB).", 2048, None)
    assert (seen.can_cancel, seen.can_retry) == (False, True)


def test_a_job_being_cancelled_says_for_whom(desk):
    desk.submit()
    seen = view(desk, state=State.RUNNING, cancel_requested=desk.now, cancel_requested_by="Maya Lind")
    assert (seen.sentence, seen.can_cancel) == ("Being cancelled for Maya Lind.", False)


def status_of(desk, problems=(), **clusters):
    """The status while a daemon is at work; clusters by name: whether they answered, and since when."""
    held = lease.take(desk.database, "d", lasts=timedelta(seconds=60))
    with desk.database.write() as session:
        lease.write_status(session, held, {"problems": list(problems)})
        write_health(session, {name: Health({}, *seen) for name, seen in clusters.items()})
    with desk.database.read() as session:
        return cluster_status(session)


def test_a_silent_cluster_is_said_on_the_jobs_it_may_run(desk):
    desk.submit()
    status = status_of(desk, here=(False, SINCE))
    seen = view(desk, status=status, state=State.RUNNING, started=desk.now)
    assert seen.sentence == ("The cluster has not answered since 14:02. Nothing is lost; your job may be running.")


@pytest.mark.parametrize("state", [State.QUEUED, State.SUBMITTING])
def test_while_the_cluster_is_silent_a_job_that_it_does_not_have_says_when_it_gets_it(desk, state):
    desk.submit()
    seen = view(desk, status=status_of(desk, here=(False, SINCE)), state=state)
    words = "It is handed over when the cluster answers again. Nothing is lost."
    assert seen.sentence == f"Waiting 6 minutes. {words}"


def test_before_anybody_asked_a_cluster_nothing_is_said_of_it(desk):
    status = status_of(desk)
    assert (status.daemon_alive, status.banner, status.clusters, status.troubles) == (True, "", (), ())


def test_of_several_clusters_the_silent_one_is_told(desk):
    later = SINCE + timedelta(hours=1)
    status = status_of(desk, a=(True, SINCE), b=(False, later, "No route."), c=(None, None))
    assert [(one.name, one.answered, one.since, one.message) for one in status.clusters] == [
        ("a", True, SINCE, ""),
        ("b", False, later, "No route."),
        ("c", None, None, ""),
    ]
    assert [one.name for one in status.silent] == ["b"]


def test_what_is_wrong_with_the_daemons_parts_and_with_a_cluster_is_told_apart(desk):
    held = lease.take(desk.database, "d", lasts=timedelta(seconds=60))
    with desk.database.write() as session:
        lease.write_status(session, held, {"problems": ["The store is full."]})
        write_health(session, {"a": Health({"nodes": "Nodes cannot be read."}, True, SINCE)})
    with desk.database.read() as session:
        status = cluster_status(session)
    assert status.troubles == ("The store is full.",)
    assert status.clusters[0].problems == ("Nodes cannot be read.",)


def test_without_a_daemon_a_queued_job_does_not_promise_to_be_handed_over_in_a_moment(desk):
    desk.submit()
    with desk.database.read() as session:
        status = cluster_status(session)
    assert "have not been looked after" in view(desk, status=status, state=State.QUEUED).sentence


def test_without_a_daemon_the_banner_says_so(desk):
    with desk.database.read() as session:
        status = cluster_status(session)
    assert "have not been looked after" in status.banner


def test_an_absent_job_says_that_nothing_is_concluded(desk):
    desk.submit()
    seen = view(desk, state=State.RUNNING, started=desk.now, absent_since=desk.now)
    assert "has not listed it since 12:00" in seen.sentence


def test_the_sentence_of_a_card_is_the_one_of_the_page(desk):
    desk.submit()
    with desk.database.read() as session:
        job = get_job(session, desk.actor(), desk.jobs()[0].id)
        assert sentence(job, desk.now) == job_view(job, desk.now).sentence


# ---- the log -------------------------------------------------------------------------------------------------


@pytest.fixture
def log(desk):
    """The log of a job that runs, as its program writes it."""
    desk.submit()
    with desk.database.write() as session:
        job = session.get_one(Job, desk.jobs()[0].id)
        attempt = Attempt(
            job_id=job.id, number=1, name="x", cluster="local", resources=job.resources, created=desk.now
        )
        session.add(attempt)
        session.flush()
        folder = desk.settings.scratch / attempt.id
    folder.mkdir()
    set_jobs(desk, state=State.RUNNING)
    return folder / "stdout.log"


def tail(desk, offset=0, stream="stdout"):
    with desk.database.read() as session:
        return log_tail(
            session, desk.actor(), desk.jobs()[0].id, stream=stream, offset=offset, settings=desk.settings
        )


def test_a_log_is_read_piece_by_piece_while_it_grows(desk, log):
    assert tail(desk).note == "It has not written anything yet."
    log.write_text("one\n")
    first = tail(desk)
    assert (first.text, first.next_offset, first.final) == ("one\n", 4, False)
    with log.open("a") as stream:
        stream.write("two\n")
    assert tail(desk, first.next_offset).text == "two\n"
    assert tail(desk, -2).text == "o\n"
    assert tail(desk, 999).text == ""
    set_jobs(desk, state=State.SUCCEEDED)
    assert tail(desk, 4).final


def test_of_a_job_that_ended_it_is_not_said_that_more_may_come(desk, log):
    set_jobs(desk, state=State.SUCCEEDED)
    assert (tail(desk).note, tail(desk).final) == ("It wrote nothing here.", True)
    log.write_text("")
    assert (tail(desk).note, tail(desk).final) == ("It wrote nothing here.", True)


def test_a_character_is_never_cut_in_two(desk, log):
    log.write_bytes(b"x" * 65535 + "é".encode() + b"end")
    first = tail(desk)
    assert (len(first.text), first.next_offset) == (65535, 65535)
    assert tail(desk, first.next_offset).text == "éend"


def test_a_log_that_is_a_link_is_not_followed(desk, log, tmp_path):
    (tmp_path / "secret").write_text("secret")
    log.symlink_to(tmp_path / "secret")
    seen = tail(desk)
    assert seen.text == ""
    assert "cannot be shown" in seen.note


def test_a_job_has_two_logs_and_no_others(desk, log):
    with pytest.raises(InvalidError):
        tail(desk, stream="../job.json")


def test_when_the_folder_is_gone_the_last_lines_remain(desk, log):
    with desk.database.write() as session:
        session.execute(
            update(Attempt).values(purged=datetime.now(UTC), seen=Seen(files=FilesSaid(last_lines="It broke.")))
        )
    seen = tail(desk)
    assert (seen.text, seen.final) == ("It broke.", True)
    assert "removed" in seen.note
