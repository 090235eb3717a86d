"""Many jobs in one request: each by itself, and what became of each."""

from datetime import UTC, datetime

import pytest

from portal.jobs.models import Job
from portal.jobs.state import State


def end(database, number, state):
    with database.write() as session:
        job, now = session.get_one(Job, number), datetime.now(UTC)
        if state is State.SUCCEEDED:
            for step in (State.SUBMITTING, State.RUNNING, State.COLLECTING):
                job.move(step, at=now)
        job.move(state, at=now)


def post(who, path, body, **more):
    return who("POST", f"/{path}", json=body, **more)


def jobs_of(who):
    return who("GET", "/jobs").json


@pytest.fixture
def three(maya, stack):
    made = [
        post(maya, "submissions", {"analysis": "qc", "inputs": {"data": [stack]}}).json["jobs"][0]["number"]
        for _ in range(3)
    ]
    assert made == ["J-1001", "J-1002", "J-1003"]
    return made


def test_each_is_cancelled_by_itself_and_says_what_became_of_it(maya, three, sqlite_database):
    end(sqlite_database, 2, State.SUCCEEDED)
    answer = post(maya, "job-lists/cancel", {"jobs": ["J-1003", "J-1002", "xyz", "J-9999", "1", "J-1001"]})
    assert answer.status_code == 200
    items = {one["job"]: (one["done"], one["status"], one["state"]) for one in answer.json["items"]}
    assert items == {
        "J-1003": (True, 200, "cancelled"),
        "J-1002": (False, 409, None),
        "xyz": (False, 404, None),
        "J-9999": (False, 404, None),
        "1": (True, 200, "cancelled"),
    }
    assert list(items) == ["J-1003", "J-1002", "xyz", "J-9999", "1"]
    details = {one["job"]: one["detail"] for one in answer.json["items"]}
    assert "J-1002 has ended already" in details["J-1002"] and "is no job" in details["xyz"]
    states = {job["number"]: job["state"] for job in jobs_of(maya)["items"]}
    assert states == {"J-1001": "cancelled", "J-1002": "succeeded", "J-1003": "cancelled"}


def test_a_dry_run_says_the_same_and_changes_nothing(maya, three, sqlite_database):
    end(sqlite_database, 2, State.FAILED)
    asked = {"jobs": ["J-1001", "J-1002"]}
    for what in ("cancel", "retry"):
        before = [(job["state"], job["changed"]) for job in jobs_of(maya)["items"]]
        dry = post(maya, f"job-lists/{what}", {**asked, "dry_run": True}).json
        assert [(job["state"], job["changed"]) for job in jobs_of(maya)["items"]] == before
        assert dry == post(maya, f"job-lists/{what}", asked).json


def test_one_alone_is_answered_as_at_its_own_address(maya, tom, three):
    for who, job, status in ((tom, "J-1001", 404), (maya, "J-77777", 404), (maya, "x", 404)):
        assert post(who, "job-lists/cancel", {"jobs": [job]}).status_code == status
    assert post(maya, "job-lists/retry", {"jobs": ["J-1001"]}).status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"jobs": []},
        {"jobs": ["1"] * 501},
        {"jobs": ["1" * 41]},
        {"jobs": [True]},
        {"jobs": [-1]},
        {"jobs": [10**30]},
        {"jobs": "J-1001"},
        {"jobs": ["1"], "resources": "cpus"},
        {"jobs": ["1"], "dry_run": "yes"},
    ],
)
def test_what_is_too_much_or_of_another_shape_is_refused_before_anything(maya, body):
    unread = body.get("jobs") == [10**30]  # no number of JSON is that large
    assert post(maya, "job-lists/retry", body).status_code == (400 if unread else 422)


def test_a_check_of_a_start_has_the_errors_of_the_start(maya, tom, stack):
    good = {"analysis": "qc", "inputs": {"data": [stack]}}
    wrong = [
        {**good, "variant": "huge"},
        {**good, "title": "x\n" * 200},
        {**good, "analysis": "qcc"},
        {**good, "inputs": {"data": [999999]}},
        {**good, "inputs": {"psf": [stack]}},
        {**good, "inputs": {}},
        {**good, "options": {"histogram_bins": 0}},
        {**good, "mode": "some"},
        {**good, "preset": "none such"},
        {**good, "experiment": 1},
    ]
    for body in wrong:
        real, checked = post(maya, "submissions", body), post(maya, "submissions/check", body)
        assert checked.status_code == real.status_code >= 400, body
        assert (checked.json["detail"], checked.json["fields"]) == (real.json["detail"], real.json["fields"])
        one, both = (post(maya, f"submission-lists{end}", {"forms": [good, body]}) for end in ("", "/check"))
        assert (one.status_code, one.json["detail"]) == (both.status_code, both.json["detail"])
    assert post(tom, "submissions/check", good).status_code == post(tom, "submissions", good).status_code == 404
    assert jobs_of(maya)["items"] == []


def test_a_check_says_what_would_be_made_and_what_its_key_made_before(maya, stack):
    good = {"analysis": "qc", "inputs": {"data": [stack]}, "title": "Mine"}
    key = {"Idempotency-Key": "k"}
    checked = post(maya, "submissions/check", good, headers=key)
    assert checked.json == {"title": "Mine", "count": 1, "held": None, "earlier": None, "warnings": []}
    assert post(maya, "submissions", good, headers=key).status_code == 201
    assert post(maya, "submissions/check", good, headers=key).json["earlier"] == ["J-1001"]
    other = {**good, "title": "Other"}
    assert post(maya, "submissions/check", other, headers=key).status_code == 409
    listed = post(maya, "submission-lists/check", {"forms": [good, other]}).json["items"]
    assert [one["title"] for one in listed] == ["Mine", "Other"]
