"""What of a filled-in form can be kept as a preset, row by row, and the presets that a person has."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from portal.form import Form
from portal.form.plan import Options
from portal.form.values import as_text
from portal.identity.actor import Actor
from portal.jobtype.kinds.lists import SeveralOption
from portal.jobtype.model import JobType
from portal.jobtype.option import BooleanOption, ChoiceOption, OptionBase
from portal.presets.models import SavedPreset
from portal.presets.offered import kept_as, told_by_datasets, why_not_kept
from portal.presets.service import may_change
from portal.words import listed

OVER_DATASETS = "Kept, it takes the place of what other datasets say."


@dataclass(frozen=True)
class Row:
    """One option of the form, as it would be kept."""

    name: str
    label: str
    words: str
    ticked: bool
    hint: str
    why_not: str
    """Why it cannot be kept; empty where it can."""


@dataclass(frozen=True)
class KeptRow:
    """A preset that a person has, in the list of them."""

    number: int
    label: str
    whose: str
    note: str
    values: tuple[tuple[str, str], ...]
    left_out: str
    key: str
    mine: bool
    """Whether she may take it off."""


def rows_of(form: Form, options: Options, wrong: Mapping[str, str], chosen: Collection[str] | None) -> list[Row]:
    """The options that are asked for; `chosen`: those that were ticked, None where nobody was asked yet."""
    jobtype, rows = form.jobtype, []
    for field in (one for group in (*form.groups, *form.more) for one in group.shown if not one.why_not):
        option = jobtype.option(field.name)
        why_not = why_not_kept(jobtype, option)
        if field.name in wrong:
            why_not = why_not or f"Not right yet: {wrong[field.name]}"
        elif field.name not in options:
            continue  # nothing is chosen
        over = not why_not and told_by_datasets(option)
        ticked = not why_not and (field.name in chosen if chosen is not None else not over)
        value = options.get(field.name)
        words = value_in_words(option, value) if value is not None else field.value
        rows.append(Row(field.name, field.label, words, ticked, OVER_DATASETS if over else "", why_not))
    return rows


def kept_rows(jobtype: JobType, actor: Actor, presets: Sequence[SavedPreset]) -> list[KeptRow]:
    """The presets as their list shows them."""
    return [_kept_row(jobtype, actor, one) for one in presets]


def _kept_row(jobtype: JobType, actor: Actor, preset: SavedPreset) -> KeptRow:
    kept = kept_as(jobtype, preset)
    values = tuple(
        (jobtype.option(name).label, value_in_words(jobtype.option(name), value))
        for name, value in kept.values.items()
    )
    changes = may_change(actor, preset)
    return KeptRow(preset.id, kept.label, kept.whose, kept.note, values, kept.left_out, kept.key, changes)


def value_in_words(option: OptionBase, value: object) -> str:
    """A typed value as people read it: the labels of choices, yes and no, a number with its unit."""
    if isinstance(option, SeveralOption):
        labels = {item.value: item.label or item.value for item in option.items}
        chosen = value if isinstance(value, list) else []
        return listed([labels.get(str(one), str(one)) for one in chosen], 20) if chosen else "none"
    if isinstance(option, ChoiceOption):
        return next((item.label or item.value for item in option.items if item.value == value), str(value))
    if isinstance(option, BooleanOption):
        return "yes" if value else "no"
    return f"{as_text(value)} {option.unit}".rstrip()
