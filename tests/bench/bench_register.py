"""Registering a folder of HDF5 or TIFF files with their arrays, against hashing its files alone, in one run.

`python tests/bench/bench_register.py [--files 60] [--rounds 3]` prints one JSON object: for each kind of file the
median of the rounds' ratios, each taken within a round, and the least and the most. The floor is what registering
cannot do without: SHA-256 of every file, opened through the door. `again` is registering what is registered.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import tifffile

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests" / "support")]

from small_facility import NOW, SmallFacility, fill_small_facility  # noqa: E402 - the paths come first

from portal.catalogue.files.digest import sha256_of  # noqa: E402
from portal.catalogue.files.register import add_in_place  # noqa: E402
from portal.config import Settings, load_settings  # noqa: E402
from portal.db import Database  # noqa: E402
from portal.files.confined import Kind, Root  # noqa: E402
from portal.migrations import upgrade  # noqa: E402

SHAPE = (16, 256, 256)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gantry-bench-") as folder:
        (Path(folder) / "data").mkdir()
        settings = load_settings({}, var=Path(folder) / "var", roots={"data": {"path": f"{folder}/data"}})
        settings.pictures.mkdir(parents=True)
        upgrade(settings.database)
        database = Database(settings.database)
        facility = fill_small_facility(database)
        found = {kind: measure(kind, database, facility, settings, given.files, given.rounds) for kind in WRITERS}
        database.dispose()
    print(json.dumps({"files": given.files, "load": os.getloadavg()[0], **found}, indent=1))
    return 0


def write_hdf5(path: Path, values: np.ndarray) -> None:
    """An array with what a type's mapping would read."""
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        file["entry/data"] = values
        file["entry/data"].attrs["voxel_size_x"] = 0.2


def write_tiff(path: Path, values: np.ndarray) -> None:
    """A stack as ImageJ writes it."""
    tifffile.imwrite(path.with_suffix(".tif"), values, imagej=True, metadata={"axes": "ZYX", "spacing": 0.5})


WRITERS: dict[str, Callable[[Path, np.ndarray], None]] = {"hdf5": write_hdf5, "tiff": write_tiff}


def measure(
    kind: str, database: Database, facility: SmallFacility, settings: Settings, files: int, rounds: int
) -> dict[str, float | list[float]]:
    """Each round on a folder of its own, hashed before and after, so that both find it in memory."""
    ratios, again = [], []
    for number in range(rounds):
        folder = settings.roots["data"].path / f"{kind}-{number}"
        folder.mkdir()
        values = np.random.default_rng(number).integers(0, 900, SHAPE, dtype=np.uint16)
        for place in range(files):
            WRITERS[kind](folder / f"scan_{place:04}", values)

        def add(folder: Path = folder) -> None:
            add_in_place(
                database,
                facility.actors["ingest"],
                folder,
                type_name="light-sheet stack",
                investigation=facility.investigations["private"],
                settings=settings,
                now=NOW,
            )

        hashed(folder)
        floor = seconds(lambda folder=folder: hashed(folder))
        ratios.append(seconds(add) / floor)
        again.append(seconds(add) / floor)
    return {
        "times the floor": round(statistics.median(ratios), 1),
        "least, most": [round(min(ratios), 1), round(max(ratios), 1)],
        "again, times the floor": round(statistics.median(again), 2),
    }


def hashed(folder: Path) -> None:
    """Nothing but the digests."""
    with Root(folder) as root:
        for entry in root.walk():
            if entry.kind is Kind.FILE:
                with root.open_file(entry.path) as file:
                    sha256_of(file, entry.status.st_size, lambda _count: None)


def seconds(work: Callable[[], None]) -> float:
    """How long it takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
