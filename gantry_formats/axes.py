"""What the axes of an array are: a letter each, as OME and TIFF use them; "?" where nothing is known.

Plain values come in (a format's own letters, attributes of HDF5), whoever read them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gantry_formats.hdf5_layouts import level_of
from gantry_formats.text import decoded, plain_text
from gantry_formats.units import Dimension, unit_of

ZYX = "ZYX"
UNKNOWN = "?"
LIST_OF_IMAGES = "IYX"
NAMES = {
    "Z": "z", "Y": "y", "X": "x", "C": "channel", "T": "time point", "S": "colour", "R": "position", "P": "phase",
    "A": "angle", "H": "lifetime", "L": "exposure", "E": "energy", "V": "event", "M": "mosaic", "J": "column",
    "K": "row", "I": "page", "Q": "page",
    UNKNOWN: "axis that is not known",
}  # fmt: skip
"""A word for one place along an axis."""
PLURALS = {
    "Z": "places along z", "Y": "places along y", "X": "places along x", "E": "energies",
    UNKNOWN: "places along an axis that is not known",
}  # fmt: skip
"""Words for several, where they are not the one with an s."""
SEQUENCE = "IQ"
"""Letters of TIFF for a list of pages of which nothing is said: planes, where nothing else is z."""
MOST_LETTERS = 6
MOST_CHARACTERS = 60
"""Of a file's own name of an axis."""
_SAYS_NOTHING = re.compile(r"[.\s]*|none|(phony_)?dim_?\d+|axis_?\d+", re.IGNORECASE)
"""Names of axes that programs write where they have none: NeXus' point, xarray's dim_0."""

OF_FRAMES = ("rotation_angle", "image_key")
"""Lists of NXtomo, a value for each frame of a scan."""

_WORDS = {
    "Z": "z depth plane planes slice slices section sections sample_z",
    "Y": "y row rows height sample_y det_y detector_y",
    "X": "x column columns col width sample_x det_x detector_x",
    "C": "c channel channels ch",
    "T": "t time times timestamp timepoint timepoints frame frames frame_number frame_id image_number",
    "A": "a theta angle angles rotation_angle rotation omega",
    "E": "e energy energies wavelength lambda",
    "R": "position positions field scene tile tiles",
    "V": "event events",
    "S": "colour color rgb rgba sample samples",
}
_LETTERS = {word: letter for letter, words in _WORDS.items() for word in words.split()}
_DECORATED = re.compile(
    r"(?:(?:pos|position|stage|scan|motor|coord|coordinate|voxel|pixel|image)_?)?([xyz])"
    r"(?:_?(?:axis|pos|position|positions|coord|coords|coordinate|coordinates|stage|motor)|_(?:nm|um|mm|m|px|pixel))?"
)
"""x, y and z with a word that says nothing else, or a unit, behind or before."""
_MEANT = {
    Dimension.TIME: ("T", "?ZYXT"),
    Dimension.ENERGY: ("E", "?ZYXT"),
    Dimension.ANGLE: ("A", "?ZT"),
    Dimension.LENGTH: (UNKNOWN, "TA"),
}
"""What the unit of an axis's coordinates says it is, and of which letters it knows better."""
MOST_TAGS = 1 << 16
"""Characters of ilastik's description of axes."""
_INTERPRETATIONS = {
    "scalar": "", "spectrum": "E", "image": "YX", "rgb-image": "YXS", "rgba-image": "YXS", "hsl-image": "YXS",
    "hsla-image": "YXS", "cmyk-image": "YXS", "vertex": "",
}  # fmt: skip
"""NeXus: what the last axes of a signal are."""


def name_of(axis: str) -> str:
    """A word for one place along the axis: channel, time point."""
    return NAMES.get(axis, f"axis {axis}")


def plural_of(axis: str) -> str:
    """Words for several places along the axis: channels, energies, places along axis W."""
    return PLURALS.get(axis) or (f"{NAMES[axis]}s" if axis in NAMES else f"places along axis {axis}")


def known_axes(declared: str, shape: Sequence[int]) -> str:
    """A letter for each axis, from what its format declares; what is not declared is told where it is usual.

    Where nothing is said (`declared` is empty), three axes that are longer than one are z, y and x, as everywhere
    in the field, and two are y and x. One list of pages is z where nothing else is. What is declared and not
    understood stays unknown.
    """
    if declared and len(declared) != len(shape):
        return UNKNOWN * len(shape)
    axes = declared.upper() or _usual(shape)
    if "Z" not in axes:
        lists = [place for place, axis in enumerate(axes) if axis in SEQUENCE and shape[place] > 1]
        if len(lists) == 1:
            axes = axes[: lists[0]] + "Z" + axes[lists[0] + 1 :]
    return axes


