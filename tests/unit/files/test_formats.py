import io

import h5py
import pytest

from portal.files.formats import (
    HDF5_SIGNATURE,
    HDF5_SUFFIXES,
    MRC_SUFFIXES,
    OF_MICROSCOPES,
    TIFF_SUFFIXES,
    format_of,
    is_hdf5,
    is_named_as_array,
)
from wrappers.io import hdf5, microscopes, mrc, tiff


@pytest.mark.parametrize("place", [0, 512, 1024, 16 << 10, 32 << 20])
def test_the_signature_is_looked_for_at_doubled_places_to_the_end(tmp_path, place):
    path = tmp_path / "data.bin"
    with h5py.File(path, "w", userblock_size=place):
        pass
    with path.open("rb") as file:
        assert is_hdf5(file)
        assert h5py.is_hdf5(path)


def test_a_hole_of_terabytes_is_passed_in_a_moment(tmp_path):
    with (tmp_path / "sparse").open("w+b") as file:
        file.seek(4 << 40)
        file.write(HDF5_SIGNATURE + bytes(100))
        assert is_hdf5(file)


@pytest.mark.parametrize("content", [b"", b"\x89HDF", bytes(511) + HDF5_SIGNATURE, bytes(1536) + HDF5_SIGNATURE])
def test_what_the_library_would_not_open_is_no_hdf5(content):
    assert not is_hdf5(io.BytesIO(content))


def test_a_file_that_is_both_is_hdf5():
    """A TIFF in the user block: what can lead out of itself decides."""
    assert format_of(io.BytesIO((b"II*\0" + bytes(508)) + HDF5_SIGNATURE)) == "hdf5"
    assert format_of(io.BytesIO(b"II*\0" + bytes(508))) == "tiff"
    assert format_of(io.BytesIO(b"hello")) == "other"


def test_a_name_is_judged_by_its_ending_only():
    assert is_named_as_array("deep/a.b/Scan.NXS")
    assert not is_named_as_array("scan.h5/notes.txt")


def test_portal_and_wrappers_know_the_same_names():
    assert (HDF5_SUFFIXES, TIFF_SUFFIXES, MRC_SUFFIXES) == (hdf5.SUFFIXES, tiff.SUFFIXES, mrc.SUFFIXES)
    assert {suffix: kind[0] for suffix, kind in microscopes.FORMATS.items()} == OF_MICROSCOPES
