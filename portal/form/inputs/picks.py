"""Which array of a dataset, and which channel, time point or position of it, each job of a form works on.

What there is to pick was listed of the datasets' files. Where it is only one, it is taken; where there are
several, a person must have chosen, by name or number; `all` makes a job of each.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gantry_formats.arrays import candidates, left_out, listed, named, names_of, views_of
from gantry_formats.axes import name_of, plural_of
from portal import words
from portal.form.inputs.arrays import InputArray
from portal.form.inputs.dataset import InputDataset, Inputs
from portal.form.values import is_blank
from portal.jobtype.model import JobType
from portal.jobtype.option import OptionBase, Value

ALL = "all"
MOST_RESULTS = 10_000
MOST_CHOICES_TOLD = 20
MOST_REASONS = 3
"""Datasets that hold nothing to pick, with why; others are named."""
MOST_NAMED = 6
"""Datasets, and arrays of each, in one sentence."""
OF_PLANES = re.compile(r"\d+ files")
"""The name of a volume that planes in a file each make."""


class PickError(Exception):
    """What cannot be picked, or must be: words by the field's name."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("; ".join(fields.values()))
        self.fields = dict(fields)


@dataclass(frozen=True)
class Picked:
    """One choice: the values of the options that pick, None for one that has nothing to pick; and in words.

    `words` are those of what was chosen among several, for the name of the result.
    """

    values: Mapping[str, Value | None]
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class SlotPicks:
    """The options that pick of one slot's dataset: the array, and places along axes."""

    slot: str
    array: OptionBase
    along: Mapping[str, OptionBase]

    @property
    def axes(self) -> str:
        """The axes that an array must have."""
        assert self.array.pick is not None and self.array.pick.array is not None
        return self.array.pick.array

    @property
    def further(self) -> str:
        """Further axes that it may have: a place along them is picked here, or the program knows it."""
        assert self.array.pick is not None
        return "".join(self.along) + (self.array.pick.beside or "")

    @property
    def options(self) -> list[OptionBase]:
        """All of them."""
        return [self.array, *self.along.values()]


@dataclass(frozen=True)
class Held:
    """What the datasets of a slot hold in one job: the arrays that can be meant, and what they are called."""

    arrays: tuple[InputArray, ...]
    names: tuple[str, ...]
    left_out: Mapping[str, Sequence[str]]
    """Names of what is left out, by why."""
    listed: bool = True
    more: bool = False
    """There are arrays of which nothing is known."""
    unusable: int = 0
    """How many of what is left out are whole files."""
    each: tuple[tuple[str, ...], ...] = ()
    """Of several datasets, what the arrays of each are called."""

    @property
    def in_words(self) -> list[str]:
        """What people call each: which view of the sample it is, where no other is the same; or its name."""
        views = views_of([array.described for array in self.arrays])
        return [view or name for view, name in zip(views, self.names, strict=True)]

    def place(self, given: Any) -> int | None:
        """The place of the array that is called so; None for none, or several."""
        wanted = str(given).strip()
        if wanted in self.names:
            return self.names.index(wanted)
        return named([array.described for array in self.arrays], wanted)


def picks_of(jobtype: JobType) -> list[SlotPicks]:
    """The picks of each slot that has any."""
    found = []
    for slot in jobtype.inputs:
        options = jobtype.picks(slot.name)
        arrays = [option for option in options if option.pick and option.pick.array]
        if arrays:
            along: dict[str, OptionBase] = {
                option.pick.along: option for option in options if option.pick and option.pick.along
            }
            found.append(SlotPicks(slot.name, arrays[0], along))
    return found


def held_by(picks: SlotPicks, datasets: Sequence[InputDataset]) -> Held:
    """What these datasets, of one job, hold: of several only what all of them have by the same name."""
    each = [_held_by_one(picks, dataset) for dataset in datasets]
    if not all(one.listed for one in each):
        return Held((), (), {}, listed=False)
    first = each[0]
    common = [place for place, name in enumerate(first.names) if all(name in one.names for one in each)]
    return Held(
        tuple(first.arrays[place] for place in common),
        tuple(first.names[place] for place in common),
        next((one.left_out for one in each if not one.names), first.left_out),
        more=any(one.more for one in each),
        unusable=next((one.unusable for one in each if not one.names), first.unusable),
        each=tuple(one.names for one in each) if len(each) > 1 else (),
    )


