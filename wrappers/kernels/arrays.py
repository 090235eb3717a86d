"""Which array module computes: the one place that knows NumPy from CuPy.

A kernel asks `namespace(array)` for the module that made its input and `fourier(xp)` for the matching Fourier
transforms, so the same code runs on a CPU and, given CuPy arrays, on a GPU.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any  # numpy.ndarray or cupy.ndarray


def namespace(array: Array) -> Any:
    """Return the module (numpy or cupy) whose arrays `array` belongs to."""
    if type(array).__module__.partition(".")[0] == "cupy":
        return importlib.import_module("cupy")
    return np


def fourier(xp: Any) -> Any:
    """Return the Fourier transforms with SciPy's interface for the array module `xp`."""
    if xp is np:
        import scipy.fft

        return scipy.fft
    return importlib.import_module("cupyx.scipy.fft")


def good_size(xp: Any, length: int, *, real: bool = False) -> int:
    """Return the smallest length >= `length` that the Fourier transform of `xp` computes fast."""
    return int(fourier(xp).next_fast_len(length, real=real))


Sweep: TypeAlias = Callable[[Callable[[slice], None], int, int], None]


@contextmanager
def sweeper(xp: Any, threads: int) -> Iterator[Sweep]:
    """Yield `sweep(work, length, block)`, which calls `work` for each slice of 0…length, `block` at a time.

    On a CPU the slices are shared among `threads` threads (NumPy and SciPy release the interpreter's lock in
    their loops), which keeps a block in the processor's cache through several operations. On a GPU one slice
    covers everything, because there the device itself does the splitting.
    """
    if xp is not np:
        yield lambda work, length, block: work(slice(0, length))
        return
    if threads <= 1:
        yield _sweep_alone
        return
    with ThreadPoolExecutor(threads) as pool:
        yield lambda work, length, block: _drain(pool.map(work, _slices(length, block)))


def _slices(length: int, block: int) -> Iterator[slice]:
    return (slice(start, min(start + block, length)) for start in range(0, length, block))


def _sweep_alone(work: Callable[[slice], None], length: int, block: int) -> None:
    for part in _slices(length, block):
        work(part)


def _drain(results: Iterator[None]) -> None:
    for _ in results:
        pass


def filters(xp: Any) -> Any:
    """Return the image filters with scipy.ndimage's interface for the array module `xp`."""
    return importlib.import_module("scipy.ndimage" if xp is np else "cupyx.scipy.ndimage")