def _usual(shape: Sequence[int]) -> str:
    long = [place for place, length in enumerate(shape) if length > 1]
    kept = long if len(shape) > len(ZYX) else list(range(len(shape)))
    if len(kept) not in (2, 3):
        return UNKNOWN * len(shape)
    named = dict(zip(kept, ZYX[-len(kept) :], strict=True))
    return "".join(named.get(place, UNKNOWN) for place in range(len(shape)))


@dataclass(frozen=True)
class Along:
    """What other places in a file say of an array's axes: lists of names, and the unit of coordinates along each.

    `units` are as many as there are axes, empty ones where none is named; or there are none at all.
    """

    names: Sequence[Sequence[str]] = ()
    units: Sequence[str] = ()


NOT_ALONG = Along()


def axes_in_hdf5(
    path: str,
    shape: Sequence[int],
    own: Mapping[str, Any],
    around: Mapping[str, Any],
    beside: Mapping[str, int],
    *,
    along: Along = NOT_ALONG,
) -> str:
    """The axes that HDF5 declares of the array at `path`, in this order; nothing where it says nothing.

    Its `own` attributes: `axes` ("zyx", "theta:y:x", a list), DIMENSION_LABELS, CLASS=IMAGE. Those of the group
    `around` it: NeXus' `axes` of its signal and its auxiliary signals. What is said of coordinates `along` them:
    times are no places in space, whatever they are called. Then NeXus' `interpretation`, lists of one angle or
    key a frame `beside` it (by name, their lengths), and the places that Data Exchange and deformability
    cytometry define.
    """
    dimensions = len(shape)
    named = declared_in_hdf5(path, dimensions, own, around, along)
    units = along.units if len(along.units) == dimensions else ("",) * dimensions
    if not named and any(_meant_by(unit) for unit in units):
        named = ("",) * dimensions
    letters = _with_image(named, units) if len(named) == dimensions else UNKNOWN * dimensions * bool(named)
    if set(letters) - {UNKNOWN}:
        return letters
    if level_of(path) is not None and dimensions == len(ZYX):
        return letters or ZYX  # Imaris, BigDataViewer
    image = _of_image(own, dimensions) or _of_interpretation(own, dimensions)
    frames = _of_frames(path, shape, beside) if dimensions == 3 else ""
    if image and not (frames and image == LIST_OF_IMAGES and not named):
        # A list of images is one of planes, where nothing else is said.
        return image.replace("I", UNKNOWN) if named else image
    return frames or letters


def declared_in_hdf5(
    path: str, dimensions: int, own: Mapping[str, Any], around: Mapping[str, Any], along: Along = NOT_ALONG
) -> tuple[str, ...]:
    """The names that HDF5 declares for the axes of the array at `path`: of several lists one that is understood.

    Empty where it declares none, or only names that say nothing. They need not be as many as the array has axes.
    """
    # What was looked up of the signal's groups says more than the attributes of the one around it.
    signal = None if along.names else _of_signal(path, around)
    lists = [names_of_axes(value) for value in (own.get("axes"), own.get("DIMENSION_LABELS"), signal)]
    lists += [_tagged(own.get("axistags")), *(tuple(names) for names in along.names)]
    lists = [names for names in lists if not all(map(says_nothing, names))]
    fitting = [names for names in lists if len(names) == dimensions]
    understood = [names for names in fitting if set(letters_of(names)) != {UNKNOWN}]
    return next(iter([*understood, *fitting, *lists]), ())


def unknown_names(letters: str, declared: Sequence[str]) -> tuple[str, ...]:
    """The file's own names of the axes that are not known, in their order.

    All of what it declares where that is not as many names as there are axes.
    """
    if UNKNOWN not in letters:
        return ()
    names = [plain_name(name) for name in declared]
    if len(names) == len(letters):
        names = [name for name, letter in zip(names, letters, strict=True) if letter == UNKNOWN]
    return tuple(names) if any(names) else ()


def plain_name(name: str) -> str:
    """A file's name of an axis on one line, of bounded length; empty for one that says nothing."""
    line = "".join(character if character.isprintable() else " " for character in name).strip()
    return "" if says_nothing(line) else line[:MOST_CHARACTERS]


def says_nothing(name: str) -> bool:
    """Whether the name of an axis is one that programs write where they have none."""
    return _SAYS_NOTHING.fullmatch(name.strip()) is not None


def _of_interpretation(own: Mapping[str, Any], dimensions: int) -> str:
    last = _INTERPRETATIONS.get((plain_text(own.get("interpretation")) or "").lower(), "")
    before = dimensions - len(last)
    if not last or before < 0:
        return ""
    return ("I" if before == 1 and last == "YX" else UNKNOWN * before) + last


