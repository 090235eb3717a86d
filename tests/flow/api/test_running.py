"""Analyses, forms, submissions and jobs over the API."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from portal.jobs.models import Attempt, Job
from portal.jobs.state import State
from portal.jobs.timing.models import JobRun

QC = {"analysis": "qc", "options": {"projection": "mean"}}


def submit(asking, number, key=None, **more):
    headers = {"Idempotency-Key": key} if key else {}
    return asking("POST", "/submissions", json={**QC, "inputs": {"data": [number]}, **more}, headers=headers)


def fail(database, number, state=State.FAILED):
    now = datetime.now(UTC)
    with database.write() as session:
        job = session.get_one(Job, number)
        job.move(state, at=now, cause="memory", words="It ran out of memory.")


def test_analyses_that_fit_a_dataset_and_why_others_do_not(maya, stack):
    found = maya("GET", f"/analyses?dataset={stack}").json
    assert [one["name"] for one in found["items"]] == [
        "lightsheet-deconvolution",
        "qc",
        "convert",
        "archive",
        "print-checksums",
    ]
    assert {one["name"] for one in found["others"]} == {"dc-segmentation", "tomo-slice", "random-counts"}
    assert "this is a light-sheet stack" in found["others"][0]["reason"]


def test_an_analysis_describes_its_form(maya):
    found = maya("GET", "/analyses/lightsheet-deconvolution").json
    fields = {field["name"]: field for field in found["form"]["fields"]}
    assert fields["iterations"]["value"] == "20"
    assert fields["boundary"]["advanced"] is True
    assert [variant["default"] for variant in found["variants"]] == [True, False, False]
    assert found["revision"].startswith("sha256:")


def test_a_form_is_checked_without_starting_anything(maya, stack):
    body = {"inputs": {"stack": [stack]}, "options": {"iterations": "0", "sigma_xy": "1,300"}}
    form = maya("POST", "/analyses/lightsheet-deconvolution/form", json=body).json
    assert form["valid"] is False
    assert form["errors"] == {
        "iterations": "Must be a number from 1 to 1000; this is 0.",
        "sigma_xy": "“1,300” can be 1300 or 1.3. Write 1300 or 1.3.",
    }
    assert {field["name"]: field["value"] for field in form["fields"]}["sigma_xy"] == "1,300"
    assert maya("GET", "/jobs").json["total"] == 0


def measured(database, job_id, seconds, peak):
    """Five finished runs like this job, which took so long and so many bytes of memory."""
    now = datetime.now(UTC)
    with database.write() as session:
        job = session.get_one(Job, job_id)
        for number in range(1, 6):
            attempt = Attempt(
                job_id=job.id, number=number, name="x", cluster="c", resources=job.resources, created=now
            )
            session.add(attempt)
            session.flush()
            session.add(
                JobRun(
                    attempt_id=attempt.id, jobtype="qc", revision_id=job.submission.revision_id,
                    variant=job.submission.variant, input_bytes=job.inputs[0].dataset.file_size, waited_s=1.0,
                    ran_s=seconds, memory_peak_bytes=peak, outcome="done", started=now, ended=now,
                )
            )  # fmt: skip


def test_what_is_expected_is_of_the_settings_and_the_resources_that_are_asked_about(maya, stack, sqlite_database):
    (job,) = submit(maya, stack).json["jobs"]
    measured(sqlite_database, job["id"], 300.0, 2**34)
    body = {"inputs": {"data": [stack]}, "options": {"projection": "mean"}}

    def expected(**more):
        return maya("POST", "/analyses/qc/form", json=body | more).json["expected"]

    assert (expected()["takes_runs"], expected()["takes_least_s"]) == (5, 300.0)
    assert "16 GB" in expected()["memory_advice"]
    assert (expected(options={"projection": "maximum"})["takes_runs"], expected()["memory"]) == (0, "16 GB")
    others = [one["name"] for one in maya("GET", "/analyses/qc").json["variants"] if not one["default"]]
    assert all(expected(variant=name)["takes_runs"] == 0 for name in others)
    refused = maya("POST", "/analyses/qc/form", json=body | {"variant": "huge"})
    assert (refused.status_code, list(refused.json["fields"])) == (422, ["variant"])


def test_a_submission_makes_a_job_that_waits(maya, stack):
    made = submit(maya, stack)
    assert made.status_code == 201
    assert made.headers["Location"] == f"/api/v1/submissions/{made.json['id']}"
    (job,) = made.json["jobs"]
    assert (job["state"], job["state_words"], job["number"]) == ("queued", "Waiting", f"J-{1000 + job['id']}")
    assert job["title"] == "Zebrafish heart, first run, quality check"
    found = maya("GET", f"/jobs/{job['number']}").json
    assert found["options"] == {"projection": "mean", "histogram_bins": 256}
    assert maya("GET", f"/jobs/{job['id']}").json["id"] == job["id"]


def test_the_same_key_and_body_give_the_first_submission_again(maya, stack):
    first, second = submit(maya, stack, "k1"), submit(maya, stack, "k1")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json["id"] == second.json["id"]
    assert maya("GET", "/jobs").json["total"] == 1


def test_the_same_key_with_another_body_is_a_conflict(maya, stack):
    submit(maya, stack, "k1")
    answer = submit(maya, stack, "k1", options={"projection": "max"})
    assert answer.status_code == 409
    assert maya("GET", "/jobs").json["total"] == 1


def test_keys_of_two_people_are_two_keys(maya, tom, stack, sqlite_facility):
    assert submit(maya, stack, "k1").status_code == 201
    assert submit(tom, sqlite_facility.datasets["other"], "k1").status_code == 201


def test_without_a_key_twice_is_two_submissions(maya, stack):
    assert submit(maya, stack).json["id"] != submit(maya, stack).json["id"]


BAD = {
    "unknown option": ({"options": {"projektion": "max"}}, 422, "projektion"),
    "unknown input": ({"inputs": {"dta": [1]}}, 422, "inputs.dta"),
    "unknown variant": ({"variant": "huge"}, 422, "variant"),
    "unknown mode": ({"mode": "some"}, 422, "mode"),
    "unknown preset": ({"preset": "Slow"}, 422, "preset"),
    "unknown key": ({"optoins": {}}, 422, "optoins"),
    "text for an id": ({"inputs": {"data": ["1"]}}, 422, "inputs.data.0"),
    "list for an option": ({"options": {"projection": ["max"]}}, 422, None),
    "unknown analysis": ({"analysis": "qd"}, 404, None),
    "unknown dataset": ({"inputs": {"data": [987654]}}, 404, None),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_started_is_refused_and_starts_nothing(what, maya, stack):
    change, status, field = BAD[what]
    answer = maya("POST", "/submissions", json={**QC, "inputs": {"data": [stack]}, **change})
    assert answer.status_code == status, answer.data
    assert field is None or field in answer.json["fields"], answer.json
    assert maya("GET", "/jobs").json["total"] == 0


UNREAD = {
    b" ": "it is no JSON (Expecting value at character 1)",
    b"{": "it is no JSON (Expecting property name enclosed in double quotes at character 1)",
    b"\xff": "it is no JSON in UTF-8",
}


@pytest.mark.parametrize("body", UNREAD)
def test_a_body_that_cannot_be_read_is_refused(body, maya):
    answer = maya("POST", "/submissions", data=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert answer.json["detail"] == f"This body cannot be read: {UNREAD[body]}. Nothing was changed."


def test_public_data_of_others_can_be_read_but_not_worked_on(maya, sqlite_facility):
    answer = submit(maya, sqlite_facility.datasets["public"])
    assert answer.status_code == 403
    assert "only its team" in answer.json["detail"]


def test_another_persons_job_is_not_found(maya, tom, stack):
    (job,) = submit(maya, stack).json["jobs"]
    for method, path in (("GET", ""), ("GET", "/logs/stdout"), ("POST", "/cancel"), ("POST", "/retry")):
        assert tom(method, f"/jobs/{job['id']}{path}", json={} if method == "POST" else None).status_code == 404
    assert tom("GET", f"/submissions/{job['submission']}").status_code == 404
    for path in ("cancel", "retry-failed"):
        assert tom("POST", f"/submissions/{job['submission']}/{path}", json={}).status_code == 404
    assert maya("GET", f"/jobs/{job['id']}").json["state"] == "queued"
    assert tom("GET", "/jobs").json["total"] == 0


def test_cancelling_twice_is_no_error(maya, stack):
    (job,) = submit(maya, stack).json["jobs"]
    assert maya("POST", f"/jobs/{job['number']}/cancel").json["state"] == "cancelled"
    assert maya("POST", f"/jobs/{job['number']}/cancel").json["state"] == "cancelled"


def test_a_job_that_waits_cannot_be_run_again(maya, stack):
    (job,) = submit(maya, stack).json["jobs"]
    assert maya("POST", f"/jobs/{job['id']}/retry", json={}).status_code == 409


def test_a_failed_job_is_run_again_with_more_memory(maya, stack, sqlite_database):
    (job,) = submit(maya, stack).json["jobs"]
    fail(sqlite_database, job["id"])
    found = maya("GET", f"/jobs/{job['id']}").json
    assert (found["sentence"], found["can_retry"]) == ("It ran out of memory.", True)
    again = maya("POST", f"/jobs/{job['id']}/retry", json={"resources": "memory"}).json
    assert again["state"] == "queued"
    assert {row["name"]: row["asked"] for row in again["resources"]}["Memory"].startswith("2")


def test_a_batch_retries_only_what_failed(maya, sqlite_database, sqlite_facility, stack):
    with sqlite_database.write() as session:
        from portal.catalogue.models import Dataset

        first = session.get_one(Dataset, stack)
        more = [
            Dataset(investigation_id=first.investigation_id, type_id=first.type_id, name=f"Run {i}", complete=True)
            for i in range(3)
        ]
        session.add_all(more)
        session.flush()
        ids = [dataset.id for dataset in more]
    made = maya("POST", "/submissions", json={**QC, "inputs": {"data": ids}}).json
    assert [job["title"] for job in made["jobs"]] == [f"Run {i}, quality check" for i in range(3)]
    fail(sqlite_database, made["jobs"][1]["id"])
    found = maya("GET", f"/submissions/{made['id']}").json
    assert (found["counts"], found["final"]) == ({"queued": 2, "failed": 1}, False)
    again = maya("POST", f"/submissions/{made['id']}/retry-failed").json
    assert again["counts"] == {"queued": 3}
    fail(sqlite_database, made["jobs"][0]["id"])
    for _twice in range(2):
        ended = maya("POST", f"/submissions/{made['id']}/cancel").json
        assert (ended["counts"], ended["final"]) == ({"failed": 1, "cancelled": 2}, True)


def test_jobs_are_walked_by_cursor_while_new_ones_come(maya, stack):
    numbers = [submit(maya, stack).json["jobs"][0]["number"] for _ in range(3)]
    first = maya("GET", "/jobs?limit=2").json
    submit(maya, stack)
    second = maya("GET", f"/jobs?limit=2&cursor={first['next']}").json
    assert [job["number"] for job in first["items"] + second["items"]] == numbers[::-1]
    assert second["next"] is None


def test_jobs_are_filtered_by_the_words_people_see(maya, stack, sqlite_database):
    (job,) = submit(maya, stack).json["jobs"]
    submit(maya, stack)
    fail(sqlite_database, job["id"])
    assert [one["id"] for one in maya("GET", "/jobs?state=failed").json["items"]] == [job["id"]]
    assert maya("GET", "/jobs?state=waiting").json["total"] == 1
    assert maya("GET", f"/jobs?text={job['number']}").json["total"] == 1


def test_a_log_is_read_by_offset(maya, stack, sqlite_database, settings):
    (job,) = submit(maya, stack).json["jobs"]
    assert maya("GET", f"/jobs/{job['id']}/logs/stdout").json["note"] == "It has not started yet."
    with sqlite_database.write() as session:
        attempt = Attempt(
            job_id=job["id"], number=1, name="x", cluster="local", resources={}, created=datetime.now(UTC)
        )
        session.add(attempt)
        session.flush()
        folder = settings.scratch / attempt.id
    folder.mkdir(parents=True)
    (folder / "stdout.log").write_text("first line\nsecond line\n", encoding="utf-8")
    first = maya("GET", f"/jobs/{job['id']}/logs/stdout").json
    assert first["text"] == "first line\nsecond line\n"
    rest = maya("GET", f"/jobs/{job['id']}/logs/stdout?offset={first['next_offset']}").json
    assert (rest["text"], rest["final"]) == ("", False)
    assert maya("GET", f"/jobs/{job['id']}/logs/stdout?offset=-12").json["text"] == "second line\n"
    assert maya("GET", f"/jobs/{job['id']}/logs/syslog").status_code == 422


def test_a_job_is_renamed(maya, stack):
    (job,) = submit(maya, stack).json["jobs"]
    assert maya("PATCH", f"/jobs/{job['id']}", json={"title": "Heart, checked"}).json["title"] == "Heart, checked"
    assert maya("PATCH", f"/jobs/{job['id']}", json={"title": ""}).status_code == 422


@pytest.mark.parametrize("job", ["0", "J-", "J-x", "99999999999999999999", "-1", "1.5"])
def test_what_is_no_job_is_not_found(job, maya):
    assert maya("GET", f"/jobs/{job}").status_code == 404


def test_one_key_sent_by_many_at_once_makes_one_submission(maya, stack):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: submit(maya, stack, "k1"), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json["id"] for answer in answers}) == 1
    assert maya("GET", "/jobs").json["total"] == 1
