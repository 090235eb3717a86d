"""A job's timeline says when each thing happened, in order, whoever's clock told it."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.daemon.collect.step import collect_step
from portal.jobs import actions
from portal.jobs.moves import move_all
from portal.jobs.state import State
from portal.jobs.timing.models import JobRun
from portal.jobs.view import job_view
from portal.scheduler.base import Ending, Phase
from portal.store.client import StoredFile, StoredResult


class SlowStore:
    """A store that copies for a while; `took` says for how long after `began`."""

    def __init__(self, results):
        self.results, self.began, self.took = results, time.monotonic(), None

    def keep(self, items, _heard=None):
        found = []
        for item in items:
            folder = self.results / item.destination
            folder.mkdir(parents=True)
            (folder / "count.txt").write_text("1")
            files = (StoredFile("count.txt", 1, "0" * 64, 0),)
            found.append(StoredResult(item.destination, item.attempt, files, 1, "0" * 64))
        time.sleep(0.2)
        self.took = timedelta(seconds=time.monotonic() - self.began)
        return found


def handed_over(bench):
    bench.desk.submit()
    bench.dispatch()
    bench.later(20)


def stamps(job):
    return [(event.to_state, event.at) for event in job.events]


def in_order(job):
    moments = [event.at for event in job.events]
    return moments == sorted(moments)


def test_success_is_stamped_when_the_result_is_filed_and_not_when_the_pass_began(bench):
    handed_over(bench)
    bench.result()
    bench.cluster.end(bench.attempt(), Ending.COMPLETED, exit_code=0)
    bench.reconcile()
    bench.later(1)
    store = SlowStore(bench.deps.settings.results)
    collect_step(replace(bench.deps, store=store), bench.now)
    job = bench.job()
    assert job.state is State.SUCCEEDED
    assert job.events[-1].at - bench.now >= store.took
    assert (job.ended, job.attempt.ended) == (job.events[-1].at, job.events[-1].at)


def test_start_and_end_are_the_schedulers_and_not_when_it_was_asked(bench):
    handed_over(bench)
    began, ended = bench.now - timedelta(seconds=15), bench.now - timedelta(seconds=3)
    bench.cluster.phases[bench.attempt()] = {"phase": Phase.RUNNING, "started": began}
    bench.reconcile()
    assert stamps(bench.job())[-1] == ("running", began)
    bench.result()
    bench.cluster.end(bench.attempt(), Ending.COMPLETED, exit_code=0, started=began, ended=ended)
    bench.reconcile()
    job = bench.job()
    assert stamps(job)[-1] == ("collecting", ended)
    assert job.changed >= bench.now, "what waits for a late result counts from when it was noted"


def test_a_failure_is_when_it_happened(bench):
    handed_over(bench)
    ended = bench.now - timedelta(seconds=7)
    bench.result(exit_code=3)
    bench.cluster.end(bench.attempt(), Ending.FAILED, exit_code=3, started=ended, ended=ended)
    bench.reconcile()
    job = bench.job()
    assert (job.state, job.ended, job.attempt.ended) == (State.FAILED, ended, ended)
    assert stamps(job)[-1] == ("failed", ended)


def test_a_job_that_began_and_ended_between_two_questions_ran(bench):
    handed_over(bench)
    began, ended = bench.now - timedelta(seconds=2), bench.now - timedelta(seconds=1)
    bench.result()
    bench.cluster.end(bench.attempt(), Ending.COMPLETED, exit_code=0, started=began, ended=ended)
    bench.reconcile()
    assert stamps(bench.job())[-2:] == [("running", began), ("collecting", ended)]


@pytest.mark.parametrize("off", [-3600, 3600], ids=["slow", "fast"])
def test_states_stay_in_order_whatever_the_schedulers_clock_says_also_when_it_is_run_again(bench, off):
    handed_over(bench)
    said = bench.now + timedelta(seconds=off)
    bench.result(exit_code=3)
    bench.cluster.end(bench.attempt(), Ending.NODE_FAIL, started=said, ended=said)
    bench.reconcile()
    bench.dispatch()
    again = bench.job()
    assert (again.state, again.attempt.number) == (State.PENDING, 2)
    bench.cluster.phases[bench.attempt()] = {"phase": Phase.RUNNING, "started": said}
    bench.reconcile()
    job = bench.job()
    assert in_order(job), stamps(job)
    assert all(event.at <= bench.now + timedelta(minutes=1) for event in job.events)


def test_one_whose_answer_was_lost_was_handed_over_when_the_scheduler_took_it(bench):
    bench.desk.submit()
    bench.cluster.lose_answers = True
    bench.dispatch()
    (attempt,) = bench.cluster.jobs
    taken = bench.job().events[-1].at + timedelta(seconds=1)
    bench.cluster.jobs[attempt] = replace(bench.cluster.jobs[attempt], submitted=taken)
    bench.later(600)
    bench.dispatch()
    assert stamps(bench.job())[-1] == ("pending", taken)


def test_many_that_move_at_once_keep_their_order_too(bench):
    bench.desk.submit(*bench.desk.more_stacks(2))
    early = bench.now - timedelta(minutes=5)
    with bench.deps.write() as session:
        move_all(session, [job.id for job in bench.jobs()], State.QUEUED, State.CANCELLED, at=early)
    for job in bench.jobs():
        assert in_order(job)
        assert job.ended == job.events[-1].at == job.created


@pytest.mark.parametrize("off", [-3600, 3600], ids=["slow", "fast"])
def test_a_run_lasts_as_long_as_one_clock_says_whosever_it_is(bench, off):
    handed_over(bench)
    began = bench.now + timedelta(seconds=off)
    bench.cluster.phases[bench.attempt()] = {"phase": Phase.RUNNING, "started": began}
    bench.reconcile()
    job = bench.job()
    assert job.created <= job.started <= job.events[-1].at, "on the portal's clock"
    bench.later(40)
    bench.result()
    ended = began + timedelta(seconds=40)
    bench.cluster.end(bench.attempt(), Ending.COMPLETED, exit_code=0, started=began, ended=ended)
    bench.reconcile()
    with bench.desk.database.read() as session:
        run = session.scalars(select(JobRun)).one()
    assert run.ran_s == 40
    assert run.waited_s < 60


def test_each_was_handed_over_when_the_scheduler_took_it_and_not_when_that_was_written_down(bench, monkeypatch):
    bench.desk.submit(*bench.desk.more_stacks(2))
    submit, taken = bench.cluster.submit_by_account, []

    def slowly(items):
        for answers in submit(items):
            moment = bench.now + timedelta(seconds=time.monotonic() - began)
            taken.extend(moment + timedelta(milliseconds=20 * place) for place in answers)
            time.sleep(0.3)
            yield {place: replace(answer, submitted=taken[place]) for place, answer in answers.items()}

    monkeypatch.setattr(bench.cluster, "submit_by_account", slowly)
    began = time.monotonic()
    bench.dispatch()
    assert [stamps(job)[-1] for job in bench.jobs()] == [("pending", moment) for moment in taken]


def waits(bench):
    with bench.desk.database.read() as session:
        return job_view(session.merge(bench.job(), load=False), bench.now).waited_s


def test_what_is_run_again_by_itself_has_not_waited_while_it_ran(bench):
    handed_over(bench)
    began = bench.now
    bench.later(7200)
    bench.result(exit_code=3)
    bench.cluster.end(bench.attempt(), Ending.NODE_FAIL, started=began, ended=bench.now)
    bench.reconcile()
    bench.later(60)
    assert bench.job().state is State.QUEUED
    assert waits(bench) == pytest.approx(60, abs=5)


def test_what_the_scheduler_put_back_has_not_waited_while_it_ran(bench):
    handed_over(bench)
    bench.cluster.phases[bench.attempt()] = {"phase": Phase.RUNNING, "started": bench.now}
    bench.reconcile()
    bench.later(7200)
    bench.cluster.phases[bench.attempt()] = {"phase": Phase.PENDING}
    bench.reconcile()
    bench.later(60)
    assert waits(bench) == pytest.approx(60, abs=5)


def test_a_release_is_told_as_one_and_not_as_a_new_request(bench):
    bench.desk.submit()
    with bench.deps.write() as session:
        session.merge(bench.job()).move(State.HELD, at=bench.now, cause="account", words="No account.")
    bench.later(3600)
    bench.desk.now = bench.now
    bench.desk.change(actions.release, "sam", bench.job().id)
    with bench.desk.database.read() as session:
        last = job_view(session.merge(bench.job(), load=False), bench.now).timeline[-1]
    assert last.words == "Released"
    assert last.by == bench.desk.actor("sam").full_name


def test_done_in_is_how_long_it_ran_and_late_filing_is_told_apart(bench):
    handed_over(bench)
    began, ended = bench.now, bench.now + timedelta(seconds=11)
    bench.later(77)
    bench.result()
    bench.cluster.end(bench.attempt(), Ending.COMPLETED, exit_code=0, started=began, ended=ended)
    bench.reconcile()
    with bench.deps.write() as session:
        session.merge(bench.job()).move(State.SUCCEEDED, at=bench.now)
    with bench.desk.database.read() as session:
        view = job_view(session.merge(bench.job(), load=False), bench.now)
    assert view.sentence == "Done in 11 seconds. Its result was filed 66 seconds later."
    assert [row.used for row in view.resources if row.name == "Time"] == ["11 seconds"]
