"""A microscope's own file: registered though nobody here reads it, converted, and then analysed like any other."""

from datetime import UTC, datetime

import microscope_files
import numpy as np
import yaml

from portal.catalogue.models import Datafile, Dataset
from portal.jobs.state import State
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import submit
from portal.jobtype.load import shipped_folder


def test_a_czi_becomes_a_picture_that_can_be_deconvolved(yard_with):
    shipped = [yaml.safe_load((shipped_folder() / f"{name}.yaml").read_text()) for name in ("convert", "qc")]
    yard = yard_with(*shipped)
    values = np.random.default_rng(0).integers(0, 60000, (1, 4, 1, 20, 24)).astype(np.uint16)
    path = yard.settings.roots["demo"].path / "heart" / "a.czi"
    microscope_files.write_czi(path, [values], {0: "GFP"}, (2e-7, 2e-7, 5e-7))
    with yard.database.write() as session:
        session.add(
            Datafile(
                dataset_id=yard.stack,
                name="a.czi",
                location="a.czi",
                file_size=path.stat().st_size,
                mtime_ns=path.stat().st_mtime_ns,
            )
        )

    def run(name: str, dataset: int) -> Dataset:
        with yard.database.write() as session:
            request = SubmitRequest(name, {"data": [dataset]}, {})
            now = datetime.now(UTC)
            submit(
                session,
                yard.facility.actors["maya"],
                request,
                jobtypes=yard.jobtypes,
                settings=yard.settings,
                now=now,
            )
        job = yard.until_ended(yard.daemon())[-1]
        assert job.state is State.SUCCEEDED, yard.tell()
        return yard.results()[-1]

    converted = run("convert", yard.stack)
    assert converted.type.name == "converted picture"
    assert "a.ome.tif" in {file.name for file in converted.datafiles}
    told = {one.type.name: (one.value, one.type.units) for one in converted.parameters}
    assert told["voxel size z"] == (0.5, "um")
    assert told["channels"][0] == "GFP"
    assert [picture.role for picture in converted.pictures] == ["thumbnail"]
    checked = run("qc", converted.id)
    told = {one.type.name: one.value for one in checked.parameters}
    assert (told["maximum"], told["arrays"]) == (values.max(), 1)
