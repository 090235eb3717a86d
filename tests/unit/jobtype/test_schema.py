"""The published JSON Schema: wherever an editor completes a key, it can say what that key means."""

import json
from collections.abc import Iterator
from typing import Any

from portal.jobtype.schema import schema_text


def without_description(schema: dict[str, Any]) -> Iterator[str]:
    """Each part, and each key of a part, of which nothing is said."""
    for name, part in {"the whole": schema, **schema["$defs"]}.items():
        if not part.get("description", "").strip():
            yield name
        for key, place in part.get("properties", {}).items():
            if not place.get("description", "").strip():
                yield f"{name}.{key}"


def test_each_place_of_the_schema_says_what_it_means() -> None:
    schema = json.loads(schema_text())
    assert len(schema["$defs"]) > 40 and len(schema["properties"]) > 30
    assert list(without_description(schema)) == []


def test_what_is_said_is_short_and_a_sentence() -> None:
    schema = json.loads(schema_text())
    said = [
        (name, key, place["description"])
        for name, part in {"JobType": schema, **schema["$defs"]}.items()
        for key, place in part.get("properties", {}).items()
    ]
    assert [one for one in said if len(one[2]) > 300 or one[2][-1] not in '."' or one[2] != one[2].strip()] == []
