"""Whether the files of a dataset are still those that were registered: read again, compared with what was pinned.

For operators. Nothing is written. Every file is opened through the door, outside of any transaction.
"""

import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import select

from portal.catalogue.files import manifest
from portal.catalogue.files.digest import sha256_of
from portal.catalogue.files.manifest import Pinned
from portal.catalogue.files.reader import Place
from portal.catalogue.files.reading import list_files
from portal.catalogue.models import Datafile, Dataset, FolderManifest
from portal.catalogue.parameters.corrections import dataset_for_operator
from portal.config import Settings
from portal.data.registered import root_of
from portal.db import Database
from portal.errors import NotFoundError, PortalError
from portal.files.confined import Root, inode_of
from portal.files.folders import look_at

MOST_KEPT = 1000
"""Differences of one dataset; more are counted."""
SYMBOLIC_LINK = "symbolic link"
STILL_WRITTEN = "It is still being written, so nothing of it was pinned."
OTHER_CONTENT = "another content"
SAME_CONTENT = "the same content"
UNSEEN = ", though size and time are the same"

Tell = Callable[[int], None]
"""Called with the bytes that were read since it was last called."""


class What(StrEnum):
    """What became of a file."""

    CHANGED = "changed"
    MISSING = "missing"
    EXTRA = "extra"
    UNREAD = "not read"


@dataclass(frozen=True)
class Difference:
    """A file that is not as it was registered, by its path in the dataset, and how, as a clause."""

    path: str
    what: What
    why: str


@dataclass
class Verified:
    """What came of one dataset."""

    dataset: int
    name: str
    files: int = 0
    """Compared, those in folders that are one entry among them."""
    bytes: int = 0
    differences: list[Difference] = field(default_factory=list)
    more: int = 0
    """Differences beyond those."""
    without: int = 0
    """Files of which no checksum was taken: size, time and inode alone were compared."""
    skipped: str = ""
    """Why nothing was to be compared, in words."""
    unread: str = ""
    """Why it could not be compared, in words."""

    @property
    def sound(self) -> bool:
        """Whether all that was pinned is there and the same."""
        return not self.differences and not self.unread

    def add(self, path: str, what: What, why: str) -> None:
        """Note a difference."""
        if len(self.differences) < MOST_KEPT:
            self.differences.append(Difference(path, what, why))
        else:
            self.more += 1


def verify(database: Database, settings: Settings, number: int, tell: Tell) -> Verified:
    """Read one dataset's files again and compare. Raises NotFoundError; all else that goes wrong is said in it."""
    with database.read() as session:
        dataset = dataset_for_operator(session, number)
        known = sorted(dataset.datafiles, key=lambda one: one.location or one.name)
    seen = Verified(dataset.id, dataset.name)
    if not dataset.complete:
        seen.skipped = STILL_WRITTEN
        return seen
    try:
        folder, relative = root_of(dataset, settings)
        with Root(folder) as root:
            with root.open_folder(relative) as place:
                look = _Look(database, place, seen, tell)
                for file in known:
                    look.compare(file)
            if not dataset.single_file and not dataset.is_result:
                # More lies in the folder of a result than the dataset has, and beside a single file.
                _note_extra(seen, root, _place(dataset, settings, relative), {file.location for file in known})
    except (PortalError, OSError) as error:
        seen.unread = _words(error)
    return seen


def _place(dataset: Dataset, settings: Settings, relative: str) -> Place:
    known = settings.roots.get(dataset.root or "")
    return Place(dataset.root or "", relative, None, known is not None and not known.writable_by_people)


def _note_extra(seen: Verified, root: Root, place: Place, names: Collection[str | None]) -> None:
    try:
        there = [entry.path for entry in list_files(root, place)]
    except PortalError as error:
        seen.add("", What.UNREAD, f"whether there is more cannot be told: {error.message.rstrip('.')}")
        return
    for path in there:
        if path not in names:
            seen.add(path, What.EXTRA, "it was not there when the dataset was registered")


