"""Arrays that h5py wrote in any type, layout and codec are read as they are, and measured as NumPy does."""

import tempfile
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wrappers.io.stack import Arrays, open_arrays, read_stack
from wrappers.io.volumes import Pick
from wrappers.job import InputDataset, InputFile
from wrappers.programs.qc.measure import measure

TYPES = ("?", "i1", "u1", "<i2", ">u2", "<u4", ">i8", "u8", "f2", "<f4", ">f8", "c8")
CODECS = {
    "none": {},
    "gzip": {"compression": "gzip", "shuffle": True},
    "lzf": {"compression": "lzf", "fletcher32": True},
    "blosc2": dict(hdf5plugin.Blosc2()),
    "bitshuffle": dict(hdf5plugin.Bitshuffle()),
    "zstd": dict(hdf5plugin.Zstd()),
    "lz4": dict(hdf5plugin.LZ4()),
}
LETTERS = {"T": "time", "C": "channel", "Z": "z", "Y": "y", "X": "x"}
UNITS = {"nm": 1e-3, "um": 1.0, "µm": 1.0, "mm": 1e3, "m": 1e6}
PATIENT = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    """An array of up to four axes, some of its values odd ones of its type."""
    shape = tuple(draw(st.lists(st.integers(1, 7), min_size=1, max_size=4)))
    dtype = np.dtype(draw(st.sampled_from(TYPES)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if dtype.kind == "b":
        return np.asarray(rng.random(shape) < 0.5)
    if dtype.kind in "iu":
        ends = np.iinfo(dtype)
        # Half of the range, so that NumPy's own differences do not overflow.
        values = rng.integers(ends.min // 2, ends.max // 2, shape, dtype=dtype.newbyteorder("="), endpoint=True)
        return np.asarray(values.astype(dtype))
    values = rng.normal(0, draw(st.sampled_from([1e-3, 1.0, 1e3])), shape)
    if draw(st.booleans()):
        values.ravel()[rng.integers(0, values.size)] = draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    return np.asarray(values.astype(dtype))


def opened(path: Path) -> InputFile:
    return InputFile(path.name, path)


@PATIENT
@given(arrays(), st.sampled_from(sorted(CODECS)), st.data())
def test_values_and_figures_are_numpys(values: np.ndarray, codec: str, data: st.DataObject) -> None:
    layout = dict(CODECS[codec])
    if layout or data.draw(st.booleans()):
        layout["chunks"] = tuple(data.draw(st.integers(1, length)) for length in values.shape)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.h5")
        with h5py.File(path, "w") as file:
            file.create_dataset("g/a", data=values, **layout)
        with open_arrays(opened(path)) as found:
            [array] = found.found
            assert np.array_equal(array.everything(), values, equal_nan=values.dtype.kind in "fc")
            parts = np.zeros_like(values)
            for place, block in array.blocks(64):
                parts[place] = block
            assert np.array_equal(parts, values, equal_nan=values.dtype.kind in "fc")
            finding = measure("a.h5", array, 16, "max", lambda _bytes, _passes: None).finding
    real = np.abs(values) if values.dtype.kind == "c" else values
    good = real[np.isfinite(real)].astype(np.float64)
    assert finding.not_finite == real.size - good.size
    if good.size:
        assert [finding.minimum, finding.maximum] == pytest.approx([good.min(), good.max()], rel=1e-15)
        scale = max(1e-300, float(np.abs(good).max()))
        assert finding.mean == pytest.approx(good.mean(), rel=1e-9, abs=1e-6 * scale)
        assert finding.std == pytest.approx(good.std(), rel=1e-6, abs=1e-6 * scale)
        assert sum(finding.histogram_counts) == good.size


@PATIENT
@given(
    st.permutations("TCZYX"),
    st.sampled_from(sorted(UNITS)),
    st.sampled_from([str, list, bytes, "nexus"]),
    st.data(),
)
def test_axes_and_sizes_are_what_the_file_says(
    order: list[str], unit: str, way: object, data: st.DataObject
) -> None:
    lengths = {"T": 2, "C": 3, "Z": 4, "Y": 5, "X": 6}
    channel, time = data.draw(st.integers(0, 2)), data.draw(st.integers(0, 1))
    whole = np.arange(720, dtype=np.uint16).reshape(2, 3, 4, 5, 6)
    values = whole.transpose(["TCZYX".index(axis) for axis in order])
    words = [LETTERS[axis] for axis in order]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.h5")
        with h5py.File(path, "w") as file:
            group = file.create_group("entry/data")
            group["values"] = values
            target = group if way == "nexus" else group["values"]
            if way == "nexus":
                group.attrs.update({"NX_class": "NXdata", "signal": "values"})
            told = {str: ":".join(words), bytes: np.bytes_(":".join(words).encode())}.get(way, words)
            target.attrs["axes"] = told
            for axis, size in (("z", 5.0), ("y", 2.0), ("x", 2.0)):
                group["values"].attrs[f"voxel size {axis}"] = size
                group["values"].attrs[f"voxel size {axis} units"] = unit
        pick = Pick(channel=channel, time=time)
        stack = read_stack(InputDataset("a", (opened(path),), {}), "stack", pick)
    assert stack.values.shape == tuple(lengths[axis] for axis in "ZYX")
    assert np.array_equal(stack.values, whole[time, channel])
    assert stack.voxel_um == pytest.approx([5 * UNITS[unit], 2 * UNITS[unit], 2 * UNITS[unit]])


def test_an_array_that_is_empty_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("a", shape=(0, 3), dtype="f4", maxshape=(None, 3))
    with open_arrays(opened(path)) as found:
        assert isinstance(found, Arrays)
        assert [one.size for one in found.found] == [0]
