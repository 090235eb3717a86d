"""What is in a file, for somebody who looks through it: bounded in things, attributes and text."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from typing import Any

import h5py

from gantry_formats import decoded
from gantry_formats.linked import LinkError
from portal.data.parsing.errors import plain
from portal.data.parsing.readers.structure import DAMAGED

MOST_THINGS = 400
MOST_ATTRIBUTES = 24
MOST_PAGES = 20
MOST_FACTS = 120
MOST_FEW = 8
"""Values of an attribute that are written out."""
LONGEST_NAME = 200
LONGEST_VALUE = 160
NOT_READ = "cannot be read"


def outline(opened: Any) -> dict[str, Any]:
    """`{"format", "things", "more", "facts", "pages"}`.

    A thing is `{"path", "kind", "dtype", "shape", "axes", "value", "attrs": {name: {"value"} or {"words"}},
    "more_attrs"}`; a fact is `{"source", "value"}`, by the place that a dataset type's mapping would name.
    """
    described = opened.describe()
    kind = described["format"]
    of_hdf5 = dict(_of_hdf5(opened)) if kind == "hdf5" else {}
    things = [_thing(item, of_hdf5.get(str(item["path"]))) for item in described["items"][:MOST_THINGS]]
    facts = list(_facts_of_tiff(opened, described)) if kind == "tiff" else []
    found = {
        "format": kind,
        "things": things,
        "more": bool(described["more"]) or len(described["items"]) > MOST_THINGS,
        "facts": facts[:MOST_FACTS],
        "more_facts": max(0, len(facts) - MOST_FACTS),
        "problem": getattr(opened, "problem", None),
    }
    if kind == "tiff":
        found |= {"pages": _pages(opened), "page_count": int(described["pages"])}
    return found


def _thing(item: Mapping[str, Any], more: Mapping[str, Any] | None) -> dict[str, Any]:
    attrs = {_cut(name): {"value": _value(value)} for name, value in item.get("attrs", {}).items()}
    made = {
        "path": str(item["path"])[:1000],
        "kind": str(item["kind"]),
        "dtype": _cut(item.get("dtype") or ""),
        "shape": item.get("shape"),
        "axes": str(item.get("axes") or ""),
        "value": None,
        "attrs": dict(list(attrs.items())[:MOST_ATTRIBUTES]),
        "more_attrs": max(0, len(attrs) - MOST_ATTRIBUTES),
    }
    return made | (dict(more) if more else {})


def _of_hdf5(opened: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """By path: all attributes, those of several values as well, and the value of what has a single one."""
    groups = [(one, None) for one in opened.groups[:MOST_THINGS]]
    arrays = [(one, one) for one in opened.arrays[:MOST_THINGS]]
    for thing, array in (*groups, *arrays):
        found: dict[str, Any] = {}
        try:
            names = list(thing.attrs)
        except (LinkError, *DAMAGED):
            names = []
        found["attrs"] = {_cut(str(name)): _attribute(thing, name) for name in names[:MOST_ATTRIBUTES]}
        found["more_attrs"] = max(0, len(names) - MOST_ATTRIBUTES)
        if array is not None:
            found["value"] = _single(array)
            if h5py.check_string_dtype(array.dtype) is not None:
                found["dtype"] = "text"
        yield decoded(thing.node.way) or "/", found


def _attribute(thing: Any, name: str) -> dict[str, Any]:
    try:
        value = thing.attrs[name]
    except (LinkError, *DAMAGED):
        return {"words": NOT_READ}
    single = plain(value)
    if single is not None:
        return {"value": _value(single)}
    return {"words": _in_words(value)}


def _in_words(value: Any) -> str:
    """What has no single value: its few values, or how many they are."""
    size = getattr(value, "size", None)
    if not isinstance(size, int):
        return "empty" if getattr(value, "shape", ()) is None else "a value that is not shown here"
    if size == 0:
        return "empty"
    if size > MOST_FEW:
        return _cut(f"{size:,} values of {value.dtype}")
    return _cut(", ".join(str(plain(one)) for one in value.reshape(-1)))


def _single(array: Any) -> Any:
    """The value of an array of one element; None for all others."""
    try:
        if array.size != 1 or array.dtype.kind not in "iufbSO":
            return None
        return _value(plain(array[()]))
    except (LinkError, *DAMAGED):
        return None


def _pages(opened: Any) -> list[dict[str, Any]]:
    found = []
    for page in opened.tiff.pages[:MOST_PAGES]:
        key = page.keyframe
        found.append({"shape": list(map(int, key.shape)), "dtype": str(key.dtype), "compression": _codec(key)})
    return found


def _codec(page: Any) -> str:
    return str(getattr(page.compression, "name", page.compression)).lower()


def _facts_of_tiff(opened: Any, described: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Tags of the first page, and what OME or ImageJ wrote, by the places that a mapping names them by."""
    for name, value in described["tags"].items():
        yield {"source": _cut(f"tiff:{name}"), "value": _value(value)}
    if opened.tiff.is_imagej:
        for name, value in (opened.tiff.imagej_metadata or {}).items():
            if (single := plain(value)) is not None:
                yield {"source": _cut(f"imagej:{name}"), "value": _value(single)}
    if opened.tiff.ome_metadata:
        yield from _facts_of_ome(opened.tiff.ome_metadata, opened)


def _facts_of_ome(text: str, opened: Any) -> Iterator[dict[str, Any]]:
    places: dict[str, None] = {}
    try:
        for element in ET.fromstring(text).iter():  # noqa: S314 - as in the reader of TIFF: in the limited child
            kind = element.tag.rpartition("}")[2]
            if kind == "M":
                places[f"ome:map@{element.get('K')}"] = None
            elif kind in ("Pixels", "Channel", "Objective", "Detector", "Instrument", "Image"):
                start = "ome:" if kind == "Pixels" else f"ome:{kind}@"
                places |= dict.fromkeys(f"{start}{name}" for name in element.attrib if name != "ID")
            if len(places) > MOST_FACTS:
                break
    except ET.ParseError:
        return
    for place, value in opened.values(list(places)[: MOST_FACTS + 1]).items():
        yield {"source": _cut(place), "value": _value(value)}


def _value(value: Any) -> Any:
    return _cut(value, LONGEST_VALUE) if isinstance(value, str) else value


def _cut(text: str, most: int = LONGEST_NAME) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
