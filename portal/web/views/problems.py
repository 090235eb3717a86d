"""What is wrong with a filled-in form, for the summary above it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FieldProblem:
    """One thing that needs a look; `anchor` is the id of the field on the page."""

    anchor: str
    label: str
    words: str
