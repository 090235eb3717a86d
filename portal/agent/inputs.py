"""Opening the inputs as the person whose job it will be: what she may not read stops the job before it starts."""

import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from gantry_formats import folder_stamp
from portal.agent import reading
from portal.agent.reading import bad
from portal.documents import finite
from portal.errors import ForbiddenError, NotFoundError, PortalError
from portal.files.confined import Root, inode_of
from portal.files.folders import look_at
from portal.rpc.exchange import RefusedError, fields

MAX_DATASETS = 10_000
MAX_FILES = 200_000
DATASET_KEYS = ("dataset", "root", "location", "files")
FILE_KEYS = ("size", "mtime_ns", "inode", "linked", "alias", "folder")
SYMBOLIC_LINK = "symbolic link"
NAMED_KEYS = ("name", "type", "parameters", "not_followed")
MAX_NOT_FOLLOWED = 100
STAMP = re.compile(r"[0-9a-f]{64}")


class Inputs(ExitStack):
    """The inputs of one request's items. Use it in a `with`: a root stays open from its first dataset on."""

    def __init__(self, roots: Mapping[str, Path]) -> None:
        super().__init__()
        self._roots = roots
        self._opened: dict[str, Root] = {}

    def open(self, inputs: Any) -> dict[str, list[dict[str, Any]]]:
        """Open every file of every slot: the datasets by slot, with absolute paths, each file's size and mtime_ns.

        Raises RefusedError, whose code tells why and whose message names the file: `input-missing`,
        `input-unreadable`, `input-unsafe` (a link, a device …) or `input-changed` (not of the size, time or inode
        that the catalogue knows).
        """
        opened = {}
        for slot, datasets in reading.mapping(inputs, "inputs").items():
            reading.matching(slot, reading.SLUG, "A slot's name")
            listed = reading.sequence(datasets, f"The slot {slot}", most=MAX_DATASETS)
            opened[slot] = [self._dataset(slot, index, dataset) for index, dataset in enumerate(listed)]
        return opened

    def _dataset(self, slot: str, index: int, item: Any) -> dict[str, Any]:
        given = fields(item, "A dataset", required=DATASET_KEYS, optional=NAMED_KEYS)
        root_name = reading.text(given["root"], "root", least=1)
        location = reading.file_name(given["location"], "location", least=0)  # of a root itself it is empty
        if root_name not in self._roots:
            raise bad(f"There is no root {root_name!r}.")
        root = self._roots[root_name]
        files = reading.sequence(given["files"], "files", most=MAX_FILES)
        try:
            with self._root(root_name).open_folder(location) as folder:
                base, target = root / location, f"/inputs/{slot}/{index}"
                listed = [_file(folder, base, target, file) for file in files]
        except PortalError as error:
            raise refusal_of_input(error, location) from error
        lost = _not_followed(given["not_followed"])
        return ({"not_followed": lost} if lost else {}) | {
            "dataset": reading.whole(given["dataset"], "dataset"),
            "name": reading.text(given["name"] or "", "name"),
            "type": reading.text(given["type"] or "", "type"),
            "root": str(root),
            "location": location,
            "files": listed,
            "parameters": _parameters(given["parameters"]),
        }

    def _root(self, name: str) -> Root:
        if name not in self._opened:
            self._opened[name] = self.enter_context(Root(self._roots[name]))
        return self._opened[name]


def _file(folder: Root, base: Path, target: str, item: Any) -> dict[str, Any]:
    given = fields(item, "A file", required=("name",), optional=FILE_KEYS)
    name = reading.file_name(given["name"], "A file's name")
    if given["folder"] is not None:
        return _folder(folder, base, target, name, given["folder"])
    links = given["alias"] == SYMBOLIC_LINK
    try:
        # Another name of the file cannot open more than the person may open anyway: the agent is the person.
        # A symbolic one is followed where the file was registered by way of it, and stays in the dataset's folder.
        status = folder.status_opened(name, hard_links=True, links=links)
    except PortalError as error:
        raise refusal_of_input(error, name) from error
    looks = (("size", status.st_size), ("mtime_ns", status.st_mtime_ns), ("inode", inode_of(status)))
    for key, now in looks:
        known = given[key]
        if known is not None and reading.whole(known, key, most=2**63) != now:
            raise RefusedError(
                "input-changed",
                f"The file {name} has changed since it was registered.",
                detail=f"{base / name}: {key} {now}, registered {known}",
            )
    path = folder.resolved(name) if links else base / name
    if given["linked"] not in (None, True, False):
        raise bad("linked must be true or false.")
    linked = {"linked": True} if given["linked"] else {}
    return linked | {
        "name": name,
        "path": str(path),
        "target": f"{target}/{name}",
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
    }


def _folder(folder: Root, base: Path, target: str, name: str, known: Any) -> dict[str, Any]:
    """A folder that is one thing: all its files are counted and compared, by size and time; none is read."""
    given = fields(known, "A folder", required=("files", "stamp"))
    files = reading.whole(given["files"], "files", most=folder_stamp.MAX_FILES)
    stamp = reading.matching(given["stamp"], STAMP, "The stamp")
    try:
        look = look_at(folder, name)
    except PortalError as error:
        raise refusal_of_input(error, name) from error
    if look.stamp != stamp:
        raise RefusedError(
            "input-changed",
            f"The folder {name} has changed since it was registered.",
            detail=f"{base / name}: {len(look.files)} files, registered {files}",
        )
    return {
        "name": name,
        "path": str(base / name),
        "target": f"{target}/{name}",
        "size": look.bytes,
        "mtime_ns": look.mtime_ns,
        "folder": {"files": len(look.files), "stamp": look.stamp},
    }


def refusal_of_input(error: PortalError, name: str) -> RefusedError:
    """The refusal of an input in the agent's own codes; one that names its file already stays."""
    if isinstance(error, NotFoundError):
        return RefusedError("input-missing", f"The file {name} does not exist any more.", detail=error.message)
    if isinstance(error, ForbiddenError):
        return RefusedError(
            "input-unreadable", f"Your account may not read the file {name}.", detail=error.message
        )
    return RefusedError("input-unsafe", error.message, retry=error.retry, detail=error.detail)


def _not_followed(listed: Any) -> dict[str, str]:
    """Links that are no files of the dataset, and where they lead, in words: for a program's message alone."""
    found = reading.mapping(listed if listed is not None else {}, "not_followed")
    if len(found) > MAX_NOT_FOLLOWED:
        raise bad(f"not_followed must have at most {MAX_NOT_FOLLOWED} names.")
    return {
        reading.text(name, "A link's name", least=1, most=4096): reading.text(words, "Where a link leads")
        for name, words in found.items()
    }


def _parameters(listed: Any) -> dict[str, dict[str, Any]]:
    checked = {}
    for name, item in reading.mapping(listed if listed is not None else {}, "parameters").items():
        given = fields(item, "A parameter", required=("value",), optional=("units",))
        value = given["value"]
        if not (value is None or isinstance(value, bool) or finite(value) or _writable_text(value)):
            raise bad("A parameter's value must be a number, a text, true, false or null.")
        units = reading.text(given["units"] or "", "A parameter's units")
        checked[reading.text(name, "A parameter's name", least=1)] = {"value": value, "units": units}
    return checked


def _writable_text(value: Any) -> bool:
    return isinstance(value, str) and reading.writable(value)
