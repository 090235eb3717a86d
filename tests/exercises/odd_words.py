"""Every command of `gantry` with every odd word: `./run exercise odd-words`. A run of the tests takes a fourth."""

import os
import subprocess
import sys


def main() -> int:
    """Run the whole table; 0 where each got a sentence and an exit code."""
    command = [sys.executable, "-m", "pytest", "-q", "tests/flow/api/test_odd_command_lines.py"]
    return subprocess.run(command, env={**os.environ, "ODD_WORDS": "all"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
