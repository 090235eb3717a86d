"""A result with its history as one ZIP archive, made while it is sent: an RO-Crate with the result's files."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.catalogue.access import visible
from portal.catalogue.models import Datafile
from portal.config import Settings
from portal.data.files import OpenDatafile, open_datafile
from portal.data.folders import OpenFolder
from portal.data.zipping import Zipping
from portal.identity.actor import Actor
from portal.methods.account import Account
from portal.methods.crate import FOLDER, METADATA, REFERENCES, TEXT

PAGE = 200
Reading = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True)
class Packed:
    """What is sent: the documents are at hand, the files are opened one after another, as this person."""

    document: dict[str, Any]
    account: Account
    actor: Actor
    settings: Settings
    read: Reading
    now: datetime

    def check(self) -> tuple[int, int]:
        """Open each file once: their number and bytes. Raises what `open_datafile` raises; nothing is sent yet."""
        count = size = 0
        for _name, opened in self._files():
            opened.close()
            count, size = count + 1, size + (opened.datafile.file_size or 0)
        return count, size

    def content(self) -> Iterator[bytes]:
        """The archive. Raises UnsafeFileError where a file changes meanwhile, so that it does not end."""
        archive = Zipping()
        yield archive.words(METADATA, json_of(self.document), self.now)
        yield archive.words(TEXT, f"{self.account.whole}\n".encode(), self.now)
        if self.account.bibtex:
            yield archive.words(REFERENCES, self.account.bibtex.encode(), self.now)
        for name, opened in self._files():
            try:
                if isinstance(opened, OpenFolder):
                    yield from opened.put_in(archive, f"{FOLDER}/{name}")
                else:
                    status = os.fstat(opened.file.fileno())
                    yield from archive.file(f"{FOLDER}/{name}", opened.file, status.st_size, status.st_mtime_ns)
            finally:
                opened.close()
        yield archive.end()

    def _files(self) -> Iterator[tuple[str, OpenDatafile | OpenFolder]]:
        """Each file, open. Rows are read in pages, and no session is kept while a file is sent."""
        dataset, last = self.account.made.dataset.id, ""
        while True:
            query = visible(self.actor, Datafile).where(Datafile.dataset_id == dataset, Datafile.name > last)
            names = query.with_only_columns(Datafile.id, Datafile.name).order_by(Datafile.name).limit(PAGE)
            with self.read() as session:
                rows = session.execute(names).all()
            for key, name in rows:
                yield name, self._opened(dataset, key)
            if len(rows) < PAGE:
                return
            last = rows[-1][1]

    def _opened(self, dataset: int, key: int) -> OpenDatafile | OpenFolder:
        with self.read() as session:
            opened = open_datafile(session, self.actor, dataset, key, settings=self.settings)
            session.expunge_all()
        return opened


def json_of(document: dict[str, Any]) -> bytes:
    """The document as it lies in a crate."""
    return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"
