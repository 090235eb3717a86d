"""The rotation centre of a scan: two methods, how far off it may be, and what is said where they differ."""

from pathlib import Path

import h5py
import pytest

from wrappers.programs.tomo_slice.centring import DISAGREE, Axis, Method

ONE = {"row_first": 0, "row_count": 1}


def cut(tooth: Path, path: Path, columns: slice) -> Path:
    """The recorded tooth with some of its columns."""
    with h5py.File(tooth) as whole, h5py.File(path, "w") as part:
        for name in ("data", "data_white", "data_dark"):
            part[f"exchange/{name}"] = whole[f"exchange/{name}"][..., columns]
        part["exchange/theta"] = whole["exchange/theta"][()]
        part["exchange/theta"].attrs["units"] = "deg"
    return path


def test_the_tooths_centre_stays_where_columns_are_cut_off(run_program, test_data, tmp_path: Path) -> None:
    tooth = test_data / "tomography" / "tooth.h5"
    found = {}
    for name, columns in {
        "whole": slice(0, 640),
        "left": slice(64, 640),
        "right": slice(0, 576),
        "both": slice(64, 576),
    }.items():
        ending = run_program("tomo_slice", {"scan": [cut(tooth, tmp_path / "cut.h5", columns)]}, ONE)
        parameters = ending.parameters
        found[name] = parameters["rotation centre"] + columns.start
        second = parameters["rotation centre by the least below nothing in a slice"] + columns.start
        assert second == pytest.approx(found[name], abs=0.3)
        assert parameters["rotation centre error"] < 0.3
        assert "rotation centre" not in ending.warned
    assert found == pytest.approx(dict.fromkeys(found, found["whole"]), abs=0.5)
    assert found["whole"] == pytest.approx(296, abs=0.5)


def test_a_given_centre_has_no_estimate(run_program, test_data) -> None:
    ending = run_program("tomo_slice", {"scan": [test_data / "tomography" / "tooth.h5"]}, ONE | {"centre": "296"})
    assert ending.parameters["centre found"] is False
    assert not any("centre error" in name for name in ending.parameters)


def test_what_two_methods_differ_by_is_said() -> None:
    def said(second: float | None, column: float = 320.0) -> str:
        return "; ".join(Axis(column, (Method("one", column), Method("another", second)), 1.0, 640).doubts)

    assert said(320.0 + DISAGREE - 0.01) == ""
    assert said(321.0).startswith(
        "two methods disagree on the rotation centre: column 320.00 by one (taken), column 321.00 by another"
    )
    assert "only one of two methods finds the rotation centre" in said(None)
    assert "lies near the edge of where it was looked for" in said(40.0, 40.0)
    assert Axis(40.0).doubts == []
