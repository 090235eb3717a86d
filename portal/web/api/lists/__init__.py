"""Many at once: starting from a list of forms, and what is asked of many jobs."""
