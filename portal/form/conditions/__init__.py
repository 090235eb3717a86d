"""Conditions on the datasets and options of one job: what is known of these, whether they hold, and why not."""

from portal.form.conditions.unmet import (
    hidden_in,
    needs_unmet,
    not_offered,
    not_offered_in,
    preset_unmet,
    unmet,
    why_hidden,
)

__all__ = [
    "hidden_in",
    "needs_unmet",
    "not_offered",
    "not_offered_in",
    "preset_unmet",
    "unmet",
    "why_hidden",
]
