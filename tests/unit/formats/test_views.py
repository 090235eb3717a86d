"""Views of a sample that BigDataViewer's and Imaris's HDF5 hold as many arrays: called in words."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from portal.data.parsing import client
from portal.data.parsing.beside import Beside as BesideIt
from portal.files.confined import Root
from wrappers.errors import BadInput
from wrappers.io.stack import open_arrays, read_stack
from wrappers.io.volumes import Pick
from wrappers.job import Beside, InputDataset, InputFile

VALUES = np.random.default_rng(8).integers(1, 900, (9, 4, 16, 20), dtype=np.uint16)
NAMES = {0: "GFP left", 1: "RFP left", 3: "GFP right"}


def xml(file: str = "a.h5", *, times: str = "", missing: str = "", names: dict[int, str] | None = None) -> str:
    setups = "".join(
        f"<ViewSetup><id>{number}</id><name>{name}</name><size>20 16 4</size>"
        "<voxelSize><unit>um</unit><size>0.2 0.2 0.5</size></voxelSize></ViewSetup>"
        for number, name in (names or NAMES).items()
    )
    times = times or '<Timepoints type="range"><first>0</first><last>2</last></Timepoints>'
    return (
        '<SpimData version="0.2"><SequenceDescription><ImageLoader format="bdv.hdf5">'
        f'<hdf5 type="relative">{file}</hdf5></ImageLoader><ViewSetups>{setups}</ViewSetups>{times}'
        f"<MissingViews>{missing}</MissingViews></SequenceDescription></SpimData>"
    )


def add_view(file: h5py.File, time: int, setup: int) -> None:
    values = VALUES[time * 3 + sorted(NAMES).index(setup)]
    for level in range(3):
        file[f"t{time:05d}/s{setup:02d}/{level}/cells"] = values[:, :: 2**level, :: 2**level]


def add_tables(file: h5py.File) -> None:
    for setup in NAMES:
        file[f"s{setup:02d}/resolutions"] = np.array([[1.0, 1, 1], [2, 2, 1], [4, 4, 1]])
        file[f"s{setup:02d}/subdivisions"] = np.array([[16, 16, 4]] * 3, np.int32)


def bigdataviewer(folder: Path, left_out: tuple[tuple[int, int], ...] = (), **said: Any) -> Path:
    with h5py.File(folder / "a.h5", "w") as file:
        add_tables(file)
        for time in range(3):
            for setup in NAMES:
                if (time, setup) not in left_out:
                    add_view(file, time, setup)
    (folder / "a.xml").write_text(xml(**said))
    return folder / "a.h5"


def partitioned(folder: Path) -> Path:
    """Each time point in a file of its own; the first file links to them."""
    with h5py.File(folder / "a.h5", "w") as file:
        add_tables(file)
        for time in range(3):
            with h5py.File(folder / f"a-{time:02d}-00.h5", "w") as part:
                for setup in NAMES:
                    add_view(part, time, setup)
            for setup in NAMES:
                place = f"t{time:05d}/s{setup:02d}"
                file[place] = h5py.ExternalLink(f"a-{time:02d}-00.h5", f"/{place}")
    (folder / "a.xml").write_text(xml())
    return folder / "a.h5"


def listing(path: Path, pictures: int = 0) -> Any:
    with Root(path.parent) as folder, path.open("rb") as file:
        look = client.inspect(file, [], beside=BesideIt(folder, path.name, [str(path.parent)]), pictures=pictures)
    assert look.remarks == ()
    return look.listing


def given(path: Path) -> InputDataset:
    beside = Beside({one.name: one for one in path.parent.iterdir()}, str(path.parent))
    return InputDataset("a", (InputFile(path.name, path, beside),), {})


@pytest.mark.parametrize("write", [bigdataviewer, partitioned], ids=lambda write: write.__name__)
def test_setups_and_time_points_are_called_by_their_names(tmp_path: Path, write: Any) -> None:
    path = write(tmp_path)
    found = listing(path, pictures=20)
    assert found.left_out == ()
    assert len(found.arrays) == 9  # neither tables nor coarser levels
    assert all(one.pictures for one in found.arrays)
    views = {one.described("a.h5").view: one.name for one in found.arrays}
    assert views["setup GFP right, time point 2"] == "/t00002/s03/0/cells"
    for number, view in enumerate(sorted(views, key=lambda view: views[view])):
        for called in (view, views[view]):
            taken = read_stack(given(path), "stack", Pick(array=called))
            np.testing.assert_array_equal(taken.values, VALUES[number])
            assert taken.voxel_um == (0.5, 0.2, 0.2)
    with pytest.raises(BadInput, match=r"has 9 volumes.*setup GFP left, time point 0"):
        read_stack(given(path), "stack")
    with open_arrays(given(path).files[0]) as arrays:
        assert [one.labels for one in arrays.found] == [one.labels for one in found.arrays]
        assert arrays.left_out == []


@pytest.mark.parametrize(
    "times",
    [
        "",
        '<Timepoints type="pattern"><integerpattern>0-2</integerpattern></Timepoints>',
        '<Timepoints type="pattern"><integerpattern>0, 1-2:1</integerpattern></Timepoints>',
        f"<Timepoints>{''.join(f'<TimePoint><id>{one}</id></TimePoint>' for one in range(3))}</Timepoints>",
    ],
)
def test_views_that_are_missing_are_named(tmp_path: Path, times: str) -> None:
    missing = '<MissingView timepoint="1" setup="3"/>'
    path = bigdataviewer(tmp_path, ((1, 3), (2, 0)), missing=missing, times=times)
    expected = [
        ("setup GFP right, time point 1", "it is missing, as a.xml says"),
        ("setup GFP left, time point 2", "it is not there, though a.xml has it"),
    ]
    assert list(listing(path).left_out) == expected
    with open_arrays(given(path).files[0]) as arrays:
        assert [(one.name, one.why) for one in arrays.left_out] == expected
        assert len(arrays.found) == 7


def test_setups_of_one_name_keep_their_numbers_and_those_without_have_them(tmp_path: Path) -> None:
    path = bigdataviewer(tmp_path, names={0: "GFP", 1: "GFP", 3: ""})
    views = {one.name: one.described("").view for one in listing(path).arrays}
    assert views["/t00001/s00/0/cells"] == "setup 0 GFP, time point 1"
    assert views["/t00001/s01/0/cells"] == "setup 1 GFP, time point 1"
    assert views["/t00001/s03/0/cells"] == "setup 3, time point 1"


def test_a_part_that_is_not_there_leaves_its_views_named(tmp_path: Path) -> None:
    path = partitioned(tmp_path)
    (tmp_path / "a-01-00.h5").unlink()
    with Root(tmp_path) as folder, path.open("rb") as file:
        look = client.inspect(file, [], beside=BesideIt(folder, "a.h5", [str(tmp_path)]), pictures=0)
    assert len(look.listing.arrays) == 6
    views = [f"setup {name}, time point 1" for name in NAMES.values()]
    assert [name for name, why in look.listing.left_out if why == "it is not there, though a.xml has it"] == views


@pytest.mark.parametrize(
    "document", ["", "<a", xml(times="<Timepoints><first>-1</first><last>x</last></Timepoints>")]
)
def test_without_what_an_xml_says_they_have_numbers(tmp_path: Path, document: str) -> None:
    path = bigdataviewer(tmp_path)
    path.with_suffix(".xml").write_text(document)
    found = listing(path)
    assert found.left_out == ()
    assert all(one.described("").view.startswith("setup ") for one in found.arrays)


def test_far_too_many_time_points_cost_nothing(tmp_path: Path) -> None:
    times = '<Timepoints type="range"><first>0</first><last>999999999</last></Timepoints>'
    path = bigdataviewer(tmp_path, times=times)
    assert len(listing(path).left_out) == 200


def test_imaris_channels_and_time_points_are_called_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "a.ims"
    with h5py.File(path, "w") as file:
        for time in range(3):
            for channel in range(2):
                for level in range(2):
                    place = f"DataSet/ResolutionLevel {level}/TimePoint {time}/Channel {channel}/Data"
                    file[place] = VALUES[time * 2 + channel][:, :: 2**level, :: 2**level]
        file.create_group("DataSetInfo/Channel 0").attrs["Name"] = np.array([*"DAPI"], "S1")
        file["Thumbnail/Data"] = np.zeros((256, 1024), np.uint8)
    found = listing(path)
    views = {one.described("a.ims").view: one.name for one in found.arrays}
    assert len(views) == 6
    assert views["channel DAPI, time point 2"] == "/DataSet/ResolutionLevel 0/TimePoint 2/Channel 0/Data"
    taken = read_stack(given(path), "stack", Pick(array="channel 1, time point 2"))
    np.testing.assert_array_equal(taken.values, VALUES[5])


def test_imaris_channels_of_one_name_keep_their_numbers_and_histograms_are_no_arrays(tmp_path: Path) -> None:
    path = tmp_path / "a.ims"
    with h5py.File(path, "w") as file:
        for channel in range(2):
            place = f"DataSet/ResolutionLevel 0/TimePoint 0/Channel {channel}"
            file[f"{place}/Data"] = VALUES[channel]
            file[f"{place}/Histogram"] = np.arange(256, dtype=np.uint64)
            file.create_group(f"DataSetInfo/Channel {channel}").attrs["Name"] = np.array([*"GFP"], "S1")
    assert [one.described("a.ims").view for one in listing(path).arrays] == ["channel 0 GFP", "channel 1 GFP"]
    taken = read_stack(given(path), "stack", Pick(array="channel 1 GFP"))
    np.testing.assert_array_equal(taken.values, VALUES[1])
