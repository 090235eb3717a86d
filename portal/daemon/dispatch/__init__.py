"""QUEUED to PENDING: whose turn it is, the attempt on record, the hand-over, and what if its answer is lost."""
