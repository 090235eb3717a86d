"""Conditions and expressions of job types: what a tree says of a dataset and of what was chosen on the form.

The portal reads what people write ("wavelength > 500 nm && !tiled") into a tree of JSON, which is published;
whoever has to decide evaluates that tree: form, checker, agent, and the browser (frontend/src/conditions.ts). One
set of cases, tests/conformance/conditions.json, runs against each. docs/developers/conditions.md has the meaning.
"""

from gantry_formats.conditions.evaluate import Facts, evaluate, holds, verdict
from gantry_formats.conditions.measured import facts_of, measured
from gantry_formats.conditions.tree import ConditionError, Tree, check_tree, names_in
from gantry_formats.conditions.values import UNKNOWN, Number, Unknown, Value, as_json, from_json

__all__ = [
    "UNKNOWN",
    "ConditionError",
    "Facts",
    "Number",
    "Tree",
    "Unknown",
    "Value",
    "as_json",
    "check_tree",
    "evaluate",
    "facts_of",
    "from_json",
    "holds",
    "measured",
    "names_in",
    "verdict",
]
