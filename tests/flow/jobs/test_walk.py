"""From a submission to a registered dataset, with the real agent, scheduler, launch and store."""

import json

import pytest
from job_yard import COUNT, analysis, states
from sqlalchemy import select

from portal.catalogue.models import DataCollectionDataset
from portal.catalogue.models import Job as Run
from portal.jobs.clusters.snapshots import snapshots
from portal.jobs.read import cluster_status, job_view
from portal.jobs.state import State

PICTURE = """
import json, pathlib, struct, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
rows = b"".join(b"\\0" + bytes(3 * 8) for _ in range(8))
png = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
png += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
out = pathlib.Path("output")
(out / "previews").mkdir(parents=True)
(out / "previews" / "xy.png").write_bytes(png)
(out / "table.csv").write_text("1,2")
(out / "metadata.json").write_text(json.dumps({"schema": 1, "summary": "A table", "parameters": [],
    "warnings": ["half of it is a guess"],
    "previews": [{"file": "previews/xy.png", "caption": "Seen from above", "role": "thumbnail"}]}))
"""
TWO = [
    {"name": "table", "pattern": "*.csv", "dataset_type": "table"},
    {"name": "extra", "pattern": "*.h5", "dataset_type": "extra", "required": False},
]


def test_a_dataset_and_a_form_become_a_registered_result(yard_with):
    yard = yard_with()
    yard.submit(title="Heart, counted")
    (job,) = yard.until_ended(yard.daemon())
    # A program this short may have ended before anybody looked.
    passed = [state for state in states(job) if state != "running"]
    assert passed == ["queued", "submitting", "pending", "collecting", "succeeded"]
    (result,) = yard.results()
    assert (result.name, result.type.name, result.complete) == ("Heart, counted", "counts", True)
    assert [(p.type.name, p.value, p.type.units) for p in result.parameters] == [("bytes", 1234.0, "B")]
    assert [(p.source.kind, p.source.job) for p in result.parameters] == [("job", job.id)]
    assert [(file.name, file.file_size) for file in result.datafiles] == [("count.txt", 4)]
    kept = yard.settings.results / result.location.removeprefix("results:") / "count.txt"
    assert kept.read_text() == "1234"
    assert yard.starts() == [job.attempt.id]
    assert job.outputs[0].dataset_id == result.id


def test_a_result_knows_where_it_came_from(yard_with):
    yard = yard_with()
    yard.submit()
    yard.until_ended(yard.daemon())
    with yard.database.read() as session:
        run = session.scalars(select(Run)).one()
        arguments = json.loads(run.arguments)
        taken = session.scalars(
            select(DataCollectionDataset.dataset_id).where(
                DataCollectionDataset.data_collection_id == run.input_data_collection_id
            )
        ).all()
    assert taken == [yard.stack]
    assert arguments["options"]["wait"] == 0
    assert arguments["revision"] == yard.jobtypes.by_name["count"].revision


def test_a_job_view_of_a_good_job_says_how_it_ran(yard_with):
    yard = yard_with()
    yard.submit()
    (job,) = yard.until_ended(yard.daemon())
    view = job_view(job, job.ended)
    assert view.sentence.startswith("Done in ")
    assert view.runner == "It ran with the software of that computer, not in a container."
    assert view.resources[0].asked == "256 MB"
    assert view.resources[0].used
    assert view.timeline[0].words == "Asked for"


def test_pictures_are_drawn_anew_and_an_optional_output_may_be_absent(yard_with):
    yard = yard_with(analysis("paint", PICTURE, outputs=TWO))
    yard.submit("paint", title="Painted")
    (job,) = yard.until_ended(yard.daemon())
    assert job.state is State.SUCCEEDED, yard.tell()
    (result,) = yard.results()
    assert [file.name for file in result.datafiles] == ["table.csv"]
    assert (result.warnings, job.warnings) == (["half of it is a guess"], 1)
    assert job_view(job, job.ended).sentence.endswith(", with 1 warning.")
    (picture,) = result.pictures
    assert (picture.role, picture.caption, picture.width) == ("thumbnail", "Seen from above", 8)
    assert (yard.settings.pictures / picture.path).read_bytes().startswith(b"\x89PNG")


def test_a_result_can_be_the_input_of_the_next_analysis(yard_with):
    next_one = analysis("again", COUNT, inputs=[{"name": "stack", "label": "S", "dataset_types": ["counts"]}])
    yard = yard_with(next_one)
    yard.submit()
    daemon = yard.daemon()
    yard.until_ended(daemon)
    yard.submit("again", yard.results()[0].id)
    jobs = yard.until_ended(daemon)
    assert [job.state for job in jobs] == [State.SUCCEEDED, State.SUCCEEDED], yard.tell()
    assert (yard.settings.results / "1" / f"{jobs[1].number}-counts" / "count.txt").read_text() == "4"


def test_progress_shows_while_it_runs(yard_with):
    yard = yard_with()
    yard.submit(options={"wait": 30})
    daemon = yard.daemon()
    yard.until(daemon, lambda: "stage" in yard.job().progress)
    job = yard.job()
    view = job_view(job, job.changed)
    assert (job.state, view.progress.stage, view.progress.fraction) == (State.RUNNING, "counting", 0.5)
    assert view.sentence.startswith("Step 1 of 1, counting")


def test_the_daemons_status_is_written_for_the_facility_page(yard_with):
    yard = yard_with()
    yard.submit(options={"wait": 30})
    daemon = yard.daemon()
    yard.until(daemon, lambda: yard.job().state is State.RUNNING)

    def seen():
        with yard.database.read() as session:
            return cluster_status(session)

    yard.until(daemon, lambda: seen().counts == {"running": 1})
    status = seen()
    assert (status.daemon_alive, [one.answered for one in status.clusters], status.banner) == (True, [True], "")

    def kept():
        with yard.database.read() as session:
            return next(iter(snapshots(session).values()), None)

    yard.until(daemon, lambda: kept().totals["used_cpus"] == 1)
    [here] = kept().nodes
    assert (here.cpus, here.cpus_used, here.memory_mb, here.words) == (2, 1, 2048, "Partly in use")


@pytest.mark.postgres
def test_the_walk_on_postgresql(yard_with, postgres_url):
    yard = yard_with(database_url=postgres_url)
    yard.submit()
    yard.submit("count", yard.stack, yard.stack_again("other"))
    jobs = yard.until_ended(yard.daemon())
    assert [job.state for job in jobs] == [State.SUCCEEDED] * 3, yard.tell()
    assert len(yard.results()) == 3
