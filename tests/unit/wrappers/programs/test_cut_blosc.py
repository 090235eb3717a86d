"""A chunk of Zarr in Blosc that was cut short is damage: nothing is read from behind it."""

from pathlib import Path

import numcodecs
import numpy as np
import pytest
import zarr

from wrappers.io.ome_zarr import survey
from wrappers.io.source import DamagedError

VALUES = np.random.default_rng(3).poisson(30, (8, 64, 64)).astype(np.uint16)


def _written(folder: Path, version: int) -> Path:
    group = zarr.open_group(str(folder), mode="w", zarr_format=version)
    kind = numcodecs.Blosc() if version == 2 else zarr.codecs.BloscCodec()
    array = group.create_array("0", shape=VALUES.shape, chunks=(4, 64, 64), dtype="u2", compressors=kind)
    array[...] = VALUES
    return folder / "0" / ("1.0.0" if version == 2 else "c/1/0/0")


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("kept", [0, 10, 500, 6000])
def test_a_chunk_that_was_cut_short_is_damage_and_says_how_much_is_there(
    tmp_path: Path, version: int, kept: int
) -> None:
    folder = tmp_path / "image.ome.zarr"
    chunk = _written(folder, version)
    chunk.write_bytes(chunk.read_bytes()[:kept])
    [array], _without = survey(folder)
    whole = (slice(0, 64), slice(0, 64))
    with pytest.raises(DamagedError, match=rf"of a chunk (only )?{kept:,} (of [0-9,]+ )?bytes are there\. Copy"):
        array.read((slice(4, 8), *whole))
    assert (array.read((slice(0, 4), *whole)) == VALUES[:4]).all()


def test_what_lies_behind_a_chunk_in_the_memory_is_never_read(tmp_path: Path) -> None:
    [array], _without = survey((_written(tmp_path / "image.ome.zarr", 2)).parent.parent)
    assert (array.everything() == VALUES).all()
    whole = bytearray(numcodecs.Blosc().encode(VALUES))
    with pytest.raises(RuntimeError, match="are there"):
        numcodecs.Blosc().decode(memoryview(whole)[:500])
    assert np.array_equal(np.frombuffer(numcodecs.Blosc().decode(bytes(whole)), np.uint16), VALUES.ravel())
