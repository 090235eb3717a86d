"""The live form's present values as a preset of the draft."""

from collections.abc import Mapping
from typing import Any, Final

from portal.errors import InvalidError
from portal.form.inputs.dataset import Inputs
from portal.form.plan import plan
from portal.form.values import as_text
from portal.jobtype.kinds.files import FileOption
from portal.jobtype.model import JobType
from portal.jobtype.written.edit import insert
from portal.jobtype.written.tree import Tree

LONGEST_NAME: Final = 100
NOTHING: Final = "These are the values that the form begins with. Change one first, then keep them."


def with_preset(text: str, jobtype: JobType, raw: Mapping[str, str], inputs: Inputs, name: str) -> tuple[str, int]:
    """The text with one more preset, of what differs from what the form begins with; and its number.

    What is picked from a dataset is of that dataset, and in no preset. Raises InvalidError, UnsoundError.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise InvalidError(f"Give the preset a name, of {LONGEST_NAME} characters at most.")
    if name.casefold() in (one.name.casefold() for one in jobtype.presets):
        raise InvalidError(
            f"There is a preset “{name}” already: give this one another name, or change that one below."
        )
    values = _values(jobtype, raw, inputs)
    if not values:
        raise InvalidError(NOTHING)
    tree = Tree(text)
    before = tree.get(("presets",)) if tree.has(("presets",)) else []
    number = len(before) if isinstance(before, list) else 0
    return insert(text, ("presets",), number, {"name": name, "values": values}), number


def _values(jobtype: JobType, raw: Mapping[str, str], inputs: Inputs) -> dict[str, Any]:
    experiment = 1 if not jobtype.inputs else None
    now = plan(jobtype, raw, inputs, experiment=experiment)[0].options
    first: Mapping[str, Any] = {}
    try:
        first = plan(jobtype, {}, inputs, experiment=experiment)[0].options
    except InvalidError:  # what is required has no value yet, so whatever was typed counts
        first = {option.name: option.default for option in jobtype.options if option.default is not None}
    kept = (option for option in jobtype.options if not option.pick and not isinstance(option, FileOption))
    return {
        option.name: now[option.name]
        for option in kept
        if option.name in now and as_text(now[option.name]) != as_text(first.get(option.name))
    }
