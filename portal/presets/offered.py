"""A job type with the presets that people keep beside its own, for one form. Its revision stays the original's."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from portal.errors import InvalidError
from portal.form.values import parse
from portal.jobtype.finding import suggestion
from portal.jobtype.kinds.files import FileOption
from portal.jobtype.kinds.lists import SeveralOption
from portal.jobtype.model import JobType, Preset
from portal.jobtype.option import OptionBase, Value
from portal.presets.models import SavedPreset
from portal.words import listed

MINE: Final = "mine"
FACILITY: Final = "facility"
LONGEST_KEY: Final = 100
MOST_NAMED: Final = 5


@dataclass(frozen=True)
class StillGood:
    """What of kept values can be had today."""

    values: Mapping[str, Value]
    gone: tuple[str, ...]
    """What cannot, as people call it."""
    lost: tuple[str, ...]
    """Those of them that are options still, by name."""


@dataclass(frozen=True)
class Kept:
    """A preset that is none of the job type's own, as it can be chosen today."""

    key: str
    """By which it is chosen: mine/Fine, facility/Fine, LS-2431/Fine."""
    label: str
    whose: str
    """In words: yours."""
    note: str
    values: Mapping[str, Value]
    gone: tuple[str, ...] = ()
    """Settings of it that the analysis does not have any more, or not with that value."""
    number: int | None = None
    """The id of what is kept; None for what nobody kept."""

    lost: tuple[str, ...] = ()
    """Options that there still are, and do not take the value of then."""

    @property
    def blurb(self) -> str:
        """What is said of it beside its name."""
        return " ".join(one for one in (self.note, self.left_out) if one)

    @property
    def left_out(self) -> str:
        """What of it is not taken over, and why; empty where all is."""
        if not self.gone:
            return ""
        return f"The analysis has changed since: {listed(self.gone, MOST_NAMED)} is left out."


@dataclass(frozen=True)
class Offer:
    """What one person may start from."""

    jobtype: JobType
    """With all presets among its own. It is for planning: `original` is what runs."""
    original: JobType
    kept: Mapping[str, Kept] = field(default_factory=dict)
    """By key."""

    def named(self, key: str) -> Kept | None:
        """What is kept under a key, in whatever case; None for the job type's own and for what there is not."""
        return next((one for one in self.kept.values() if one.key.casefold() == key.casefold()), None)


def kept_as(jobtype: JobType, preset: SavedPreset) -> Kept:
    """What of a kept preset can be chosen with the job type as it is."""
    good = still_good(jobtype, preset.options)
    if preset.facility:
        scope, whose = FACILITY, "the facility's"
    elif preset.investigation is not None:
        scope, whose = preset.investigation.name, f"{preset.person.full_name}, for {preset.investigation.name}"
    else:
        scope, whose = MINE, "yours"
    key = f"{scope}/{preset.name}"
    return Kept(key, preset.name, whose, preset.note, good.values, good.gone, preset.id, good.lost)


def with_kept(jobtype: JobType, kept: Iterable[Kept]) -> Offer:
    """The job type with these presets behind its own, which keep their names."""
    own = {one.name.casefold() for one in jobtype.presets}
    found = {one.key: one for one in kept if one.key.casefold() not in own}
    presets = [
        # The options' own validator took its values; its name has a slash, as none of a file has.
        Preset.model_construct(
            name=one.key, blurb=one.blurb or None, when=None, because=None, values=cast(Any, dict(one.values))
        )
        for one in found.values()
    ]
    return Offer(jobtype.model_copy(update={"presets": [*jobtype.presets, *presets]}), jobtype, found)


def still_good(jobtype: JobType, values: Mapping[str, Any]) -> StillGood:
    """Which values the job type's options take as they are now."""
    options = {option.name: option for option in jobtype.options}
    good: dict[str, Value] = {}
    gone: list[str] = []
    lost: list[str] = []
    for name, value in values.items():
        option = options.get(name)
        if option is None or why_not_kept(jobtype, option):
            gone.append(name if option is None else option.label)
            continue
        try:
            good[name] = [] if value == [] and isinstance(option, SeveralOption) else parse(option, value)
        except ValueError:
            gone.append(option.label)
            lost.append(name)
    return StillGood(good, tuple(gone), tuple(lost))


def typed_for_keeping(jobtype: JobType, raw: Mapping[str, Any]) -> dict[str, Value]:
    """Typed values of those that were given. Raises InvalidError, with `fields`."""
    typed: dict[str, Value] = {}
    wrong: dict[str, str] = {}
    for name, given in raw.items():
        try:
            option = jobtype.option(name)
            if why_not := why_not_kept(jobtype, option):
                wrong[name] = f"It is kept in no preset: {why_not}"
            else:
                typed[name] = parse(option, given)
        except KeyError:
            hint = suggestion(name, [one.name for one in jobtype.options])
            wrong[name] = f"{jobtype.title} has no option named {name}{hint}"
        except ValueError as error:
            wrong[name] = str(error)
    if wrong:
        first, words = next(iter(wrong.items()))
        raise InvalidError(f"{first}: {words}", fields=wrong)
    return typed


def why_not_kept(jobtype: JobType, option: OptionBase) -> str:
    """Why a value of this option is in no preset, since it belongs to one dataset; empty where it can be."""
    if option.pick is not None or isinstance(option, FileOption):
        return "It is chosen anew in each dataset."
    if jobtype.crop is not None and option.name in jobtype.crop.names:
        return "It is a part of this dataset."
    return ""


def told_by_datasets(option: OptionBase) -> bool:
    """Whether datasets say a value of it themselves, which one that is kept would take the place of."""
    return option.default_from is not None or getattr(option, "unit_of", None) is not None
