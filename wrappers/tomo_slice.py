"""`python -m wrappers.tomo_slice`: the program's address in job specs and images of all releases."""

from wrappers.job import run
from wrappers.programs.tomo_slice.program import STAGES, main

if __name__ == "__main__":
    run(main, STAGES)
