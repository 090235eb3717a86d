"""Asking for access: who asks names a number and learns nothing; whoever leads such an experiment is asked."""