def _held_by_one(picks: SlotPicks, dataset: InputDataset) -> Held:
    if not dataset.arrays:
        return Held((), (), {}, listed=False)
    known = [array for array in dataset.arrays if not array.left_out]
    described, along = [array.described for array in known], picks.further
    names, places = names_of(described), candidates(described, picks.axes, along)
    unread = [array for array in dataset.arrays if array.left_out and not array.tells_of_more]
    without: dict[str, list[str]] = {}
    # Of planes in a file each what is said of the whole counts, and nothing of single ones.
    whole = [array.described for array in known if OF_PLANES.fullmatch(array.name)]
    if whole or not any(OF_PLANES.fullmatch(one.name) for one in unread):
        without = left_out(whole or described, picks.axes, along)
    for array in unread:
        without.setdefault(array.left_out, []).append(array.name or array.file)
    more = any(array.tells_of_more for array in dataset.arrays)
    if more and not places:
        return Held((), (), {}, listed=False)  # what there is may be among what is not known
    files = sum(bool(array.unusable) for array in unread)
    found = tuple(known[place] for place in places)
    return Held(found, tuple(names[place] for place in places), without, more=more, unusable=files)


def resolve(jobtype: JobType, raw: Mapping[str, Any], inputs: Inputs) -> list[Picked]:
    """The choices that one job's datasets are to be worked on with: one, or several where all are asked for.

    Without a dataset, or where what it holds was not listed, nothing is picked here: what was typed holds. Raises
    PickError.
    """
    found = [Picked({})]
    wrong: dict[str, str] = {}
    for picks in picks_of(jobtype):
        datasets = inputs.get(picks.slot, ())
        held = held_by(picks, datasets) if datasets else Held((), (), {}, listed=False)
        try:
            if not held.listed:
                _check_not_all(picks, raw)
                continue
            names = [dataset.name for dataset in datasets]
            mine = list(itertools.islice(_of_slot(picks, held, raw, names), MOST_RESULTS + 1))
        except PickError as error:
            wrong |= error.fields
            continue
        if len(found) * len(mine) > MOST_RESULTS:
            wrong[picks.array.name] = f"This makes more than {MOST_RESULTS:,} results; choose fewer."
            continue
        found = [
            Picked({**before.values, **one.values}, (*before.words, *one.words))
            for before in found
            for one in mine
        ]
    if wrong:
        raise PickError(wrong)
    return found


def is_all(raw: Any) -> bool:
    """Whether all of what there is to pick is asked for."""
    return isinstance(raw, str) and raw.strip().lower() == ALL


def _check_not_all(picks: SlotPicks, raw: Mapping[str, Any]) -> None:
    reason = "What is in the dataset's files is not listed, so that all of it cannot be asked for. Choose one."
    wrong = {option.name: reason for option in picks.options if is_all(raw.get(option.name))}
    if wrong:
        raise PickError(wrong)


def _of_slot(picks: SlotPicks, held: Held, raw: Mapping[str, Any], datasets: Sequence[str]) -> Iterator[Picked]:
    given = raw.get(picks.array.name)
    if held.more and not is_blank(given) and not is_all(given) and held.place(given) is None:
        yield Picked({}, (str(given).strip(),))  # one of those that are not listed: the program knows
        return
    for place in _arrays(picks, held, given, datasets):
        array, name = held.arrays[place], held.names[place]
        along = [_places(option, axis, array, name, raw) for axis, option in picks.along.items()]
        for chosen in itertools.product(*along):
            values: dict[str, Value | None] = {picks.array.name: name}
            told = [held.in_words[place]] if len(held.names) > 1 else []
            for (axis, option), index in zip(picks.along.items(), chosen, strict=True):
                values[option.name] = index
                if index is not None:
                    told.append(label_of(array, axis, index))
            yield Picked(values, tuple(told))


def _arrays(picks: SlotPicks, held: Held, given: Any, datasets: Sequence[str]) -> Sequence[int]:
    if not held.names:
        raise PickError({f"inputs.{picks.slot}": nothing_held(picks, held, datasets)})
    if is_all(given):
        return range(len(held.names))
    choices = listed([array.described for array in held.arrays], held.names)
    if is_blank(given):
        if len(held.names) == 1 and not held.more:
            return [0]
        raise PickError({picks.array.name: f"There are several: {choices}. Choose one by its name, or all."})
    place = held.place(given)
    if place is None:
        raise PickError(
            {picks.array.name: f"There is none called “{given}” that can be taken. There are: {choices}."}
        )
    return [place]


