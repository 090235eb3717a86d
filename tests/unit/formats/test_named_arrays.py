"""An array that is asked for by its name, in a dataset of two files."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from wrappers.errors import BadInput
from wrappers.io.stack import read_stack
from wrappers.io.volumes import Pick
from wrappers.job import InputDataset, InputFile

VALUES = np.arange(5 * 6 * 7, dtype=np.uint16).reshape(5, 6, 7)


@pytest.fixture
def two_files(tmp_path: Path) -> InputDataset:
    """The first has /a and /both, the second /b and /both, and a plane."""
    for name, arrays in (("one.h5", ("a", "both")), ("two.h5", ("b", "both"))):
        with h5py.File(tmp_path / name, "w") as file:
            for array in arrays:
                file[array] = VALUES
            file["plane " + name] = VALUES[0]
    return InputDataset("a", tuple(InputFile(name, tmp_path / name) for name in ("one.h5", "two.h5")), {})


@pytest.mark.parametrize("name", ["/a", "/b", "one.h5: /both", "two.h5: /both"])
def test_it_is_found_in_whichever_file_has_it(two_files: InputDataset, name: str) -> None:
    np.testing.assert_array_equal(read_stack(two_files, "stack", Pick(array=name)).values, VALUES)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("/c", "The stack has no array called “/c”. There are: /a (5 × 6 × 7); one.h5: /both"),
        ("one.h5: /b", "The stack has no array called “one.h5: /b”. There are: "),
        ("/both", "The stack has 2 arrays called “/both”. There are: "),
        ("/plane one.h5", "The stack has no volume called “/plane one.h5”: it has two dimensions. There are: "),
    ],
)
def test_one_that_is_not_there_is_said_not_to_be(two_files: InputDataset, name: str, words: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_stack(two_files, "stack", Pick(array=name))
    assert str(refused.value).startswith(words)
