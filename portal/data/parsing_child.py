"""The address of `parsing/child.py` until it moved: `python -m portal.data.parsing_child FD`.

A daemon or web tier of that release that goes on while its files are replaced starts it by this name, and would
call sound files damaged.
"""

import sys

from portal.data.parsing.child import main

if __name__ == "__main__":
    sys.exit(main())
