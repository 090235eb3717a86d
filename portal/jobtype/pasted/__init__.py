"""What staff paste from a terminal or a batch script, read into the parts of a job type. Pure; nothing is run."""
