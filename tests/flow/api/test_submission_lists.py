"""Many different forms in one request: all are started, or none."""

import pytest
from asking import Asking

from portal.app import create_app
from portal.cli.run_list import AT_ONCE
from portal.jobs.submit.many import MAX_KEY, MOST_FORMS


def form(number, **more):
    return {"analysis": "qc", "inputs": {"data": [number]}, **more}


def start(asking, forms, key=None):
    headers = {"Idempotency-Key": key} if key else {}
    return asking("POST", "/submission-lists", json={"forms": forms}, headers=headers)


def test_each_form_of_a_list_becomes_a_submission_of_its_own(maya, stack):
    projections = ["mean", "max", "mean"]
    answer = start(maya, [form(stack, options={"projection": one}, title=f"The {one}") for one in projections])
    assert answer.status_code == 201
    made = answer.json["items"]
    assert [one["title"] for one in made] == ["The mean", "The max", "The mean"]
    assert [one["jobs"] for one in made] == [["J-1001"], ["J-1002"], ["J-1003"]]
    found = [maya("GET", f"/submissions/{one['id']}").json for one in made]
    assert [one["options"]["projection"] for one in found] == projections
    assert len({one["id"] for one in found}) == 3


def test_a_form_that_cannot_be_started_names_its_place_and_nothing_is_started(maya, stack):
    wrong = form(stack, options={"histogram_bins": 0})
    answer = start(maya, [form(stack), wrong, form(stack)])
    assert answer.status_code == 422
    assert answer.json["detail"].startswith("Form 2 of 3: ")
    assert answer.json["form"] == 1
    assert list(answer.json["fields"]) == ["1.histogram_bins"]
    assert maya("GET", "/jobs").json["total"] == 0


def test_data_of_others_in_a_list_is_not_found_and_nothing_is_started(maya, stack, sqlite_facility):
    answer = start(maya, [form(stack), form(sqlite_facility.datasets["other"])])
    assert answer.status_code == 404
    assert answer.json["detail"].startswith("Form 2 of 2: ")
    assert answer.json["form"] == 1
    assert maya("GET", "/jobs").json["total"] == 0


def test_the_same_list_with_the_same_key_gives_the_first_submissions_again(maya, stack):
    forms = [form(stack), form(stack, options={"projection": "max"})]
    first, second = start(maya, forms, "k"), start(maya, forms, "k")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json == second.json
    assert maya("GET", "/jobs").json["total"] == 2


def test_another_form_under_a_used_key_is_a_conflict_and_starts_nothing(maya, stack):
    start(maya, [form(stack), form(stack)], "k")
    answer = start(maya, [form(stack), form(stack, options={"projection": "max"}), form(stack)], "k")
    assert answer.status_code == 409
    assert answer.json["detail"].startswith("Form 2 of 3: ")
    assert answer.json["form"] == 1
    assert maya("GET", "/jobs").json["total"] == 2


def test_keys_of_lists_and_of_single_forms_are_two_keys(maya, stack):
    start(maya, [form(stack)], "k")
    made = maya("POST", "/submissions", json=form(stack), headers={"Idempotency-Key": "k"})
    assert made.status_code == 201


def test_a_list_that_would_pass_a_persons_limit_is_refused_whole(settings, sqlite_database, token_of, stack):
    few = settings.model_copy(update={"limits": settings.limits.model_copy(update={"queued_per_person": 3})})
    app = create_app(few, database=sqlite_database)
    app.config["RATELIMIT_ENABLED"] = False
    asking = Asking(app, token_of("maya"))
    answer = start(asking, [form(stack)] * 5)
    assert answer.status_code == 429
    assert answer.json["detail"].startswith("Form 5 of 5: You have 4 unfinished jobs")
    assert asking("GET", "/jobs").json["total"] == 0
    assert start(asking, [form(stack)] * 4).status_code == 201
    states = [job["state"] for job in asking("GET", "/jobs").json["items"]]
    assert sorted(states) == ["held", "queued", "queued", "queued"]


@pytest.mark.parametrize("forms", [[], [{}] * (MOST_FORMS + 1), {}, None, [[]], [{"analysis": "qc"}]])
def test_a_list_of_another_shape_is_refused(forms, maya):
    assert start(maya, forms).status_code == 422
    assert maya("GET", "/jobs").json["total"] == 0


def test_a_long_key_is_refused(maya, stack):
    assert start(maya, [form(stack)], "k" * (MAX_KEY + 1)).status_code == 422


def test_without_a_token_or_with_one_for_reading_nothing_is_started(app, nobody, maya, stack, token_of):
    assert start(nobody, [form(stack)]).status_code == 401
    assert start(Asking(app, token_of("maya", "read")), [form(stack)]).status_code == 403
    assert maya("GET", "/jobs").json["total"] == 0


def test_the_command_line_sends_as_many_forms_at_once_as_a_list_takes():
    assert AT_ONCE == MOST_FORMS
