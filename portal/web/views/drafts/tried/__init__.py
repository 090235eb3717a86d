"""What came of a draft's trials: what it left, what it used, and where to mend what failed."""
