"""Where a size was found: the file that says it, the place in it, and what stands there in which unit."""

from collections.abc import Callable
from pathlib import Path

import h5py
import mrcfile
import numpy as np
import pytest
import tifffile
import zarr

from portal.catalogue.mapping import parameters_of, places_of
from portal.data.parsing import client
from portal.data.parsing.beside import Beside
from portal.files.confined import Root

VOLUME = np.zeros((4, 8, 10), np.uint16)
MAPPING = {f"voxel size {axis}": {"units": "um", "sources": [f"image:voxel size {axis}"]} for axis in "xz"}


def imagej(folder: Path) -> Path:
    keys = {"axes": "ZYX", "unit": "inch", "spacing": 0.5}
    tifffile.imwrite(folder / "a.tif", VOLUME, imagej=True, metadata=keys, resolution=(5, 5))
    return folder / "a.tif"


def tags(folder: Path) -> Path:
    tifffile.imwrite(
        folder / "a.tif", VOLUME, resolution=(50_000, 50_000), resolutionunit=3, photometric="minisblack"
    )
    return folder / "a.tif"


def ome(folder: Path) -> Path:
    keys = {"axes": "ZYX", "PhysicalSizeX": 162.5, "PhysicalSizeXUnit": "nm", "PhysicalSizeZ": 2}
    tifffile.imwrite(folder / "a.ome.tif", VOLUME, ome=True, metadata=keys)
    return folder / "a.ome.tif"


def mrc(folder: Path) -> Path:
    with mrcfile.new(folder / "a.mrc") as file:
        file.set_data(VOLUME)
        file.voxel_size = (2000, 2000, 5000)
    return folder / "a.mrc"


def ngff(folder: Path, version: int) -> Path:
    path = folder / "a.zarr"
    group = zarr.open_group(path, mode="w", zarr_format=version)
    inner = group.create_group("well")
    inner.create_array("0", data=VOLUME, chunks=VOLUME.shape)
    axes = [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]
    levels = [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [500, 200, 162.5]}]}]
    told = {"multiscales": [{"version": "0.4", "axes": axes, "datasets": levels}]}
    inner.attrs.update({"ome": told | {"version": "0.5"}} if version == 3 else told)
    return path


def imaris(folder: Path) -> Path:
    with h5py.File(folder / "a.ims", "w") as file:
        file["DataSet/ResolutionLevel 0/TimePoint 0/Channel 0/Data"] = VOLUME
        info = file.create_group("DataSetInfo/Image")
        told = {"X": "10", "Y": "8", "Z": "4", "Unit": "mm", "ExtMax0": "0.002", "ExtMax2": "0.002"}
        for name, value in (told | {f"ExtMin{axis}": "0" for axis in range(3)}).items():
            info.attrs[name] = np.array([character.encode() for character in value], "S1")
    return folder / "a.ims"


def bigdataviewer(folder: Path) -> Path:
    with h5py.File(folder / "s.h5", "w") as file:
        file["t00000/s00/0/cells"] = VOLUME
    (folder / "s.xml").write_text(
        "<SpimData><SequenceDescription><ImageLoader><hdf5>s.h5</hdf5></ImageLoader><ViewSetups><ViewSetup>"
        "<id>0</id><size>10 8 4</size><voxelSize><unit>nm</unit><size>162.5 162.5 500</size></voxelSize>"
        "</ViewSetup></ViewSetups></SequenceDescription></SpimData>"
    )
    return folder / "s.h5"


@pytest.mark.parametrize(
    ("write", "x", "z"),
    [
        (imagej, (5080, "", "imagej:unit with XResolution", "0.2", "inch"),
                 (12700, "", "imagej:spacing with imagej:unit", "0.5", "inch")),
        (tags, (0.2, "", "tiff:XResolution", "50000", "per cm"), None),
        (ome, (0.1625, "", "ome:Pixels@PhysicalSizeX", "162.5", "nm"),
              (2, "", "ome:Pixels@PhysicalSizeZ", "2", "µm")),
        (mrc, (0.2, "", "mrc:CELLA x", "2000", "Å"), (0.5, "", "mrc:CELLA z", "5000", "Å")),
        (lambda folder: ngff(folder, 2), (0.1625, "", "well/.zattrs scale", "162.5", "nanometer"),
                                         (0.5, "", "well/.zattrs scale", "500", "nanometer")),
        (lambda folder: ngff(folder, 3), (0.1625, "", "well/zarr.json scale", "162.5", "nanometer"),
                                         (0.5, "", "well/zarr.json scale", "500", "nanometer")),
        (imaris, (0.2, "", "/DataSetInfo/Image@ExtMax0", "0.0002", "mm"),
                 (0.5, "", "/DataSetInfo/Image@ExtMax2", "0.0005", "mm")),
        (bigdataviewer, (0.1625, "s.xml", "ViewSetup 0 voxelSize", "162.5", "nm"),
                        (0.5, "s.xml", "ViewSetup 0 voxelSize", "500", "nm")),
    ],
)  # fmt: skip
def test_a_size_names_the_file_the_place_and_what_stands_there(
    tmp_path: Path, write: Callable[[Path], Path], x: tuple, z: tuple | None
) -> None:
    path = write(tmp_path)
    if path.is_dir():
        with Root(path) as folder:
            look = client.inspect(folder, places_of(MAPPING))
    else:
        with Root(path.parent) as folder, path.open("rb") as file:
            beside = Beside(folder, path.name, [str(path.parent)])
            look = client.inspect(file, places_of(MAPPING), beside=beside)
    found = {
        one.name: (one.value, one.source.file, one.source.place, one.source.value, one.source.units)
        for one in parameters_of(MAPPING, look.values)
    }
    expected = {"voxel size x": x} | ({"voxel size z": z} if z else {})
    assert {name: one[1:] for name, one in found.items()} == {name: one[1:] for name, one in expected.items()}
    assert {name: one[0] for name, one in found.items()} == pytest.approx(
        {name: one[0] for name, one in expected.items()}, rel=1e-6
    )


@pytest.mark.parametrize("kind", ["f2", "f4", ">f4", "f8"])
def test_numbers_of_single_precision_are_what_was_written(tmp_path: Path, kind: str) -> None:
    """Programs of microscopes and detectors write 0.2 so: in double precision that is 0.20000000298."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["stack"] = np.ones((3, 4, 5), "u2")
        file["stack"].attrs["element_size_um"] = np.array([0.5, 0.2, 0.2], kind)
        file["stack"].attrs["exposure"] = np.array(0.3, kind)
        file["x_pixel_size"] = np.array(0.65, kind)
        file["y_pixel_size"] = np.full((3, 2), 0.65, kind)
    asked = [f"image:voxel size {axis}" for axis in "zyx"]
    asked += ["image:voxel size x@value", "stack@exposure", "x_pixel_size", "y_pixel_size"]
    with (tmp_path / "a.h5").open("rb") as file:
        look = client.inspect(file, asked, pictures=0)
    assert list(look.values.values()) == [0.5, 0.2, 0.2, "0.2", 0.3, 0.65, 0.65]
    assert look.listing is not None
    assert next(one.sizes for one in look.listing.arrays if one.name == "/stack") == {"z": 0.5, "y": 0.2, "x": 0.2}
