"""Wishes that jobs end: each is sent once, again if it shows no effect, and none keeps another from being sent."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from portal.config import load_settings
from portal.daemon import cancel
from portal.daemon.cancel import AGAIN, cancel_step
from portal.daemon.retention import retain_step
from portal.jobs import actions
from portal.jobs.models import Job
from portal.jobs.state import State
from portal.rpc.exchange import AnswerLostError, Refusal


def step(bench, seconds=0.0):
    return cancel_step(bench.deps, bench.now + timedelta(seconds=seconds))


def wished(bench, count, person="maya"):
    """So many jobs at the scheduler, of which their person wishes that they end."""
    ids = bench.desk.more_stacks(count) if person == "maya" else []
    bench.desk.submit(*ids, person=person)
    bench.dispatch()
    for job in bench.jobs():
        if job.cancel_requested is None and job.person.name == person:
            bench.desk.change(actions.cancel, person, job.id)


@pytest.fixture
def own_accounts(bench):
    """Each person has an account of their own."""
    bench.deps.settings = load_settings(
        {}, scratch=bench.deps.settings.scratch, agent={"command": ["sudo", "-u", "{account}", "agent"]}
    )
    return bench


def test_all_wishes_of_a_batch_go_in_one_call(bench):
    wished(bench, 6)
    bench.cluster.calls.clear()
    assert step(bench)
    assert bench.cluster.calls == ["cancel"]
    assert sorted(bench.cluster.cancelled) == sorted(job.attempt.id for job in bench.jobs())
    assert not step(bench, 5)


def test_wishes_that_wait_for_their_effect_keep_no_other_from_being_sent(bench, monkeypatch):
    monkeypatch.setattr(cancel, "AT_ONCE", 3)
    wished(bench, 7)
    assert [step(bench), step(bench), step(bench), step(bench)] == [True, True, True, False]
    assert len(set(bench.cluster.cancelled)) == len(bench.cluster.cancelled) == 7
    assert step(bench, AGAIN.total_seconds())


def test_of_an_account_that_hangs_nothing_is_asked_and_others_wishes_are_sent(own_accounts, monkeypatch):
    bench = own_accounts
    monkeypatch.setattr(cancel, "AT_ONCE", 4)
    wished(bench, 7)
    wished(bench, 1, person="ravi")
    bench.cluster.hung = {"maya"}
    assert step(bench)
    ravis = [job.attempt.id for job in bench.jobs() if job.person.name == "ravi"]
    assert bench.cluster.cancelled == ravis
    assert not step(bench)
    bench.cluster.hung = set()
    assert step(bench)
    assert len(bench.cluster.cancelled) == 1 + 4


def test_each_answer_is_noted_on_its_own_job(bench):
    wished(bench, 3)
    first, second, third = (job.attempt.id for job in bench.jobs())
    answers = {first: True, second: Refusal("scheduler", "Not now.", True), third: AnswerLostError("Lost.")}
    bench.cluster.cancel = lambda items, by=None: [answers[attempt] for _account, (attempt, _job, _name) in items]
    assert step(bench)
    seen = [job.attempt.seen for job in bench.jobs()]
    assert [one.portal.cancel_refused for one in seen] == [None, "Not now.", "Lost."]
    assert all(one.portal.cancel_sent is not None for one in seen)


def test_jobs_of_an_account_that_hangs_stay_in_the_queue_and_say_so(own_accounts):
    bench = own_accounts
    bench.cluster.hung = {"maya"}
    bench.desk.submit()
    bench.desk.submit(person="ravi")
    bench.dispatch()
    hers, his = bench.jobs()
    assert (hers.state, hers.attempts) == (State.QUEUED, [])
    assert "does not answer" in hers.waiting.reason
    assert his.state is State.PENDING
    assert not bench.dispatch()
    bench.cluster.hung = set()
    assert bench.dispatch()
    assert [job.state for job in bench.jobs()] == [State.PENDING] * 2


def test_folders_that_cannot_be_removed_keep_nobody_elses_from_being_removed(own_accounts, monkeypatch):
    bench = own_accounts
    monkeypatch.setattr("portal.daemon.retention.AT_ONCE", 4)
    bench.desk.submit(*bench.desk.more_stacks(6))
    bench.desk.submit(person="ravi")
    bench.dispatch()
    with bench.deps.write() as session:
        session.execute(
            update(Job).values(state=State.FAILED, ended=(then := bench.now - timedelta(days=30)), changed=then)
        )
    gone = Refusal("system", "She has left.", False)
    bench.cluster.purge = lambda attempts: [gone if account == "maya" else True for account, _attempt in attempts]
    retain_step(bench.deps, bench.now)
    purged = {job.person.name for job in bench.jobs() if job.attempt.purged is not None}
    assert purged == {"ravi"}
