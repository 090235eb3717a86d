"""What kind of a job an analysis makes."""

from enum import StrEnum


class Kind(StrEnum):
    """How a job goes on once it runs. A batch is no kind: it is a set of jobs that were asked for together."""

    RUN = "run"
    """A program that works by itself and ends by itself."""
    INTERACTIVE = "interactive"
    """A desktop: its owner works in it, and ends it."""


NOT_INSTALLED = "desktops are not installed here, so an interactive analysis cannot be started"
"""Said wherever one is met: nothing starts them yet."""
