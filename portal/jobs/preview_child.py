"""The address of `data/parsing/preview_child.py` until it moved: `python -m portal.jobs.preview_child`.

A daemon of that release that goes on while its files are replaced starts it by this name, and would refuse results
for pictures that nothing is wrong with.
"""

import sys

from portal.data.parsing.preview_child import main

if __name__ == "__main__":
    sys.exit(main())
