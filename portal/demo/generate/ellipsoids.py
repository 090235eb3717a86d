"""Phantoms for tomography: sums of ellipsoids, whose line integrals are known in closed form.

Lengths are millimetres, attenuation coefficients 1/mm. x and y lie in the plane of a slice, z is the rotation
axis. Where ellipsoids overlap their coefficients add up, so a cavity is an ellipsoid with a negative one.

A parallel ray at angle theta runs along t = (-sin theta, cos theta, 0); its foot has s = x cos theta + y sin
theta. For an ellipsoid (p - c)^T Q (p - c) <= 1 the ray's length inside is 2 sqrt(B^2 - A C) / A with A = t^T Q
t, B = t^T Q (p - c), C = (p - c)^T Q (p - c) - 1 (the roots of a quadratic; Kak and Slaney, Principles of
Computerized Tomographic Imaging, 1988, chapter 3, give the ellipse).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ellipsoid:
    """Centre (x, y, z), semi-axes, attenuation; turned by `turn` about z after a `tilt` about x (radians)."""

    centre: tuple[float, float, float]
    semi: tuple[float, float, float]
    mu: float
    turn: float = 0.0
    tilt: float = 0.0

    @property
    def rotation(self) -> Array:
        """Matrix (3, 3) from the ellipsoid's own axes to (x, y, z)."""
        c, s, d, e = math.cos(self.turn), math.sin(self.turn), math.cos(self.tilt), math.sin(self.tilt)
        about_z = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        about_x = np.array([[1.0, 0.0, 0.0], [0.0, d, -e], [0.0, e, d]])
        rotation: Array = about_z @ about_x
        return rotation

    @property
    def form(self) -> Array:
        """The matrix Q (3, 3)."""
        return _turned(self.rotation, 1.0 / np.square(self.semi))

    @property
    def spread(self) -> Array:
        """The inverse of Q: the square of the half-extent along a unit vector u is u^T spread u."""
        return _turned(self.rotation, np.square(self.semi))


Phantom = tuple[Ellipsoid, ...]


@dataclass(frozen=True)
class Detector:
    """Pixels of a parallel-beam scan; `centre` is the column (from 0) onto which the rotation axis projects."""

    rows: int
    columns: int
    pixel_mm: float
    centre: float

    def heights(self) -> Array:
        """z of each row in millimetres; the axis origin is the middle of the detector."""
        return (np.arange(self.rows, dtype=np.float64) - (self.rows - 1) / 2.0) * self.pixel_mm


def attenuation(phantom: Phantom, x: Array, y: Array, z: Array) -> Array:
    """Attenuation coefficient (1/mm) at points; the arguments broadcast against each other."""
    total = np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape))
    for body in phantom:
        dx, dy, dz = (p - c for p, c in zip((x, y, z), body.centre, strict=True))
        q = body.form
        level = q[0, 0] * dx**2 + q[1, 1] * dy**2 + q[2, 2] * dz**2
        level = level + 2.0 * (q[0, 1] * dx * dy + q[0, 2] * dx * dz + q[1, 2] * dy * dz)
        total += np.where(level <= 1.0, body.mu, 0.0)
    return total


def _turned(rotation: Array, diagonal: Array) -> Array:
    turned: Array = rotation @ np.diag(diagonal) @ rotation.T
    return turned


def projections(phantom: Phantom, angles: Array, detector: Detector) -> NDArray[np.float32]:
    """Exact line integrals (angles, rows, columns), without unit, along rays through the pixel centres.

    `angles` in radians. Parts of the phantom beside the detector are left out, as a real detector does.
    """
    # Bodies may reach beyond the detector: a frame about it keeps every window inside the array.
    reach = max(math.hypot(b.centre[0], b.centre[1]) + max(b.semi) for b in phantom)
    pad = math.ceil(reach / detector.pixel_mm) + detector.columns
    total = np.zeros((len(angles), detector.rows, detector.columns + 2 * pad), np.float32)
    for body in phantom:
        _add(total, pad, body, angles, detector)
    return np.ascontiguousarray(total[:, :, pad : pad + detector.columns])


def _add(total: NDArray[np.float32], pad: int, body: Ellipsoid, angles: Array, detector: Detector) -> None:
    pixel = detector.pixel_mm
    z = detector.heights() - body.centre[2]
    rows = np.flatnonzero(np.abs(z) < math.sqrt(body.spread[2, 2]))
    if not len(rows):
        return
    cos, sin, zero = np.cos(angles), np.sin(angles), np.zeros(len(angles))
    across, along = np.stack([cos, sin, zero], -1), np.stack([-sin, cos, zero], -1)
    q, up = body.form, np.array([0.0, 0.0, 1.0])
    a = np.einsum("ni,ij,nj->n", along, q, along)
    b_s, b_z = np.einsum("ni,ij,nj->n", along, q, across), along @ q @ up
    c_ss, c_sz, c_zz = np.einsum("ni,ij,nj->n", across, q, across), across @ q @ up, float(q[2, 2])
    foot = across @ np.asarray(body.centre)
    half = np.sqrt(np.einsum("ni,ij,nj->n", across, body.spread, across)) / pixel
    width = 2 * math.ceil(half.max()) + 3
    first = np.round(foot / pixel + detector.centre).astype(np.intp) - width // 2
    columns = first[:, None] + np.arange(width)
    s = (columns - detector.centre) * pixel - foot[:, None]
    squares = (b_s**2 - a * c_ss)[:, None] * s**2 + a[:, None]
    mixed = 2.0 * (b_s * b_z - a * c_sz)[:, None] * s
    upright = b_z**2 - a * c_zz
    for row in rows:
        root = squares + mixed * z[row] + (upright * z[row] ** 2)[:, None]
        length = 2.0 * np.sqrt(np.maximum(root, 0.0)) / a[:, None]
        total[np.arange(len(angles))[:, None], row, columns + pad] += (body.mu * length).astype(np.float32)
