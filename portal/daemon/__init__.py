"""What hands jobs over, watches them and files their results: the loop, its steps, and the one active daemon.

The web never imports this room; both meet in the rows of `portal.jobs.models`.
"""
