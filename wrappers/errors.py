"""What ends a program for a reason that the person who asked can act on."""

from __future__ import annotations


class BadInput(Exception):  # noqa: N818 - it names a condition, not a fault of the program
    """The data or the options cannot be worked on; the message is one sentence for the person who asked."""
