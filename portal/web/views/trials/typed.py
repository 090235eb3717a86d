"""The form of a trial as it came: the analysis's own form beneath it, and what is to be tried."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from werkzeug.datastructures import MultiDict

from portal.errors import InvalidError
from portal.jobtype.model import JobType
from portal.jobtype.option import BooleanOption, ChoiceOption, OptionBase
from portal.trials.trial import Asked
from portal.trials.values import of_list, of_range
from portal.web.views.paging import whole
from portal.web.views.start import Typed, typed_form

CROP = "crop."
OTHERS = "typed."
OF_AN_OPTION = ("how", "values", "value", "from", "to", "number", "spacing")
"""Fields that belong to the option that is tried."""


@dataclass(frozen=True)
class TypedTrial:
    """What was typed: raw, and lost nowhere."""

    form: Typed
    """The analysis's own form, with all datasets that were picked."""
    slot: str
    """The analysis's first slot, whose datasets were picked."""
    option: str
    on: int | None
    """The dataset to try on."""
    how: str
    """`list` or `range`; what is ticked is a list too."""
    values: str
    ticked: tuple[str, ...]
    first: str
    last: str
    number: str
    geometric: bool
    whole: bool
    crop: Mapping[str, str]
    others: Mapping[str, str]
    """What had been typed for other options before it was this one's turn: option -> a query."""

    def asked(self, option: OptionBase) -> Asked:
        """What the service is asked. Raises InvalidError."""
        raw: Sequence[Any]
        if isinstance(option, ChoiceOption | BooleanOption):
            raw = self.ticked
        elif self.how == "range":
            raw = of_range(option, self.first, self.last, self.number, geometric=self.geometric)
        else:
            raw = of_list(option, self.values)
        kept = (self.form.title or "", self.form.mode or "")
        return Asked(option.name, tuple(raw), dict(self.crop), self.whole, tuple(self.picked), *kept)

    @property
    def picked(self) -> Sequence[int]:
        """All datasets that were picked."""
        return self.form.ids.get(self.slot, ())


def typed_trial(jobtype: JobType, values: MultiDict[str, str]) -> TypedTrial:
    """What an address or a posted form says."""
    form = typed_form(jobtype, values)
    slot = jobtype.slot
    picked = form.ids.get(slot.name, ()) if slot else ()
    on = whole(values.get("on", ""))
    return TypedTrial(
        form=form,
        slot=slot.name if slot else "",
        option=values.get("try", ""),
        on=on if on in picked else next(iter(picked), None),
        how="range" if values.get("how") == "range" else "list",
        values=values.get("values", ""),
        ticked=tuple(dict.fromkeys(values.getlist("value"))),
        first=values.get("from", ""),
        last=values.get("to", ""),
        number=values.get("number", "5"),
        geometric=values.get("spacing") == "geometric",
        whole=values.get("part") == "whole",
        crop={name.removeprefix(CROP): values[name] for name in values if name.startswith(CROP)},
        others={name.removeprefix(OTHERS): values[name] for name in values if name.startswith(OTHERS)},
    )


def switched(jobtype: JobType, values: MultiDict[str, str], option: str) -> TypedTrial:
    """The same form for another option: what was typed for this one waits, what was typed for that one is back."""
    now = values.get("try", "")
    moved = MultiDict([pair for pair in values.items(multi=True) if pair[0] not in {*OF_AN_OPTION, "try"}])
    moved[f"{OTHERS}{now}"] = urlencode([(name, text) for name in OF_AN_OPTION for text in values.getlist(name)])
    for name, text in parse_qsl(moved.pop(f"{OTHERS}{option}", ""), keep_blank_values=True):
        if name in OF_AN_OPTION:
            moved.add(name, text)
    moved["try"] = option
    return typed_trial(jobtype, moved)


def query_of(typed: TypedTrial) -> list[tuple[str, str]]:
    """What stands on the form of a trial beside the analysis's own, as fields to put into an address."""
    found = [("try", typed.option), ("how", typed.how), ("values", typed.values)]
    found += [("value", text) for text in typed.ticked]
    found += [("from", typed.first), ("to", typed.last), ("number", typed.number)]
    found += [("spacing", "geometric")] if typed.geometric else []
    found += [("part", "whole")] if typed.whole else []
    found += [("on", str(typed.on))] if typed.on is not None else []
    found += [(f"{CROP}{name}", text) for name, text in typed.crop.items()]
    return found + [(f"{OTHERS}{name}", text) for name, text in typed.others.items()]


def values_of(option: OptionBase, typed: TypedTrial) -> tuple[Sequence[Any], str]:
    """The raw values that were typed, or none and what is wrong with them."""
    try:
        return typed.asked(option).values, ""
    except InvalidError as error:
        return (), error.message
