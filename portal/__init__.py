"""Gantry: a job portal for imaging facilities."""

__version__ = "0.1.0"
