"""Arrays of every kind that HDF5 has: one that cannot be measured costs itself only, and is named."""

import json
import uuid
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile

RNG = np.random.default_rng(5)
MEASURED = {
    "float16": RNG.random((6, 8)).astype(np.float16),
    "float16 to its ends": np.array([-65504, 65504, 1], np.float16),
    "long double": np.array([1, 2, 4], np.longdouble),
    "complex": (RNG.random(5) + 1j).astype(np.complex64),
    "complex of long doubles": (RNG.random(5) + 1j).astype(np.clongdouble),
    "big-endian": np.arange(10, dtype=">i4"),
    "truth": np.array([True, False, True]),
    "int64 to its ends": np.array([2**63 - 1, -(2**63), 5], np.int64),
    "close beneath 2**63": np.array([2**63 - 1, 2**63 - 2, 2**63 - 4], np.int64),
    "uint64 to its end": np.array([2**64 - 1, 0, 7], np.uint64),
    "tiny": np.array([5e-324, 1e-320, 0]),
    "one": np.array([[[7]]], np.uint16),
    "eight axes": RNG.integers(0, 9, (1, 2, 1, 2, 1, 2, 3, 2)).astype(np.uint16),
    "a long row": np.arange(5000, dtype=np.float32)[None],
    "\u202egpj.exe": np.arange(6.0),
    "🧪 é 日本": np.arange(4.0),
    'a "<b>&\\': np.arange(3),
}


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    path = tmp_path / "odd.h5"
    with h5py.File(path, "w") as file:
        for name, values in MEASURED.items():
            file[name] = values
        file["enum"] = np.array([0, 1, 1], dtype=h5py.enum_dtype({"OFF": 0, "ON": 1}, basetype="i4"))
        file["all nan"], file["endless"] = np.full((4, 5), np.nan), np.array([np.inf, -np.inf, 1.0, np.nan])
        file["beyond doubles"] = np.array([1, np.longdouble("1e4000")])
        file["beyond what is stored"] = np.array([1.7e308, -1.7e308, 0.0])
        table = np.zeros(5, [("x", "f8"), ("🧪\u202e", "i4"), ("name", "S4"), ("inner", [("c", "i2")])])
        table["x"] = [1, 2, np.nan, 4, 5]
        file["table"] = table
        file["nothing"], file["text"], file["number"] = h5py.Empty("f4"), "text", 3.5
        file.create_dataset("no rows", shape=(0, 4), dtype="f4")
        file["opaque"] = np.frombuffer(b"abcd", dtype="V2")
        file["moments"] = np.array([1, 2], "M8[s]").astype(h5py.opaque_dtype("M8[s]"))
        file.create_dataset("lists", (2,), dtype=h5py.vlen_dtype("i4"))[0] = [1, 2]
        file["references"] = np.array([file["truth"].ref], dtype=h5py.ref_dtype)
        file["regions"] = np.array([file["truth"].regionref[0:1]], dtype=h5py.regionref_dtype)
        small = h5py.h5t.array_create(h5py.h5t.IEEE_F32LE, (2, 2))
        h5py.h5d.create(file.id, b"small arrays", small, h5py.h5s.create_simple((3,)))
        of_three_bytes = h5py.h5t.STD_U32LE.copy()
        of_three_bytes.set_precision(24)
        of_three_bytes.set_size(3)
        h5py.h5d.create(file.id, b"three bytes", of_three_bytes, h5py.h5s.create_simple((3,)))
        latin = "Größe".encode("latin-1")
        size = h5py.h5d.create(file.id, latin, h5py.h5t.NATIVE_INT32, h5py.h5s.create_simple((3,)))
        size.write(h5py.h5s.ALL, h5py.h5s.ALL, np.zeros(3, np.int32))
        loop = file.create_group("loop")
        loop["itself"], loop["nowhere"] = loop, h5py.SoftLink("/nowhere")
    return path


