"""What must hold of the part on which values are tried: it names options, and is one."""

from collections.abc import Iterator, Mapping, Sequence

from portal.jobtype.crop import Box, Crop
from portal.jobtype.finding import Finding, Path, unknown
from portal.jobtype.option import OptionBase, TextOption


def crop_findings(crop: Crop | None, options: Mapping[str, OptionBase], slots: Sequence[str]) -> Iterator[Finding]:
    """Names of options that are none, values that cannot be taken, and a part that is none."""
    if crop is None:
        return
    known = list(options)
    if not slots:
        yield ("crop",), "there is no input slot whose dataset could be cut"
    if not crop.values and crop.box is None:
        yield ("crop",), "nothing makes the usual part small: it needs values or a box"
    yield from _named(("crop", "options"), crop.options, known)
    yield from _named(("crop", "whole"), crop.whole, known)
    for name in crop.whole:
        if name in crop.names:
            yield ("crop", "whole"), f"{name} limits the work, and cannot be tried"
    for name, value in crop.values.items():
        place: Path = ("crop", "values", name)
        if name not in options:
            yield place, unknown("option", name, known)
        elif name not in crop.options:
            yield place, f"{name} has a value and is not among the options of the crop"
        elif reason := options[name].objection(value):
            yield place, f"{name} cannot be {value!r}: {reason}"
    for name in crop.names:
        if name in options and options[name].pick is not None:
            yield ("crop",), f"{name} picks what is worked on; it cannot limit the work too"
    if crop.box is not None:
        yield from _box(crop.box, crop, options, slots)


def _box(box: Box, crop: Crop, options: Mapping[str, OptionBase], slots: Sequence[str]) -> Iterator[Finding]:
    place: Path = ("crop", "box", "option")
    option = options.get(box.option)
    if option is None:
        yield place, unknown("option", box.option, options)
    elif not isinstance(option, TextOption):
        yield place, f"what takes a box is a text; {box.option} is none"
    elif reason := option.objection("0:1, 0:1, 0:1"):
        yield place, f"{box.option} takes no box such as 0:1, 0:1, 0:1: {reason}"
    if box.option in crop.options:
        yield place, f"{box.option} is among the options of the crop already"
    of_first = [one.pick for one in options.values() if one.pick and one.pick.slot in (None, *slots[:1])]
    if not any(pick.array for pick in of_first):
        yield ("crop", "box"), "no option picks the array of which it is a box"


def _named(place: Path, names: Sequence[str], known: Sequence[str]) -> Iterator[Finding]:
    for index, name in enumerate(names):
        if name not in known:
            yield (*place, index), unknown("option", name, known)
        elif name in names[:index]:
            yield (*place, index), f"{name} is there twice"
