"""Sinograms as slices are made of them: without stripes, with phase retrieval, where that is wanted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from wrappers.errors import BadInput
from wrappers.io.tomography.frames import PixelSize
from wrappers.io.tomography.scan import Scan
from wrappers.io.tomography.sinograms import Sinograms, sinograms_of
from wrappers.kernels.phase import reach_of, retrieved, strength
from wrappers.kernels.stripes import without_all_stripes, without_stripes
from wrappers.programs.tomo_slice.settings import Settings

ASKED = {
    "pixel size": "the pixel size",
    "distance": "the distance from sample to detector",
    "energy": "the energy of the photons",
    "delta_beta": "delta over beta of the material",
}
LONGEST_REACH = 0.5
"""Share of the columns: a filter that reaches further smooths all away."""


@dataclass(frozen=True)
class Phase:
    """Phase retrieval with its numbers, as given or as the scan tells them."""

    distance_mm: float
    energy_kev: float
    delta_beta: float
    pixel_um: float
    row_um: float

    @property
    def strengths(self) -> tuple[float, float]:
        """Of the filter along rows and columns."""
        down, across = (
            strength(self.delta_beta, self.energy_kev, self.distance_mm, um) for um in (self.row_um, self.pixel_um)
        )
        return down, across

    @property
    def halo(self) -> int:
        """Rows on either side that add to one."""
        return reach_of(self.strengths[0])

    @property
    def told(self) -> dict[str, tuple[float, str]]:
        """Its numbers by name, with units."""
        return {
            "propagation distance": (self.distance_mm, "mm"),
            "photon energy": (self.energy_kev, "keV"),
            "delta over beta": (self.delta_beta, ""),
        }


def phase_of(settings: Settings, scan: Scan) -> Phase | None:
    """Return what phase retrieval goes by, None where none is wanted; BadInput names what nobody tells."""
    if not settings.phase:
        return None
    recorded = scan.propagation
    found = {
        "pixel size": scan.pixel.um,
        "distance": settings.distance_mm or recorded.distance_mm,
        "energy": settings.energy_kev or recorded.energy_kev,
        "delta_beta": settings.delta_beta,
    }
    if lacking := [ASKED[name] for name, value in found.items() if value is None]:
        words = " and ".join([", ".join(lacking[:-1]), lacking[-1]] if len(lacking) > 1 else lacking)
        raise BadInput(
            f"Phase retrieval needs to know {words}, which {scan.name} does not tell: give "
            f"{'them' if len(lacking) > 1 else 'it'}, or choose no phase retrieval."
        )
    numbers = {name: float(value) for name, value in found.items() if value is not None}
    pixel = numbers["pixel size"]
    phase = Phase(numbers["distance"], numbers["energy"], numbers["delta_beta"], pixel, scan.row.um or pixel)
    if (reach := reach_of(phase.strengths[1])) > LONGEST_REACH * scan.columns:
        raise BadInput(
            f"With a distance of {phase.distance_mm:g} mm, {phase.energy_kev:g} keV, delta over beta of "
            f"{phase.delta_beta:g} and pixels of {pixel:g} um, phase retrieval smooths over {reach} of "
            f"{scan.columns} columns: one of these numbers is hardly right."
        )
    return phase


def with_pixel(scan: Scan, given: float | None) -> Scan:
    """Return the scan with the pixel size that a person gives, if one does; that it says another is said."""
    if given is None:
        return scan
    said = scan.remarks
    for what, size in (("wide", scan.pixel), ("high", scan.row)):
        if size.um is not None and abs(size.um - given) > 1e-3 * given:
            words = f"pixels of {given:g} um were given, and {scan.name} says that they are {size.um:g} um {what}"
            said = (*said, words)
    return replace(scan, pixel=PixelSize(given), row=PixelSize(given), remarks=said)


def prepared(scan: Scan, settings: Settings, phase: Phase | None, rows: slice) -> Sinograms:
    """Return the sinograms of these rows, as slices are made of them."""
    if phase is None:
        one = sinograms_of(scan, rows)
        return replace(one, values=without_rings(settings, one.values, one.without))
    around = slice(max(0, rows.start - phase.halo), min(scan.rows, rows.stop + phase.halo))
    wanted = slice(rows.start - around.start, rows.stop - around.start)
    one = sinograms_of(scan, around, counted=wanted)
    blind = np.zeros(len(one.values), bool)
    blind[list(one.without)] = True
    without = tuple(int(row) for row in np.flatnonzero(blind[wanted]))
    if blind.all():
        return replace(one, values=one.values[wanted], without=without)
    values = without_rings(settings, one.values, one.without)
    sound = np.flatnonzero(~blind)
    for row in np.flatnonzero(blind):
        values[row] = values[sound[np.argmin(np.abs(sound - row))]]
    values = retrieved(values, *phase.strengths)[wanted]
    values[blind[wanted]] = np.nan
    return replace(one, values=values, without=without)


def without_rings(settings: Settings, sinograms: np.ndarray, without: tuple[int, ...] = ()) -> np.ndarray:
    """Return the sinograms as the person wants them: with stripes, or without. Rows `without` readings stay."""
    if settings.stripes == "none":
        return sinograms
    sound = [row for row in range(len(sinograms)) if row not in without]
    if settings.stripes == "sorting":
        found = without_stripes(sinograms[sound], settings.stripe_size)
    else:
        found = without_all_stripes(
            sinograms[sound], narrow=settings.stripe_size, wide=settings.stripe_wide, ratio=settings.stripe_ratio
        )
    if not without:
        return found
    result = sinograms.copy()
    result[sound] = found
    return result
