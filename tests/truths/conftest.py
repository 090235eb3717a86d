"""The node's programs, to be held against programs of the field."""

from running_programs import refused, run_program

__all__ = ["refused", "run_program"]
