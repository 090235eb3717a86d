"""Analyses that staff make: the list of drafts, the editor of one, and signing off what is to be published."""

# They add their routes.
from portal.web.pages.drafts import (
    editor,
    inside,
    keys,
    listed,
    live,
    past,
    pictures,
    running,
    scripts,
    sharing,
    waiting,
)
from portal.web.pages.drafts.blueprint import page

__all__ = [
    "editor",
    "inside",
    "keys",
    "listed",
    "live",
    "page",
    "past",
    "pictures",
    "running",
    "scripts",
    "sharing",
    "waiting",
]