def _of_frames(path: str, shape: Sequence[int], beside: Mapping[str, int]) -> str:
    if any(beside.get(name) == shape[0] for name in OF_FRAMES):
        return "AYX"
    if re.fullmatch(r"/exchange/data(_white|_dark)?", path):
        return "AYX"
    return "VYX" if re.fullmatch(r"/events/(image|image_bg|mask)", path) else ""


def _of_signal(path: str, around: Mapping[str, Any]) -> Any:
    """The `axes` of an NXdata group, if they are those of this array."""
    name = path.rpartition("/")[2]
    signals = [plain_text(around.get("signal")), *texts(around.get("auxiliary_signals"))]
    return around.get("axes") if name in signals else None


def _of_image(own: Mapping[str, Any], dimensions: int) -> str:
    """HDF5's image specification: a picture, or one of three colours in one of three orders; else nothing."""
    if (plain_text(own.get("CLASS")) or "").upper() != "IMAGE":
        return ""
    if dimensions != 3:
        return "YX" if dimensions == 2 else ""
    if (plain_text(own.get("IMAGE_SUBCLASS")) or "").upper() != "IMAGE_TRUECOLOR":
        return LIST_OF_IMAGES
    order = {"INTERLACE_LINE": "YSX", "INTERLACE_PLANE": "SYX"}
    return order.get((plain_text(own.get("INTERLACE_MODE")) or "").upper(), "YXS")


def names_of_axes(value: Any) -> tuple[str, ...]:
    """The names of axes in an attribute, a text or a list; empty where there are none, or none says anything."""
    text = plain_text(value)
    if text is not None:
        # Lists of texts as JSON, Python and NumPy print them.
        text = re.sub(r"\bb?['\"]|['\"]", " ", text).strip("[](){} ")
        several = re.search(r"[^A-Za-z0-9_.]", text)
        words = re.split(r"[^A-Za-z0-9_.]+", text)
        if not several and text.lower() not in _LETTERS and _are_letters(text.lower()):
            words = list(text)
    else:
        words = texts(value)
    return () if all(map(says_nothing, words)) else tuple(words)


def _tagged(value: Any) -> tuple[str, ...]:
    """The axes of ilastik's and vigra's `axistags`: a JSON text with a key each."""
    if not isinstance(value, bytes | str) or len(value) > MOST_TAGS:
        return ()
    try:
        tags = json.loads(decoded(value)).get("axes")
        keys = [str(tag["key"]) for tag in tags]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return ()
    return tuple(keys)


def _are_letters(text: str) -> bool:
    """Whether a word is a row of letters, one an axis: all of them known, or x and y among a few."""
    return all(letter in _LETTERS for letter in text) or (len(text) <= MOST_LETTERS and {"x", "y"} <= set(text))


def letters_of(names: Sequence[str]) -> str:
    """A letter for each name. Which of two of one name (of sample, of detector) is meant is not told: unknown."""
    return _each_once([_letter_of(name) for name in names])


def _letter_of(name: str) -> str:
    word = re.split(r"[(\[]", name.strip().lower())[0].strip()
    decorated = _DECORATED.fullmatch(word)
    return _LETTERS.get(word) or (decorated[1].upper() if decorated else UNKNOWN)


def _each_once(letters: Sequence[str]) -> str:
    return "".join(letter if letters.count(letter) == 1 else UNKNOWN for letter in letters)


def _meant_by(unit: str) -> str:
    """The letter of an axis whose coordinates have this unit; empty where it does not say."""
    known = unit_of(unit)
    letter = _MEANT.get(known.dimension, ("", ""))[0] if known else ""
    return "" if letter == UNKNOWN else letter


def _with_unit(letter: str, unit: str) -> str:
    known = unit_of(unit)
    meant, instead_of = _MEANT.get(known.dimension, ("", "")) if known else ("", "")
    return meant if letter in instead_of else letter


def _with_image(names: Sequence[str], units: Sequence[str]) -> str:
    """A letter for each name; the last two of which nothing is said, behind others that are named, are y and x.

    Detectors' files name the list of frames only: `frame_number`, `.`, `.`.
    """
    letters = _each_once([_with_unit(letter, unit) for letter, unit in zip(letters_of(names), units, strict=True)])
    nothing = [says_nothing(name) and not _meant_by(unit) for name, unit in zip(names, units, strict=True)]
    if len(names) > 2 and not any(nothing[:-2]) and all(nothing[-2:]) and not {"Y", "X"} & set(letters):
        return letters[:-2] + "YX"
    return letters


def texts(value: Any) -> list[str]:
    """The texts of a list, or of an array of NumPy's (which is not imported here)."""
    items = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(items, list | tuple):
        items = [items]
    return [decoded(item) for item in items[:32] if isinstance(item, bytes | str)]
