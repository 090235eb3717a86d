"""A file's outline as the tree that the page shows; what has a name in the language carries its key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from portal.web.formats import value as in_words
from portal.web.views.drafts.inside.named import Named

DEEPEST: Final = 8
"""Levels that fold; what is deeper stands with its longer name on the last."""
NO_SINGLE_VALUE: Final = "no single value, so no parameter can be read of it"
KINDS: Final[Mapping[str, str]] = {"hdf5": "HDF5", "tiff": "TIFF", "mrc": "MRC", "zarr": "Zarr"}


@dataclass(frozen=True)
class Leaf:
    """A value in the file."""

    label: str
    words: str
    place: str = ""
    """The source that a dataset type's mapping would name; empty where there is none."""
    named: tuple[Named, ...] = ()
    """What of it conditions and defaults can name."""
    why_not: str = ""


@dataclass
class Node:
    """A group or array, with what is in it."""

    name: str
    path: str
    words: str = ""
    leaves: list[Leaf] = field(default_factory=list)
    nodes: list["Node"] = field(default_factory=list)
    more: int = 0
    """So many of its attributes are not shown."""

    @property
    def empty(self) -> bool:
        """If there is nothing to open."""
        return not (self.leaves or self.nodes or self.more)


@dataclass(frozen=True)
class Tree:
    """What a file holds."""

    kind: str
    root: Node
    more: bool
    problem: str
    note: str = ""


def tree_of(outline: Mapping[str, Any], file: str, named: Sequence[Named], arrays: Sequence[Any]) -> Tree:
    """`arrays`: the dataset's, as the catalogue lists them."""
    kind = str(outline["format"])
    by_place = {one.place.strip("/"): one for one in named if one.parameter and one.place}
    facts = {one.key: one for one in named if one.name}
    here = [one for one in arrays if one.file == file and not one.left_out]
    root = Node("/", "")
    if kind == "hdf5":
        _of_hdf5(root, outline, by_place, (facts, here))
    else:
        for index, thing in enumerate(outline["things"], 1):
            name = f"Series {index}" if kind == "tiff" else str(thing["path"])
            root.nodes.append(_node(name, thing, by_place, (facts, here)))
    if kind == "tiff":
        _of_tiff(root, outline, by_place)
    note = "Further names of one and the same thing are left out." if kind == "hdf5" else ""
    more = bool(outline["more"] or outline["more_facts"])
    return Tree(KINDS.get(kind, kind), root, more, str(outline.get("problem") or ""), note)


Known = tuple[Mapping[str, Named], Sequence[Any]]
"""Facts that can be named, by key, and the catalogue's arrays of the file."""


def _of_hdf5(root: Node, outline: Mapping[str, Any], by_place: Mapping[str, Named], known: Known) -> None:
    at: dict[str, Node] = {"": root}
    for thing in outline["things"]:
        path = str(thing["path"]).strip("/")
        if not path:
            root.leaves += _attributes("", thing, by_place)
            root.more = int(thing["more_attrs"])
            continue
        above, _, name = path.rpartition("/")
        while above and (above not in at or above.count("/") + 2 > DEEPEST):
            above = above.rpartition("/")[0]
        name = path[len(above) :].strip("/") if above else path
        node = at[path] = _node(name, thing, by_place, known, of_hdf5=True)
        at[above].nodes.append(node)


def _node(
    name: str, thing: Mapping[str, Any], by_place: Mapping[str, Named], known: Known, *, of_hdf5: bool = False
) -> Node:
    path = str(thing["path"]).strip("/")
    node = Node(name, path, _words(thing), more=int(thing["more_attrs"]))
    if thing["kind"] == "array":
        node.leaves += _value_of(path, thing, by_place) if of_hdf5 else []
        node.leaves += _facts_of(thing, known)
    node.leaves += _attributes(path, thing, by_place) if of_hdf5 else _sizes(thing, by_place)
    return node


def _words(thing: Mapping[str, Any]) -> str:
    if thing["kind"] != "array":
        return ""
    shape = thing["shape"]
    if shape is None:
        return f"{thing['dtype']}, empty".strip(", ")
    lengths = " x ".join(f"{length:,}" for length in shape)
    axes = f" ({thing['axes']})" if thing["axes"] else ""
    return ", ".join(filter(None, [lengths + axes, str(thing["dtype"])]))