def test_each_array_is_measured_or_named(run_program, odd: Path) -> None:
    ending = run_program("qc", {"data": [odd]})
    report = json.loads((ending.output / "report.json").read_text(encoding="utf-8"))
    arrays = {one["name"].removeprefix("/"): one for one in report["arrays"]}
    for name, values in MEASURED.items():
        real = np.abs(values) if values.dtype.kind == "c" else values
        found = arrays[name]
        assert found["not_finite"] == 0, name
        ends = [real.min(), real.max()] if real.dtype.kind in "iu" else [float(real.min()), float(real.max())]
        assert [found["minimum"], found["maximum"]] == ends, name
        # Figures are doubles, in which the largest whole numbers are rounded, by NumPy as well.
        doubles = real.astype(np.float64)
        assert found["mean"] == pytest.approx(doubles.mean(), rel=1e-6, abs=1e-300), name
        assert found["std"] == pytest.approx(doubles.std(), rel=1e-6, abs=1e-300), name
    assert arrays["all nan"]["not_finite"] == 20
    assert arrays["endless"]["not_finite"] == 3
    assert (arrays["beyond doubles"]["not_finite"], arrays["beyond doubles"]["maximum"]) == (1, 1)
    assert arrays["beyond what is stored"]["maximum"] == 1.7e308
    assert (arrays["table/x"]["mean"], arrays["table/x"]["not_finite"]) == (3, 1)
    assert arrays["enum"]["mean"] == pytest.approx(2 / 3)
    assert {"Größe", "table/🧪\u202e"} <= arrays.keys()
    left_out = {one["name"].removeprefix("/"): one["why"] for one in report["left_out"]}
    assert left_out == {
        "nothing": "it is empty: it has no shape",
        "no rows": "it is empty",
        "opaque": "its elements are |V2, which is no number",
        "moments": "its elements are datetime64[s], which is no number",
        "lists": "its elements are lists, of any length each",
        "references": "its elements refer to something else in the file",
        "regions": "its elements refer to something else in the file",
        "small arrays": "its elements are arrays of 2 × 2",
        "three bytes": "its type is not known here (data type '<u3' not understood)",
        "table/name": "it is text",
        "table/inner": "its elements are tables within a table",
    }


def test_pictures_that_have_no_room_are_counted_in_words(run_program, tmp_path: Path) -> None:
    path = tmp_path / "volumes.h5"
    with h5py.File(path, "w") as file:
        for number in range(20):
            file[f"v{number}"] = np.arange(60).reshape(3, 4, 5)
    ending = run_program("qc", {"data": [path]})
    assert ending.parameters["arrays"] == 20
    assert len(ending.metadata["previews"]) == 48
    assert ending.metadata["summary"].endswith("; 12 more pictures not shown here")


def test_a_damaged_file_among_others_costs_itself_only(run_program, tmp_path: Path) -> None:
    good, cut = tmp_path / "good.h5", tmp_path / "cut.h5"
    for path in (good, cut):
        with h5py.File(path, "w") as file:
            file["a"] = np.arange(5000)
    cut.write_bytes(cut.read_bytes()[:9000])
    ending = run_program("qc", {"data": [cut, good]})
    report = json.loads((ending.output / "report.json").read_text(encoding="utf-8"))
    assert [(one["file"], one["size"]) for one in report["arrays"]] == [("good.h5", 5000)]
    [note] = report["left_out"]
    assert (note["file"], note["name"]) == ("cut.h5", "the whole file")
    assert note["why"] == "cut.h5 is damaged: 8.8 of 41.1 kB are there. Copy it again"


OME = (
    '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
    'UUID="urn:uuid:{0}"><Image ID="Image:0" Name="cells"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" '
    'Type="uint16" SizeX="48" SizeY="40" SizeZ="{1}" SizeC="1" SizeT="1" PhysicalSizeX="0.2" PhysicalSizeY="0.2" '
    'PhysicalSizeZ="0.5"><Channel ID="Channel:0:0" SamplesPerPixel="1"/>{2}</Pixels></Image></OME>'
)


def in_ome_files(names: dict[str, str], tmp_path: Path) -> list[Path]:
    """A series in files, 8 planes each, with the names by which they are called in it and on disk."""
    ids = {name: str(uuid.uuid4()) for name in names}
    places = "".join(
        f'<TiffData IFD="{plane}" FirstZ="{8 * number + plane}" FirstC="0" FirstT="0" PlaneCount="1">'
        f'<UUID FileName="{name}">urn:uuid:{ids[name]}</UUID></TiffData>'
        for number, name in enumerate(names)
        for plane in range(8)
    )
    values = np.random.default_rng(0).integers(50, 400, (8, 40, 48)).astype(np.uint16)
    for inside, called in names.items():
        xml = OME.format(ids[inside], 8 * len(names), places)
        tifffile.imwrite(tmp_path / called, values, description=xml, metadata=None, photometric="minisblack")
    return [tmp_path / called for called in names.values()]


def test_a_part_of_a_series_is_not_taken_for_the_stack(run_program, refused, tmp_path: Path) -> None:
    options = {"iterations": 1, "sigma_z": 0.5}
    files = in_ome_files({"a.ome.tif": "a.ome.tif", "b.ome.tif": "b.ome.tif"}, tmp_path)
    whole = run_program("lightsheet_deconvolution", {"stack": files}, options)
    with h5py.File(whole.output / "deconvolved.h5") as file:
        assert file["data"].shape == (16, 40, 48)
    part = run_program("lightsheet_deconvolution", {"stack": files[:1]}, options)
    refused(part, "a.ome.tif is one of several files that make the stack; b.ome.tif is not there")


def test_the_only_file_of_a_series_may_have_been_renamed(run_program, tmp_path: Path) -> None:
    files = in_ome_files({"as written.ome.tif": "renamed.ome.tif"}, tmp_path)
    ending = run_program("qc", {"data": files})
    assert ending.parameters["arrays"] == 1
    report = json.loads((ending.output / "report.json").read_text())
    assert not report["left_out"]
