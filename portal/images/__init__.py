"""Container images that jobs may run in: staged by an operator, compared at each submission, hashed every night.

Standard library only: the agent reads manifests, and the host that keeps the images may have nothing else of it.
"""
