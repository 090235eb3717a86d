"""The rows of a submission, however many jobs it has."""

from pathlib import Path

import pytest
from sqlalchemy import select

from portal.config import load_settings
from portal.errors import LimitError
from portal.jobs.models import Job
from portal.jobs.state import State
from portal.jobs.submit.many import submit_list
from portal.jobs.submit.submit import submit
from portal.jobtype.load import JobTypes, parse_text

SEVERAL = """
name: several
version: "1.0"
title: Several
summary: Compares stacks.
category: Tests
contact: staff
program:
  command: [python3, -c, "print(1)"]
inputs:
  - {name: stack, label: Stacks, dataset_types: [light-sheet stack], max: 5}
  - {name: background, label: Background, dataset_types: [light-sheet stack], min: 0}
resources:
  default: small
  variants:
    - {name: small, label: Small}
result_title: "{input}, compared"
outputs:
  - {name: differences, pattern: "*", dataset_type: differences}
"""


def rows(desk):
    """Each job's row, inputs and events, without what no two jobs have in common."""
    own = {"id", "job_id", "submission_id"}

    def values(row):
        return {column.key: getattr(row, column.key) for column in row.__table__.columns if column.key not in own}

    with desk.database.read() as session:
        jobs = session.scalars(select(Job).order_by(Job.id))
        return [(values(job), [*map(values, job.inputs)], [*map(values, job.events)]) for job in jobs]


def test_a_batch_writes_what_single_submissions_would_have_written(desk):
    ids = desk.more_stacks(3)
    desk.submit(*ids, options={"sigma": "0.5"}, variant="large")
    for number in ids:
        desk.submit(number, options={"sigma": "0.5"}, variant="large")
    found = rows(desk)
    assert [job.pop("index") for job, *_ in found] == [0, 1, 2, 0, 0, 0]
    assert found[:3] == found[3:]


def test_a_list_writes_what_single_submissions_would_have_written(desk):
    forms = [desk.request(number, options={"sigma": place}) for place, number in enumerate(desk.more_stacks(3))]
    with desk.database.write() as session:
        listed(desk, session, forms)
    for form in forms:
        with desk.database.write() as session:
            listed(desk, session, [form])
    found = rows(desk)
    assert len(found) == 6
    assert found[:3] == found[3:]


def test_a_longer_list_under_the_same_key_adds_what_is_new(desk):
    forms = [desk.request(number) for number in desk.more_stacks(3)]
    with desk.database.write() as session:
        first = listed(desk, session, forms[:2], key="k")
    with desk.database.write() as session:
        again = listed(desk, session, forms, key="k")
    assert [one.id for one in again[:2]] == [one.id for one in first]
    assert [one.fresh for one in again] == [False, False, True]
    assert len(rows(desk)) == 3


def test_forms_of_a_list_take_room_one_after_another(desk):
    desk.settings = load_settings({}, limits={"queued_per_person": 3, "datasets_per_submission": 9})
    forms = [desk.request(), desk.request(), desk.request(*desk.more_stacks(2)), desk.request()]
    with desk.database.write() as session:
        listed(desk, session, forms[:3])
    assert [job["state"] for job, *_ in rows(desk)] == [State.QUEUED] * 2 + [State.HELD] * 2
    assert [events[0]["to_state"] for *_, events in rows(desk)] == ["queued", "queued", "held", "held"]
    with (
        pytest.raises(LimitError, match="Form 1 of 1: You have 4 unfinished jobs"),
        desk.database.write() as session,
    ):
        listed(desk, session, forms[3:])


def listed(desk, session, forms, key=None):
    return submit_list(
        session, desk.actor(), forms, key=key, jobtypes=desk.jobtypes, settings=desk.settings, now=desk.now
    )


def test_jobs_of_a_batch_are_numbered_in_the_order_of_the_datasets(desk):
    ids = desk.more_stacks(30)[::-1]
    desk.submit(*ids)
    with desk.database.read() as session:
        found = [(job.index, job.inputs[0].dataset_id) for job in session.scalars(select(Job).order_by(Job.id))]
    assert found == list(enumerate(ids))


def test_what_is_held_says_why_in_its_row_and_in_its_history(desk):
    desk.settings = load_settings({}, limits={"queued_per_person": 2, "datasets_per_submission": 9})
    desk.submit()
    desk.submit(*desk.more_stacks(2))
    _, *held = rows(desk)
    assert len(held) == 2
    for job, _inputs, events in held:
        assert (job["state"], job["cause"]) == (State.HELD, "quota")
        assert [(event["to_state"], event["words"]) for event in events] == [("held", job["cause_words"])]


def test_an_input_of_many_datasets_keeps_their_order(desk):
    jobtype, problems = parse_text(SEVERAL, Path("several.yaml"))
    assert jobtype is not None, problems
    desk.jobtypes = JobTypes({"several": jobtype})
    first, second, third = desk.more_stacks(3)
    desk.submit(jobtype="several", inputs={"background": [second], "stack": [third, first, second]}, mode="all")
    ((_job, inputs, _events),) = rows(desk)
    found = sorted((one["slot"], one["position"], one["dataset_id"], one["dataset_name"]) for one in inputs)
    assert found == [
        ("background", 0, second, "Stack 1"),
        ("stack", 0, third, "Stack 2"),
        ("stack", 1, first, "Stack 0"),
        ("stack", 2, second, "Stack 1"),
    ]


def test_a_repetition_leads_to_the_jobs_that_are_there(desk):
    ids = desk.more_stacks(2)
    with desk.database.write() as session:
        first = submit_again(desk, session, ids)
    with desk.database.write() as session:
        again = submit_again(desk, session, ids)
    assert (first.fresh, again.fresh) == (True, False)
    assert (again.id, again.title, again.options) == (first.id, first.title, first.options)
    assert [(job.number, job.title) for job in again.jobs] == [(job.number, job.title) for job in first.jobs]


def submit_again(desk, session, ids):
    return submit(
        session,
        desk.actor(),
        desk.request(*ids, idempotency_key="k"),
        jobtypes=desk.jobtypes,
        settings=desk.settings,
        now=desk.now,
    )
