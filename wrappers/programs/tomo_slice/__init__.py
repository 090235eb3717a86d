"""Tomography: slices and whole volumes by filtered back-projection, and the axis to choose from a picture."""