def _value_of(path: str, thing: Mapping[str, Any], by_place: Mapping[str, Named]) -> list[Leaf]:
    found = _by_path(path, by_place)
    if thing["value"] is None and found is None:
        return []
    words = found.words if thing["value"] is None and found is not None else str(in_words(thing["value"]))
    return [Leaf("value", words, f"hdf5:/{path}", (found,) if found and found.name else ())]


def _by_path(path: str, by_place: Mapping[str, Named]) -> Named | None:
    """The parameter that was read there; a mapping may name the end of a path alone."""
    if path in by_place:
        return by_place[path]
    ends = (one for place, one in by_place.items() if place.startswith("**/"))
    return next((one for one in ends if f"/{path}".endswith(one.place.strip("/").removeprefix("**"))), None)


def _facts_of(thing: Mapping[str, Any], known: Known) -> list[Leaf]:
    """What conditions can ask for of an array: where the catalogue listed it, and all of the dataset are alike."""
    facts, arrays = known
    shape, dtype = thing["shape"], str(thing["dtype"])
    listed = next((one for one in arrays if list(one.shape) == shape and one.dtype == dtype), None)
    if listed is None:
        return []
    found: list[Leaf] = []
    lengths = dict(zip(listed.axes, map(int, listed.shape), strict=False))
    told = [
        ("dtype", dtype),
        ("axes", ", ".join(listed.axes)),
        *((axis, f"{size:,}") for axis, size in lengths.items()),
    ]
    for key, words in told:
        named = facts.get(f"fact:array.{key}")
        if named is not None and named.words == words:
            found.append(Leaf(named.label, words, "", (named,)))
    return found


def _attributes(path: str, thing: Mapping[str, Any], by_place: Mapping[str, Named]) -> list[Leaf]:
    found = []
    for name, said in thing["attrs"].items():
        if "words" in said:
            found.append(Leaf(f"@{name}", str(said["words"]), why_not=NO_SINGLE_VALUE))
            continue
        named = by_place.get(f"{path}@{name}".strip("/"))
        found.append(_leaf(f"@{name}", said["value"], f"hdf5:/{path}@{name}", named))
    return found


def _sizes(thing: Mapping[str, Any], by_place: Mapping[str, Named]) -> list[Leaf]:
    """What MRC and Zarr tell, which mappings name by what it is: `image:voxel size x`."""
    found = []
    for name, said in thing["attrs"].items():
        place = f"image:{str(name).removesuffix(' (um)')}" if str(name).startswith("voxel size") else ""
        found.append(_leaf(str(name), said.get("value"), place, by_place.get(place)))
    return found


def _leaf(label: str, value: Any, place: str, named: Named | None) -> Leaf:
    return Leaf(label, str(in_words(value)), place, (named,) if named is not None and named.name else ())


def _of_tiff(root: Node, outline: Mapping[str, Any], by_place: Mapping[str, Named]) -> None:
    pages = Node("Pages", "", f"{int(outline['page_count']):,}")
    for number, page in enumerate(outline["pages"], 1):
        shape = " x ".join(map(str, page["shape"]))
        pages.nodes.append(Node(f"Page {number}", "", f"{shape}, {page['dtype']}, {page['compression']}"))
    if outline["page_count"] > len(outline["pages"]):
        left = int(outline["page_count"]) - len(outline["pages"])
        pages.nodes.append(Node(f"and {left:,} more, which are not listed", ""))
    root.nodes.append(pages)
    titles = {"ome": "What OME says", "imagej": "What ImageJ says", "tiff": "Tags of the first page"}
    for scheme, title in titles.items():
        node = Node(title, "")
        for fact in outline["facts"]:
            source = str(fact["source"])
            if source.partition(":")[0] == scheme:
                named = by_place.get(source.removeprefix("tiff:"))
                node.leaves.append(_leaf(source.partition(":")[2], fact["value"], source, named))
        if node.leaves:
            root.nodes.append(node)
