"""Generators of the demo facility's raw data: one module an instrument, a plan, and the truth that went in."""
