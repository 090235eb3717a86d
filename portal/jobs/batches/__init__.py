"""Batches: submissions of several jobs, by a short number of their own."""
