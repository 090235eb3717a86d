"""What the type maps and no file tells is said to be unknown, and never left out or guessed."""

from portal.catalogue.models import Dataset, DatasetArray, DatasetType
from portal.catalogue.parameters.missing import Missing, missing_of
from portal.web.views.parameters import missing_lines

MAPPING = {
    "voxel size x": {"units": "nm", "sources": ["ome:PhysicalSizeX", "image:voxel size x"]},
    "voxel size y": {"units": "nm", "sources": [{"at": "image:voxel size y"}]},
    "voxel size z": {"units": "um", "sources": ["image:voxel size z"]},
    "medium": {"kind": "text", "sources": ["hdf5:/@medium"]},
}


def dataset(*sizes: dict[str, float], complete: bool = True) -> Dataset:
    arrays = [DatasetArray(sizes=one, left_out="") for one in sizes]
    return Dataset(complete=complete, type=DatasetType(name="stack", mapping=MAPPING), arrays=arrays)


def test_what_no_file_tells_is_missing():
    names = [(one.name, one.units, one.differs) for one in missing_of(dataset({}))]
    sizes = [("voxel size x", "nm", ()), ("voxel size y", "nm", ()), ("voxel size z", "um", ())]
    assert names == [*sizes, ("medium", "", ())]
    assert missing_lines(dataset({})) == [("voxel size x, y, z", "not known"), ("medium", "not known")]


def test_sizes_that_differ_between_pictures_are_all_said_in_the_type_s_unit():
    found = missing_of(dataset({"x": 0.4, "y": 0.2}, {"x": 0.2, "y": 0.2}, {}))
    assert found[0] == Missing("voxel size x", "nm", (200.0, 400.0))
    assert found[1].differs == ()
    lines = missing_lines(dataset({"x": 0.4, "y": 0.4}, {"x": 0.2, "y": 0.2}))
    assert lines[0] == ("voxel size x, y", "differs between its pictures: 200 nm, 400 nm")
    assert lines[1] == ("voxel size z", "not known")


def test_of_what_is_still_being_written_nothing_is_missing():
    assert missing_of(dataset({}, complete=False)) == []
