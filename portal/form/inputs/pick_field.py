"""What the form shows of an option that picks: a fact where there is one thing, else choices with pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gantry_formats.axes import name_of, plural_of
from portal import words
from portal.form.inputs.arrays import InputArray
from portal.form.inputs.dataset import InputDataset, Inputs
from portal.form.inputs.picks import (
    MOST_REASONS,
    Held,
    SlotPicks,
    further_without,
    held_by,
    is_all,
    label_of,
    nothing_held,
    picks_of,
    place_of,
    why_left_out,
)
from portal.form.values import is_blank
from portal.jobtype.model import JobType
from portal.jobtype.option import OptionBase

MOST_CARDS = 24
"""More choices than these stand in a list."""
MOST_CHOICES = 1000
NOT_LISTED = (
    "What is in the files of {whose} was not listed when {they} registered: only needed where there are several."
)


@dataclass(frozen=True)
class PickChoice:
    """Something to pick. `dataset`, `array` and `picture` say where its picture is, where there is one."""

    value: str
    label: str
    words: str
    chosen: bool = False
    dataset: int | None = None
    array: int | None = None
    picture: int | None = None


@dataclass(frozen=True)
class PickField:
    """What an option can pick of the chosen datasets."""

    choices: tuple[PickChoice, ...] = ()
    """Several, or none where there is nothing to ask."""
    fact: str = ""
    """What is taken because it is the only one, in words."""
    nothing: str = ""
    """Why there is nothing to pick in one of the jobs, so that it cannot be started, in sentences."""
    note: str = ""
    """What is left out, or not known, in sentences."""
    total: int = 1
    """How many results `all` makes."""
    wants_all: bool = False
    """All are asked for."""

    @property
    def asked(self) -> bool:
        """Whether a person has to choose."""
        return bool(self.choices) or self.total > 1

    @property
    def all_words(self) -> str:
        """All of them, in words: "All 3, one result each"."""
        return f"{'Both' if self.total == 2 else f'All {self.total:,}'}, one result each"

    @property
    def as_list(self) -> bool:
        """Whether there are too many for pictures."""
        return len(self.choices) > MOST_CARDS


def pick_field(
    jobtype: JobType, option: OptionBase, inputs: Inputs, raw: Mapping[str, Any], mode: str
) -> PickField | None:
    """The field of an option that picks; None for another, or one of whose slot no dataset is chosen."""
    picks = next((one for one in picks_of(jobtype) if option in one.options), None)
    datasets = inputs.get(picks.slot, ()) if picks else ()
    if picks is None or not datasets:
        return None
    spread = mode != "all" and jobtype.slot is not None and jobtype.slot.name == picks.slot
    jobs = [[dataset] for dataset in datasets] if spread else [datasets]
    held = [held_by(picks, job) for job in jobs]
    if not all(one.listed for one in held):
        several = len(datasets) > 1
        return PickField(
            note=NOT_LISTED.format(
                whose="some of your datasets" if several else "your dataset",
                they="they were" if several else "it was",
            )
        )
    lacking = [place for place, one in enumerate(held) if not one.names]
    if lacking:
        if option is not picks.array:
            return PickField()
        names = [[dataset.name for dataset in job] for job in jobs]
        told = [nothing_held(picks, held[place], names[place]) for place in lacking[:MOST_REASONS]]
        further = further_without([names[place][0] for place in lacking[MOST_REASONS:]])
        return PickField(nothing=" ".join([*told, further]).strip())
    if option is picks.array:
        return _of_arrays(option, jobs, held, raw.get(option.name))
    assert option.pick is not None and option.pick.along is not None
    return _of_places(
        option, option.pick.along, jobs, [_meant(picks, one, raw) for one in held], raw.get(option.name)
    )


def _of_arrays(
    option: OptionBase, jobs: Sequence[Sequence[InputDataset]], held: Sequence[Held], given: Any
) -> PickField:
    first = held[0]
    note = _left_out(first) if len(held) == 1 else ""
    if all(len(one.names) == 1 and not one.more for one in held):
        only = (
            f"{first.names[0]}, {_in_words(first.arrays[0])}" if len(held) == 1 else "The only one of each dataset"
        )
        return PickField(fact=only, note=note)
    common = [
        place for place, name in enumerate(first.names[:MOST_CHOICES]) if all(name in one.names for one in held)
    ]
    called = first.in_words
    chosen = None if is_blank(given) else first.place(given)
    choices = tuple(
        PickChoice(
            value=first.names[place],
            label=called[place],
            words=_in_words(
                first.arrays[place], "" if called[place] == first.names[place] else first.names[place]
            ),
            chosen=chosen == place,
            dataset=jobs[0][0].id,
            array=first.arrays[place].id,
            picture=first.arrays[place].picture_of(),
        )
        for place in common
    )
    if len(held) > 1 and len(common) < max(len(one.names) for one in held):
        note = f"Shown is what all {len(held)} datasets have by the same name."
    total = sum(len(one.names) for one in held)
    return PickField(choices, note=note, total=total, wants_all=is_all(given))


def _of_places(
    option: OptionBase,
    axis: str,
    jobs: Sequence[Sequence[InputDataset]],
    meant: Sequence[Sequence[InputArray]],
    given: Any,
) -> PickField:
    arrays = [array for some in meant for array in some]
    lengths = [array.described.length(axis) for array in arrays] or [1]
    if max(lengths) == 1:
        return PickField()
    undecided = any(len(some) > 1 for some in meant)
    first = next(array for array in arrays if array.described.length(axis) == max(lengths))
    many = max(lengths) if undecided else min(lengths)
    alike = len({array.labels.get(axis, ()) for array in arrays}) == 1
    noun = name_of(axis)
    dataset = next(job[0].id for job, some in zip(jobs, meant, strict=True) if first in some)
    choices = tuple(
        PickChoice(
            value=str(place),
            label=label_of(first, axis, place) if alike else f"{noun} {place}",
            words=f"{noun} {place}" if alike and first.labels.get(axis) else "",
            chosen=not is_blank(given) and place_of(first, axis, given) == place,
            dataset=dataset,
            array=first.id,
            picture=first.picture_of(axis, place) if (axis, place) in first.pictures else None,
        )
        for place in range(min(many, MOST_CHOICES))
    )
    differ = len(set(lengths)) > 1
    note = f"Not all have so many {plural_of(axis)}: {min(lengths)} to {max(lengths)}." if differ else ""
    total = max(lengths) if undecided else sum(lengths)
    return PickField(choices, note=note, total=total, wants_all=is_all(given))


def _meant(picks: SlotPicks, held: Held, raw: Mapping[str, Any]) -> Sequence[InputArray]:
    """The arrays that are meant so far: the chosen one, or all that can be."""
    given = raw.get(picks.array.name)
    if not is_blank(given) and not is_all(given):
        place = held.place(given)
        return held.arrays if place is None else [held.arrays[place]]
    return held.arrays


def _in_words(array: InputArray, name: str = "") -> str:
    """Shape and type; with the array's `name` where it is called otherwise, as which view it is."""
    if name:
        return f"{replace(array.described, labels={}).in_words}, {array.dtype}, {name}"
    return f"{array.described.in_words}, {array.dtype}"


def _left_out(held: Held) -> str:
    """What is not among the choices, and why."""
    files = held.unusable
    arrays = sum(len(names) for names in held.left_out.values()) - files
    if not arrays and not files:
        return ""
    several = arrays + files > 1
    what = [
        *([words.count(arrays, "other array")] if arrays else []),
        *([words.count(files, "other file")] if files else []),
    ]
    more = "" if len(held.left_out) <= 3 else " …"
    return f"{' and '.join(what)} {'are' if several else 'is'} left out. {why_left_out(held)}{more}"
