"""Pixels of a detector that read what the light has no part in: stuck at some number, or cut off at the largest.

They are known by what they lack: a sound pixel's readings vary from frame to frame, by noise alone. Where a scan
shows no noise (a program made it, or its flats are one mean frame), a pixel that reads air at every angle is no
fault, so that only one between two others that see the sample is taken for stuck. Frames are (frames, rows,
columns), as they were read; a row is judged by itself.
"""

from __future__ import annotations

import numpy as np

LEAST_FRAMES = 16
"""Of fewer projections noise may leave some alike by chance."""
OFTEN_ALIKE = 0.5
"""Noise that leaves two frames alike more often than this share is too small against a count to tell anything."""
SEEN_AT_LEAST = 0.05
"""Share of the projections in which both neighbours see the sample that a stuck pixel does not."""
LEAST_FLATS = 3
"""From fewer a pixel's own noise cannot be told."""
QUIET, LOUD = 0.25, 20.0
"""Shares of a sound pixel's noise: less is none of light, and more is no measurement of it."""
WIDEST = 1 / 16
"""Share of the columns: more of them next to each other, between two that see the sample, may be a gap in it."""


def stuck(projections: np.ndarray, flats: np.ndarray, darks: np.ndarray) -> np.ndarray:
    """Return which pixels (rows, columns) read one number in all projections, though others vary."""
    projections = _without_dropped(projections)
    if not len(projections):
        return np.zeros(flats.shape[1:], bool)
    still = _still(projections)
    noisy = (alike(flats) <= OFTEN_ALIKE) | (alike(darks) <= OFTEN_ALIKE)
    by_noise = still & noisy[:, None] & (len(projections) >= LEAST_FRAMES)
    unlike_flat = (projections < np.fmin.reduce(flats)) | (projections > np.fmax.reduce(flats))
    same = still & _still(flats) & ~unlike_flat.any(axis=0)
    between = np.stack([_between_others(same[row], unlike_flat[:, row]) for row in range(len(same))])
    return np.asarray(by_noise | between | _unlike_noise(projections, flats))


def cut_off(projections: np.ndarray, flats: np.ndarray) -> np.ndarray:
    """Return the reading of each row at which the detector cuts off, NaN where none shows.

    It is the largest of all, and some pixel reads it in every flat field, though most of the others vary.
    """
    largest = np.fmax(np.fmax.reduce(projections).T, np.fmax.reduce(flats).T).T
    ceiling = np.fmax.reduce(largest, axis=1)
    full = (flats == ceiling[:, None]).all(axis=0)
    rest = np.where(full[None], np.nan, flats)
    sure = full.any(axis=1) & (alike(rest) <= OFTEN_ALIKE)
    return np.asarray(np.where(sure, ceiling, np.nan))


def _without_dropped(projections: np.ndarray) -> np.ndarray:
    """Those that are pictures: a frame of one number in all its columns was never taken, or never arrived."""
    whole = (np.fmin.reduce(projections, axis=2) < np.fmax.reduce(projections, axis=2)).any(axis=1)
    return np.asarray(projections[whole]) if whole.any() and not whole.all() else projections


def _still(frames: np.ndarray) -> np.ndarray:
    """Which pixels read one number, as far as they read any."""
    return np.asarray(np.fmin.reduce(frames) == np.fmax.reduce(frames))


def _unlike_noise(projections: np.ndarray, flats: np.ndarray) -> np.ndarray:
    """Which pixels see air at every angle and are too quiet for light, or read anything in the flats.

    What a sound pixel's noise is the row's median tells, as the square root of its brightness.
    """
    if len(flats) < LEAST_FLATS or len(projections) < LEAST_FRAMES:
        return np.zeros(flats.shape[1:], bool)
    mean, spread = flats.mean(axis=0, dtype=np.float64), flats.std(axis=0, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        typical = np.median(spread, axis=1, keepdims=True)
        usual = typical * np.sqrt(np.maximum(mean, 0) / np.median(mean, axis=1, keepdims=True))
        unchanged = np.abs(projections.mean(axis=0, dtype=np.float64) - mean) < QUIET * usual
        quiet = (spread < QUIET * usual) & (projections.std(axis=0, dtype=np.float64) < QUIET * usual)
        return np.asarray((typical > 0) & ((unchanged & quiet) | (spread > LOUD * typical)))


def alike(frames: np.ndarray) -> np.ndarray:
    """How often two frames read the same, for each row, by the share of its pixels that never change; 1 of one."""
    if len(frames) < 2:
        return np.ones(frames.shape[1])
    known = np.isfinite(frames).all(axis=0)
    still = (_still(frames) & known).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.asarray(np.where(known.any(axis=1), still ** (1 / (len(frames) - 1)), 1.0))


def _between_others(same: np.ndarray, unlike_flat: np.ndarray) -> np.ndarray:
    """Which of the columns that always read their flat lie between two that see something, at once."""
    found = np.zeros(len(same), bool)
    edges = np.flatnonzero(np.diff(same.astype(np.int8), prepend=0, append=0))
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        if first == 0 or end == len(same) or end - first > max(3, WIDEST * len(same)):
            continue
        both = unlike_flat[:, first - 1] & unlike_flat[:, end]
        found[first:end] = both.mean() >= SEEN_AT_LEAST
    return found
