"""Programs of the field that analyses are held against, in a Python environment of their own.

They run as separate processes: several are GPL, and none may decide which versions we have. The environment is
kept outside the checkout, keyed by requirements/peers.txt and the Python that made it.
"""

import ast
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from kept_ready import Ready

REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "peers.txt"
INSTALL_S = 1200


@cache
def peer_python() -> Path:
    """The Python that has the peers, installed on first use; skips the test where that cannot be done."""
    key = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = _kept() / f"peers-{key}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole").exists():
            _install(folder)
    return folder / "bin" / "python"


def run_peer(program: str, arguments: Sequence[str | Path] = (), *, timeout_s: int = 600) -> str:
    """What a program (its text) printed that ran with the peers; fails the test with its last words otherwise."""
    done = _ready(program).run(program, arguments, timeout_s=timeout_s)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@cache
def _ready(program: str) -> Ready:
    lines = [ast.unparse(one) for one in ast.parse(program).body if isinstance(one, ast.Import | ast.ImportFrom)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # One thread of numba: sums of several are not the same twice, and once in a while far off.
    environment |= {"OMP_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "1", "NUMBA_CACHE_DIR": str(_kept() / "numba")}
    return Ready(peer_python(), "\n".join(lines), environment)


def _kept() -> Path:
    if given := os.environ.get("GANTRY_CACHE"):
        return Path(given).absolute()
    return Path("/var/cache/gantry") if os.geteuid() == 0 else Path.home() / ".cache" / "gantry"


def _install(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "--require-hashes", "-r", REQUIREMENTS],
        capture_output=True,
        text=True,
        timeout=INSTALL_S,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"the peers cannot be installed: {done.stderr.strip().splitlines()[-1][:200]}")
    (folder / "whole").touch()
