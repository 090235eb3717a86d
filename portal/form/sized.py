"""Memory and time that grow with the input: what a job asks for, from the expressions of its resource request.

The variant's own memory and time are the most; an expression asks for less where less will do. What cannot be told
(a parameter that is missing) asks for the most.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from gantry_formats.conditions import Facts, Number, Tree, evaluate
from portal.form.conditions.known import combinations, facts_of_options
from portal.form.conditions.unmet import Job
from portal.form.inputs.dataset import Inputs
from portal.jobtype.model import JobType, Variant
from portal.jobtype.option import Value

MIB: Final = 2**20
LEAST_MB: Final = 16
LEAST_WORK_S: Final = 60
"""What a job has for its work at least, besides the warning before its end."""
STEP_MB: Final = 64
STEP_S: Final = 60
"""Both are asked for in whole steps upwards: no request is more exact than its expression."""


def sized(jobtype: JobType, variant: Variant, jobs: Sequence[Job]) -> Variant:
    """The request for these jobs, which ask for one and the same: the most that any of them needs.

    Without jobs, as before any dataset is chosen, it is the variant itself.
    """
    if not variant.is_sized or not jobs:
        return variant
    changed: dict[str, int] = {}
    if variant.memory is not None:
        needed = _most(jobtype, variant.memory.means, jobs)
        if needed is not None:
            steps = math.ceil(needed / MIB / STEP_MB)
            changed["memory_mb"] = min(variant.memory_mb, max(LEAST_MB, steps * STEP_MB))
    if variant.time is not None:
        needed = _most(jobtype, variant.time.means, jobs)
        if needed is not None:
            changed["time_s"] = min(
                variant.time_s, max(LEAST_WORK_S + jobtype.grace_s, math.ceil(needed / STEP_S) * STEP_S)
            )
    return variant.model_copy(update=changed)


def _most(jobtype: JobType, tree: Tree, jobs: Sequence[Job]) -> float | None:
    """The largest amount over the jobs; None where it cannot be told of one."""
    amounts = [_amount(jobtype, tree, options, inputs) for options, inputs in jobs]
    known = [amount for amount in amounts if amount is not None]
    return max(known) if len(known) == len(amounts) else None


def _amount(jobtype: JobType, tree: Tree, options: Mapping[str, Value], inputs: Inputs) -> float | None:
    found = evaluate(tree, facts_of_job(jobtype, options, inputs))
    return found.value if isinstance(found, Number) else None


def facts_of_job(jobtype: JobType, options: Mapping[str, Value], inputs: Inputs) -> Facts:
    """What is known of all that a job reads: a slot's files together; of the rest what its datasets agree on."""
    chosen = Facts(facts_of_options(jobtype, options))
    for slot in jobtype.inputs:
        each = [one.facts for one in combinations(jobtype, [slot.name], options, inputs)]
        facts = [one.facts.get(slot.name, {}) for one in each]
        together = {name: _together(name, [one.get(name) for one in facts]) for name in set().union(*facts)}
        parameters = [one.parameters.get(slot.name, {}) for one in each]
        agreed = {name: _agreed([one.get(name) for one in parameters]) for name in set().union(*parameters)}
        chosen = replace(
            chosen,
            parameters={**chosen.parameters, slot.name: agreed},
            facts={**chosen.facts, slot.name: together},
        )
    return chosen


def _together(name: str, values: Sequence[Any]) -> Any:
    if any(value is None for value in values):
        return None
    if name == "files.count":
        # A catalogue that was brought over may count no files where there are some.
        return sum(values) if all(values) else None
    if name == "files.size":
        sizes = [value["number"] for value in values]
        return {"number": sum(sizes), "dimension": "bytes"} if all(sizes) else None
    return _agreed(values)


def _agreed(values: Sequence[Any]) -> Any:
    return values[0] if values and all(value == values[0] for value in values) else None
