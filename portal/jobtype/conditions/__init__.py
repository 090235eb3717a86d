"""Conditions as people write them, read into the trees that are published (gantry_formats/conditions)."""
