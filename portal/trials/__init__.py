"""Trying one option over a few values: which values, on which part of a dataset, and the jobs that come of it."""
