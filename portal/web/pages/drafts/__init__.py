"""Analyses that staff make: the list of drafts, and the editor of one."""

from portal.web.pages.drafts import editor, listed, live, past, running, sharing  # they add their routes
from portal.web.pages.drafts.blueprint import page

__all__ = ["editor", "listed", "live", "page", "past", "running", "sharing"]
