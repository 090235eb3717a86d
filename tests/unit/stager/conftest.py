"""A site with Sam of the staff, whose job made an image, and an unsquashfs that lists what a test says."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from made_images import Kept, keep_image
from small_facility import SmallFacility

from portal.config import Settings, load_settings
from portal.db import Database
from portal.identity.actor import Actor
from portal.images.made import taking
from portal.images.places import Places
from portal.staging.asking import ask_to_stage

GOOD = b"drwxr-xr-x 0/0 1 2026-11-30 23:52 squashfs-root\n-rwxr-xr-x 0/0 1 2026-11-30 23:52 squashfs-root/a\n"


@dataclass
class Bench:
    """The site, and what can be asked."""

    database: Database
    settings: Settings
    facility: SmallFacility
    sam: Actor
    now: datetime

    def keep(self, person: str = "sam", **given: Any) -> Kept:
        """A job that made an image."""
        return keep_image(
            self.database,
            self.settings.results,
            self.facility.actors[person],
            self.facility.investigations["private"],
            self.facility.types["stack"],
            self.now,
            **given,
        )

    def ask(self, kept: Kept, name: str = "cows") -> int:
        """The number of the wish."""
        with self.database.write() as session:
            names = self.places.names()
            return ask_to_stage(session, self.sam, kept.job, name, names, now=self.now).id

    @property
    def places(self) -> Places:
        """Where images lie."""
        return Places(self.settings.images, self.settings.made_images)


@pytest.fixture
def bench_of(
    database: Database, facility: SmallFacility, tmp_path: Path, now: datetime, unsquashfs: Any
) -> Callable[..., Bench]:
    """Makes the site with these settings."""

    def make(**values: Any) -> Bench:
        settings = load_settings({}, **({"var": tmp_path / "var"} | values))
        for folder in settings.folders():
            folder.mkdir(parents=True, exist_ok=True)
        return Bench(database, settings, facility, facility.actors["sam"], now)

    return make


@pytest.fixture
def bench(bench_of: Callable[..., Bench]) -> Bench:
    """One where a single account does everything."""
    return bench_of()


@pytest.fixture
def signed(bench_of: Callable[..., Bench]) -> Bench:
    """One where an operator signs off."""
    return bench_of(publish=False)


@pytest.fixture
def unsquashfs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], None]]:
    """`unsquashfs(b"…")`: one that lists that."""
    folder = Path("/tmp") / f"gantry-listing-{uuid.uuid4().hex}"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)

    def make(listing: bytes) -> None:
        (folder / "listing").write_bytes(listing)
        (folder / "unsquashfs").write_text(f"#!/bin/sh\ncat {folder}/listing\n")
        (folder / "unsquashfs").chmod(0o755)

    monkeypatch.setattr(taking, "PATH", f"{folder}:/usr/bin:/bin")
    make(GOOD)
    yield make
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
