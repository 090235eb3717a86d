"""Slurm's bulk questions by libslurm, in a program of its own (child.py) that has pyslurm: GPL, and may crash."""
