"""Presets on the pages: choosing one on a form, and keeping what is on it."""
