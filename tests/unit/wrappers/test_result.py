"""What a program tells of its result stays within what the portal takes: too much is cut, with words."""

import json
from pathlib import Path

import numpy as np
import pytest

from gantry_formats import limits
from portal.daemon.collect.metadata import parse_metadata
from wrappers.result import Result


def written(result: Result, folder: Path) -> dict:
    result.write("Done")
    raw = (folder / "metadata.json").read_bytes()
    assert len(raw) <= limits.MAX_METADATA_BYTES
    parse_metadata(raw)
    return dict(json.loads(raw))


@pytest.mark.parametrize("value", [1.7e308, -1e301, 2**1024, float("inf"), float("nan")])
def test_a_number_that_no_result_may_tell_is_left_out(tmp_path: Path, value) -> None:
    result = Result(tmp_path)
    result.parameter("maximum", value)
    result.parameter("mean", 2**64 - 1)
    told = written(result, tmp_path)
    assert [one["name"] for one in told["parameters"]] == ["mean"]


def test_more_than_a_result_may_tell_is_cut_with_words(tmp_path: Path) -> None:
    result = Result(tmp_path)
    for number in range(limits.MAX_PARAMETERS + 7):
        result.parameter(f"p{number}", number)
    for number in range(limits.MAX_PREVIEWS + 3):
        result.preview(f"v{number}", np.zeros((4, 4), np.uint8), "a picture", "preview" if number else "thumbnail")
    told = written(result, tmp_path)
    assert (len(told["parameters"]), len(told["previews"])) == (limits.MAX_PARAMETERS, limits.MAX_PREVIEWS)
    assert told["summary"] == "Done; 7 more parameters not shown here; 3 more pictures not shown here"


def test_a_result_of_long_texts_is_cut_to_a_megabyte(tmp_path: Path) -> None:
    result = Result(tmp_path)
    for number in range(400):
        result.parameter(f"p{number}", "🧪" * 4000)
    told = written(result, tmp_path)
    kept = len(told["parameters"])
    assert 50 < kept < 400
    assert told["summary"] == f"Done; {400 - kept} more parameters not shown here"


def test_names_from_files_are_one_line_that_can_be_stored(tmp_path: Path) -> None:
    result = Result(tmp_path)
    result.parameter("a\n\x00\u202egpj\ud800", "b\r\nc\x1b[2J")
    result.preview("x", np.zeros((4, 4), np.uint8), "é" * 400, "thumbnail")
    [parameter] = written(result, tmp_path)["parameters"]
    assert "\n" not in parameter["name"] + parameter["value"]


def test_warnings_are_said_once_and_the_rest_is_counted(tmp_path: Path) -> None:
    result = Result(tmp_path)
    for words in ("the axis\nis odd", "the axis is odd", " "):
        result.warning(words)
    assert written(result, tmp_path)["warnings"] == ["the axis is odd"]
    for number in range(60):
        result.warning(f"reason {number} " + "x" * 2000)
    told = written(result, tmp_path)["warnings"]
    assert (len(told), told[-1]) == (limits.MAX_WARNINGS, "and 12 more warnings")
    assert all(len(one) <= limits.MAX_WARNING for one in told)


def test_versions_of_what_the_program_used_are_told(tmp_path: Path) -> None:
    told = written(Result(tmp_path), tmp_path)["software"]
    assert told["NumPy"] == np.__version__
    assert told["gantry-wrappers"]


def test_a_picture_s_values_and_size_are_told_where_they_are_known(tmp_path: Path) -> None:
    result, picture = Result(tmp_path), np.zeros((4, 4), np.uint8)
    result.preview("known", picture, "", ends=(1.5, 20.0), spans_um=(8.0, 6.0))
    result.preview("unknown", picture, "")
    result.preview("flat", picture, "", ends=(3.0, 3.0))
    result.preview("endless", picture, "", ends=(0.0, float("inf")), spans_um=(0.0, 1.0))
    known, *others = written(result, tmp_path)["previews"]
    assert [known[key] for key in ("black", "white", "width_um", "height_um")] == [1.5, 20.0, 8.0, 6.0]
    assert all(set(one) == {"file", "caption", "role"} for one in others)
