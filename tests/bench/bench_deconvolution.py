"""Richardson–Lucy deconvolution against scikit-image and RedLionfish: same volume, PSF, iterations and threads.

    python tests/bench/bench_deconvolution.py --threads 2 --iterations 10 --rounds 5 --redlionfish PYTHON

PYTHON is an interpreter with the package RedLionfish (it may be left out). Each round runs every program once, one
after the other, so that a busy machine slows all of them; ratios are taken within a round. Processor seconds (all
threads) are given beside elapsed ones, because other work on the machine changes them less. Prints one JSON
object. Needs the project's root on PYTHONPATH.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import scipy.fft
import tifffile
from skimage.restoration import richardson_lucy as scikit_image

from wrappers.kernels.deconvolution import gaussian_psf, richardson_lucy

SUPPORT = 31
OURS = "ours, float32"
Times: TypeAlias = tuple[float, float]
DATA = Path(os.environ.get("GANTRY_TEST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "lightsheet"


def volume_and_psf() -> tuple[np.ndarray, np.ndarray, str]:
    """The recorded volume and the middle of its PSF, or simulated ones of the same size."""
    recorded = DATA / "gendata_psfconv_poiss.tif"
    if recorded.is_file():
        psf = tifffile.imread(DATA / "PSF_RFI_8bit.tif").astype(np.float32)[15 : 15 + SUPPORT, :SUPPORT, :SUPPORT]
        return tifffile.imread(recorded).astype(np.float32), psf / psf.sum(), recorded.name
    rng = np.random.default_rng(0)
    points = np.zeros((160, 160, 160))
    points[tuple(rng.integers(0, 160, (3, 200)))] = 5000
    psf = gaussian_psf((4, 2, 2), (SUPPORT, SUPPORT, SUPPORT)).astype(np.float32)
    blurred = scipy.fft.irfftn(scipy.fft.rfftn(points) * scipy.fft.rfftn(psf, points.shape), points.shape)
    return rng.poisson(np.maximum(blurred, 0) + 2).astype(np.float32), psf, "simulated points"


def timed(work: Callable[[], np.ndarray]) -> tuple[Times, np.ndarray]:
    """(elapsed, processor) seconds of a call, and its result."""
    started, used = time.perf_counter(), time.process_time()
    result = work()
    return (time.perf_counter() - started, time.process_time() - used), result


def redlionfish(
    python: str, volume: np.ndarray, psf: np.ndarray, iterations: int, threads: int
) -> dict[str, Times]:
    """(elapsed, processor) seconds of RedLionfish's two ways, timed inside its own process."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("volume.npy", "psf.npy", "result.npy")]
        np.save(files[0], volume)
        np.save(files[1], psf)
        command = [python, str(Path(__file__).with_name("redlionfish_once.py")), str(files[0]), str(files[1])]
        done = subprocess.run(
            [*command, str(iterations), str(threads), str(files[2])], capture_output=True, text=True, check=True
        )
        return {way: (took[0], took[1]) for way, took in json.loads(done.stdout.splitlines()[-1]).items()}


def main() -> None:
    """Run the rounds and print figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--redlionfish", metavar="PYTHON")
    given = parser.parse_args()
    volume, psf, name = volume_and_psf()
    seconds: dict[str, list[Times]] = {}
    wanted = scikit_image(volume.astype(np.float64), psf.astype(np.float64), given.iterations, clip=False)
    worst, loads = 0.0, []
    for _ in range(given.rounds):
        loads.append(round(os.getloadavg()[0], 1))
        took, found = timed(lambda: richardson_lucy(volume, psf, given.iterations, threads=given.threads))
        seconds.setdefault(OURS, []).append(took)
        worst = max(worst, float(np.abs(found - wanted).max() / wanted.max()))
        for kind in (np.float32, np.float64):
            with scipy.fft.set_workers(given.threads):
                image, spread = volume.astype(kind), psf.astype(kind)
                took, _ = timed(lambda: scikit_image(image, spread, given.iterations, clip=False))  # noqa: B023
            seconds.setdefault(f"scikit-image, {np.dtype(kind).name}", []).append(took)
        if given.redlionfish:
            ways = redlionfish(given.redlionfish, volume, psf, given.iterations, given.threads)
            for way, took in ways.items():
                seconds.setdefault(f"RedLionfish, {way}", []).append(took)
    figures = {
        "volume": f"{name} {volume.shape}",
        "psf": str(psf.shape),
        "iterations": given.iterations,
        "threads": given.threads,
        "rounds": given.rounds,
        "seconds elapsed (median)": _medians(seconds, 0),
        "processor seconds (median)": _medians(seconds, 1),
        "elapsed, times ours (median, least, most)": _ratios(seconds, 0),
        "processor, times ours (median, least, most)": _ratios(seconds, 1),
        "our largest difference from scikit-image, relative to its maximum": worst,
        "load before each round": str(loads),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}",
    }
    print(json.dumps(figures, indent=1))


def _medians(seconds: dict[str, list[Times]], which: int) -> dict[str, float]:
    return {who: round(statistics.median(pair[which] for pair in took), 3) for who, took in seconds.items()}


def _ratios(seconds: dict[str, list[Times]], which: int) -> dict[str, str]:
    found = {}
    for who, took in seconds.items():
        each = [other[which] / own[which] for other, own in zip(took, seconds[OURS], strict=True)]
        found[who] = f"{statistics.median(each):.2f}, {min(each):.2f}, {max(each):.2f}"
    return found


if __name__ == "__main__":
    main()
