"""Looking at files of one format as the portal does, and as the programs on the node do."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from portal.data.parsing import client
from wrappers.io.stack import open_arrays
from wrappers.job import InputFile

SIZES = [f"image:voxel size {axis}" for axis in "zyx"]


@pytest.fixture
def seen() -> Callable[..., client.Inspection]:
    """Return a look at a file by the portal's child, with the size of its elements; its arrays if `pictures`."""

    def look(path: Path, pictures: int | None = None) -> client.Inspection:
        with path.open("rb") as file:
            return client.inspect(file, SIZES, pictures=pictures)

    return look


@pytest.fixture
def check_blocks() -> Callable[[Path, np.ndarray, str, float], None]:
    """Return a check that the only array of a file is this one, read at once, by blocks and by slices."""

    def check(path: Path, expected: np.ndarray, axes: str, within: float = 0) -> None:
        with open_arrays(InputFile(path.name, path)) as arrays:
            assert arrays.left_out == []
            [array] = arrays.found
            assert (array.shape, array.axes) == (expected.shape, axes)
            assert array.dtype.newbyteorder("=") == expected.dtype.newbyteorder("=")
            whole = array.everything()
            joined = np.zeros(expected.shape, expected.dtype)
            for place, block in array.blocks(limit=4000):
                joined[place] = block
            part = tuple(slice(length // 3, length // 3 + 1 + length // 2) for length in expected.shape)
            for values, wanted in ((whole, expected), (joined, expected), (array.read(part), expected[part])):
                np.testing.assert_allclose(values, wanted, rtol=0, atol=within)

    return check
