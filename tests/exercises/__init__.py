"""What takes long: by hand, or at night; never part of a run."""
