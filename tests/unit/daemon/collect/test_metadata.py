import json

import pytest

from portal.daemon.collect.metadata import parse_metadata, read_metadata
from portal.files.confined import Root
from portal.jobs.result_json import FormError


def test_metadata_is_read_and_may_be_absent(tmp_path):
    with Root(tmp_path) as kept:
        assert read_metadata(kept).parameters == ()
    document = {
        "schema": 1,
        "parameters": [{"name": "gain", "value": 3, "units": ""}, {"name": "kind", "value": "x"}],
        "previews": [{"file": "previews/xy.png", "caption": "xy", "role": "thumbnail"}],
        "warnings": ["odd\n one\u0000", "", "odd one\ufffd", "another"],
        "software": {"NumPy": "2.4\n.6", "odd\u0000": ""},
        "summary": "a  b",
    }
    (tmp_path / "metadata.json").write_text(json.dumps(document))
    with Root(tmp_path) as kept:
        metadata = read_metadata(kept)
    assert [(one.name, one.value) for one in metadata.parameters] == [("gain", 3.0), ("kind", "x")]
    assert metadata.warnings == ("odd one�", "another")
    assert metadata.software == {"NumPy": "2.4 .6"}
    assert (metadata.previews[0].role, metadata.summary) == ("thumbnail", "a b")


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"schema": 2},
        {"schema": 1, "parameters": {}},
        {"schema": 1, "parameters": [1]},
        {"schema": 1, "parameters": [{"name": "", "value": 1}]},
        {"schema": 1, "parameters": [{"name": "a", "value": None}]},
        {"schema": 1, "parameters": [{"name": "a", "value": float("nan")}]},
        {"schema": 1, "parameters": [{"name": "a", "value": 1}, {"name": "a", "value": 2}]},
        {"schema": 1, "parameters": [{"name": "a\nb", "value": 1}]},
        {"schema": 1, "previews": [{"file": "x", "role": "virus"}]},
        {"schema": 1, "previews": [{"file": "x", "role": "thumbnail"}] * 2},
        {"schema": 1, "previews": [{"file": "x"}] * 51},
        {"schema": 1, "summary": 3},
        {"schema": 1, "software": ["NumPy"]},
        {"schema": 1, "software": {"NumPy": 2}},
        {"schema": 1, "software": {str(number): "1" for number in range(41)}},
        {"schema": 1, "warnings": "odd"},
        {"schema": 1, "warnings": [3]},
        {"schema": 1, "warnings": ["a"] * 51},
    ],
    ids=str,
)
def test_metadata_of_another_form_is_refused(document):
    with pytest.raises(FormError):
        parse_metadata(json.dumps(document).encode())


def _preview(**more):
    preview = {"file": "previews/xy.png", "caption": "", "role": "preview", **more}
    return parse_metadata(json.dumps({"schema": 1, "parameters": [], "previews": [preview]}).encode()).previews[0]


def test_a_picture_may_say_its_values_and_its_size():
    said = _preview(black=-3, white=12.5, width_um=40, height_um=20.5).scale
    assert (said.black, said.white, said.width_um, said.height_um) == (-3.0, 12.5, 40.0, 20.5)
    assert _preview().scale == _preview(black=None).scale
    assert _preview(width_um=4, height_um=2).scale.black is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"black": 1},
        {"white": 1},
        {"black": 2, "white": 2},
        {"black": 3, "white": 2},
        {"black": "0", "white": 1},
        {"black": False, "white": True},
        {"black": float("nan"), "white": 1},
        {"black": 0, "white": float("inf")},
        {"black": 0, "white": 10**400},
        {"width_um": 4},
        {"width_um": 0, "height_um": 1},
        {"width_um": 1, "height_um": -1},
    ],
)
def test_half_of_it_or_nonsense_is_refused(wrong):
    with pytest.raises(FormError):
        _preview(**wrong)
