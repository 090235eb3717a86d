"""Filtered back-projection against scikit-image's iradon: same sinogram, angles and filter.

    python tests/bench/kernels/bench_back_projection.py --columns 640 --angles 181 --rounds 5 --threads 1

Each round runs both once; ratios are taken within a round. iradon uses one thread. Prints one JSON object. Needs
the project's root on PYTHONPATH.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time

import numpy as np
from skimage.transform import iradon

from wrappers.kernels.tomography import filtered_back_projection


def main() -> None:
    """Run the rounds and print figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--columns", type=int, default=641)
    parser.add_argument("--angles", type=int, default=181)
    parser.add_argument("--slices", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    columns = given.columns + 1 - given.columns % 2  # odd: there both programs put the axis in the middle column
    degrees = np.linspace(0, 180, given.angles, endpoint=False)
    sinograms = disks(columns, degrees, given.slices)
    ours: list[float] = []
    theirs: list[float] = []
    difference = 0.0
    inner = np.hypot(*np.mgrid[:columns, :columns] - columns // 2) < columns / 2 - 2
    for _ in range(given.rounds):
        started = time.perf_counter()
        found = filtered_back_projection(sinograms, np.deg2rad(degrees), columns // 2, threads=given.threads)
        ours.append((time.perf_counter() - started) / given.slices)
        started = time.perf_counter()
        wanted = iradon(sinograms[0].T, degrees, filter_name="ramp", circle=True)
        theirs.append(time.perf_counter() - started)
        difference = float(np.abs(found[0] - wanted)[inner].max() / np.abs(wanted).max())
    ratios = [other / own for other, own in zip(theirs, ours, strict=True)]
    print(
        json.dumps(
            {
                "sinogram": [given.angles, columns],
                "slices together": given.slices,
                "threads": given.threads,
                "seconds a slice, ours (median)": round(statistics.median(ours), 3),
                "seconds a slice, iradon (median)": round(statistics.median(theirs), 3),
                "times slower than ours (median, least, most)": [
                    round(value, 2) for value in (statistics.median(ratios), min(ratios), max(ratios))
                ],
                "largest difference relative to its maximum": difference,
                "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}",
            },
            indent=1,
        )
    )


def disks(columns: int, degrees: np.ndarray, slices: int) -> np.ndarray:
    """Exact sinograms (slices, angles, columns) of a few disks."""
    column = np.arange(columns) - columns // 2
    lines = np.zeros((len(degrees), columns))
    for x, y, radius, value in ((0, 0, 0.4, 1.0), (0.15, 0.1, 0.1, -0.5), (-0.2, 0.05, 0.05, 1.0)):
        centre = columns * (x * np.cos(np.deg2rad(degrees)) + y * np.sin(np.deg2rad(degrees)))
        inside = (columns * radius) ** 2 - (column[None, :] - centre[:, None]) ** 2
        lines += 2 * value * np.sqrt(np.maximum(inside, 0))
    return np.repeat(lines[None].astype(np.float32), slices, axis=0)


if __name__ == "__main__":
    main()
