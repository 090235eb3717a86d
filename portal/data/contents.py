"""What is in one registered file, for somebody who may read it: looked into in the limited child, and bounded."""

import os
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from gantry_formats import decoded
from portal.catalogue.models import Datafile
from portal.config import Settings
from portal.data.files import OpenDatafile, check_unchanged, open_datafile
from portal.data.parsing import client as parsing
from portal.data.parsing.beside import Beside
from portal.data.registered import root_of
from portal.errors import LimitError, UnsafeFileError
from portal.files.confined import Root
from portal.identity.actor import Actor

PATIENCE_S: Final = 15.0
"""For one look; whoever asked waits for the page."""
AT_ONCE: Final = 2
"""Looks of this process at a time: each may take much memory."""
MOST_NAMES: Final = 20_000
BUSY: Final = "Others are looking into files just now. Nothing is wrong with this one: try again in a moment."

_looks = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Contents:
    """A file's entry, and what is in it as `parsing.client.outline` tells it."""

    datafile: Datafile
    outline: Mapping[str, Any]


def contents(
    session: Session,
    actor: Actor,
    dataset_id: int,
    file_id: int,
    *,
    settings: Settings,
    now: datetime | None = None,
) -> Contents:
    """What is in one file of a dataset, or in a folder that is one entry.

    Raises what `open_datafile` raises, UnsafeFileError (it leads to what is none of the dataset's files),
    InvalidError (damaged, or of a kind that is not read here) and LimitError (too much, too slow, too many looks).
    """
    with ExitStack() as open_now:
        opened = open_datafile(session, actor, dataset_id, file_id, settings=settings, now=now)
        open_now.callback(opened.close)
        beside, what = None, opened.file if isinstance(opened, OpenDatafile) else opened.folder
        if isinstance(opened, OpenDatafile) and not opened.datafile.dataset.is_result:
            beside = _beside(session, opened.datafile, settings, open_now)
        if not _looks.acquire(timeout=2.0):
            raise LimitError(BUSY)
        open_now.callback(_looks.release)
        return Contents(opened.datafile, parsing.outline(what, beside=beside, timeout_s=PATIENCE_S))


def _beside(session: Session, datafile: Datafile, settings: Settings, open_now: ExitStack) -> Beside:
    """The dataset's own files, to which data registered in place may link."""
    folder, relative = root_of(datafile.dataset, settings)
    root = open_now.enter_context(Root(folder))
    inside = open_now.enter_context(root.open_folder(relative))
    query = select(Datafile).where(Datafile.dataset_id == datafile.dataset_id).limit(MOST_NAMES)
    known = {row.location or row.name: row for row in session.scalars(query)}
    complete, named = datafile.dataset.complete, settings.roots.get(datafile.dataset.root or "")
    links = named is not None and not named.writable_by_people
    paths = [str(one / relative) for one in dict.fromkeys((root.path, root.path.resolve()))]
    name = datafile.location or datafile.name
    return _OfDataset(inside, name, paths, known, complete=complete, links=links)


class _OfDataset(Beside):
    """Beside a file lie those of its dataset and no others, each still as it was registered."""

    def __init__(
        self,
        folder: Root,
        name: str,
        folders: list[str],
        known: Mapping[str, Datafile],
        *,
        complete: bool,
        links: bool,
    ) -> None:
        super().__init__(folder, name, folders, links=links)
        self._known, self._complete = known, complete

    def open(self, name: str) -> BinaryIO:
        """See Beside.open. Raises UnsafeFileError of what is none of the dataset's files."""
        row = self._known.get(name)
        if row is None:
            raise UnsafeFileError(f"{decoded(name)[:200]} is none of the dataset's files")
        file = super().open(name)
        try:
            if self._complete:
                check_unchanged(row, os.fstat(file.fileno()))
        except BaseException:
            file.close()
            raise
        return file
