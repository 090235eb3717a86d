"""Choosing a preset on a filled-in form: what it changes, what it leaves, and how to take it back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from werkzeug.datastructures import MultiDict

from portal.form import Form, Inputs, build_form
from portal.form.values import as_text
from portal.jobtype.model import JobType
from portal.jobtype.option import ChoiceOption
from portal.presets.offered import Offer
from portal.web.views.start import Typed

WAS = "was."
WAS_PRESET = "was_preset"


@dataclass(frozen=True)
class Change:
    """An option that a preset changed. In words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Chosen:
    """What choosing a preset did, to be said on the form, with what is needed to take it back."""

    preset: str
    changes: tuple[Change, ...]
    hidden: tuple[tuple[str, str], ...]
    left_out: str = ""
    """What of it is not taken over, and why; empty where all is."""


def with_chosen(
    jobtype: JobType, inputs: Inputs, typed: Typed, wanted: str, before: Mapping[str, str] | None = None
) -> tuple[Typed, dict[str, str]]:
    """The form with a preset's values over those that were there, and what stood there before where it is another.

    Nothing else changes: neither the name, nor options of which the preset says nothing, unless they still have
    the value that the preset before it gave them. `before`: what stood there before that one was chosen, which is
    what is taken back where nobody typed since. Raises KeyError for a preset that there is not.
    """
    preset = jobtype.preset(wanted)
    raw = dict(typed.raw or {})
    usual = {field.name: field.value for field in build_form(jobtype, inputs).fields}
    shown = {name: raw.get(name, value) for name, value in usual.items()}
    fresh = dict(shown)
    for name, value in _values(jobtype, typed.preset).items():
        if shown.get(name) == as_text(value) and name in usual:
            fresh[name] = usual[name]
    fresh |= {name: as_text(value) for name, value in preset.values.items() if name in usual}
    last = _values(jobtype, typed.preset)
    untouched = {
        name for name in before or {} if name in usual and shown[name] == as_text(last.get(name, usual[name]))
    }
    shown |= {name: text for name, text in (before or {}).items() if name in untouched}
    was = {name: text for name, text in shown.items() if text != fresh[name]}
    fresh = {name: text for name, text in fresh.items() if name not in typed.aside or name in preset.values}
    aside = {name: text for name, text in typed.aside.items() if name not in preset.values}
    return replace(typed, raw=raw | fresh, preset=preset.name, aside=aside), was


def taken_back(typed: Typed, values: MultiDict[str, str]) -> Typed:
    """The form with the values that stood there before the preset was chosen."""
    was = before_last(values)
    return replace(typed, raw={**(typed.raw or {}), **was}, preset=values.get(WAS_PRESET) or None)


def before_last(values: Mapping[str, str]) -> dict[str, str]:
    """What stood in the fields before the preset that was chosen last, as the form sends it along."""
    return {name.removeprefix(WAS): values[name] for name in values if name.startswith(WAS)}


def hidden_of(was: Mapping[str, str], preset: str | None) -> list[tuple[str, str]]:
    """What is needed to take a preset back, as fields to send along."""
    return [*((f"{WAS}{name}", text) for name, text in was.items()), (WAS_PRESET, preset or "")]


def chosen_of(offer: Offer, form: Form, typed: Typed, values: MultiDict[str, str]) -> Chosen | None:
    """What the preset changed that was chosen on the page before this one, if one was."""
    fields = {field.name: field for field in form.fields}
    was = before_last(values)
    if WAS_PRESET not in values or not typed.preset:
        return None
    kept = offer.named(typed.preset)
    if not was and (kept is None or not kept.gone):
        return None
    jobtype = form.jobtype
    changes = [
        Change(fields[name].label, _words(jobtype, name, text), _words(jobtype, name, fields[name].value))
        for name, text in was.items()
        if name in fields
    ]
    hidden = hidden_of({name: text for name, text in was.items() if name in fields}, values.get(WAS_PRESET))
    label, left_out = (kept.label, kept.left_out) if kept is not None else (typed.preset, "")
    return Chosen(label, tuple(changes), tuple(hidden), left_out)


def _values(jobtype: JobType, preset: str | None) -> Mapping[str, object]:
    try:
        return jobtype.preset(preset).values if preset else {}
    except KeyError:
        return {}


def _words(jobtype: JobType, name: str, text: str) -> str:
    option = jobtype.option(name)
    if isinstance(option, ChoiceOption):
        return next((item.label or item.value for item in option.items if item.value == text), text) or "nothing"
    if text in {"true", "false"}:
        return "yes" if text == "true" else "no"
    return f"{text} {option.unit}".rstrip() if text else "nothing"
