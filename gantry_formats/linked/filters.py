"""The filters of HDF5 by name: where one is not installed, people are to be told which."""

from __future__ import annotations

from typing import Any

import h5py

from gantry_formats.text import decoded

FILTERS = {
    307: "bzip2",
    32000: "LZF",
    32001: "Blosc",
    32004: "LZ4",
    32008: "Bitshuffle",
    32012: "SZ",
    32013: "ZFP",
    32015: "Zstandard",
    32017: "SZ",
    32018: "FCIDECOMP",
    32019: "JPEG",
    32022: "SZ3",
    32024: "SZ3",
    32026: "Blosc2",
    32028: "Granular BitRound",
}
"""Names of the HDF Group's registry of filters, where a file names only the number."""


def missing_filter(identifier: Any) -> str:
    """Name and number of the first filter of an h5py DatasetID that is not installed; nothing where all are."""
    properties = identifier.get_create_plist()
    for place in range(properties.get_nfilters()):
        number, _flags, _values, name = properties.get_filter(place)
        if not h5py.h5z.filter_avail(number):
            return called(number, decoded(name))
    return ""


def called(number: int, name: str) -> str:
    """Name and number of a filter; of "HDF5 lz4 filter; see http://…" in a file the name alone."""
    return f"{FILTERS.get(number) or name.partition(';')[0].strip() or 'unnamed'} ({number})"
