"""Conditions of a published job type, on what a request says of its options and datasets."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gantry_formats.conditions import (
    UNKNOWN,
    ConditionError,
    Facts,
    Unknown,
    check_tree,
    facts_of,
    measured,
    names_in,
    verdict,
)
from portal.agent.jobtype import PublishedType
from portal.rpc.exchange import RefusedError

MOST_TOGETHER = 2000
"""Combinations of datasets of several slots that are looked at."""
Opened = Mapping[str, Sequence[Mapping[str, Any]]]


def met(tree: Any, jobtype: PublishedType, options: Mapping[str, Any], inputs: Opened) -> bool | Unknown:
    """Whether a condition holds for each of the datasets; unknown where it asks what the agent does not know.

    Raises RefusedError for what is no tree.
    """
    try:
        check_tree(tree)
    except ConditionError as error:
        raise RefusedError("jobtype-unsafe", f"A condition of {jobtype.name} cannot be used: {error}.") from error
    asks = names_in(tree)
    if any(name["op"] == "fact" for name in asks):
        return UNKNOWN  # what files hold, and how many a dataset has, only the portal has looked at
    slots = list(dict.fromkeys(name["slot"] for name in asks if "slot" in name))
    found = [verdict(tree, facts) for facts in _facts(slots, jobtype, options, inputs)]
    return False if False in found else True if all(one is True for one in found) else UNKNOWN


def check_needs(jobtype: PublishedType, inputs: Opened) -> None:
    """Raises RefusedError `inputs` where the datasets certainly are none that the job type works on."""
    for need in jobtype.needs:
        if met(need["when"]["tree"], jobtype, {}, inputs) is False:
            why = need.get("because") or need["when"]["text"]
            raise RefusedError("inputs", f"The datasets do not fit {jobtype.name}: {why}.")


def _facts(
    slots: Sequence[str], jobtype: PublishedType, options: Mapping[str, Any], inputs: Opened
) -> Iterator[Facts]:
    units = {name: option.get("units") for name, option in jobtype.options.items()}
    chosen: dict[str, Any] = {}
    for name, value in options.items():
        chosen |= facts_of(name, value, units.get(name))
    given: list[Sequence[Mapping[str, Any] | None]] = [inputs.get(slot) or (None,) for slot in slots]
    for together in itertools.islice(itertools.product(*given), MOST_TOGETHER):
        of_slots = {slot: one for slot, one in zip(slots, together, strict=True) if one is not None}
        yield Facts(chosen, {slot: _parameters(one) for slot, one in of_slots.items()})


def _parameters(dataset: Mapping[str, Any]) -> dict[str, Any]:
    return {name: measured(item["value"], item["units"]) for name, item in dataset.get("parameters", {}).items()}
