"""What one submission asks of the database, and that its answer is what reading it again shows."""

from datetime import UTC, datetime, timedelta

import pytest
from asking import Asking
from sqlalchemy import event

from portal.app import create_app
from portal.catalogue.models import Dataset, DatasetParameter, ParameterType
from portal.jobs.clusters.rows import DAEMON, ClusterHealth, DaemonLease

MOST_STATEMENTS = 14  # the last that was added asks what the datasets' files hold


@pytest.fixture
def statements(sqlite_database):
    """All statements from here on, without those with which SQLite is told that a transaction begins."""
    seen = []

    def note(_connection, _cursor, statement, *_rest):
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(sqlite_database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(sqlite_database.engine, "before_cursor_execute", note)


@pytest.fixture
def still(monkeypatch):
    """The clock stands, so that "Waiting 2 seconds" is the same twice."""
    moment = datetime.now(UTC)

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return moment

    monkeypatch.setattr("portal.web.context.datetime", Clock)
    return moment


@pytest.fixture
def daemon(sqlite_database):
    """A daemon that works, or whose lease ended, with a cluster that answers, or does not."""

    def make(alive, answered):
        now = datetime.now(UTC)
        with sqlite_database.write() as session:
            session.add(
                DaemonLease(
                    name=DAEMON,
                    holder="here",
                    epoch=1,
                    expires=now + timedelta(hours=1 if alive else -1),
                    beat=now,
                    status={},
                )
            )
            session.add(ClusterHealth(cluster="here", answered=answered, since=now))

    return make


@pytest.fixture
def more(sqlite_database, stack):
    """Further datasets beside maya's, each with a parameter that gives a default."""

    def make(count):
        with sqlite_database.write() as session:
            first = session.get_one(Dataset, stack)
            kind = ParameterType(
                facility_id=first.type.facility_id, name="voxel_size_z", units="um", value_type="NUMERIC"
            )
            session.add(kind)
            made = [
                Dataset(
                    investigation_id=first.investigation_id, type_id=first.type_id, name=f"Run {i}", complete=True
                )
                for i in range(count)
            ]
            session.add_all(made)
            session.flush()
            session.add_all(
                DatasetParameter(dataset_id=dataset.id, type_id=kind.id, numeric_value=0.5 + dataset.id / 100)
                for dataset in made
            )
            return [dataset.id for dataset in made]

    return make


def deconvolve(asking, ids, **headers):
    body = {"analysis": "lightsheet-deconvolution", "inputs": {"stack": ids}}
    return asking("POST", "/submissions", json=body, headers={"Idempotency-Key": str(len(ids)), **headers})


def test_one_submission_makes_fourteen_statements_at_most(maya, more, daemon, statements):
    daemon(alive=True, answered=True)
    first, second = more(2)
    deconvolve(maya, [first])  # notes that the token was used, and makes the revision's snapshot
    del statements[:]
    assert deconvolve(maya, [second], **{"Idempotency-Key": "second"}).status_code == 201
    assert 0 < len(statements) <= MOST_STATEMENTS, "\n".join(statements)


def test_a_batch_makes_as_many_statements_as_one_job_and_one_for_its_number(maya, more, daemon, statements):
    daemon(alive=True, answered=True)
    ids = more(21)
    deconvolve(maya, ids[:1])
    counts = []
    for some in (ids[1:3], ids[3:]):
        del statements[:]
        assert deconvolve(maya, some).status_code == 201
        counts.append(len(statements))
    assert counts[0] == counts[1] <= MOST_STATEMENTS + 1


def test_a_list_of_forms_makes_as_many_statements_as_one_form(maya, more, statements):
    ids = more(21)
    deconvolve(maya, ids[:1])
    counts = []
    for some in (ids[1:3], ids[3:]):
        forms = [
            {
                "analysis": "lightsheet-deconvolution",
                "inputs": {"stack": [one]},
                "options": {"iterations": 10 + place},
            }
            for place, one in enumerate(some)
        ]
        del statements[:]
        headers = {"Idempotency-Key": str(len(some))}
        assert maya("POST", "/submission-lists", json={"forms": forms}, headers=headers).status_code == 201
        counts.append(len(statements))
    assert counts[0] == counts[1] <= MOST_STATEMENTS


@pytest.mark.parametrize(("alive", "answered"), [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("count", [1, 3])
def test_the_answer_is_what_reading_the_submission_shows(count, alive, answered, maya, more, daemon, still):
    daemon(alive, answered)
    made = deconvolve(maya, more(count))
    assert made.status_code == 201
    assert made.json == maya("GET", f"/submissions/{made.json['id']}").json
    assert [job["title"] for job in made.json["jobs"]] == [f"Run {i}, deconvolved" for i in range(count)]
    assert {job["state"] for job in made.json["jobs"]} == {"queued"}


@pytest.mark.parametrize(
    ("silent", "promised"), [("far", "in a moment"), ("away", "when the cluster away answers")]
)
def test_the_answer_tells_of_the_cluster_to_which_the_jobs_will_go(
    silent, promised, maya, more, daemon, still, sqlite_database
):
    daemon(alive=True, answered=True)
    settings = [{"name": "here", "jobtypes": []}, {"name": "far", "jobtypes": ["pack"]}]
    settings.append({"name": "away", "jobtypes": ["lightsheet-deconvolution"]})
    with sqlite_database.write() as session:
        session.get_one(DaemonLease, DAEMON).status = {"clusters": settings}
        session.add_all(ClusterHealth(cluster=name, answered=name != silent) for name in ("far", "away"))
    made = deconvolve(maya, more(2))
    assert (made.status_code, made.json["counts"]) == (201, {"queued": 2})
    assert made.json == maya("GET", f"/submissions/{made.json['id']}").json
    for job in made.json["jobs"]:
        assert promised in job["sentence"]


def test_the_answer_about_jobs_on_hold_is_what_reading_them_shows(
    settings, sqlite_database, token_of, more, daemon, still
):
    daemon(alive=True, answered=True)
    few = settings.model_copy(update={"limits": settings.limits.model_copy(update={"queued_per_person": 2})})
    maya = Asking(create_app(few, database=sqlite_database), token_of("maya"))
    ids = more(3)
    deconvolve(maya, ids[:1])
    held = deconvolve(maya, ids[1:])
    assert held.status_code == 201
    assert held.json["counts"] == {"held": 2}
    assert held.json == maya("GET", f"/submissions/{held.json['id']}").json
    for job in held.json["jobs"]:
        assert "may have 2" in job["sentence"]
        assert job == maya("GET", f"/jobs?text={job['number']}").json["items"][0]


def test_a_repetition_shows_the_first_submission_as_it_is_now(maya, more, still):
    (number,) = more(1)
    first = deconvolve(maya, [number])
    maya("POST", f"/jobs/{first.json['jobs'][0]['id']}/cancel")
    again = deconvolve(maya, [number])
    assert (again.status_code, again.json["counts"]) == (200, {"cancelled": 1})
    assert again.json == maya("GET", f"/submissions/{first.json['id']}").json


def test_who_prefers_little_gets_a_receipt(maya, more):
    ids = more(3)
    made = deconvolve(maya, ids, Prefer="return=minimal")
    assert made.status_code == 201
    assert made.json == {
        "id": made.json["id"],
        "title": "Light-sheet deconvolution, 3 datasets",
        "count": 3,
    }
    assert made.headers["Preference-Applied"] == "return=minimal"
    assert made.headers["Vary"] == "Prefer"
    assert made.headers["Location"] == f"/api/v1/submissions/{made.json['id']}"
    again = deconvolve(maya, ids, Prefer="return=minimal")
    assert (again.status_code, again.json) == (200, made.json)
    whole = deconvolve(maya, ids, Prefer="return=representation")
    assert whole.headers["Preference-Applied"] == "return=representation"
    assert [job["inputs"][0]["dataset"] for job in whole.json["jobs"]] == ids


@pytest.mark.parametrize("wish", ["respond-async", "return=little", "", ";", "return"])
def test_a_preference_that_is_not_known_changes_nothing(wish, maya, more):
    made = deconvolve(maya, more(1), Prefer=wish)
    assert len(made.json["jobs"]) == 1
    assert "Preference-Applied" not in made.headers
