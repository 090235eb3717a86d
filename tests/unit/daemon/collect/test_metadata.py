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
