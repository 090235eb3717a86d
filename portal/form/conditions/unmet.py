"""Whether conditions hold for the datasets of a job, and why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gantry_formats.conditions import Tree, holds, names_in
from portal.form.conditions.known import combinations
from portal.form.inputs.dataset import Inputs
from portal.jobtype.conditions.condition import WrittenCondition
from portal.jobtype.conditions.words import why_not
from portal.jobtype.kinds.lists import SeveralOption
from portal.jobtype.kinds.ranges import RangeOption
from portal.jobtype.model import JobType, Preset
from portal.jobtype.option import ChoiceOption, OptionBase, Value
from portal.words import listed

MOST_NAMED = 3
CALLED_FACTS: Final[Mapping[tuple[str, ...], str]] = {
    ("fact", "files.count"): "The number of files",
    ("fact", "files.size"): "The size of the files",
    ("fact", "array.dtype"): "The type of the pixels",
    ("fact", "array.axes"): "The axes of the array",
    ("fact", "array.count"): "The number of arrays",
    **{("fact", f"array.{axis}"): f"The length along {axis}" for axis in "XYZCTR"},
}


Job = tuple[Mapping[str, Value], Inputs]
"""The typed options of a job and its datasets."""


@dataclass(frozen=True)
class Unmet:
    """Why a condition does not hold, a sentence a reason; and of which datasets, where it holds of others."""

    reasons: tuple[str, ...]
    datasets: tuple[str, ...] = ()

    def words(self, because: str | None = None) -> str:
        """As one sentence or more; `because`: what the job type says instead of what was found."""
        why = because.rstrip(".") + "." if because else " ".join(self.reasons)
        return f"{_names(self.datasets)}: {why}" if self.datasets else why


def unmet(
    jobtype: JobType, condition: WrittenCondition, options: Mapping[str, Value], inputs: Inputs
) -> Unmet | None:
    """Why a condition does not hold for the datasets of one job; None where it holds for each."""
    tree = condition.means
    known = list(combinations(jobtype, slots_in(tree), options, inputs))
    failing = [one for one in known if not holds(tree, one.facts)]
    if not failing:
        return None
    reasons = tuple(why_not(tree, failing[0].facts, called_in(jobtype)))
    names = dict.fromkeys(dataset.name for one in failing for dataset in one.datasets)
    return Unmet(reasons, () if len(failing) == len(known) else tuple(names))


def why_hidden(jobtype: JobType, option: OptionBase, options: Mapping[str, Value], inputs: Inputs) -> str | None:
    """Why an option is not asked for in one job, in sentences; None where it is."""
    found = None if option.show_when is None else unmet(jobtype, option.show_when, options, inputs)
    return None if found is None else found.words(option.because)


def hidden_in(jobtype: JobType, jobs: Sequence[Job]) -> dict[str, str]:
    """Options that are not asked for in one of the jobs at least, and why, with the datasets where not in all."""
    found = {}
    for option in jobtype.options:
        why = [why_hidden(jobtype, option, options, inputs) for options, inputs in jobs]
        if told := _of_jobs(jobtype, why, jobs):
            found[option.name] = told
    return found


def not_offered(
    jobtype: JobType, option: OptionBase, options: Mapping[str, Value], inputs: Inputs
) -> dict[str, str]:
    """The values of a choice that cannot be chosen in one job, and why."""
    items = option.items if isinstance(option, ChoiceOption) else ()
    found = {}
    for item in items:
        why = None if item.when is None else unmet(jobtype, item.when, options, inputs)
        if why is not None:
            found[item.value] = why.words(item.because)
    return found


def not_offered_in(jobtype: JobType, option: OptionBase, jobs: Sequence[Job]) -> dict[str, str]:
    """The same in one of the jobs at least, with the datasets where not in all."""
    each = [not_offered(jobtype, option, options, inputs) for options, inputs in jobs]
    values = dict.fromkeys(value for one in each for value in one)
    told = {value: _of_jobs(jobtype, [one.get(value) for one in each], jobs) for value in values}
    return {value: words for value, words in told.items() if words}


def preset_unmet(jobtype: JobType, preset: Preset, jobs: Sequence[Inputs]) -> str:
    """Why a preset cannot be chosen; empty where it can."""
    if preset.when is None:
        return ""
    return _told_of(jobtype, preset.when, preset.because, jobs)


def needs_unmet(jobtype: JobType, jobs: Sequence[Inputs]) -> dict[str, str]:
    """Why the whole analysis does not fit these datasets, by slot; nothing of a slot that lacks its datasets."""
    found: dict[str, str] = {}
    least = {slot.name: slot.min for slot in jobtype.inputs}
    for need in jobtype.needs:
        slots = slots_in(need.when.means) or list(least)[:1]
        filled = [job for job in jobs if all(len(job.get(slot, ())) >= least[slot] for slot in slots)]
        words = _told_of(jobtype, need.when, need.because, filled)
        if words:
            found.setdefault(slots[0], words[0].upper() + words[1:])
    return found


def _told_of(jobtype: JobType, condition: WrittenCondition, because: str | None, inputs: Sequence[Inputs]) -> str:
    jobs: list[Job] = [({}, one) for one in inputs]
    why = [unmet(jobtype, condition, {}, one) for one in inputs]
    return _of_jobs(jobtype, [None if one is None else one.words(because) for one in why], jobs)


def _of_jobs(jobtype: JobType, why: Sequence[str | None], jobs: Sequence[Job]) -> str:
    """Why something does not hold in some of the jobs, with their datasets where not in all; empty: it holds."""
    reasons = [one for one in why if one is not None]
    if not reasons:
        return ""
    apart = [_first(jobtype, inputs) for one, (_options, inputs) in zip(why, jobs, strict=True) if one is not None]
    return reasons[0] if len(reasons) == len(jobs) else f"{_names(apart)}: {reasons[0]}"


def slots_in(*trees: Tree) -> list[str]:
    """The slots about whose datasets the trees ask."""
    return list(dict.fromkeys(name["slot"] for tree in trees for name in names_in(tree) if "slot" in name))


def called_in(jobtype: JobType) -> dict[tuple[str, ...], str]:
    """What people call facts, the job type's options, what can be chosen for these, and slots after the first."""
    choices = [option for option in jobtype.options if isinstance(option, ChoiceOption | SeveralOption)]
    ranges = [option for option in jobtype.options if isinstance(option, RangeOption)]
    return {
        **CALLED_FACTS,
        **{("option", option.name): option.label for option in jobtype.options},
        **{("option", f"{option.name}.low"): f"{option.label}, from" for option in ranges},
        **{("option", f"{option.name}.high"): f"{option.label}, to" for option in ranges},
        **{("slot", slot.name): slot.label for slot in jobtype.inputs[1:]},
        **{("value", one.name, item.value): item.label for one in choices for item in one.items if item.label},
    }


def _first(jobtype: JobType, inputs: Inputs) -> str:
    """The name of the dataset after which a job is called."""
    given = inputs.get(jobtype.slot.name, ()) if jobtype.slot else ()
    return given[0].name if given else "none"


def _names(names: Sequence[str]) -> str:
    return listed([f"“{name}”" for name in dict.fromkeys(names)], MOST_NAMED)
