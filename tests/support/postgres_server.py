"""A PostgreSQL server of the tests' own, on a Unix socket."""

import subprocess
import time
from pathlib import Path

import pytest


def start_postgres(binaries: Path, folder: Path, user: str | None) -> subprocess.Popen[bytes]:
    """Make a cluster in `folder` and start it as `user` (None: as we are); it dies with this process."""
    data = folder / "data"
    made = subprocess.run(
        [binaries / "initdb", "-D", data, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        user=user,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.fail(f"initdb failed: {made.stderr}")
    quick = (
        "listen_addresses=",
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "max_connections=60",
    )
    options = [option for setting in quick for option in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        # A killed test run must not leave a server behind, hence the death signal.
        server = subprocess.Popen(
            [*("setpriv", "--pdeathsig", "QUIT"), binaries / "postgres", "-D", data, "-k", folder, *options],
            user=user,
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    for _ in range(2400):
        ready = subprocess.run([binaries / "pg_isready", "-q", "-h", folder], check=False)
        if ready.returncode == 0:
            return server
        if server.poll() is not None:
            break
        time.sleep(0.05)
    pytest.fail(f"PostgreSQL did not start: {(folder / 'log').read_text()}")
