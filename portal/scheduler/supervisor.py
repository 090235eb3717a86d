"""The address of `local/supervisor.py` until it moved: `python -m portal.scheduler.supervisor FOLDER LOCK_FD`.

A daemon of that release that goes on while its files are replaced starts supervisors by this name, and would end
their jobs as ones that cannot be started.
"""

import sys

from portal.scheduler.local.supervisor import main

if __name__ == "__main__":
    sys.exit(main())
