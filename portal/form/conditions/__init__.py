"""Conditions on the datasets and options of one job: what is known of these, whether they hold, and why not."""

from portal.form.conditions.unmet import hidden_in, unmet, why_hidden

__all__ = ["hidden_in", "unmet", "why_hidden"]
