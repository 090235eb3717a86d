"""Every door with every odd value: `./run exercise odd-requests`. A run of the tests takes a third."""

import os
import subprocess
import sys


def main() -> int:
    """Send all of them; 0 where each was answered in words."""
    command = [sys.executable, "-m", "pytest", "-q", "--timeout=7200", "tests/flow/doors/test_odd_requests.py"]
    return subprocess.run(command, env={**os.environ, "ODD_REQUESTS": "all"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
