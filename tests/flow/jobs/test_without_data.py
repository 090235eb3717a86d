"""Analyses that take no dataset, or leave none, with the real agent, scheduler, launch and store."""

import json

from job_yard import COUNT, analysis, states
from sqlalchemy import select

from portal.catalogue.models import DataCollectionDataset, Dataset
from portal.catalogue.models import Job as Run
from portal.catalogue.provenance import came_from
from portal.jobs.actions import cancel, retry
from portal.jobs.cause import Cause
from portal.jobs.read import job_view
from portal.jobs.state import State

REPORT = """
import json, os
job = json.load(open(os.environ["GANTRY_JOB"]))
with open(job["options"]["ledger"], "a") as ledger:
    ledger.write(job["job"]["attempt"] + "\\n")
if job["options"]["wait"]:
    raise SystemExit("no network")
print("looked at", sorted(job["inputs"]))
with open("events.jsonl", "a") as events:
    events.write(json.dumps({"stage": "checking", "message": "All is well"}) + "\\n")
os.makedirs("output", exist_ok=True)
open("output/left.txt", "w").write("nobody asked for it")
"""
SIMULATE = analysis("simulate", COUNT, inputs=[], result_title="{analysis}d")
CHECK = analysis("check", REPORT, outputs=[])
NOTIFY = analysis("notify", REPORT, inputs=[], outputs=[], result_title="{analysis}")


def test_a_job_without_a_dataset_files_its_result_in_the_chosen_experiment(yard_with):
    yard = yard_with(SIMULATE)
    mine = yard.facility.investigations["private"]
    yard.submit("simulate", inputs={}, experiment=mine)
    (job,) = yard.until_ended(yard.daemon())
    assert job.state is State.SUCCEEDED, yard.tell()
    (result,) = yard.results()
    assert (result.name, result.investigation_id, result.type.name) == ("Simulated", mine, "counts")
    assert (yard.settings.results / str(mine) / f"{job.number}-counts" / "count.txt").read_text() == "0"
    order = json.loads((yard.folder_of(job) / "job.json").read_text())
    assert order["inputs"] == {}
    with yard.database.read() as session:
        run = session.scalars(select(Run)).one()
        taken = select(DataCollectionDataset).where(
            DataCollectionDataset.data_collection_id == run.input_data_collection_id
        )
        assert session.scalars(taken).all() == []
        made = session.get_one(Dataset, result.id)
        assert (made.sample_id, made.instrument_id) == (None, None)
        source = came_from(session, yard.facility.actors["maya"], made)
        assert (source.application, source.inputs, source.hidden_inputs) == ("simulate", [], 0)
        assert [linked.dataset.id for linked in source.outputs] == [result.id]


def test_a_job_that_leaves_no_dataset_ends_well_with_what_it_reported(yard_with):
    yard = yard_with(CHECK)
    yard.submit("check")
    (job,) = yard.until_ended(yard.daemon())
    assert job.state is State.SUCCEEDED, yard.tell()
    assert states(job)[-2:] == ["collecting", "succeeded"]
    assert (yard.results(), job.outputs) == ([], [])
    assert list(yard.settings.results.iterdir()) == []
    view = job_view(job, job.ended)
    assert view.sentence.endswith(" This analysis leaves no dataset, only its log.")
    assert (view.reported, view.last_lines) == ("All is well", "looked at ['stack']")
    assert [moment.words for moment in view.timeline[-2:]] == ["Ended well", "Done"]
    with yard.database.read() as session:
        assert session.scalars(select(Run)).all() == []


def test_a_job_that_takes_and_leaves_nothing_needs_no_experiment(yard_with):
    yard = yard_with(NOTIFY)
    yard.submit("notify", inputs={})
    (job,) = yard.until_ended(yard.daemon())
    assert (job.state, job.investigation_id) == (State.SUCCEEDED, None), yard.tell()
    assert job_view(job, job.ended).last_lines == "looked at []"


def test_a_failed_job_without_a_dataset_runs_again_in_its_experiment(yard_with):
    yard = yard_with(NOTIFY)
    mine = yard.facility.investigations["private"]
    yard.submit("notify", inputs={}, experiment=mine, options={"wait": 1})
    daemon = yard.daemon()
    (job,) = yard.until_ended(daemon)
    assert (job.state, job.cause) == (State.FAILED, Cause.EXIT.value), yard.tell()
    assert "no network" in job_view(job, job.ended).last_lines
    yard.change(retry, job.id)
    (job,) = yard.until_ended(daemon)
    assert (len(job.attempts), job.investigation_id) == (2, mine)


def test_a_job_that_leaves_no_dataset_is_cancelled_like_any_other(yard_with):
    yard = yard_with(analysis("long", COUNT, inputs=[], outputs=[], result_title="Long"))
    yard.submit("long", inputs={}, options={"wait": 60})
    daemon = yard.daemon()
    yard.until(daemon, lambda: yard.job().state is State.RUNNING)
    yard.change(cancel, yard.job().id)
    (job,) = yard.until_ended(daemon)
    assert job.state is State.CANCELLED, yard.tell()
