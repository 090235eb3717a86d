"""Presets that people keep of an analysis: the page that keeps one, and the list of them."""

from portal.web.pages.presets.kept import page

__all__ = ["page"]
