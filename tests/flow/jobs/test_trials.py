"""Several values of an option, from the form to filed results, with a real daemon."""

import zlib

import numpy as np
from job_yard import analysis
from sqlalchemy import select

from portal.catalogue.models import Dataset, TrialPicture
from portal.catalogue.search import DatasetQuery, find_datasets
from portal.jobs.state import State
from portal.jobs.trials.sheet import get_sheet
from portal.trials.trial import Asked

# A picture that is as bright as the level that is tried, and of as many rows as asked for.
LEVEL = """
import json, os, pathlib, h5py, numpy
options = json.load(open(os.environ["GANTRY_JOB"]))["options"]
assert options["level"] != 13, "unlucky"
out = pathlib.Path("output")
out.mkdir(exist_ok=True)
picture = numpy.full((options["rows"], 20), options["level"], "f4")
picture[0, 0] = 0
with h5py.File(out / "level.h5", "w") as file:
    file["picture"] = picture
(out / "metadata.json").write_text(json.dumps({"schema": 1, "summary": "Level",
    "parameters": [{"name": "mean", "value": float(picture.mean()), "units": ""},
                   {"name": "rows used", "value": options["rows"], "units": ""}], "previews": []}))
"""


def level_type():
    document = analysis("level", LEVEL)
    document["options"] = [
        {"name": "ledger", "label": "Ledger", "type": "text", "default": "/dev/null", "max_length": 1000},
        {"name": "level", "label": "Level", "type": "integer", "default": 1, "min": 0, "max": 1000},
        {"name": "rows", "label": "Rows", "type": "integer", "default": 40, "min": 10, "max": 50},
    ]
    document["outputs"] = [{"name": "level", "pattern": "*", "dataset_type": "level"}]
    document["crop"] = {"words": "ten rows", "options": ["rows"], "values": {"rows": 10}}
    return document


def test_values_are_tried_filed_and_kept_out_of_the_lists(yard_with):
    yard = yard_with(level_type())
    submission = yard.submit("level", options={"rows": 30}, trial=Asked("level", [10, 13, 200]))
    jobs = yard.until_ended(yard.daemon())
    assert [job.state for job in jobs] == [State.SUCCEEDED, State.FAILED, State.SUCCEEDED]
    maya = yard.facility.actors["maya"]
    with yard.database.read() as session:
        sheet = get_sheet(session, maya, submission)
        assert [one.words for one in sheet.tried] == ["10", "13", "200"] and sheet.part == "Rows 10"
        assert [one.result is not None for one in sheet.tried] == [True, False, True]
        first, last = sheet.tried[0], sheet.tried[2]
        assert {number.name: number.differs for number in first.numbers} == {"mean": True, "rows used": False}
        assert first.numbers[0].name == "mean" and not sheet.alike
        # One scale for both: from the darkest of the one to the brightest of the other.
        assert sheet.scale is not None and sheet.scale.white == 200.0 and sheet.scale.black < 11
        plane = session.scalars(select(TrialPicture).where(TrialPicture.dataset_id == last.result)).one()
        assert (plane.width, plane.height) == (20, 10)
        assert np.frombuffer(zlib.decompress(plane.pixels), "<f4").max() == 200.0
        results = session.scalars(select(Dataset).where(Dataset.trial == submission)).all()
        assert {one.name for one in results} == {
            f"{job.inputs[0].dataset_name}, level, trial with Level {job.options['level']} ({job.number})"
            for job in (jobs[0], jobs[2])
        }
        ids = {one.id for one in results}
        assert not ids & {one.id for one in find_datasets(session, maya, DatasetQuery()).items}
        assert not ids & {one.id for one in find_datasets(session, maya, DatasetQuery(text="level")).items}
        assert ids == {one.id for one in find_datasets(session, maya, DatasetQuery(trials=True)).items}


def test_what_is_no_trial_keeps_no_values_of_its_picture(yard_with):
    yard = yard_with(level_type())
    yard.submit("level")
    yard.until_ended(yard.daemon())
    with yard.database.read() as session:
        assert session.scalars(select(TrialPicture)).all() == []
