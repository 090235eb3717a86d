"""What a camera sees without objects: the median of neighbouring frames."""

from __future__ import annotations

from collections.abc import Iterator

from wrappers.kernels.arrays import Array, namespace


def median_window(frame: int, frames: int, window: int) -> tuple[int, int]:
    """Return the first and one past the last frame whose median is the background of `frame`.

    The background changes every quarter of `window` frames, which costs a hundredth of one median a frame and
    follows drift as well, because drift is slow.
    """
    step = max(1, window // 4)
    middle = frame // step * step + step // 2
    first = max(0, min(middle - window // 2, frames - window))
    return first, min(frames, first + window)


def median_background(stack: Array) -> Array:
    """Return the median over the first axis of `stack` (frames, y, x), in its own integer type (y, x).

    For an even number of frames it is the upper of the two middle values, so that no value is invented.
    """
    xp = namespace(stack)
    middle = stack.shape[0] // 2
    return xp.partition(stack, middle, axis=0)[middle].copy()


def steps(frames: int, window: int) -> Iterator[tuple[slice, tuple[int, int]]]:
    """Yield (frames, window) so that each run of frames shares the median of one window of frames."""
    step = max(1, window // 4)
    for start in range(0, frames, step):
        yield slice(start, min(frames, start + step)), median_window(start, frames, window)


def difference(image: Array, background: Array, offset: float = 0.0) -> Array:
    """Return image - background - offset as float64, whatever unsigned types come in.

    In double precision, since thresholds are whole numbers and offsets are not: rounding would move pixels across.
    """
    xp = namespace(image)
    difference = image.astype(xp.float64)
    difference -= background
    if offset:
        difference -= offset
    return difference
