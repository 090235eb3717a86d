"""Whether an option belongs to what was chosen before it."""

from collections.abc import Mapping
from typing import Any

from portal.jobtype.option import OptionBase


def belongs(option: OptionBase, chosen: Mapping[str, Any]) -> bool:
    """Whether each choice that the option stands with has one of the values that it belongs to.

    Nobody is asked for one that does not belong, and it may be left out.
    """
    return all(chosen.get(name) in values for name, values in option.only_with.items())
