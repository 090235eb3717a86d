"""The files of a registered dataset, opened again as they were registered."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from portal.catalogue.files.reader import Place
from portal.catalogue.files.reading import list_files
from portal.catalogue.files.register import changed_files, looks_of_known
from portal.catalogue.models import Dataset
from portal.config import Settings
from portal.data.registered import root_of
from portal.errors import ConflictError
from portal.files.confined import Entry, Kind, Root


class Files(NamedTuple):
    """What readers take: the open root, the place beneath it, and the files there."""

    root: Root
    place: Place
    entries: list[Entry]


@contextmanager
def files_of(dataset: Dataset, settings: Settings) -> Iterator[Files]:
    """The files of a dataset that was loaded with them. Of a complete one they are those that were registered.

    Raises ConflictError if they have changed since, and what opening and listing them raises.
    """
    folder, relative = root_of(dataset, settings)
    alone = [file.location for file in dataset.datafiles if not file.linked]
    only = alone[0] if dataset.single_file and alone else None
    known = settings.roots.get(dataset.root or "")
    with Root(folder) as root:
        place = Place(dataset.root or "", relative, only, known is not None and not known.writable_by_people)
        entries = _of_result(root, place, dataset) if dataset.is_result else list_files(root, place)
        if dataset.complete and (changed := changed_files(dataset, looks_of_known(root, place, entries, dataset))):
            shown = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
            raise ConflictError(f"Its files have changed since it was registered, so they are not read: {shown}.")
        yield Files(root, place, entries)


def _of_result(root: Root, place: Place, dataset: Dataset) -> list[Entry]:
    """What was filed: more lies in the folder of a result than the dataset has."""
    with root.open_folder(place.location) as folder:
        names: Sequence[str] = sorted(file.location for file in dataset.datafiles if file.location is not None)
        return [Entry(name, Kind.FILE, folder.stat(name)) for name in names]
