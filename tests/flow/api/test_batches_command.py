"""A batch on the command line, by its number."""

import json
from datetime import UTC, datetime

import pytest

from portal.catalogue.models import Dataset
from portal.jobs.models import Job
from portal.jobs.state import State


@pytest.fixture
def batch(gantry, stack, sqlite_database):
    """Three datasets that were started together; one has failed."""
    with sqlite_database.write() as session:
        first = session.get_one(Dataset, stack)
        rows = [
            Dataset(
                investigation_id=first.investigation_id, type_id=first.type_id, name=f"Tail {n}", complete=True
            )
            for n in (1, 2)
        ]
        session.add_all(rows)
        session.flush()
        ids = [stack, *(row.id for row in rows)]
    code, out, err = gantry("run", "qc", *ids, "--json")
    assert code == 0, err
    made = json.loads(out)
    with sqlite_database.write() as session:
        job = session.get_one(Job, made["jobs"][0]["id"])
        for state in (State.SUBMITTING, State.FAILED):
            job.move(state, at=datetime.now(UTC))
    return made["number"]


def test_a_batch_is_shown_cancelled_and_run_again_by_its_number(gantry, batch):
    assert batch.startswith("B-")
    code, out, _ = gantry("batches", "show", batch)
    assert code == 0 and out.splitlines()[0] == f"{batch}  Quality check, 3 datasets: 1 failed, 2 waiting"
    assert len(out.splitlines()) >= 4 and "Tail 2" in out
    code, out, _ = gantry("batches", "cancel", batch)
    assert code == 0 and out.splitlines()[0].endswith("1 failed, 2 cancelled")
    code, out, _ = gantry("batches", "retry", batch, "--json")
    found = json.loads(out)
    assert code == 0 and found["number"] == batch and found["counts"] == {"queued": 1, "cancelled": 2}
    code, _, err = gantry("batches", "show", "B-999")
    assert code != 0 and "Not found" in err


def test_a_batch_is_renamed_and_its_jobs_keep_their_names(gantry, batch):
    code, out, err = gantry("batches", "rename", batch, "Night  run\t7")
    assert (code, err) == (0, "") and out.splitlines()[0].startswith(f"{batch}  Night run 7: ")
    assert "Tail 2" in out
    code, out, _ = gantry("batches", "rename", batch, "Day run", "--json")
    assert code == 0 and json.loads(out)["title"] == "Day run"
    for title in ("", " ", "x" * 256, "two\0"):
        code, out, err = gantry("batches", "rename", batch, title)
        assert (code, out) == (6, ""), title
        assert "Traceback" not in err and err.count("\n") <= 2
    assert gantry("batches", "rename", "B-999", "Other")[0] == 3
    assert json.loads(gantry("batches", "show", batch, "--json")[1])["title"] == "Day run"


def test_dry_runs_of_a_batch_say_what_would_be_and_change_nothing(gantry, batch):

    def kept() -> tuple[str, list[tuple[str, int]]]:
        found = json.loads(gantry("batches", "show", batch, "--json")[1])
        jobs = [json.loads(gantry("jobs", "show", one["number"], "--json")[1]) for one in found["jobs"]]
        return found["title"], [(one["state"], len(one["timeline"])) for one in jobs]

    before = kept()
    for words in (("cancel", batch), ("retry", batch), ("rename", batch, "Other")):
        code, out, err = gantry("batches", *words, "--dry-run", "--json")
        assert (code, err) == (0, "Nothing was changed (--dry-run): it would be so.\n"), words
        assert kept() == before, words
        would_be = json.loads(out)
        real = json.loads(gantry("batches", *words, "--json")[1])
        assert (would_be["title"], would_be["counts"]) == (real["title"], real["counts"]), words
        before = kept()
    for words in (("cancel", "B-999"), ("retry", "B-999"), ("rename", "B-999", "x"), ("rename", batch, "x" * 256)):
        assert gantry("batches", *words, "--dry-run") == gantry("batches", *words)


def test_a_batch_with_nothing_to_do_says_so(gantry, batch):
    gantry("batches", "cancel", batch)
    assert gantry("batches", "cancel", batch)[2] == "All of it had ended already.\n"
    gantry("batches", "retry", batch)
    assert gantry("batches", "retry", batch)[2] == "Nothing of it has failed: nothing was started.\n"