class _Look:
    """Compares the files of one dataset one by one."""

    def __init__(self, database: Database, place: Root, seen: Verified, tell: Tell) -> None:
        self._database, self._place, self._seen, self._tell = database, place, seen, tell

    def compare(self, file: Datafile) -> None:
        """Note what differs of a file, or of all files of a folder that is one entry."""
        path = file.location or file.name
        try:
            if file.folder_stamp is not None:
                self._folder(path, file)
            else:
                self._file(path, file)
        except NotFoundError:
            self._seen.add(path, What.MISSING, "it is not there any more")
        except (PortalError, OSError) as error:
            self._seen.add(path, What.UNREAD, _words(error).rstrip("."))

    def _file(self, path: str, file: Datafile) -> None:
        links = file.alias is not None
        with self._place.open_file(path, hard_links=links, links=links) as opened:
            before = os.fstat(opened.fileno())
            digest = _hex(file.checksum)
            self._seen.without += digest is None
            if file.file_size not in (None, before.st_size):
                why = [f"{before.st_size} bytes, registered {file.file_size}"]
            else:
                same = None if digest is None else sha256_of(opened, before.st_size, self._read) == digest
                why = list(self._beside(file, before, same=same))
            after = os.fstat(opened.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            why = ["it changed while it was read"]
        self._seen.files += 1
        if why:
            self._seen.add(path, What.CHANGED, ", ".join(why))

    def _beside(self, file: Datafile, status: os.stat_result, *, same: bool | None) -> Iterator[str]:
        """What is said of content, time and inode; that the content is the same, where those differ."""
        moved = file.inode not in (None, inode_of(status))
        touched = file.mtime_ns not in (None, status.st_mtime_ns)
        if same is False:
            yield OTHER_CONTENT + ("" if touched or moved else UNSEEN)
        elif same and (moved or touched):
            yield SAME_CONTENT
        if moved:
            yield "another file in its place"
        if touched:
            yield "another time of its last change"

    def _folder(self, path: str, file: Datafile) -> None:
        with self._database.read() as session:
            query = select(FolderManifest.document).where(FolderManifest.datafile_id == file.id)
            document = session.scalar(query)
        if document is None:
            self._seen.add(path, What.UNREAD, "the catalogue has no list of what was in it")
            return
        if not _is_of(document, file.checksum):
            self._seen.add(path, What.UNREAD, "the catalogue's list of what was in it is not that of its checksum")
            return
        there = {one.path for one in look_at(self._place, path).files}
        with self._place.open_folder(path) as folder:
            for pinned in manifest.unpacked(document):
                if pinned.path in there:
                    there.remove(pinned.path)
                    self._chunk(folder, path, pinned, hard_links=file.alias is not None)
                else:
                    self._seen.add(f"{path}/{pinned.path}", What.MISSING, "it is not there any more")
        for name in sorted(there):
            self._seen.add(f"{path}/{name}", What.EXTRA, "it was not there when the dataset was registered")

    def _chunk(self, folder: Root, path: str, pinned: Pinned, *, hard_links: bool) -> None:
        name = f"{path}/{pinned.path}"
        try:
            with folder.open_file(pinned.path, hard_links=hard_links) as opened:
                status = os.fstat(opened.fileno())
                if status.st_size != pinned.size:
                    self._seen.add(name, What.CHANGED, f"{status.st_size} bytes, registered {pinned.size}")
                    return
                same = pinned.sha256 in (None, sha256_of(opened, status.st_size, self._read))
        except NotFoundError:
            self._seen.add(name, What.MISSING, "it is not there any more")
            return
        except (PortalError, OSError) as error:
            self._seen.add(name, What.UNREAD, _words(error).rstrip("."))
            return
        self._seen.files += 1
        touched = status.st_mtime_ns != pinned.mtime_ns
        if not same:
            self._seen.add(name, What.CHANGED, OTHER_CONTENT + ("" if touched else UNSEEN))
        elif touched:
            self._seen.add(name, What.CHANGED, f"{SAME_CONTENT}, another time of its last change")

    def _read(self, count: int) -> None:
        self._seen.bytes += count
        self._tell(count)


def _is_of(document: bytes, checksum: str | None) -> bool:
    try:
        return manifest.digest_of(document) == _hex(checksum)
    except ValueError:
        return False


def _hex(checksum: str | None) -> str | None:
    """A file's checksum starts with its kind, a manifest's too."""
    return checksum.removeprefix("sha256:") if checksum else None


def _words(error: PortalError | OSError) -> str:
    return error.message if isinstance(error, PortalError) else f"It cannot be read ({error.strerror})."
