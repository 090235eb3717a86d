"""The arrays of a dataset, from what was listed of its files. Pure.

Programs look at a dataset's files in the same way: a series in several files is one, and planes in a file each
make one volume where nothing else is one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from gantry_formats.arrays import Described, candidates, planes_of, unlike_planes, volume_of_planes
from gantry_formats.axes import ZYX
from gantry_formats.planes import in_order
from portal import words
from portal.data.parsing.listed import ArrayPicture, ListedArray, Listing

ALONG = "CTR"
"""Axes along which programs can take one place: channel, time point, position."""
MOST_ENTRIES = 500
NOTHING = "there is no array in it"


@dataclass(frozen=True)
class ArrayEntry:
    """An array of a dataset; with `left_out`, something that is none to be taken, and why, as a clause."""

    file: str
    name: str
    shape: tuple[int, ...] = ()
    dtype: str = ""
    axes: str = ""
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sizes: Mapping[str, float] = field(default_factory=dict)
    """Of an element, in µm, by axis."""
    pictures: tuple[ArrayPicture, ...] = ()
    left_out: str = ""
    unusable: str = ""
    """`portal.files.unusable.Unusable`: its whole file is known to be of no use as it is."""
    interval_s: float | None = None
    """The time between its time points, where its file tells it."""

    @property
    def described(self) -> Described:
        """The same as forms and programs tell arrays apart."""
        return Described(self.file, self.name, self.shape, self.dtype, self.axes, self.labels)


def plane_sizes(arrays: Iterable[ArrayEntry]) -> dict[tuple[int, int], tuple[float, float]]:
    """Height and width of an element, in µm, by rows and columns of an array's planes.

    Only where all arrays with planes of that shape agree, so that a picture of one is not measured by another.
    """
    found: dict[tuple[int, int], set[tuple[float, float] | None]] = {}
    for one in arrays:
        if len(one.shape) >= 2:
            known = one.axes.endswith("YX") and {"x", "y"} <= set(one.sizes)
            size = (one.sizes["y"], one.sizes["x"]) if known else None
            found.setdefault((one.shape[-2], one.shape[-1]), set()).add(size)
    return {shape: size for shape, sizes in found.items() if len(sizes) == 1 and (size := next(iter(sizes)))}


@dataclass(frozen=True)
class Looked:
    """What was listed of one file, or why it could not be."""

    file: str
    listing: Listing | None
    problem: str = ""
    unusable: str = ""
    """What is known of a file that is of no use as it is, as an entry has it."""


def clause(sentence: str) -> str:
    """A sentence as the end of another: "the file is truncated"."""
    starts = sentence.startswith(("The ", "It ", "A ", "Not "))
    return (sentence[:1].lower() + sentence[1:] if starts else sentence).rstrip(".")


def entries_of(looked: Sequence[Looked], files: Sequence[str]) -> list[ArrayEntry]:
    """The arrays of a dataset. `files`: all of its files that could hold any, of which some were looked into."""
    found = [entry for one in looked for entry in _of_file(one, looked, files)]
    found += _of_planes([entry for entry in found if not entry.left_out], looked, files)
    if not found:
        return [ArrayEntry("", "", left_out=NOTHING)]
    if len(found) <= MOST_ENTRIES:
        return found
    kept = sorted(range(len(found)), key=lambda place: -min(len(found[place].shape), 3))[: MOST_ENTRIES - 1]
    more = f"{words.count(len(found) - len(kept), 'array')} more of its {len(files)} files are not listed"
    return [*(found[place] for place in sorted(kept)), ArrayEntry("", "", left_out=more)]


def _of_file(one: Looked, looked: Sequence[Looked], files: Sequence[str]) -> Iterator[ArrayEntry]:
    if one.listing is None:
        yield ArrayEntry(one.file, "", left_out=one.problem, unusable=one.unusable)
        return
    parts = one.listing.parts
    folder = PurePosixPath(one.file).parent
    beside = {PurePosixPath(file).name: file for file in files if PurePosixPath(file).parent == folder}
    if parts and all(part in beside for part in parts):
        # The first file of the series that was looked into speaks for all of them.
        first = next(
            other
            for other in looked
            if other.listing and other.listing.parts == parts and PurePosixPath(other.file).parent == folder
        )
        if first is one:
            yield from (_entry(beside[parts[0]], array) for array in one.listing.together)
        return
    yield from (_entry(one.file, array) for array in one.listing.arrays)
    yield from (ArrayEntry(one.file, name, left_out=why) for name, why in one.listing.left_out)
    for part in parts:
        if part not in beside:
            yield ArrayEntry(one.file, part, left_out="it is a part of this series and not there")
    if one.listing.more:
        yield ArrayEntry(one.file, "", left_out=f"{words.count(one.listing.more, 'array')} more are not listed")


def _entry(file: str, array: ListedArray) -> ArrayEntry:
    return ArrayEntry(
        file,
        array.name,
        array.shape,
        array.dtype,
        array.axes,
        array.labels,
        array.sizes,
        array.pictures,
        interval_s=array.interval_s,
    )


def _of_planes(
    arrays: Sequence[ArrayEntry], looked: Sequence[Looked], files: Sequence[str]
) -> Iterator[ArrayEntry]:
    """The volume that planes in a file each make; else that not all files were looked into."""
    described = [array.described for array in arrays]
    seen = [one.file for one in looked]
    planes = [] if candidates(described, ZYX, ALONG) else planes_of(described, seen)
    further = len(files) - len(seen)
    if planes:
        first = arrays[planes[0]]
        volume = volume_of_planes(described, planes)
        name = f"{len(files)} files"
        try:
            in_order(files)
        except ValueError as error:
            yield ArrayEntry("", name, left_out=f"it {error}")
            return
        shape = (len(files), *volume.shape[1:])
        yield replace(first, name=name, shape=shape, axes=volume.axes, labels={})
    elif further <= 0 and not candidates(described, ZYX, ALONG) and (why := unlike_planes(described, seen)):
        yield ArrayEntry("", f"{len(files)} files", left_out=f"it {why}")
    elif further > 0:
        yield ArrayEntry("", "", left_out=f"{words.count(further, 'further file')} of it were not looked into")
