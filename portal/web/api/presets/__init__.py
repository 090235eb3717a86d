"""Presets that people keep, by API."""

from portal.web.api.presets.routes import api

__all__ = ["api"]
