"""Analyses that take no dataset, or leave none: in which experiment their jobs are, and who may say so."""

import pytest

from portal.errors import ConflictError, InvalidError, NotFoundError
from portal.jobs.access import get_job
from portal.jobs.models import Job, Submission
from portal.jobs.read import job_view, list_jobs
from portal.jobs.submit.check import SubmitRequest


def start(desk, jobtype, person="maya", **changes):
    request = {"jobtype": jobtype, "inputs": {}}
    return desk.submit(person=person, **(request | changes))


def experiments(desk):
    with desk.database.read() as session:
        return [(job.investigation_id, job.submission.investigation_id) for job in session.query(Job)]


def test_a_job_without_a_dataset_is_in_the_experiment_that_was_chosen(desk):
    mine = desk.facility.investigations["private"]
    submission = start(desk, "simulate", experiment=mine)
    assert experiments(desk) == [(mine, mine)]
    with desk.database.read() as session:
        (job,) = session.get_one(Submission, submission).jobs
        assert (job.title, job.inputs) == ("Count, counted", [])


def test_without_an_experiment_nothing_is_filed_and_so_nothing_is_started(desk):
    with pytest.raises(InvalidError) as refused:
        start(desk, "simulate")
    assert refused.value.fields == {"experiment": "Choose the experiment in which the result is filed."}
    assert desk.jobs() == []


@pytest.mark.parametrize("person", ["maya", "ravi", "ingest"])
@pytest.mark.parametrize("name", ["other", "public", "embargoed"])
@pytest.mark.parametrize("jobtype", ["simulate", "notify"])
def test_in_an_experiment_of_others_nothing_is_filed_and_no_more_is_said_of_it(desk, jobtype, name, person):
    number = desk.facility.investigations[name]
    with pytest.raises(NotFoundError) as refused:
        start(desk, jobtype, person=person, experiment=number)
    assert refused.value.message.startswith(
        f"Experiment {number}: not found, or none in which you may file results. Signed in: "
    )
    assert desk.jobs() == []


@pytest.mark.parametrize("number", [0, -1, 10**6, 2**31, 2**63 - 1, 2**63, 2**64, 10**40])
def test_an_experiment_that_cannot_be_is_not_found(desk, number):
    with pytest.raises(NotFoundError, match="not found, or none in which you may file results"):
        start(desk, "simulate", experiment=number)


def test_staff_may_file_in_any_experiment_and_the_instruments_scientist_in_hers(desk):
    other, private = (desk.facility.investigations[name] for name in ("other", "private"))
    start(desk, "simulate", person="sam", experiment=other)
    start(desk, "simulate", person="ravi", experiment=private)
    assert experiments(desk) == [(other, other), (private, private)]


@pytest.mark.parametrize("name", ["private", "other"])
def test_what_takes_a_dataset_cannot_be_filed_elsewhere(desk, name):
    with pytest.raises((InvalidError, NotFoundError)) as refused:
        desk.submit(experiment=desk.facility.investigations[name])
    words = "Leave this out." if name == "private" else "not found, or none in which you may file results"
    assert words in refused.value.message
    assert desk.jobs() == []


def test_what_leaves_nothing_is_with_its_dataset_or_where_it_was_put_or_nobodys(desk):
    mine = desk.facility.investigations["private"]
    desk.submit(jobtype="check")
    start(desk, "notify", experiment=mine)
    start(desk, "notify")
    assert experiments(desk) == [(mine, mine), (mine, mine), (None, None)]
    with desk.database.read() as session:
        first, second, alone = (job.id for job in desk.jobs())
        assert [job.id for job in list_jobs(session, desk.actor("ravi")).items] == [second, first]
        assert [job.id for job in list_jobs(session, desk.actor("sam"), text="counted").items] == [
            alone,
            second,
            first,
        ]
        assert list_jobs(session, desk.actor(), text="notify").items[0].id == alone
        assert job_view(get_job(session, desk.actor(), alone), desk.now).sentence.startswith("Waiting ")


def test_the_same_key_for_another_experiment_is_another_request(desk):
    mine, other = (desk.facility.investigations[name] for name in ("private", "other"))
    first = start(desk, "simulate", person="sam", experiment=mine, idempotency_key="k")
    assert start(desk, "simulate", person="sam", experiment=mine, idempotency_key="k") == first
    with pytest.raises(ConflictError):
        start(desk, "simulate", person="sam", experiment=other, idempotency_key="k")


def test_what_was_asked_before_there_was_the_field_keeps_its_digest():
    request = SubmitRequest("count", {"stack": [1]}, {"sigma": 1.5})
    assert request.fingerprint() == "sha256:ad8dc970b9451147f0d7423754038169dc43fc4f23a32cc75bc2dfe86ed419ae"


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**63 - 1, 2**64])
def test_a_dataset_that_cannot_be_is_not_found(desk, number):
    with pytest.raises(NotFoundError, match=f"Dataset {number}: not found, or not shared with you"):
        desk.submit(number)
