"""What is looked at again before a job that takes no dataset is handed over."""

from sqlalchemy import delete, update

from portal.catalogue.models import InvestigationUser
from portal.jobs.cause import Cause
from portal.jobs.models import Job
from portal.jobs.state import State


def start(bench, jobtype, experiment=None, person="maya"):
    bench.desk.submit(jobtype=jobtype, inputs={}, experiment=experiment, person=person)


def leave(bench):
    """Maya's team no longer has Maya."""
    with bench.desk.database.write() as session:
        session.execute(delete(InvestigationUser))


def lose_the_experiment(bench):
    """As the database does where an experiment leaves the catalogue."""
    with bench.desk.database.write() as session:
        session.execute(update(Job).values(investigation_id=None))


def test_its_order_has_no_inputs(bench):
    start(bench, "simulate", bench.desk.facility.investigations["private"])
    bench.dispatch()
    assert bench.job().state is State.PENDING
    (item,) = bench.cluster.items
    assert item["order"]["inputs"] == {}


def test_whoever_left_the_team_files_nothing_any_more(bench):
    start(bench, "simulate", bench.desk.facility.investigations["private"])
    leave(bench)
    bench.dispatch()
    job = bench.job()
    assert (job.state, job.cause) == (State.FAILED, Cause.ACCESS.value)
    assert job.cause_words == "You can no longer run analyses in this experiment."
    assert bench.cluster.items == []


def test_a_job_that_shows_in_an_experiment_is_held_to_it_too(bench):
    start(bench, "notify", bench.desk.facility.investigations["private"])
    leave(bench)
    bench.dispatch()
    assert bench.job().cause == Cause.ACCESS.value


def test_what_files_nothing_needs_no_experiment(bench):
    start(bench, "notify")
    bench.dispatch()
    assert bench.job().state is State.PENDING


def test_what_leaves_a_dataset_does_not_run_without_an_experiment(bench):
    start(bench, "simulate", bench.desk.facility.investigations["private"])
    bench.desk.submit(jobtype="check")
    lose_the_experiment(bench)
    bench.dispatch()
    assert [job.cause for job in bench.jobs()] == [Cause.ACCESS.value] * 2
