"""The arrays in a dataset's files, in words, with pictures."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import url_for

from gantry_formats.arrays import names_of
from gantry_formats.axes import UNKNOWN, ZYX, name_of
from portal import words
from portal.catalogue.arrays.rows import input_arrays
from portal.catalogue.models import Dataset, DatasetArray
from portal.form.inputs.arrays import InputArray
from portal.methods.quantities import figure
from portal.web.views.pictures import Picture

MOST_SHOWN = 60
MOST_NAMES = 8
TWO_MINUTES = 120


@dataclass(frozen=True)
class ArrayLine:
    """An array as a page tells it."""

    name: str
    shape: str
    axes: str
    dtype: str
    size: str
    """Of an element."""
    interval: str
    """Between time points, in words; empty where there is one at most."""
    picture: Picture | None


@dataclass(frozen=True)
class ArrayLines:
    """The arrays of a dataset."""

    listed: bool
    """False where it was registered before arrays were listed."""
    lines: tuple[ArrayLine, ...]
    more: int
    """How many are not shown."""
    left_out: tuple[str, ...]
    """What is no array to be taken, in sentences, save what the dataset's remarks say."""
    unusable: bool
    """A file is known to be damaged, empty or of another kind."""


def array_lines(dataset: Dataset) -> ArrayLines:
    """What is in the files of a dataset, those of more dimensions first."""
    rows = list(dataset.arrays)
    arrays = input_arrays(rows)
    known = [(array, row) for array, row in zip(arrays, rows, strict=True) if not array.left_out]
    names = names_of([array.described for array, _row in known])
    lines = [_line(name, array, row) for name, (array, row) in zip(names, known, strict=True)]
    order = sorted(range(len(lines)), key=lambda place: -min(_dimensions(known[place][0]), len(ZYX)))
    shown = [lines[place] for place in order[:MOST_SHOWN]]
    said = {(one.get("file", ""), one.get("place", "")) for one in dataset.remarks}
    untold = tuple(array for array in arrays if (array.file, array.name) not in said)
    return ArrayLines(
        bool(rows),
        tuple(shown),
        len(lines) - len(shown),
        tuple(_left_out(untold)),
        any(array.unusable for array in arrays),
    )


def picture_url(dataset_id: int, array_id: int, number: int) -> str:
    """Where one of an array's pictures is."""
    return url_for("datasets.array_picture", dataset_id=dataset_id, array_id=array_id, number=number)


def axes_words(array: InputArray) -> str:
    """What its axes are: "z, channel (DAPI, GFP), y, x"; empty where nothing is known of any.

    One of several views says which it is: "z, y, x; channel GFP, time point 3". An axis that is not known
    has the name that its file has for it: "“sheet” (not known), y, x".
    """
    return "; ".join(filter(None, [_each_axis(array), array.described.view]))


def _each_axis(array: InputArray) -> str:
    names = list(array.labels.get(UNKNOWN, ()))
    if set(array.axes) <= {UNKNOWN} and not names:
        return ""
    if len(names) != array.axes.count(UNKNOWN):
        called = f" (the file names {words.listed([f'“{name}”' for name in names], MOST_NAMES)})" if names else ""
        return ", ".join(_axis_words(array, axis) for axis in array.axes) + called
    left = iter(names)
    return ", ".join(
        _unknown_words(next(left)) if axis == UNKNOWN else _axis_words(array, axis) for axis in array.axes
    )


def _unknown_words(name: str) -> str:
    return f"“{name}” (not known)" if name else "not known"


def _axis_words(array: InputArray, axis: str) -> str:
    labels = array.labels.get(axis, ())
    named = f" ({words.listed(list(labels), MOST_NAMES)})" if labels else ""
    return "not known" if axis == UNKNOWN else name_of(axis) + named


def _line(name: str, array: InputArray, row: DatasetArray) -> ArrayLine:
    number = array.picture_of()
    sizes = [figure(float(row.sizes[axis])) for axis in "xyz" if axis in row.sizes]
    axes = ", ".join(axis for axis in "xyz" if axis in row.sizes)
    return ArrayLine(
        name=name,
        shape=" × ".join(f"{length:,}" for length in array.shape),
        axes=axes_words(array),
        dtype=array.dtype,
        size=f"{' × '.join(sizes)} µm ({axes})" if sizes else "",
        interval=interval_words(array),
        picture=None if number is None else Picture(picture_url(row.dataset_id, array.id, number), 160, 160),
    )


def interval_words(array: InputArray) -> str:
    """How far apart its time points are: "5 s between time points"; empty where there are not several."""
    if array.described.length("T") < 2:
        return ""
    if array.interval_s is None:
        return "time between time points not known"
    number, unit = array.interval_s, "s"
    if number < 1:
        number, unit = number * 1e3, "ms"
    elif number >= TWO_MINUTES and number % 60 == 0:
        number, unit = number / 60, "min"
    return f"{figure(number)} {unit} between time points"


def _dimensions(array: InputArray) -> int:
    return sum(length > 1 for length in array.shape)


def _left_out(arrays: tuple[InputArray, ...]) -> Iterator[str]:
    found: dict[tuple[str, str], list[str]] = {}
    for array in arrays:
        if array.left_out:
            found.setdefault((array.left_out, array.file), []).append(array.name)
    for (why, file), names in list(found.items())[:MOST_SHOWN]:
        what = words.listed([name for name in names if name], MOST_NAMES)
        where = ", ".join(part for part in (file, what) if part)
        yield f"{where}: {why}." if where else f"{why[:1].upper()}{why[1:]}."
