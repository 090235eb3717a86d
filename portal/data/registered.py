"""Where a registered dataset lies: from `<root>:<relative path>` to a folder that the settings know."""

from pathlib import Path

from portal.catalogue.models import Datafile, Dataset
from portal.catalogue.models.data import RESULTS
from portal.config import Settings
from portal.errors import UnavailableError


def root_of(dataset: Dataset, settings: Settings) -> tuple[Path, str]:
    """The configured folder and the dataset's path beneath it. Raises UnavailableError if there is none."""
    name, colon, relative = (dataset.location or "").partition(":")
    if name == RESULTS and colon:
        return settings.results, relative
    root = settings.roots.get(name) if colon else None
    if root is None:
        raise UnavailableError(
            "The folder that holds this dataset is not connected to the portal now. Ask the facility's staff.",
            detail=f"no root {name!r} in the settings",
        )
    return root.path, relative


def path_of(dataset: Dataset, file: Datafile) -> str:
    """The file's path beneath the root: the dataset's place and the file's own."""
    _name, _colon, relative = (dataset.location or "").partition(":")
    return f"{relative}/{file.location or file.name}".lstrip("/")
