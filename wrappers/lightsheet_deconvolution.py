"""`python -m wrappers.lightsheet_deconvolution`: the program's address in job specs and images of all releases."""

from wrappers.job import run
from wrappers.programs.lightsheet_deconvolution.program import STAGES, main

if __name__ == "__main__":
    run(main, STAGES)
