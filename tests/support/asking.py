"""Asking the API as programs do, and giving a dataset a file."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from portal.catalogue.models import Datafile, Dataset
from portal.db import Database

CONTENT = b"one file of a dataset\n" * 1000


@dataclass
class Asking:
    """Somebody with a token."""

    app: Flask
    token: str | None

    def __call__(self, method: str, path: str, **more: Any) -> TestResponse:
        headers = dict(more.pop("headers", {}))
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return self.app.test_client().open(f"/api/v1{path}", method=method, headers=headers, **more)


def register_file(database: Database, number: int, path: Path) -> None:
    """Write a file and tell the catalogue."""
    path.write_bytes(CONTENT)
    with database.write() as session:
        dataset = session.get_one(Dataset, number)
        dataset.location = f"demo:{path.parent.name}"
        dataset.file_count, dataset.file_size = 1, len(CONTENT)
        session.add(
            Datafile(
                dataset_id=number,
                name=path.name,
                location=path.name,
                file_size=len(CONTENT),
                checksum=f"sha256:{hashlib.sha256(CONTENT).hexdigest()}",
                mtime_ns=path.stat().st_mtime_ns,
            )
        )
