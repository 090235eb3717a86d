"""A file with several volumes and channels: all of them, one result each, and each with its own numbers."""

from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
import yaml
from job_yard import REPOSITORY, Yard, make_yard
from registering import register

from portal.catalogue.models import Dataset
from portal.errors import InvalidError
from portal.jobs.state import State
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import submit

LIGHTSHEET = yaml.safe_load((REPOSITORY / "jobtypes/lightsheet-deconvolution.yaml").read_text())
CHANNELS = ("DAPI", "GFP", "RFP")
OPTIONS = {"iterations": 1, "sigma_xy": 0.2, "sigma_z": 0.5}


@pytest.fixture
def yard(tmp_path: Path):
    made = make_yard(tmp_path, LIGHTSHEET)
    yield made
    made.close()


def beads(place: int) -> np.ndarray:
    """A channel of its own brightness, (z, y, x)."""
    values = np.full((8, 24, 26), 10, np.uint16)
    values[4, 12, 13] = 1000 * (place + 1)
    return values


def two_positions(yard: Yard) -> int:
    path = yard.settings.roots["demo"].path / "larva.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as file:
        for position in range(2):
            values = np.stack([beads(3 * position + place) for place in range(3)], axis=1)
            sizes = {f"PhysicalSize{axis}": size for axis, size in zip("XYZ", (0.2, 0.2, 0.5), strict=True)}
            metadata = {"axes": "ZCYX", "Name": f"Pos {position}", "Channel": {"Name": list(CHANNELS)}, **sizes}
            file.write(values, metadata=metadata, photometric="minisblack")
    return register(yard, path)


def totals(yard: Yard) -> dict[str, float]:
    """What light each result has, by its name."""
    found = {}
    for dataset in yard.results():
        assert dataset.location is not None
        folder = yard.settings.results / dataset.location.removeprefix("results:")
        with h5py.File(folder / "deconvolved.h5") as file:
            found[dataset.name] = float(file["data"][()].sum())
    return found


def test_all_channels_of_all_positions_are_a_result_each_with_their_own_numbers(yard: Yard) -> None:
    dataset = two_positions(yard)
    assert asked(yard, dataset, array="all", channel="all") == 6
    jobs = yard.until_ended(yard.daemon())
    assert [job.state for job in jobs] == [State.SUCCEEDED] * 6, yard.tell()
    found = totals(yard)
    expected = {
        f"larva.ome, deconvolved, Pos {position}, {name}": beads(3 * position + place).sum()
        for position in range(2)
        for place, name in enumerate(CHANNELS)
    }
    assert found == {name: pytest.approx(total, rel=1e-4) for name, total in expected.items()}
    assert [(job.options["array"], job.options["channel"]) for job in jobs] == [
        (f"Pos {position}", channel) for position in range(2) for channel in range(3)
    ]
    for result in yard.results():
        told = {row.type.name: row.value for row in result.parameters}
        assert result.name.endswith(f"{told['array']}, {CHANNELS[int(told['channel'])]}")
    with yard.database.read() as session:
        arrays = [row.name for row in session.get_one(Dataset, yard.results()[0].id).arrays]
    assert {"/data", "/psf"} <= set(arrays)


def asked(yard: Yard, dataset: int, **options: object) -> int:
    """How many jobs it makes."""
    with yard.database.write() as session:
        made = submit(
            session,
            yard.facility.actors["maya"],
            SubmitRequest("lightsheet-deconvolution", {"stack": [dataset]}, {**OPTIONS, **options}),
            jobtypes=yard.jobtypes,
            settings=yard.settings,
            now=datetime.now(UTC),
        )
    return len(made.jobs)


def refused(yard: Yard, dataset: int, **options: object) -> dict[str, str]:
    with pytest.raises(InvalidError) as caught:
        asked(yard, dataset, **options)
    return dict(caught.value.fields)


def test_inputs_that_went_wrong_once_are_asked_for_before_anything_starts(yard: Yard, shared_cases: Path) -> None:
    root = yard.settings.roots["demo"].path
    ids = {}
    for name in ("t06_imagej_timelapse.tif", "t07_imagej_two_channels.tif", "t11_ome_two_series.ome.tif"):
        (root / name).write_bytes((shared_cases / name).read_bytes())
        ids[name[:3]] = register(yard, root / name)
    (root / "zc.tif").write_bytes((shared_cases / "real/ij_hyperstack_zc.tif").read_bytes())
    ids["zc"] = register(yard, root / "zc.tif")
    assert "series of 16 time points" in refused(yard, ids["t06"])["inputs.stack"]
    assert "2 channels: 0 to 1" in refused(yard, ids["t07"])["channel"]
    assert "overview (8 × 20 × 24); detail (16 × 40 × 48)" in refused(yard, ids["t11"])["array"]
    assert "2 channels" in refused(yard, ids["zc"])["channel"]
    assert asked(yard, ids["t07"], channel="all") == 2
    assert asked(yard, ids["t11"], array="detail") == 1
    assert asked(yard, ids["zc"], channel=1) == 1


def test_planes_in_a_file_each_are_one_volume_to_form_and_program(yard: Yard, shared_cases: Path) -> None:
    for name in ("t18_multifile_ome", "t19_planes_folder"):
        folder = yard.settings.roots["demo"].path / name
        folder.mkdir()
        for path in (shared_cases / name).glob("*.tif"):
            (folder / path.name).write_bytes(path.read_bytes())
        assert asked(yard, register(yard, folder), voxel_xy=0.2, voxel_z=0.5, sigma_z=0.5) == 1
    jobs = yard.until_ended(yard.daemon())
    assert [job.state for job in jobs] == [State.SUCCEEDED] * 2, yard.tell()
    assert [job.options["array"] for job in jobs] == ["series 0", "6 files"]


@pytest.mark.parametrize("jobtype", ["lightsheet-deconvolution"])
def test_what_is_known_to_be_damaged_is_refused_before_it_starts(yard: Yard, jobtype: str) -> None:
    path = yard.settings.roots["demo"].path / "cut.ome.tif"
    tifffile.imwrite(path, beads(0), photometric="minisblack")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(InvalidError) as caught:
        asked(yard, register(yard, path))
    assert (
        "cut.ome.tif: the file is truncated: it ends within the list of its pages"
        in caught.value.fields["inputs.stack"]
    )
