"""gantry run --from-job, --sweep and --crop: by the portal's own planner, and what is otherwise is said."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from portal.catalogue.models import Dataset, DatasetArray
from portal.db import Database
from portal.jobs.models import Job, JobTypeRevision

ANALYSIS = "lightsheet-deconvolution"
Gantry = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _volume(sqlite_database: Database, stack: int) -> None:
    with sqlite_database.write() as session:
        session.add(
            DatasetArray(
                dataset_id=stack,
                position=0,
                name="/volume",
                shape=[40, 300, 200],
                axes="ZYX",
                pictures=[],
                sizes={"x": 0.2, "y": 0.2, "z": 1.0},
            )
        )


@pytest.fixture
def first(gantry: Gantry, stack: int) -> dict[str, Any]:
    """A job with values of its own."""
    code, out, err = gantry(
        "run", ANALYSIS, stack, "--set", "iterations=25", "--set", "background=7", "--variant", "large", "--json"
    )
    if code:
        code, out, err = gantry(
            "run", ANALYSIS, stack, "--set", "iterations=25", "--set", "background=7", "--json"
        )
    assert code == 0, err
    made: dict[str, Any] = json.loads(out)
    return made


def _options(database: Database, submission: dict[str, Any]) -> dict[str, Any]:
    with database.read() as session:
        return dict(session.get_one(Job, submission["jobs"][0]["id"]).options)


def test_a_job_is_run_again_with_its_data_options_and_size(
    gantry: Gantry, first: dict[str, Any], sqlite_database: Database
) -> None:
    number = first["jobs"][0]["number"]
    code, out, err = gantry("run", "--from-job", number, "--json")
    assert code == 0, err
    again = json.loads(out)
    assert again["id"] != first["id"]
    assert (again["analysis"], again["variant"], again["mode"]) == (
        first["analysis"],
        first["variant"],
        first["mode"],
    )
    assert again["jobs"][0]["inputs"] == first["jobs"][0]["inputs"]
    assert _options(sqlite_database, again) == _options(sqlite_database, first)
    assert f"As {number}, with the same data and options." in err
    assert "changed since" not in err


def test_what_is_given_besides_counts_and_is_said(
    gantry: Gantry, first: dict[str, Any], sqlite_database: Database
) -> None:
    number = first["jobs"][0]["number"]
    code, out, err = gantry("run", ANALYSIS, "--from-job", number, "--set", "iterations=30", "--json")
    assert code == 0, err
    assert f"As {number}, but:\n  iterations: 30 (was 25)\n" in err and "background" not in err
    made = _options(sqlite_database, json.loads(out))
    assert made == {**_options(sqlite_database, first), "iterations": 30}
    code, out, err = gantry("run", "--from-job", number, "--dry-run", "--set", "iterations=5000")
    assert code == 6 and "1000" in err
    code, _, err = gantry("run", "--from-job", number, "--set", "iteratons=5")
    assert code == 6 and "iterations" in err


def test_a_changed_revision_is_said(gantry: Gantry, first: dict[str, Any], sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        revision = session.scalars(select(JobTypeRevision).where(JobTypeRevision.name == ANALYSIS)).one()
        revision.digest, revision.version = "sha256:" + "0" * 64, "0.1"
    code, _, err = gantry("run", "--from-job", first["jobs"][0]["number"], "--dry-run")
    assert code == 0 and "has changed since: it ran as version 0.1, and is " in err


def test_other_data_of_the_job_counts_and_what_is_gone_is_said(
    gantry: Gantry, first: dict[str, Any], sqlite_database: Database, stack: int
) -> None:
    number = first["jobs"][0]["number"]
    with sqlite_database.write() as session:
        row = session.get_one(Dataset, stack)
        other = Dataset(
            investigation_id=row.investigation_id, type_id=row.type_id, name="Other", complete=True,
            location=row.location, file_count=row.file_count, file_size=row.file_size,
        )  # fmt: skip
        session.add(other)
        session.flush()
        other_id = other.id
    _, _, err = gantry("run", "--from-job", number, other_id, "--dry-run")
    assert f"data: {other_id} (was {stack})" in err
    with sqlite_database.write() as session:
        job = session.get_one(Job, first["jobs"][0]["id"])
        job.inputs[0].dataset_id = None
    code, _, err = gantry("run", "--from-job", number)
    assert code == 6 and "is gone. Give the datasets" in err


def test_whose_job_it_is_and_which_start_is_meant(
    gantry: Gantry,
    first: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    token_of: Callable[..., str],
    stack: int,
) -> None:
    number = first["jobs"][0]["number"]
    code, _, err = gantry("run")
    assert code == 2 and "--from-job" in err
    assert gantry("run", "--from-job", number, "--preset", "Recommended")[0] == 6
    assert gantry("run", "--from-job", number, "qc")[0] == 2
    assert gantry("run", "--from-job", "J-99999")[0] == 3
    monkeypatch.setenv("GANTRY_TOKEN", token_of("tom"))
    assert gantry("run", "--from-job", number)[0] == 3
    monkeypatch.delenv("GANTRY_TOKEN")
    assert gantry("run")[0] == 2  # what is missing is said before a sign-in is asked for


def test_a_sweep_is_a_trial_with_its_page_on_the_part_that_is_meant(
    gantry: Gantry, first: dict[str, Any], stack: int
) -> None:
    code, out, _ = gantry("run", ANALYSIS, stack, "--sweep", "iterations=5,10,20", "--json")
    sheet = json.loads(out)
    assert code == 0 and [one["value"] for one in sheet["tried"]] == [5, 10, 20]
    assert sheet["part"] == {"box": "4:36, 86:214, 36:164"}
    code, _, err = gantry("run", ANALYSIS, stack, "--sweep", "iterations=5,10", "--crop", "usual")
    assert code == 0 and "/trials/" in err
    code, out, _ = gantry(
        "run", ANALYSIS, stack, "--sweep", "iterations=5,9", "--crop", "box=0:8, 0:8, 0:8", "--json"
    )
    assert code == 0 and json.loads(out)["part"] == {"box": "0:8, 0:8, 0:8"}
    number = first["jobs"][0]["number"]
    code, out, err = gantry("run", "--from-job", number, "--sweep", "iterations=6,7", "--json")
    assert code == 0 and len(json.loads(out)["tried"]) == 2, err
    code, _, err = gantry("run", ANALYSIS, stack, "--sweep", "iterations=5,6", "--sweep", "background=1,2")
    assert code == 6 and "one option" in err
    code, _, err = gantry("run", ANALYSIS, stack, "--sweep", "iterations=5,6", "--crop", "usual", "--whole")
    assert code == 6


def test_a_crop_is_the_part_that_the_page_has_and_is_said(
    gantry: Gantry, stack: int, sqlite_database: Database
) -> None:
    code, out, err = gantry("run", ANALYSIS, stack, "--crop", "usual", "--json")
    assert code == 0 and "On a part: box=4:36, 86:214, 36:164" in err
    assert _options(sqlite_database, json.loads(out))["box"] == "4:36, 86:214, 36:164"
    code, out, err = gantry("run", ANALYSIS, stack, "--crop", "box=0:8, 0:8, 0:8", "--json")
    assert _options(sqlite_database, json.loads(out))["box"] == "0:8, 0:8, 0:8"
    code, _, err = gantry("run", ANALYSIS, stack, "--crop", "bax=0:8")
    assert code == 6 and "Did you mean box" in err
    code, _, err = gantry("run", ANALYSIS, stack, "--crop", "12")
    assert code == 2
    code, _, err = gantry("run", "qc", stack, "--crop", "usual")
    assert code == 6 and "whole datasets" in err
    code, _, err = gantry("run", ANALYSIS, stack, "--crop", "box=0:8, 0:8, 0:8", "--set", "box=0:9, 0:9, 0:9")
    assert code == 6 and "given twice" in err


def test_where_the_usual_part_is_not_known_nothing_is_started(
    gantry: Gantry, stack: int, sqlite_database: Database
) -> None:
    with sqlite_database.write() as session:
        session.delete(session.scalars(select(DatasetArray)).one())
    code, _, err = gantry("run", ANALYSIS, stack, "--crop", "usual")
    assert code == 6 and "not known, so nothing was started" in err
    with sqlite_database.read() as session:
        assert session.scalars(select(Job)).first() is None


@pytest.mark.parametrize("value", [None, True, 7, -1.5, "", "x" * 4000, [], [1, "a"], {"low": 1, "high": 2}])
def test_whatever_is_sent_the_form_tells_a_part_or_what_is_wrong(maya: Any, stack: int, value: Any) -> None:
    slots = {ANALYSIS: "stack", "tomo-slice": "scan", "qc": "data"}
    for name, slot in slots.items():
        found = maya("GET", f"/analyses/{name}").json
        options = dict.fromkeys((field["name"] for field in found["form"]["fields"]), value)
        answer = maya("POST", f"/analyses/{name}/form", json={"inputs": {slot: [stack]}, "options": options})
        assert answer.status_code in (200, 422), (name, answer.json)
        if answer.status_code == 200:
            assert set(answer.json["part"]) <= set(options)
