"""What went into the demo data, and checks of results against it that share no code with any analysis."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

# A bead is found if a maximum's centroid is this near in every axis: half a voxel is what a reader of the picture
# would call the same place; a volume shifted by one voxel fails.
NEAR = 0.5
# Noise moves a centroid of some thousand photons by a few hundredths of a voxel and the grid by about a tenth
# after sharpening; a quarter of a voxel in each of three axes (0.43) is far outside that.
RMS_LIMIT = 0.43
# Maxima below this part of the typical bead are noise; the faintest bead has 0.7 of the mean, and sharpening
# brings out differences of sub-voxel position, up to a factor of two.
FLOOR = 0.2
# Richardson-Lucy with ten iterations or more on this data narrows the beads to below 0.7 of the blurred width.
SHARPER = 0.8


@dataclass(frozen=True)
class Truth:
    """Truth of each dataset by its location (instrument/visit/folder), beside name and files; JSON types only."""

    datasets: dict[str, dict[str, Any]] = field(default_factory=dict)

    def of(self, name: str) -> dict[str, Any]:
        """The truth of the dataset with this name; KeyError if there is none."""
        for entry in self.datasets.values():
            if entry["name"] == name:
                return entry
        raise KeyError(name)

    def write(self, path: Path) -> None:
        """Write as JSON under a temporary name, then rename: a truth file that exists is whole."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".part")
        partial.write_text(
            json.dumps({"schema": 1, "datasets": self.datasets}, ensure_ascii=False, sort_keys=True),
            encoding="utf-8",
        )
        partial.replace(path)

    @classmethod
    def read(cls, path: Path) -> "Truth":
        """Read what `write` wrote; ValueError for another schema."""
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.get("schema") != 1:
            raise ValueError(f"{path} is not a truth file of schema 1")
        return cls(content["datasets"])


def check_beads(
    volume: ArrayLike, positions: ArrayLike, blurred_fwhm: Sequence[float] | None = None
) -> dict[str, Any]:
    """Compare bright spots of a volume (z, y, x) with known bead positions (n, 3), all in voxels.

    Every local maximum over 3x3x3 voxels above FLOOR of the typical bead counts as a spot; its place is the
    centroid of the 5x5x5 voxels about it above the background (the median). Each bead is matched to the nearest
    spot, each spot once. `blurred_fwhm` (z, y, x), the widths before deconvolution, adds the demand that the
    beads became narrower.

    Returns `beads`, `spots`, `matched` (fraction), `spurious` (spots without a bead), `rms` and `worst`
    (distance in voxels; null if nothing matched), `fwhm` (median widths z, y, x), `reasons` (why it failed) and
    `passed`.
    """
    data = np.asarray(volume, dtype=np.float64)
    truth = np.asarray(positions, dtype=np.float64).reshape(-1, 3)
    if data.ndim != 3 or not np.isfinite(data).all():
        return _verdict(len(truth), 0, [], fwhm=None, reasons=["the volume is not three-dimensional and finite"])
    data = data - np.median(data)
    peaks = _maxima(data, FLOOR * _typical(data, truth))
    spots = np.array([_centroid(data, peak) for peak in peaks]).reshape(-1, 3)
    pairs = _match(truth, spots)
    offsets = [spots[s] - truth[b] for b, s in pairs]
    widths = np.array([[_fwhm(data, peaks[s], axis) for axis in range(3)] for _, s in pairs]).reshape(-1, 3)
    fwhm = [float(w) for w in np.median(widths, axis=0)] if len(widths) else None
    reasons = []
    if fwhm and blurred_fwhm is not None:
        wide = [a for a, now, before in zip("zyx", fwhm, blurred_fwhm, strict=True) if now > SHARPER * before]
        if wide:
            reasons.append(f"not sharper along {', '.join(wide)}")
    return _verdict(len(truth), len(spots), offsets, fwhm=fwhm, reasons=reasons)


