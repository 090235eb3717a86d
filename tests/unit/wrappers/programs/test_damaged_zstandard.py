"""Chunks in Zstandard that do not unpack are damage, and never values."""

from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest

from gantry_formats.linked.zstandard import claimed
from wrappers.io.hdf5 import open_hdf5, sources
from wrappers.io.source import DamagedError

CHUNKS, SIDE = 6, 48


def _zeros(stored: bytes) -> bytes:
    return bytes(len(stored))


def _zeros_inside(stored: bytes) -> bytes:
    third = len(stored) // 3
    return stored[:third] + bytes(third) + stored[2 * third :]


def _others(stored: bytes) -> bytes:
    return np.random.default_rng(5).bytes(len(stored))


def _changed(stored: bytes) -> bytes:
    return stored[:40] + bytes(byte ^ 0x55 for byte in stored[40:])


@pytest.fixture
def stored(tmp_path: Path):
    """Write a file of six chunks, of which the third becomes something else."""

    def write(spoil, name: str = "stack.h5", **more) -> tuple[Path, np.ndarray]:
        values = np.random.default_rng(1).poisson(20, (CHUNKS, SIDE, SIDE)).astype(np.uint16)
        path = tmp_path / name
        with h5py.File(path, "w") as file:
            made = file.create_dataset(
                "entry/data", data=values, chunks=(1, SIDE, SIDE), **hdf5plugin.Zstd(5), **more
            )
            made.attrs["axes"] = "zyx"
            file.flush()
            third = made.id.get_chunk_info(2)
        whole = bytearray(path.read_bytes())
        place = slice(third.byte_offset, third.byte_offset + third.size)
        whole[place] = spoil(bytes(whole[place]))
        path.write_bytes(whole)
        return path, values

    return write


@pytest.mark.parametrize("more", [{}, {"shuffle": True}])
@pytest.mark.parametrize("spoil", [_zeros, _zeros_inside, _others, _changed])
def test_a_chunk_that_does_not_unpack_is_damage_and_the_others_are_read(stored, spoil, more) -> None:
    path, values = stored(spoil, **more)
    with open_hdf5(path) as file:
        [array] = sources(file, path)
        with pytest.raises(DamagedError, match="its stored bytes cannot be unpacked"):
            array.everything()
        for place in (0, 1, 3, 4, 5):
            assert (array.read((slice(place, place + 1), slice(0, SIDE), slice(0, SIDE))) == values[place]).all()


def test_what_is_whole_is_read_and_written_as_ever(stored) -> None:
    path, values = stored(bytes)
    with open_hdf5(path) as file:
        [array] = sources(file, path)
        assert (array.everything() == values).all()
    with h5py.File(path) as file:
        _mask, frame = file["entry/data"].id.read_direct_chunk((0, 0, 0))
    assert claimed(frame) == 2 * SIDE * SIDE


def test_the_quality_check_says_how_much_is_damaged(stored, run_program) -> None:
    path, _values = stored(_zeros)
    warnings = run_program("qc", {"data": [path]}).metadata["warnings"]
    assert any("2,304 values are damaged and could not be read" in warning for warning in warnings), warnings
