"""Analyses that staff make: their drafts, what is asked of the publisher, and what was published."""

from portal.web.api.drafts import asking, comparing, example, making, past, waiting  # they add their routes
from portal.web.api.drafts.blueprint import api

__all__ = ["api", "asking", "comparing", "example", "making", "past", "waiting"]