def _verdict(
    beads: int, spots: int, offsets: list[Array], *, fwhm: list[float] | None, reasons: list[str]
) -> dict[str, Any]:
    distances = [float(np.linalg.norm(o)) for o in offsets]
    rms = math.sqrt(sum(d * d for d in distances) / len(distances)) if distances else None
    reasons = list(reasons)
    if len(offsets) < beads or not beads:
        reasons.append(f"{beads - len(offsets)} of {beads} beads are not where they should be")
    if spots > len(offsets):
        reasons.append(f"{spots - len(offsets)} spots where no bead is")
    if rms is not None and rms > RMS_LIMIT:
        reasons.append(f"beads are {rms:.2f} voxels off (rms)")
    return {
        "beads": beads,
        "spots": spots,
        "matched": len(offsets) / beads if beads else 0.0,
        "spurious": spots - len(offsets),
        "rms": rms,
        "worst": max(distances) if distances else None,
        "fwhm": fwhm,
        "reasons": reasons,
        "passed": not reasons,
    }


def _typical(data: Array, truth: Array) -> float:
    """Median brightness at the true places; infinite, so that nothing is found, if that is no light."""
    index = np.clip(np.round(truth).astype(int), 0, np.array(data.shape) - 1)
    level = float(np.median(data[tuple(index.T)])) if len(truth) else 0.0
    return level if level > 0.0 else math.inf


def _maxima(data: Array, floor: float) -> NDArray[np.intp]:
    """Voxels (n, 3) above `floor` that no neighbour exceeds; of equal neighbours the first counts."""
    candidates = np.argwhere(data > floor)
    padded = np.pad(data, 1, constant_values=-np.inf)
    found = []
    for z, y, x in candidates:
        block = padded[z : z + 3, y : y + 3, x : x + 3]
        if int(block.argmax()) == 13:  # the centre of 27
            found.append((z, y, x))
    return np.array(found, dtype=np.intp).reshape(-1, 3)


def _centroid(data: Array, peak: NDArray[np.intp]) -> Array:
    """Centre of mass of what is above the background within two voxels of a peak, symmetric at the faces."""
    reach = np.minimum(2, np.minimum(peak, np.array(data.shape) - 1 - peak))
    window = tuple(slice(int(p - r), int(p + r) + 1) for p, r in zip(peak, reach, strict=True))
    weight = np.maximum(data[window], 0.0)
    grid = np.indices(weight.shape).reshape(3, -1)
    centre: Array = (grid * weight.ravel()).sum(axis=1) / weight.sum() + (peak - reach)
    return centre


def _match(truth: Array, spots: Array) -> list[tuple[int, int]]:
    """Pairs (bead, spot), nearest first, each used once, no axis further off than NEAR."""
    if not len(truth) or not len(spots):
        return []
    offsets = np.abs(truth[:, None, :] - spots[None, :, :])
    distance = np.where((offsets <= NEAR).all(axis=2), np.linalg.norm(offsets, axis=2), np.inf)
    pairs = []
    while np.isfinite(distance.min()):
        bead, spot = np.unravel_index(int(distance.argmin()), distance.shape)
        pairs.append((int(bead), int(spot)))
        distance[bead, :] = np.inf
        distance[:, spot] = np.inf
    return pairs


def _fwhm(data: Array, peak: NDArray[np.intp], axis: int) -> float:
    """Full width at half maximum along one axis through a peak, by linear interpolation; in voxels."""
    index: list[Any] = [int(p) for p in peak]
    index[axis] = slice(None)
    line = data[tuple(index)]
    start, half = int(peak[axis]), 0.5 * float(data[tuple(peak)])
    width = 0.0
    for side in (line[start:], line[start::-1]):
        below = np.flatnonzero(side < half)
        if not len(below):
            width += len(side) - 0.5
            continue
        after = int(below[0])
        width += after - 1 + (side[after - 1] - half) / (side[after - 1] - side[after])
    return float(width)
