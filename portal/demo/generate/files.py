"""Files that went wrong or are not finished: what a facility also has on its disks."""

import os
from pathlib import Path


def truncate(path: Path, fraction: float = 0.6) -> int:
    """Cut a file off as a broken transfer does; returns the bytes left. HDF5 refuses to open what remains."""
    size = int(path.stat().st_size * fraction)
    os.truncate(path, size)
    return size


def leave_unfinished(path: Path, fraction: float = 0.4) -> Path:
    """Turn a file into one that is being written: the first part of it, under the name with `.part`."""
    partial = path.with_name(path.name + ".part")
    path.replace(partial)
    truncate(partial, fraction)
    return partial
