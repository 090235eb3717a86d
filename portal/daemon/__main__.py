"""`python -m portal.daemon`."""

import sys

from portal.daemon.loop import main

if __name__ == "__main__":
    sys.exit(main())
