"""Specimens for tomography, built from ellipsoids: a molar, a seed, a bone and a foam.

Each function takes a random generator and returns a phantom of a few millimetres. Attenuation coefficients are
in the range of the materials at the photon energies of the demo scans (NIST XCOM, rounded).
"""

import math
from collections.abc import Callable

import numpy as np

from portal.demo.generate.ellipsoids import Ellipsoid, Phantom

ENAMEL, DENTINE, PULP = 0.235, 0.125, 0.022
BONE, MARROW = 0.45, 0.07
TESTA, COTYLEDON, OIL = 0.22, 0.11, 0.09
ALUMINIUM = 0.20


def molar(rng: np.random.Generator) -> Phantom:
    """A molar's crown: enamel about dentine, a pulp chamber with horns, tubule-like texture, one filling."""
    parts = [
        Ellipsoid((0.0, 0.0, -0.6), (4.3, 3.7, 5.0), ENAMEL),
        Ellipsoid((0.05, -0.02, -0.9), (3.55, 2.95, 4.7), DENTINE - ENAMEL),
        Ellipsoid((0.0, 0.1, -1.2), (1.35, 0.95, 2.6), PULP - DENTINE),
    ]
    for x, y in ((2.05, 1.0), (2.05, -1.05), (-2.05, 1.05), (-2.0, -1.0)):
        parts.append(Ellipsoid((x, y, -0.8), (0.42, 0.34, 2.4), PULP - DENTINE, turn=rng.uniform(0.0, 3.1)))
    parts.append(Ellipsoid((3.55, 0.9, 0.3), (0.32, 0.5, 0.8), 0.55, turn=0.25))
    for _ in range(70):
        angle, away = rng.uniform(0.0, 2.0 * math.pi), rng.uniform(1.7, 2.7)
        place = (1.12 * away * math.cos(angle), 0.9 * away * math.sin(angle), rng.uniform(-2.5, 2.0))
        size = (rng.uniform(0.15, 0.45), rng.uniform(0.06, 0.12), rng.uniform(0.2, 0.6))
        parts.append(Ellipsoid(place, size, rng.choice([-0.010, 0.014]), turn=angle))
    return tuple(parts)


def cracked_molar(rng: np.random.Generator) -> Phantom:
    """The same crown with cracks from the enamel inwards and no filling."""
    parts = [part for part in molar(rng) if part.mu < 0.5]
    for angle, length in ((1.15, 0.95), (2.05, 0.6), (4.35, 0.85), (5.1, 0.5)):
        surface = 1.0 / math.hypot(math.cos(angle) / 4.3, math.sin(angle) / 3.7)
        away = 0.9 * surface - length
        place = (away * math.cos(angle), away * math.sin(angle), 0.2)
        parts.append(Ellipsoid(place, (length, 0.05, 1.2), -0.11, turn=angle + 0.06))
    return tuple(parts)


def seed(rng: np.random.Generator) -> Phantom:
    """A seed: a dense coat, a gap of air, two cotyledons with oil bodies, and the embryo's axis."""
    parts = [
        Ellipsoid((0.0, 0.0, 0.0), (2.6, 2.0, 3.1), TESTA),
        Ellipsoid((0.0, 0.0, 0.0), (2.38, 1.8, 2.9), -TESTA),
        Ellipsoid((0.02, 0.83, 0.1), (2.05, 0.70, 2.5), COTYLEDON),
        Ellipsoid((-0.02, -0.83, 0.1), (2.05, 0.70, 2.5), COTYLEDON),
        Ellipsoid((1.75, 0.0, 0.6), (0.30, 0.22, 1.5), 0.15),
    ]
    for side in (-1.0, 1.0):
        for _ in range(60):
            angle, away = rng.uniform(0.0, 2.0 * math.pi), math.sqrt(rng.uniform(0.0, 0.75))
            z = rng.uniform(-1.6, 1.6)
            narrow = 0.93 * away * math.sqrt(1.0 - ((abs(z) + 0.1) / 2.5) ** 2)
            place = (1.9 * narrow * math.cos(angle), side * 0.83 + 0.58 * narrow * math.sin(angle), z)
            size = rng.uniform(0.05, 0.13, 3)
            body = (float(size[0]), float(size[1]), float(size[2]))
            parts.append(Ellipsoid(place, body, OIL * rng.choice([-0.4, 0.6])))
    for angle in np.arange(0.0, 2.0 * math.pi, math.pi / 14):
        ridge = (2.5 * math.cos(angle), 1.91 * math.sin(angle), rng.uniform(-0.4, 0.4))
        parts.append(Ellipsoid(ridge, (0.16, 0.10, 1.4), 0.13, turn=angle))
    return tuple(parts)


def bone(rng: np.random.Generator) -> Phantom:
    """A rat's femur near its end: a cortical ring with canals, marrow, and a mesh of trabeculae."""
    parts = [
        Ellipsoid((0.0, 0.0, 0.0), (2.35, 1.9, 14.0), BONE),
        Ellipsoid((0.05, 0.0, 0.0), (1.95, 1.5, 13.0), MARROW - BONE),
    ]
    for _ in range(130):
        angle, away = rng.uniform(0.0, 2.0 * math.pi), math.sqrt(rng.uniform(0.08, 0.92))
        place = (0.05 + 1.75 * away * math.cos(angle), 1.3 * away * math.sin(angle), rng.uniform(-1.5, 1.5))
        size = (rng.uniform(0.05, 0.09), rng.uniform(0.05, 0.09), rng.uniform(0.35, 0.75))
        turn, tilt = rng.uniform(0.0, 2.0 * math.pi), math.acos(rng.uniform(-1.0, 1.0))
        parts.append(Ellipsoid(place, size, 0.8 * (BONE - MARROW), turn=turn, tilt=tilt))
    for angle in np.arange(80) * (2.0 * math.pi / 80) + rng.uniform(-0.01, 0.01, 80):
        if rng.uniform() < 0.35:
            continue
        place = (0.02 + 2.15 * math.cos(angle), 1.7 * math.sin(angle), rng.uniform(-1.5, 1.5))
        parts.append(Ellipsoid(place, (0.045, 0.045, rng.uniform(0.5, 1.5)), -0.8 * BONE))
    return tuple(parts)


def foam(rng: np.random.Generator) -> Phantom:
    """An aluminium foam: a rod with spherical pores that touch but do not overlap, larger ones first."""
    parts = [Ellipsoid((0.0, 0.0, 0.0), (2.5, 2.5, 30.0), ALUMINIUM)]
    taken = np.empty((0, 4))
    for radius in np.linspace(0.55, 0.12, 320):
        for _ in range(60):
            angle, away = rng.uniform(0.0, 2.0 * math.pi), math.sqrt(rng.uniform()) * (2.38 - radius)
            place = np.array([away * math.cos(angle), away * math.sin(angle), rng.uniform(-1.6, 1.6)])
            gaps = np.linalg.norm(taken[:, :3] - place, axis=1) - taken[:, 3] - radius
            if not len(gaps) or float(gaps.min()) > 0.02:
                taken = np.vstack([taken, [*place, radius]])
                size = float(radius)
                parts.append(Ellipsoid((place[0], place[1], place[2]), (size, size, size), -ALUMINIUM))
                break
    return tuple(parts)


SPECIMENS: dict[str, Callable[[np.random.Generator], Phantom]] = {
    "molar": molar,
    "cracked molar": cracked_molar,
    "seed": seed,
    "bone": bone,
    "foam": foam,
}
