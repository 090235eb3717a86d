"""Options, checked once more by the job type that was signed off: names, types, bounds, choices, patterns."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from gantry_formats.commands.hyphens import FLAG_WORDS, like_a_flag, standing_alone
from gantry_formats.conditions import Unknown
from gantry_formats.patterns import PatternError, matches
from gantry_formats.patterns.paths import named
from portal.agent import reading
from portal.agent.conditions import met
from portal.agent.jobtype import PublishedType
from portal.documents import finite
from portal.rpc.exchange import RefusedError

Option = Mapping[str, Any]
MAX_TEXT = 4000
MAX_NUMBERS = 500
MAX_NAME = 1000
LARGEST_WHOLE = 10**18
"""What is below it is the same number in every program."""
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TYPED = frozenset({"text", "long_text"})
"""Kinds whose values people write as they like; those of others stand in the job type, or are numbers."""


def check_options(
    jobtype: PublishedType, given: Any, inputs: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, Any]:
    """The options of job.json: the given values, and the job type's defaults for the others.

    `inputs`: the opened datasets by slot, on whose parameters conditions may depend. Raises RefusedError `option`,
    naming the option and what is wrong.
    """
    values = reading.mapping(given, "options")
    unknown = sorted(set(values) - set(jobtype.options))
    if unknown:
        raise RefusedError("option", f"{jobtype.name} has no option {unknown[0]!r}.")
    checked: dict[str, Any] = {}
    alone = standing_alone(jobtype.program.get("command", ()))
    for name, option in jobtype.options.items():
        value = values.get(name)
        shown = _holds(option.get("show_when"), jobtype, checked, inputs)
        if value is not None and shown is False:
            raise RefusedError("option", f"The option {name} is not used with these datasets and options.")
        if value is None and shown is not True:
            continue
        if value is None:
            value = option.get("default")
        if value is None:
            if option.get("required") and _belongs(option, checked):
                raise RefusedError("option", f"The option {name} needs a value.")
            continue
        objection = CHECKS[option["type"]](option, value)
        if objection is None and name in alone and option["type"] in TYPED and like_a_flag(value):
            objection = FLAG_WORDS
        if objection is None and not _offered(option, value, jobtype, checked, inputs):
            objection = "has a value that cannot be chosen with these datasets and options"
        if objection is not None:
            raise RefusedError("option", f"The option {name} {objection}.")
        checked[name] = value
    return checked


def _offered(
    option: Option,
    value: Any,
    jobtype: PublishedType,
    checked: Mapping[str, Any],
    inputs: Mapping[str, Sequence[Mapping[str, Any]]],
) -> bool:
    """Whether a choice may have this value, as far as that is known."""
    items = option["choices"] if option["type"] == "choice" else ()
    conditions = [item.get("when") for item in items if isinstance(item, dict) and item["value"] == value]
    return all(_holds(one, jobtype, checked, inputs) is not False for one in conditions)


def _holds(
    condition: Mapping[str, Any] | None,
    jobtype: PublishedType,
    checked: Mapping[str, Any],
    inputs: Mapping[str, Sequence[Mapping[str, Any]]],
) -> bool | Unknown:
    """Whether a condition holds; unknown where that depends on what only the portal has looked at."""
    return True if condition is None else met(condition["tree"], jobtype, checked, inputs)


def _belongs(option: Option, checked: Mapping[str, Any]) -> bool:
    """Whether the choices before it have the values that it belongs to: else nobody needs it."""
    return all(checked.get(name) in values for name, values in option.get("only_with", {}).items())


def _boolean(_option: Option, value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _choice(option: Option, value: Any) -> str | None:
    choices = [item["value"] if isinstance(item, dict) else item for item in option["choices"]]
    return None if isinstance(value, str) and value in choices else "must be one of its choices"


def _integer(option: Option, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return "must be a whole number"
    return _bounds(option, value)


def _float(option: Option, value: Any) -> str | None:
    if not finite(value):
        return "must be a number"
    return _bounds(option, value)


def _bounds(option: Option, value: Any) -> str | None:
    low, high = option.get("min"), option.get("max")
    if low is not None and value < low:
        return f"must be at least {low}"
    if high is not None and value > high:
        return f"must be at most {high}"
    return None


def _text(option: Option, value: Any) -> str | None:
    most = min(option.get("max_length") or MAX_TEXT, MAX_TEXT)
    if not isinstance(value, str) or len(value) > most:
        return f"must be text of at most {most} characters"
    if reading.CONTROL.search(value):
        return "must not hold control characters"
    if not reading.writable(value):
        return "must not hold half a character"
    pattern = option.get("pattern")
    try:
        fits = pattern is None or matches(pattern, value)
    except PatternError as error:
        return f"has a pattern that is not taken any more: it {error}"
    return None if fits else "does not match its pattern"


def _long_text(option: Option, value: Any) -> str | None:
    most = min(option.get("max_length") or MAX_TEXT, MAX_TEXT)
    if not isinstance(value, str) or len(value) > most:
        return f"must be text of at most {most} characters"
    if reading.CONTROL.search(value.replace("\n", "").replace("\t", "")):
        return "must not hold control characters but for ends of lines and tabs"
    return None if reading.writable(value) else "must not hold half a character"


def _several(option: Option, value: Any) -> str | None:
    choices = [item["value"] if isinstance(item, dict) else item for item in option["choices"]]
    if not isinstance(value, list) or not all(isinstance(one, str) and one in choices for one in value):
        return "must be a list of its choices"
    if len(set(value)) < len(value):
        return "must have each choice once"
    return _so_many(value, option.get("min") or 0, option.get("max") or len(choices))


def _numbers(option: Option, value: Any) -> str | None:
    if not isinstance(value, list):
        return "must be a list of numbers"
    wrong = (_number(option, one) for one in value)
    return next((words for words in wrong if words), None) or _so_many(
        value, option.get("min_items") or 1, min(option.get("max_items") or MAX_NUMBERS, MAX_NUMBERS)
    )


def _range(option: Option, value: Any) -> str | None:
    if not isinstance(value, dict) or set(value) != {"low", "high"}:
        return "must have two ends, low and high"
    wrong = (_number(option, one) for one in value.values())
    if words := next((words for words in wrong if words), None):
        return words
    return None if value["low"] <= value["high"] else "must have its lower end first"


def _number(option: Option, value: Any) -> str | None:
    if isinstance(value, int) and abs(value) >= LARGEST_WHOLE:
        return "is too large"
    return _integer(option, value) if option.get("whole") else _float(option, value)


def _so_many(value: list[Any], least: int, most: int) -> str | None:
    return None if least <= len(value) <= most else f"must have {least} to {most} values"


def _date(option: Option, value: Any) -> str | None:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and DAY.fullmatch(value) else None
    except ValueError:
        day = None
    if day is None:
        return "must be a day such as 2026-11-30"
    return _bounds(option, value)  # as texts, days stand in their order


def _file(option: Option, value: Any) -> str | None:
    """Whether it is a file of the dataset is seen in chosen.py."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME or not value.isprintable():
        return "must be the name of a file"
    return None if named(value, option.get("files") or "*") else "must be a file of its pattern"


CHECKS: Mapping[str, Callable[[Option, Any], str | None]] = {
    "boolean": _boolean,
    "choice": _choice,
    "integer": _integer,
    "float": _float,
    "text": _text,
    "long_text": _long_text,
    "several": _several,
    "numbers": _numbers,
    "range": _range,
    "date": _date,
    "file": _file,
}
