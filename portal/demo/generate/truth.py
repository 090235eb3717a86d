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

# A bead is found if the centroid of a maximum is this near, in voxels: at half a voxel rounding gives the same
# voxel, and a volume that is shifted, mirrored or transposed has no bead left.
NEAR = 0.5
# Twenty iterations of Richardson-Lucy leave 0.04 voxels (rms) on the demo's beads and 0.09 with a tenth of the
# light; ten leave 0.08 and 0.13. Twice the worst of these is still half of what a reader could see.
RMS_LIMIT = 0.25
# Maxima below this part of the typical bead count as noise. The beads' brightness spreads from 0.7 to 1.3, and
# sharpening makes a peak depend on where in its voxel the bead lies, by a factor of two at most.
FLOOR = 0.2
# Ten iterations narrow the beads to 0.70 of the blurred width, twenty to 0.58; five (0.83) are too few.
SHARPER = 0.8
# Light is conserved, so what is in a bead's 5x5x5 voxels is proportional to its photons (18 000 and more: 0.7 %
# shot noise); with what spills from the window a relative scatter of 0.01 remains, 0.03 with a tenth of the light.
SCATTER_LIMIT = 0.06


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
    volume: ArrayLike,
    positions: ArrayLike,
    blurred_fwhm: Sequence[float] | None = None,
    photons: ArrayLike | None = None,
) -> dict[str, Any]:
    """Compare bright spots of a volume (z, y, x) with known bead positions (n, 3), all in voxels.

    Every local maximum over 3x3x3 voxels above FLOOR of the typical bead counts as a spot; its place is the
    centroid of the 5x5x5 voxels about it above the background (the median). Each bead is matched to the nearest
    spot, each spot once. `blurred_fwhm` (z, y, x), the widths before deconvolution, adds the demand that the
    beads became narrower; `photons` (n), their light, that what is in the beads is proportional to it.

    Returns `beads`, `spots`, `matched` (fraction), `spurious` (spots without a bead), `rms` and `worst`
    (distance in voxels; None if nothing matched), `fwhm` (median widths z, y, x), `scatter` (of the beads'
    brightness against their photons, relative; None without), `reasons` (why it failed) and `passed`.
    """
    data = np.asarray(volume, dtype=np.float64)
    truth = np.asarray(positions, dtype=np.float64).reshape(-1, 3)
    if data.ndim != 3 or not np.isfinite(data).all():
        data = np.zeros((1, 1, 1))  # no spots: fails as an empty volume does
    data = data - np.median(data)
    peaks = _maxima(data, FLOOR * _typical(data, truth))
    centroids = [_centroid(data, peak) for peak in peaks]
    spots = np.array([centre for centre, _ in centroids]).reshape(-1, 3)
    pairs = _match(truth, spots)
    distances = np.array([np.linalg.norm(spots[s] - truth[b]) for b, s in pairs])
    widths = [[_fwhm(data, peaks[s], axis) for axis in range(3)] for _, s in pairs]
    scatter = None
    if photons is not None and pairs:
        known = np.asarray(photons, dtype=np.float64)
        ratio = np.array([centroids[s][1] / known[b] for b, s in pairs])
        scatter = float(ratio.std() / ratio.mean())
    numbers: dict[str, Any] = {
        "beads": len(truth),
        "spots": len(spots),
        "matched": len(pairs) / len(truth) if len(truth) else 0.0,
        "spurious": len(spots) - len(pairs),
        "rms": float(np.sqrt(np.mean(distances**2))) if pairs else None,
        "worst": float(distances.max()) if pairs else None,
        "fwhm": [float(w) for w in np.median(widths, axis=0)] if pairs else None,
        "scatter": scatter,
    }
    reasons = _complaints(numbers, blurred_fwhm)
    return {**numbers, "reasons": reasons, "passed": not reasons}


def _complaints(numbers: dict[str, Any], blurred_fwhm: Sequence[float] | None) -> list[str]:
    reasons = []
    if numbers["matched"] < 1.0:
        missing = round(numbers["beads"] * (1.0 - numbers["matched"]))
        reasons.append(f"{missing} of {numbers['beads']} beads are not where they should be")
    if numbers["spurious"]:
        reasons.append(f"{numbers['spurious']} spots where no bead is")
    if numbers["rms"] is not None and numbers["rms"] > RMS_LIMIT:
        reasons.append(f"beads are {numbers['rms']:.2f} voxels off (rms)")
    if numbers["fwhm"] is not None and blurred_fwhm is not None:
        both = zip("zyx", numbers["fwhm"], blurred_fwhm, strict=True)
        wide = [axis for axis, now, before in both if now > SHARPER * before]
        if wide:
            reasons.append(f"not sharper along {', '.join(wide)}")
    if numbers["scatter"] is not None and numbers["scatter"] > SCATTER_LIMIT:
        reasons.append(f"the beads' brightness is off by {numbers['scatter']:.0%}")
    return reasons


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


def _centroid(data: Array, peak: NDArray[np.intp]) -> tuple[Array, float]:
    """Centre of mass and sum of what is above the background within two voxels of a peak, symmetric at faces."""
    reach = np.minimum(2, np.minimum(peak, np.array(data.shape) - 1 - peak))
    window = tuple(slice(int(p - r), int(p + r) + 1) for p, r in zip(peak, reach, strict=True))
    weight = np.maximum(data[window], 0.0)
    grid = np.indices(weight.shape).reshape(3, -1)
    centre: Array = (grid * weight.ravel()).sum(axis=1) / weight.sum() + (peak - reach)
    return centre, float(weight.sum())


def _match(truth: Array, spots: Array) -> list[tuple[int, int]]:
    """Pairs (bead, spot), nearest first, each used once, none further apart than NEAR."""
    if not len(truth) or not len(spots):
        return []
    distance = np.linalg.norm(truth[:, None, :] - spots[None, :, :], axis=2)
    distance[distance > NEAR] = np.inf
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
