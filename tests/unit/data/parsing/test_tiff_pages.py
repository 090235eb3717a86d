"""A TIFF that was cut within the list of its pages is truncated, and says how far it goes."""

import io
import struct

import numpy as np
import pytest
import tifffile

from portal.data.parsing import client
from portal.data.parsing.readers.tiff_pages import pages_before_end
from portal.errors import InvalidError


def stack(*, big: bool, order: str, pages: int = 6) -> bytes:
    file = io.BytesIO()
    with tifffile.TiffWriter(file, bigtiff=big, byteorder=order) as writer:
        for number in range(pages):
            writer.write(np.full((8, 9), number, np.uint16), metadata=None)
    return file.getvalue()


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_pages_are_counted_up_to_the_files_end(big: bool, order: str) -> None:
    whole = stack(big=big, order=order)
    assert pages_before_end(io.BytesIO(whole)) is None
    found = [pages_before_end(io.BytesIO(whole[:length])) for length in range(16, len(whole))]
    told = [number for number in found if number is not None]
    assert told == sorted(told) and set(told) >= {0, 1, 2, 3, 4, 5}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"II*\x00",
        b"PK\x03\x04" + bytes(40),
        b"II" + struct.pack("<HI", 44, 8) + bytes(40),
        b"II" + struct.pack("<HI", 42, 0) + bytes(40),
        # Its only page is followed by itself.
        b"II" + struct.pack("<HIHI", 42, 8, 0, 8) + bytes(40),
    ],
)
def test_what_leads_nowhere_behind_the_end_is_not_said_to_be_cut(raw: bytes) -> None:
    assert pages_before_end(io.BytesIO(raw)) is None


def test_an_offset_beyond_all_files_is_behind_the_end() -> None:
    raw = b"II" + struct.pack("<HHHQ", 43, 8, 0, (1 << 64) - 1) + bytes(40)
    assert pages_before_end(io.BytesIO(raw)) == 0


def test_a_cut_list_of_pages_is_no_other_damage(tmp_path) -> None:
    path = tmp_path / "cut.ome.tif"
    tifffile.imwrite(path, np.full((8, 24, 26), 10, np.uint16), photometric="minisblack")
    path.write_bytes(path.read_bytes()[:-2000])
    with (
        path.open("rb") as file,
        pytest.raises(InvalidError, match="truncated: it ends within the list of its pages"),
    ):
        client.describe(file)
