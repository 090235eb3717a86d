"""`python -m wrappers.dc_segmentation`: the program's address in job specs and images of all releases."""

from wrappers.job import run
from wrappers.programs.dc_segmentation import STAGES, main

if __name__ == "__main__":
    run(main, STAGES)
