"""What a form shows: its fields, choices and inputs, as a page, the API or the command line draws them."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from gantry_formats.conditions import names_in
from portal.form.inputs.dataset import InputDataset
from portal.form.inputs.pick_field import PickField
from portal.form.inputs.picks import MOST_NAMED
from portal.form.kinds.lists import separated
from portal.form.kinds.ranges import ends_of
from portal.form.target import TargetField
from portal.jobtype.model import JobType, Variant
from portal.words import listed

MOST_IN_A_LIST = 50


def asks_options(tree: Mapping[str, Any]) -> bool:
    """Whether a condition depends on what is chosen on the form."""
    return any(one["op"] == "option" for one in names_in(tree))


@dataclass(frozen=True)
class Field:
    """One option on the form. `value` is the raw text, exactly as it was typed, or the default."""

    name: str
    label: str
    kind: str
    """The option's type: boolean, choice, several, integer, float, range, numbers, text, long_text, date."""
    value: str
    placeholder: str
    unit: str
    help: str
    source: str
    """Where the default comes from, in words; empty for a plain default."""
    error: str
    required: bool
    read: str = ""
    """How a number that was typed is understood, where it was typed otherwise than programs write it."""
    asked: bool = False
    """A dataset leaves it in doubt, so that it is asked where everybody sees it; `source` says why."""
    choices: tuple[tuple[str, str], ...] = ()
    min: str = ""
    max: str = ""
    step: str = ""
    pattern: str = ""
    max_length: int | None = None
    pick: PickField | None = None
    """What of the datasets it picks; None for what picks nothing, or of no dataset."""
    condition: str = ""
    """On what it depends whether it is asked for, to be read behind "Only if"; empty: it always is."""
    why_not: str = ""
    """Why it is not asked for now, in sentences; empty where it is."""
    because: str = ""
    """What the job type says of that itself."""
    when: Mapping[str, Any] | None = None
    """The tree of the condition."""
    unoffered: Mapping[str, str] = attribute(default_factory=dict)
    """Values of a choice that cannot be chosen now, and why."""
    offered_when: Mapping[str, Mapping[str, Any]] = attribute(default_factory=dict)
    """The trees of the conditions under which values can be chosen."""
    usual: str = ""
    """What stands in it by itself, with these datasets."""
    required_if_asked: bool = False
    """Whether it must be filled in as soon as it is asked for."""

    @property
    def tells_why(self) -> bool:
        """Whether its place says why it is not asked for: because the job type does, or datasets alone decide."""
        return bool(self.because) or (self.when is not None and not asks_options(self.when))

    def never(self, value: str) -> bool:
        """Whether a value cannot be chosen whatever else is: for the datasets alone decide that."""
        tree = self.offered_when.get(value)
        return bool(self.unoffered.get(value)) and tree is not None and not asks_options(tree)

    @property
    def own(self) -> bool:
        """Whether each of several datasets gives a value of its own, so that there is no one value."""
        return bool(self.placeholder) and not self.value.strip()

    @property
    def wrong_number(self) -> str:
        """Why what was typed is no number that can be taken; empty where nothing was typed or it can."""
        return self.error if self.value.strip() and self.is_read else ""

    @property
    def is_read(self) -> bool:
        """Whether it is said how what was typed is understood."""
        return self.kind in {"integer", "float", "range", "numbers", "date"}

    @property
    def few_files(self) -> bool:
        """Whether the files to choose from fit into a list, with what stands in the field."""
        names = [name for name, _ in self.choices]
        return 0 < len(names) <= MOST_IN_A_LIST and self.value in ("", *names)

    @property
    def ends(self) -> tuple[str, str]:
        """What stands in the two fields of a range."""
        return ends_of(self.value)

    @property
    def ticked(self) -> frozenset[str]:
        """The chosen ones of several."""
        return frozenset(separated(self.value, {value for value, _ in self.choices}))

    @property
    def idle(self) -> bool:
        """True where there is nothing to pick and nothing to say of it."""
        pick = self.pick
        return pick is not None and not (
            pick.asked or pick.fact or pick.nothing or pick.note or self.value or self.error
        )

    @property
    def checked(self) -> bool:
        """True for a ticked boolean."""
        return self.value.strip().lower() in {"true", "on"}


@dataclass(frozen=True)
class Group:
    """Fields under a heading; the heading of the first group may be empty."""

    title: str
    fields: tuple[Field, ...]

    @property
    def shown(self) -> tuple["Field", ...]:
        """The fields that a page shows."""
        return tuple(field for field in self.fields if not field.idle)

    @property
    def has_error(self) -> bool:
        """True if a field of it needs a look."""
        return any(field.error for field in self.fields)


@dataclass(frozen=True)
class SlotField:
    """An input slot with the datasets in it."""

    name: str
    label: str
    help: str
    dataset_types: tuple[str, ...]
    min: int
    max: int
    datasets: tuple[InputDataset, ...]
    error: str
    note: str = ""
    """Files that are left out, and why, in sentences."""


@dataclass(frozen=True)
class PresetChoice:
    """A preset to choose from."""

    name: str
    blurb: str
    chosen: bool
    why_not: str = ""
    """Why it cannot be chosen with these datasets; empty where it can."""
    same: bool = False
    """It has the values with which the form begins."""


@dataclass(frozen=True)
class VariantChoice:
    """A resource request to choose from; `words` says what it is: "2 CPUs, 2 GB, at most 10 minutes"."""

    name: str
    label: str
    words: str
    default: bool
    request: Variant
    """What jobs on these datasets ask for."""


@dataclass(frozen=True)
class Form:
    """Everything a page, the API or the command line shows of a form."""

    jobtype: JobType
    slots: tuple[SlotField, ...]
    target: TargetField | None
    """None where the datasets' own experiment takes the results."""
    groups: tuple[Group, ...]
    more: tuple[Group, ...]
    """What stands under "More settings"."""
    presets: tuple[PresetChoice, ...]
    variants: tuple[VariantChoice, ...]
    modes: tuple[str, ...]
    result_title: str
    impossible: tuple[str, ...]
    """Names of the first slot's datasets that hold nothing to work on, so that it cannot be started with them."""
    results: int
    """How many jobs it makes, as far as it is known what is chosen."""
    warnings: tuple[str, ...]
    """What is known before Start that may spoil it, in sentences: datasets that are registered as damaged."""
    errors: Mapping[str, str]
    """All errors by field name, `inputs.<slot>` for slots; also those of names that the form does not have."""
    mode: str = "each"
    """How it is started, as far as that is possible."""

    @property
    def impossible_words(self) -> str:
        """These datasets, in words."""
        return listed([f"“{name}”" for name in self.impossible], MOST_NAMED)

    @property
    def tells_why_impossible(self) -> bool:
        """Whether a field says it, where the choice would be."""
        return any(field.pick is not None and field.pick.nothing for field in self.fields)

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields, plain ones first."""
        return tuple(field for group in (*self.groups, *self.more) for field in group.fields)

    def request(self, variant: str | None) -> Variant:
        """What jobs ask for under the resource request of this name; under the usual one where there is none."""
        usual = next(choice.request for choice in self.variants if choice.default)
        return next((choice.request for choice in self.variants if choice.name == variant), usual)

    @property
    def valid(self) -> bool:
        """True if nothing needs a look."""
        return not self.errors
