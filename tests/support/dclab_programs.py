"""dclab's own programs as judges of .rtdc files: separate processes, never imported, since dclab is GPL."""

import re
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent


def verify(path: Path) -> tuple[int, int]:
    """How many violations and alerts `dclab-verify-dataset` finds in the file."""
    said = subprocess.run([BIN / "dclab-verify-dataset", path], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+) violations? and (\d+) alerts?", said)
    assert found, said
    return int(found[1]), int(found[2])


def condense(path: Path, condensed: Path) -> Path:
    """Let `dclab-condense` read the file and write its scalar features, those that dclab computes included."""
    done = subprocess.run([BIN / "dclab-condense", path, condensed], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return condensed
