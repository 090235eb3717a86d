"""What finished runs, and a run's own course, tell of time and memory."""
