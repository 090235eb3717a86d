"""One deconvolution by RedLionfish, run by bench_deconvolution.py with an interpreter that has it.

Usage: redlionfish_once.py VOLUME.npy PSF.npy ITERATIONS THREADS RESULT.npy. Prints (elapsed, processor) seconds of
two of its ways as JSON: what its public function does (periodic, at the volume's own size) and its padded form,
whose result is saved.
"""

import json
import logging
import sys
import time

import numpy as np
import scipy.fft

logging.disable(logging.CRITICAL)


def main(volume_file: str, psf_file: str, iterations: str, threads: str, result_file: str) -> None:
    """Time both ways once."""
    import RedLionfishDeconv
    from RedLionfishDeconv.RLDeconv3DScipy import doRLDeconvolution12

    volume, psf, count = np.load(volume_file), np.load(psf_file), int(iterations)
    seconds = {}
    with scipy.fft.set_workers(int(threads)):
        started, used = time.perf_counter(), time.process_time()
        RedLionfishDeconv.doRLDeconvolutionFromNpArrays(
            volume, psf, niter=count, method="cpu", useBlockAlgorithm=False
        )
        seconds["periodic"] = (time.perf_counter() - started, time.process_time() - used)
        started, used = time.perf_counter(), time.process_time()
        padded = doRLDeconvolution12(volume, psf, niter=count)
        seconds["padded"] = (time.perf_counter() - started, time.process_time() - used)
    np.save(result_file, padded)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
