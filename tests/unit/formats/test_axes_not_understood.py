"""Axes declared in words that nobody knows: listed with their names, taken for nothing, in every format."""

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
import zarr

from portal.data.parsing import client
from portal.data.parsing.listed import ListedArray
from wrappers.errors import BadInput
from wrappers.io.stack import read_stack
from wrappers.job import InputDataset, InputFile

VALUES = np.random.default_rng(7).integers(0, 999, (5, 20, 24), dtype=np.uint16)


def nexus(path: Path) -> None:
    with h5py.File(path, "w") as file:
        group = file.create_group("entry/data")
        group.attrs.update({"NX_class": "NXdata", "signal": "counts", "axes": ["sheet", "v", "u"]})
        group["counts"] = VALUES


def plain_attribute(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["counts"] = VALUES
        file["counts"].attrs["axes"] = "sheet:v:u"


def dimension_labels(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["counts"] = VALUES
        for place, name in enumerate(("sheet", "v", "u")):
            file["counts"].dims[place].label = name


def ome_zarr(path: Path) -> None:
    group = zarr.open_group(path, mode="w", zarr_format=2)
    group.create_array("0", data=VALUES)
    axes = [{"name": name, "type": "space"} for name in ("sheet", "v", "u")]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": [{"path": "0"}]}]


def zarr_with_names(path: Path) -> None:
    zarr.create_array(path, data=VALUES, dimension_names=["sheet", "v", "u"])


def of_tifffile(path: Path) -> None:
    tifffile.imwrite(path, VALUES, photometric="minisblack", metadata={"axes": "QYX"})


def of_tifffile_as_sequence(path: Path) -> None:
    tifffile.imwrite(path, VALUES, photometric="minisblack", metadata={"axes": "IYX"})


def of_tifffile_with_words(path: Path) -> None:
    described = json.dumps({"shape": VALUES.shape, "axes": ["sheet", "v", "u"]})
    tifffile.imwrite(path, VALUES, photometric="minisblack", metadata=None, description=described)


def ome_modulo(path: Path) -> None:
    """Planes along an axis that OME has no letter for."""
    tifffile.imwrite(path, VALUES, photometric="minisblack", metadata={"axes": "ZYX"}, ome=True)
    note = (
        '<StructuredAnnotations><XMLAnnotation ID="Annotation:1" '
        'Namespace="openmicroscopy.org/omero/dimension/modulo">'
        '<Value><Modulo><ModuloAlongZ Type="other" TypeDescription="sheet" Start="0" End="4"/></Modulo></Value>'
        "</XMLAnnotation></StructuredAnnotations>"
    )
    xml = tifffile.TiffFile(path).ome_metadata or ""
    xml = xml.replace("</Image>", '<AnnotationRef ID="Annotation:1"/></Image>').replace("</OME>", f"{note}</OME>")
    tifffile.tiffcomment(path, xml.encode())


def ome_unknown_modulo(path: Path) -> None:
    """A type of axis that no release of OME has."""
    ome_modulo(path)
    xml = (tifffile.tiffcomment(path) or "").replace('Type="other"', 'Type="sheet"')
    tifffile.tiffcomment(path, xml.encode())


def imagej_order(path: Path) -> None:
    values = VALUES.reshape(1, 5, 1, 20, 24).repeat(2, axis=0)
    tifffile.imwrite(path, values, imagej=True, metadata={"axes": "TZCYX", "order": "zxt"})


WRITERS: dict[Callable[[Path], None], tuple[str, str, tuple[str, ...]]] = {
    nexus: ("a.nxs", "???", ("sheet", "v", "u")),
    plain_attribute: ("a.h5", "???", ("sheet", "v", "u")),
    dimension_labels: ("a.h5", "???", ("sheet", "v", "u")),
    ome_zarr: ("a.ome.zarr", "???", ("sheet", "v", "u")),
    zarr_with_names: ("a.zarr", "???", ("sheet", "v", "u")),
    of_tifffile: ("a.tif", "?YX", ("Q",)),
    of_tifffile_as_sequence: ("a.tif", "?YX", ("I",)),
    of_tifffile_with_words: ("a.tif", "???", ("sheet", "v", "u")),
    ome_modulo: ("a.ome.tif", "?YX", ("sheet",)),
    ome_unknown_modulo: ("a.ome.tif", "?YX", ("pages that its description does not explain",)),
    imagej_order: ("a.tif", "??YX", ()),
}


def listed(path: Path) -> list[ListedArray]:
    if path.is_dir():
        from portal.files.confined import Root

        with Root(path) as folder:
            found = client.inspect(folder, [], pictures=4).listing
    else:
        with path.open("rb") as file:
            found = client.inspect(file, [], pictures=4).listing
    assert found is not None
    return list(found.arrays)


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_what_is_not_understood_is_named_and_refused(tmp_path: Path, write: Callable[[Path], None]) -> None:
    name, axes, names = WRITERS[write]
    path = tmp_path / name
    write(path)
    [array] = listed(path)
    assert (array.axes, array.labels.get("?", ())) == (axes, names)
    with pytest.raises(BadInput, match="no three-dimensional array") as refused:
        read_stack(InputDataset("a", (InputFile(name, path),), {}), "stack")
    assert all(name in str(refused.value) for name in names)


def test_what_is_not_declared_goes_on_as_a_stack(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["counts"] = VALUES
    tifffile.imwrite(tmp_path / "b.tif", VALUES, photometric="minisblack")
    tifffile.imwrite(tmp_path / "c.tif", VALUES, photometric="minisblack", metadata=None)
    zarr.create_array(tmp_path / "e.zarr", data=VALUES)
    for name in ("a.h5", "b.tif", "c.tif", "e.zarr"):
        path = tmp_path / name
        assert [array.axes for array in listed(path)] == ["ZYX"], name
        stack = read_stack(InputDataset("a", (InputFile(name, path),), {}), "stack")
        np.testing.assert_array_equal(stack.values, VALUES)


def test_axes_in_small_letters_have_their_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    described = json.dumps({"shape": VALUES.shape, "axes": "zyx"})
    tifffile.imwrite(path, VALUES, photometric="minisblack", metadata=None, description=described)
    [array] = listed(path)
    assert (array.axes, len(array.pictures)) == ("ZYX", 1)


def test_axes_of_another_number_than_the_array_has_are_not_believed(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    group.create_array("0", data=VALUES)
    group.attrs["multiscales"] = [{"version": "0.4", "axes": ["y", "x"], "datasets": [{"path": "0"}]}]
    [array] = listed(tmp_path / "a.zarr")
    assert (array.axes, array.labels["?"]) == ("???", ("y", "x"))
