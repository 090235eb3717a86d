"""What the limited child tells of a file to somebody who looks through it: bounded, whatever is in it."""

import io
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile

from portal.data.parsing.client import outline
from portal.data.parsing.readers.outline import LONGEST_NAME, LONGEST_VALUE, MOST_ATTRIBUTES, MOST_THINGS
from portal.errors import InvalidError, UnsafeFileError


def of(path: Path) -> dict[str, Any]:
    """The outline of a file."""
    with path.open("rb") as file:
        return outline(file)


def test_values_that_are_none_are_told_in_words(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["energy"] = 12.4
        file["text"] = "a"
        file["void"] = h5py.Empty("f4")
        group = file.create_group("g")
        group.attrs["three"] = [1, 2, 3]
        group.attrs["many"] = np.arange(50)
        group.attrs["none"] = h5py.Empty("f4")
        group.attrs["nan"] = np.nan
        group.attrs["bad"] = np.bytes_(b"\xff\xfe")
    things = {one["path"]: one for one in of(tmp_path / "a.h5")["things"]}
    assert things["energy"]["value"] == 12.4
    assert [things["text"]["dtype"], things["text"]["value"]] == ["text", "a"]
    assert things["void"]["shape"] is None
    attrs = things["g"]["attrs"]
    assert attrs["three"] == {"words": "1, 2, 3"}
    assert attrs["many"] == {"words": "50 values of int64"}
    assert attrs["none"] == {"words": "empty"}
    assert "value" not in attrs["nan"]
    assert "value" in attrs["bad"]


def test_it_is_bounded_in_things_attributes_depth_and_text(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "wide.h5", "w") as file:
        for number in range(MOST_THINGS + 50):
            file.create_group(f"g{number:05}")
        deep = file
        for _ in range(200):
            deep = deep.create_group("d")
        file.attrs["long"] = "x" * 5000
        for number in range(100):
            file.attrs["n" * 300 + str(number)] = number
    found = of(tmp_path / "wide.h5")
    assert found["more"]
    assert len(found["things"]) == MOST_THINGS
    top = next(one for one in found["things"] if one["path"] == "/")
    assert len(top["attrs"]) <= MOST_ATTRIBUTES
    assert top["more_attrs"] == 101 - MOST_ATTRIBUTES
    assert all(len(name) <= LONGEST_NAME for name in top["attrs"])
    assert len(str(top["attrs"].get("long", {}).get("value", ""))) <= LONGEST_VALUE
    assert len(json.dumps(found)) < 1_000_000


def test_tiff_tells_pages_tags_imagej_and_ome(tmp_path: Path) -> None:
    stack = np.zeros((3, 8, 9), "u2")
    tifffile.imwrite(
        tmp_path / "ij.tif", stack, imagej=True, metadata={"spacing": 2.0, "unit": "um", "axes": "ZYX"}
    )
    found = of(tmp_path / "ij.tif")
    facts = {one["source"]: one["value"] for one in found["facts"]}
    assert facts["imagej:spacing"] == 2.0
    assert facts["tiff:ImageWidth"] == 9
    assert found["page_count"] == 3
    assert found["pages"][0] == {"shape": [8, 9], "dtype": "uint16", "compression": "none"}
    ome = {"axes": "ZYX", "PhysicalSizeX": 0.25, "Channel": {"Name": ["one"]}}
    tifffile.imwrite(tmp_path / "o.ome.tif", stack, ome=True, metadata=ome)
    facts = {one["source"]: one["value"] for one in of(tmp_path / "o.ome.tif")["facts"]}
    assert facts["ome:PhysicalSizeX"] == 0.25
    assert facts["ome:Channel@Name"] == "one"


def test_what_leads_out_or_is_no_such_file_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "out.h5", "w") as file:
        file["x"] = h5py.ExternalLink("/etc/passwd", "/")
    with pytest.raises(UnsafeFileError, match="leads out of itself"):
        of(tmp_path / "out.h5")
    with pytest.raises(InvalidError, match="neither HDF5 nor TIFF"):
        outline(_file(tmp_path, b"just words"))


def _file(folder: Path, content: bytes) -> Any:
    (folder / "plain").write_bytes(content)
    file = (folder / "plain").open("rb")
    assert isinstance(file, io.BufferedReader)
    return file
