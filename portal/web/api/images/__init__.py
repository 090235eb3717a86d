"""Staged images, and those that people had made, by API."""

from portal.web.api.images.routes import api

__all__ = ["api"]