def nothing_held(picks: SlotPicks, held: Held, datasets: Sequence[str]) -> str:
    """Why datasets have nothing to pick, in words."""
    if held.each and all(held.each):
        there = [
            f"“{dataset}” has {words.listed(list(names), MOST_NAMED)}"
            for dataset, names in list(zip(datasets, held.each, strict=True))[:MOST_NAMED]
        ]
        return f"No array has the same name in all of these datasets, which one job takes: {'; '.join(there)}."
    lacking = [dataset for dataset, names in zip(datasets, held.each, strict=False) if not names]
    dataset = next(iter([*lacking, *datasets]))
    wanted = words.listed([name_of(axis) for axis in picks.axes], len(picks.axes))
    why = why_left_out(held)
    if held.unusable and held.unusable == sum(len(names) for names in held.left_out.values()):
        return f"No file of “{dataset}” can be read. {why}"
    return f"“{dataset}” has no array with the axes {wanted}. {why}".strip()


def why_left_out(held: Held) -> str:
    """The first reasons for which there is nothing, or nothing else, to pick, in sentences."""
    told = [(words.listed([name for name in names if name]), why) for why, names in held.left_out.items()]
    return " ".join(
        f"{what}: {why}." if what else f"{why[:1].upper()}{why[1:]}." for what, why in told[:MOST_REASONS]
    )


def further_without(datasets: Sequence[str]) -> str:
    """That datasets beside those of which it was said why have nothing to pick either; empty for none."""
    names = words.listed([f"“{name}”" for name in datasets], MOST_NAMED)
    return f"Nor {'has' if len(datasets) == 1 else 'have'} {names} one." if datasets else ""


def without_any(jobtype: JobType, inputs: Inputs) -> dict[str, list[str]]:
    """By slot, the names of the datasets that hold nothing which could be picked, whatever is chosen."""
    found: dict[str, list[str]] = {}
    for picks in picks_of(jobtype):
        for dataset in inputs.get(picks.slot, ()):
            held = held_by(picks, [dataset])
            if held.listed and not held.names:
                found.setdefault(picks.slot, []).append(dataset.name)
    return found


def _places(
    option: OptionBase, axis: str, array: InputArray, name: str, raw: Mapping[str, Any]
) -> Sequence[int | None]:
    """The places along an axis that are meant; None alone where there is only one, and nothing to pick."""
    given, length = raw.get(option.name), array.described.length(axis)
    noun, several = name_of(axis), plural_of(axis)
    if is_all(given):
        if length > MOST_RESULTS:
            raise PickError(
                {option.name: f"{name} has {length:,} {several}; a form makes {MOST_RESULTS:,} results at most."}
            )
        return range(length) if length > 1 else [None]
    if is_blank(given):
        if length == 1:
            return [None]
        raise PickError(
            {option.name: f"{name} has {length} {several}: {places_told(array, axis)}. Choose one, or all."}
        )
    index = place_of(array, axis, given)
    if index is None:
        there = (
            f"it has {length} {several}: {places_told(array, axis)}" if length > 1 else f"it has only one {noun}"
        )
        raise PickError({option.name: f"{name} has no {noun} “{given}”; {there}."})
    return [index] if length > 1 else [None]


def place_of(array: InputArray, axis: str, given: Any) -> int | None:
    """The place along an axis by its number from 0, else by its name; None where there is none, or several."""
    length, labels = array.described.length(axis), array.labels.get(axis, ())
    if isinstance(given, bool):
        return None
    text = str(given).strip()
    if re.fullmatch(r"\+?[0-9]{1,9}", text) and int(text) < length:
        return int(text)
    found = [place for place, label in enumerate(labels[:length]) if label.casefold() == text.casefold()]
    return found[0] if len(found) == 1 else None


def label_of(array: InputArray, axis: str, place: int) -> str:
    """What a place along an axis is called: its name, else "channel 1"."""
    labels = array.labels.get(axis, ())
    return labels[place] if place < len(labels) else f"{name_of(axis)} {place}"


def places_told(array: InputArray, axis: str) -> str:
    """The places along an axis, as they can be chosen: "0 (DAPI), 1 (GFP)", or "0 to 15"."""
    length, labels = array.described.length(axis), array.labels.get(axis, ())
    if len(labels) < length or length > MOST_CHOICES_TOLD:
        return f"0 to {length - 1}"
    return ", ".join(f"{place} ({label})" for place, label in enumerate(labels[:length]))
