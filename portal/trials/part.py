"""The part of a dataset on which values are tried: the usual one of a job type, for this very dataset."""

from collections.abc import Mapping
from typing import Any

from portal.form.inputs.arrays import InputArray
from portal.form.inputs.dataset import Inputs
from portal.form.inputs.picks import PickError, held_by, picks_of, resolve
from portal.form.values import as_text, is_blank
from portal.jobtype.crop import Crop
from portal.jobtype.model import JobType
from portal.trials.values import value_words

AXES = "ZYX"


def usual_part(jobtype: JobType, inputs: Inputs, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Raw values of the options that limit the work, as the job type has them for a trial.

    An option for which it names no value keeps what was typed on the form. A box lies in the middle of the volume;
    where that is not known it is left empty.
    """
    crop = jobtype.crop
    if crop is None:
        return {}
    part = {name: crop.values[name] if name in crop.values else raw.get(name, "") for name in crop.options}
    if crop.box is not None:
        given = raw.get(crop.box.option)
        part[crop.box.option] = _middle(crop, volume_of(jobtype, inputs, raw)) if is_blank(given) else given
    return part


def volume_of(jobtype: JobType, inputs: Inputs, raw: Mapping[str, Any]) -> tuple[int, int, int] | None:
    """Elements along z, y and x of the volume that is worked on; None where not known.

    Where it is not chosen yet which, and all have one size, that.
    """
    slot = jobtype.slot
    picks = next((one for one in picks_of(jobtype) if slot is not None and one.slot == slot.name), None)
    if picks is None or slot is None or not inputs.get(slot.name):
        return None
    held = held_by(picks, inputs[slot.name])
    try:
        picked = resolve(jobtype, raw, inputs)
        place = held.place(picked[0].values.get(picks.array.name, "")) if len(picked) == 1 else None
    except PickError:
        place = None
    arrays = held.arrays if place is None else held.arrays[place : place + 1]
    sizes = {_sides(array) for array in arrays}
    return sizes.pop() if len(sizes) == 1 else None


def _sides(array: InputArray) -> tuple[int, int, int] | None:
    sizes = dict(zip(array.axes, array.shape, strict=False))
    return (sizes["Z"], sizes["Y"], sizes["X"]) if all(axis in sizes for axis in AXES) else None


def _middle(crop: Crop, volume: tuple[int, int, int] | None) -> str:
    if crop.box is None or volume is None:
        return ""
    sides = []
    for length, wanted in zip(volume, crop.box.size, strict=True):
        side = min(length, wanted)
        first = (length - side) // 2
        sides.append(f"{first}:{first + side}")
    return ", ".join(sides)


def part_words(jobtype: JobType, part: Mapping[str, Any]) -> str:
    """The part in words: "Slices 1, First row 120"; empty for the whole dataset."""
    options = {option.name: option for option in jobtype.options}
    told = [
        f"{options[name].label} {value_words(options[name], value)}"
        for name, value in part.items()
        if name in options and not is_blank(as_text(value))
    ]
    return ", ".join(told)
