"""What a page needs to hide and show fields as one types: trees and what is known of the datasets, as JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gantry_formats import unit_of
from gantry_formats.conditions import Tree, facts_of, measured, names_in
from portal.form.conditions.known import combinations
from portal.form.conditions.unmet import Job, slots_in
from portal.form.defaults import default_for
from portal.form.fields import Field, Form, asks_options
from portal.form.inputs.dataset import Inputs
from portal.form.plan import split, typed_options
from portal.form.values import is_blank
from portal.jobtype.model import JobType
from portal.jobtype.option import BooleanOption, ChoiceOption, OptionBase, Value

MOST_BYTES: Final = 128 * 1024
MOST_KNOWN: Final = 1000
"""Combinations of datasets in all jobs of which different things are known."""
READ_BY_PAGE: Final = frozenset({"boolean", "choice", "integer", "float", "text"})
"""Kinds of options whose fields the page reads by itself; of others it takes what the portal read last."""


def for_page(form: Form, raw: Mapping[str, Any], inputs: Inputs) -> str:
    """The conditions and what they ask for, as JSON in ASCII; empty where there are none, or too much is known.

    `raw`: what stands in the fields. Without this the page shows all fields, with their conditions in words.
    """
    jobtype = form.jobtype
    fields = {field.name: field for field in form.fields}
    trees = [field.when for field in form.fields if field.when is not None]
    trees += [tree for field in form.fields for tree in field.offered_when.values() if asks_options(tree)]
    if not trees:
        return ""
    jobs = [(typed_options(jobtype, raw, job)[0], job) for job in split(jobtype, inputs, form.mode)]
    named = [str(name["name"]) for tree in trees for name in names_in(tree) if name["op"] == "option"]
    asked = {name.partition(".")[0] for name in named}  # `band.low` is an end of the range `band`
    asked |= {field.name for field in form.fields if field.when is not None or field.offered_when}
    options = [option for option in jobtype.options if option.name in asked]
    known = _known(jobtype, trees, options, jobs)
    if known is None:
        return ""
    said = json.dumps(
        {
            "options": [_option(option, fields[option.name]) for option in options],
            "jobs": known,
            "read": {one.name: [raw[one.name], _read(one, jobs)] for one in options if _typed_number(one, raw)},
            "why": {field.name: field.why_not for field in form.fields if field.why_not},
            "unoffered": {field.name: dict(field.unoffered) for field in form.fields if field.unoffered},
        }
    )
    return said if len(said) <= MOST_BYTES else ""


def _option(option: OptionBase, field: Field) -> dict[str, Any]:
    unit = unit_of(option.unit)
    kind = getattr(option, "type", "")
    return {
        "name": option.name,
        "label": option.label,
        "kind": kind if kind in READ_BY_PAGE and not option.pick else "other",
        "required": field.required_if_asked,
        **({} if unit is None else {"size": unit.size, "dimension": str(unit.dimension)}),
        **({} if field.when is None else {"when": field.when, "because": field.because}),
        **({"offered": offered} if (offered := _offered(option, field)) else {}),
    }


def _offered(option: OptionBase, field: Field) -> dict[str, Any]:
    """Values that can be chosen only with certain other options: the page follows these; others never change."""
    because = {item.value: item.because or "" for item in option.items} if isinstance(option, ChoiceOption) else {}
    return {
        value: {"when": tree, "because": because.get(value, "")}
        for value, tree in field.offered_when.items()
        if asks_options(tree)
    }


def _known(
    jobtype: JobType, trees: Sequence[Tree], options: Sequence[OptionBase], jobs: Sequence[Job]
) -> list[dict[str, Any]] | None:
    """Of each job what its fields stand for where they are blank, and what is known; the same only once."""
    wanted = {(name["op"], name.get("slot"), name["name"]) for tree in trees for name in names_in(tree)}
    slots = slots_in(*trees)
    found: dict[str, dict[str, Any]] = {}
    combined = 0
    for typed, inputs in jobs:
        known: dict[str, dict[str, Any]] = {}
        for one in combinations(jobtype, slots, typed, inputs):
            facts = {
                "parameters": _wanted("parameter", one.facts.parameters, wanted),
                "facts": _wanted("fact", one.facts.facts, wanted),
            }
            known[json.dumps(facts)] = facts
        blank: dict[str, Any] = {}
        for option in options:
            blank |= _blank(jobtype, option, typed, inputs)
        job = {"options": blank, "known": list(known.values())}
        found[json.dumps(job)] = job
        combined += len(known)
        if combined > MOST_KNOWN:
            return None
    return list(found.values())


def _wanted(
    op: str, of_slots: Mapping[str, Mapping[str, Any]], wanted: set[tuple[str, str | None, str]]
) -> dict[str, Any]:
    return {
        slot: {name: value for name, value in known.items() if (op, slot, name) in wanted}
        for slot, known in of_slots.items()
    }


def _blank(jobtype: JobType, option: OptionBase, typed: Mapping[str, Value], inputs: Inputs) -> dict[str, Any]:
    """The value that a blank field stands for in a job; of what the page does not read, its value now."""
    if option.pick or getattr(option, "type", "") not in READ_BY_PAGE:
        return facts_of(option.name, typed.get(option.name), option.unit)
    if option.required and option.default_from is None and not isinstance(option, BooleanOption):
        return {option.name: None}
    default = default_for(jobtype, option, inputs)
    known = None if default.ask or default.differ else measured(default.value, option.unit)
    return {option.name: known}


def _typed_number(option: OptionBase, raw: Mapping[str, Any]) -> bool:
    given = raw.get(option.name)
    return getattr(option, "type", "") in {"integer", "float"} and isinstance(given, str) and not is_blank(given)


def _read(option: OptionBase, jobs: Sequence[Job]) -> Any:
    """As what a number was read that stands in its field; null where it cannot be taken."""
    values = [typed[option.name] for typed, _inputs in jobs if option.name in typed]
    return measured(values[0], option.unit) if values else None
