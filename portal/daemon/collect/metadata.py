"""What metadata.json says about a result: testimony, checked for form."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gantry_formats.limits import (
    MAX_CAPTION,
    MAX_METADATA_BYTES,
    MAX_NAME,
    MAX_NUMBER,
    MAX_PARAMETERS,
    MAX_PREVIEWS,
    MAX_SUMMARY,
    MAX_UNITS,
    MAX_VALUE,
    MAX_WARNING,
    MAX_WARNINGS,
)
from portal import words
from portal.data.grey import UNSAID, PictureScale
from portal.errors import NotFoundError
from portal.files.confined import Root
from portal.jobs.result_json import FormError, storable

METADATA = "metadata.json"
PREVIEWS = "previews"
MAX_SOFTWARE = 40
ALSO = (METADATA, PREVIEWS)
"""Files beneath output/ that go with every dataset and do not make one."""


@dataclass(frozen=True)
class Parameter:
    """A quantity that the program found."""

    name: str
    value: float | str
    units: str


@dataclass(frozen=True)
class Preview:
    """A picture that the program made; `file` is its path in the result."""

    file: str
    caption: str
    role: str
    scale: PictureScale = UNSAID


@dataclass(frozen=True)
class Metadata:
    """What metadata.json says, checked for form."""

    parameters: tuple[Parameter, ...] = ()
    previews: tuple[Preview, ...] = ()
    warnings: tuple[str, ...] = ()
    """What makes the result doubtful, in words."""
    summary: str = ""
    software: Mapping[str, str] = field(default_factory=dict)
    """Versions of the program and its libraries by name, as it says."""


def read_metadata(kept: Root) -> Metadata:
    """metadata.json of a kept result, or nothing said if there is none. Raises FormError, LimitError."""
    try:
        with kept.open_file(METADATA, max_bytes=MAX_METADATA_BYTES) as stream:
            raw = stream.read(MAX_METADATA_BYTES + 1)
    except NotFoundError:
        return Metadata()
    return parse_metadata(raw)


def parse_metadata(raw: bytes) -> Metadata:
    """Metadata from the bytes of metadata.json. Raises FormError."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise FormError("metadata.json is not JSON") from error
    if not isinstance(document, dict) or document.get("schema") != 1:
        raise FormError("metadata.json has a schema that is not known")
    parameters = [_parameter(item) for item in _items(document, "parameters", MAX_PARAMETERS)]
    if len({(one.name, one.units) for one in parameters}) < len(parameters):
        raise FormError("metadata.json names a parameter twice")
    previews = [_preview(item) for item in _items(document, "previews", MAX_PREVIEWS)]
    if sum(one.role == "thumbnail" for one in previews) > 1:
        raise FormError("metadata.json names more than one thumbnail")
    summary = document.get("summary", "")
    if not isinstance(summary, str):
        raise FormError("metadata.json: summary is not a text")
    said = words.one_line(storable(summary), MAX_SUMMARY)
    return Metadata(tuple(parameters), tuple(previews), _warnings(document), said, _software(document))


def _warnings(document: Mapping[str, Any]) -> tuple[str, ...]:
    found = document.get("warnings", [])
    if not isinstance(found, list) or len(found) > MAX_WARNINGS or not all(isinstance(one, str) for one in found):
        raise FormError(f"metadata.json: warnings is not a list of at most {MAX_WARNINGS} texts")
    lines = (words.one_line(storable(one), MAX_WARNING) for one in found)
    return tuple(dict.fromkeys(line for line in lines if line))


def _software(document: Mapping[str, Any]) -> dict[str, str]:
    found = document.get("software", {})
    if not isinstance(found, dict) or len(found) > MAX_SOFTWARE:
        raise FormError(f"metadata.json: software is not an object of at most {MAX_SOFTWARE} names")
    if not all(isinstance(one, str) for one in found.values()):
        raise FormError("metadata.json: a version in software is not a text")
    lines = {
        words.one_line(storable(name), MAX_NAME): words.one_line(storable(one), 100) for name, one in found.items()
    }
    return {name: version for name, version in lines.items() if name and version}


def _items(document: Mapping[str, Any], key: str, most: int) -> list[Mapping[str, Any]]:
    items = document.get(key, [])
    if not isinstance(items, list) or len(items) > most or not all(isinstance(item, dict) for item in items):
        raise FormError(f"metadata.json: {key} is not a list of at most {most} objects")
    return items


def _text(item: Mapping[str, Any], key: str, most: int, *, default: str | None = None) -> str:
    value = item.get(key, default)
    if not isinstance(value, str) or len(value) > most or any(ord(character) < 32 for character in value):
        raise FormError(f"metadata.json: {key} is not a line of at most {most} characters")
    if storable(value) != value:
        raise FormError(f"metadata.json: {key} holds half a character")
    return value


def _parameter(item: Mapping[str, Any]) -> Parameter:
    name, units = _text(item, "name", MAX_NAME), _text(item, "units", MAX_UNITS, default="")
    value = item.get("value")
    if not name.strip():
        raise FormError("metadata.json has a parameter without a name")
    if isinstance(value, bool):
        return Parameter(name, "true" if value else "false", units)
    if isinstance(value, int | float):
        if not -MAX_NUMBER <= value <= MAX_NUMBER:
            raise FormError(f"metadata.json: the value of {name} is not a number")
        return Parameter(name, float(value), units)
    return Parameter(name, _text(item, "value", MAX_VALUE), units)


def _preview(item: Mapping[str, Any]) -> Preview:
    file, role = _text(item, "file", 1000), _text(item, "role", 20, default="preview")
    if role not in {"thumbnail", "preview"}:
        raise FormError("metadata.json: a picture is a thumbnail or a preview")
    return Preview(file, _text(item, "caption", MAX_CAPTION, default=""), role, _scale(item))


def _scale(item: Mapping[str, Any]) -> PictureScale:
    """What the program says of a picture's greys and of what it spans; of each pair both or none."""
    black, white = _pair(item, "black", "white")
    width, height = _pair(item, "width_um", "height_um")
    if black is not None and white is not None and white <= black:
        raise FormError("metadata.json: white of a picture is not above its black")
    if width is not None and height is not None and min(width, height) <= 0:
        raise FormError("metadata.json: a picture spans nothing")
    return PictureScale(black, white, width, height)


def _pair(item: Mapping[str, Any], *keys: str) -> list[float | None]:
    values = [item.get(key) for key in keys]
    if all(value is None for value in values):
        return [None for _ in keys]
    plain = [one for one in values if isinstance(one, int | float) and not isinstance(one, bool)]
    numbers = [float(one) for one in plain if -MAX_NUMBER <= one <= MAX_NUMBER]
    if len(numbers) < len(keys):
        raise FormError(f"metadata.json: {' and '.join(keys)} of a picture are not two numbers")
    return [*numbers]
