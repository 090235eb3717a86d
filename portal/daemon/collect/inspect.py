"""Looking into a kept result before it is registered: what it says about itself, its pictures, its data files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from portal.catalogue.arrays.entries import ArrayEntry, Looked, clause, entries_of, plane_sizes
from portal.daemon.collect.metadata import ALSO, PREVIEWS, Metadata, Preview, read_metadata
from portal.data.grey import GreyPlane, scale_of_png
from portal.data.parsing import client as parsing
from portal.data.parsing.client import UnseenError
from portal.data.parsing.many import check_many
from portal.data.parsing.preview import Picture, redraw
from portal.data.parsing.warm import Warm
from portal.errors import InvalidError, LimitError, NotFoundError, PortalError, UnsafeFileError
from portal.files.confined import Root
from portal.files.formats import is_hdf5, is_named_as_array, png_size
from portal.jobs.result_json import FormError
from portal.store.client import StoredFile, StoredResult

MOST_LISTED = 4
"""Files of a result whose arrays are listed."""
PICTURES = 12
Looking = Callable[[int, int], None]
WARM = Warm()
"""Of this process; nothing is started before the first result, or before it is told to begin."""


@dataclass(frozen=True)
class Drawn:
    """A picture of a result, encoded by us."""

    preview: Preview
    picture: Picture


@dataclass(frozen=True)
class Inspected:
    """What is to be registered of a kept result besides its files."""

    metadata: Metadata
    pictures: tuple[Drawn, ...]
    files: tuple[StoredFile, ...]
    """The files that make the dataset: not metadata.json and previews."""
    arrays: tuple[ArrayEntry, ...] = ()
    grey: GreyPlane | None = None
    """What a picture of it is drawn of, where that was asked for and there is such a one."""


def inspect_result(
    results: Path,
    result: StoredResult,
    *,
    beside_others: bool = False,
    looked: Looking = lambda _files, _of: None,
) -> Inspected:
    """What it holds; `beside_others`: its picture will be drawn at the scale of other results'.

    `looked` is told now and then into how many of its files it was looked, and may raise to end it.
    Raises UnsafeFileError, InvalidError or LimitError, in words, if the result must not be registered."""
    files = tuple(kept for kept in result.files if not _goes_along(kept.name))
    with WARM.used(), Root(results) as root, root.open_folder(result.location) as kept:
        try:
            metadata = read_metadata(kept)
        except FormError as error:
            raise InvalidError(str(error)) from error
        of_arrays = [file.name for file in files if is_named_as_array(file.name)]
        listed: list[Looked] = []
        for name in of_arrays[:MOST_LISTED]:
            with kept.open_file(name) as stream:
                listed.append(_listed(stream, name))
        first = set(of_arrays[:MOST_LISTED])
        _check_all(kept, [file.name for file in files if file.name not in first], looked)
        arrays = tuple(entries_of(listed, of_arrays)) if of_arrays else ()
        pictures = tuple(_draw(kept, preview) for preview in metadata.previews) or _thumbnail(kept, files, arrays)
        grey = _grey(kept, of_arrays) if beside_others else None
    return Inspected(metadata, pictures, files, arrays, grey)


def _goes_along(name: str) -> bool:
    return name in ALSO or name.startswith(f"{PREVIEWS}/")


def _listed(stream: BinaryIO, name: str) -> Looked:
    """The arrays of a file, which `_check` found nothing against. What cannot be listed is kept all the same."""
    try:
        return Looked(name, parsing.listing(stream, pictures=PICTURES))  # looks at all that `check` does
    except UnsafeFileError as error:
        raise UnsafeFileError(f"{name}: {error.message}", detail=error.detail) from error
    except (InvalidError, LimitError) as error:
        stream.seek(0)
        _check(stream, name)
        return Looked(name, None, clause(error.message), parsing.known_unusable(error))


def _check_all(kept: Root, names: Sequence[str], looked: Looking) -> None:
    """As `_check` each, the HDF5 files by few children."""
    hdf5 = []
    for number, name in enumerate(names):
        with kept.open_file(name) as stream:
            if is_hdf5(stream):
                hdf5.append(name)
        looked(number, len(names))
    others = len(names) - len(hdf5)
    found = check_many(hdf5, kept.open_file, lambda done: looked(others + done, len(names)))
    for name, error in found.items():
        if isinstance(error, UnsafeFileError | UnseenError):
            raise UnsafeFileError(f"{name}: {error.message}", detail=error.detail) from error
        if not isinstance(error, InvalidError):
            raise error


def _check(stream: BinaryIO, name: str) -> None:
    """An HDF5 file must not lead out of itself; one that nobody can open is the person's own affair."""
    if not is_hdf5(stream):
        return
    stream.seek(0)
    try:
        parsing.check(stream)
    except (UnsafeFileError, UnseenError) as error:
        raise UnsafeFileError(f"{name}: {error.message}", detail=error.detail) from error
    except InvalidError:
        return


def _draw(kept: Root, preview: Preview) -> Drawn:
    try:
        with kept.open_file(preview.file) as stream:
            return Drawn(preview, redraw(stream))
    except NotFoundError as error:
        told = f"the picture {preview.file} is to be shown, and is not among the files of the result"
        raise InvalidError(told) from error
    except InvalidError as error:
        raise InvalidError(f"the picture {preview.file}: {error.message}") from error


def _grey(kept: Root, names: Sequence[str]) -> GreyPlane | None:
    """Of the first data file that has a picture of one colour."""
    for name in names[:MOST_LISTED]:
        try:
            with kept.open_file(name) as stream:
                plane = parsing.grey(stream)
        except PortalError:
            continue
        if plane is not None:
            return plane
    return None


def _thumbnail(kept: Root, files: Sequence[StoredFile], arrays: Sequence[ArrayEntry]) -> tuple[Drawn, ...]:
    """A picture of the first data file that has one, where the program made none."""
    for file in files[:5]:
        if not is_named_as_array(file.name):
            continue
        try:
            with kept.open_file(file.name) as stream:
                png = parsing.thumbnail(stream)
        except PortalError:
            continue
        if size := png_size(png):
            scale = scale_of_png(png, plane_sizes(arrays))
            return (Drawn(Preview(file.name, "", "thumbnail", scale), Picture(png, *size)),)
    return ()
