"""Data registered in place in a small facility, by the account of its instrument."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portal.catalogue.files.register import add_in_place


def register(place: Any, path: Path, type_name: str = "light-sheet stack", now: datetime | None = None) -> int:
    """The number of the new dataset of Maya's experiment. `place`: a site or a yard."""
    return add_in_place(
        place.database,
        place.facility.actors["ingest"],
        path,
        type_name=type_name,
        investigation=place.facility.investigations["private"],
        settings=place.settings,
        now=now or datetime.now(UTC),
    ).id
