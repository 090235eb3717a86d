"""X-ray tomography scans: exact projections of ellipsoids, recorded by a photon-counting detector model.

    projections ~ Poisson( I0(row, column) gain(column) exp(-p(angle, row, column)) w(frame) + dark )
    flats       ~ Poisson( I0(row, column) w(frame) + dark ),    darks ~ Poisson( dark )

p is the line integral of the phantom's attenuation (Beer and Lambert), I0 the beam's profile in photons a
frame, w the beam's slowly falling current (stored as `control`), and `gain` is one except in a few columns:
pixels that answer differently once the specimen is in, which flat-fielding cannot mend and which become rings.

Frames are stored as NXtomo (NeXus application definition: image_key 0 projection, 1 flat, 2 dark, 3 invalid) or
as Data Exchange (De Carlo et al., J. Synchrotron Rad. 21 (2014) 1224). Rows are z, columns run across the axis.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portal.demo.generate.ellipsoids import Detector, projections
from portal.demo.generate.specimens import SPECIMENS

PROJECTION, FLAT, DARK, INVALID = 0, 1, 2, 3
DARK_COUNTS = 40.0


@dataclass(frozen=True)
class ScanRecipe:
    """One scan: the specimen, the detector and the exposure. `photons` are I0 in the beam's middle."""

    specimen: str
    rows: int
    columns: int
    pixel_um: float
    axis_offset: float
    angles: int = 181
    photons: float = 9000.0
    energy_kev: float = 45.0
    flats: int = 8
    darks: int = 6
    stripes: int = 3
    invalid: int = 0
    exposure_ms: float = 120.0
    file_format: str = "NXtomo"

    @property
    def detector(self) -> Detector:
        """The detector's geometry; the rotation axis is `axis_offset` columns right of its middle."""
        centre = (self.columns - 1) / 2.0 + self.axis_offset
        return Detector(self.rows, self.columns, self.pixel_um * 1e-3, centre)


@dataclass(frozen=True)
class Scan:
    """Frames (n, rows, columns) uint16 in the order taken, their keys, angles in degrees and beam current."""

    frames: NDArray[np.uint16]
    image_key: NDArray[np.int32]
    angle_deg: NDArray[np.float64]
    control: NDArray[np.float64]
    truth: dict[str, Any]


def simulate(recipe: ScanRecipe, seed: int) -> Scan:
    """Simulate one scan: darks, flats, projections over half a turn, flats; same recipe and seed, same frames."""
    rng = np.random.default_rng(seed)
    phantom = SPECIMENS[recipe.specimen](rng)
    turn = np.arange(recipe.angles) * (180.0 / recipe.angles)
    integrals = projections(phantom, np.deg2rad(turn), recipe.detector)
    before = recipe.flats // 2
    keys = [DARK] * recipe.darks + [FLAT] * before
    keys += [PROJECTION] * recipe.angles + [FLAT] * (recipe.flats - before)
    image_key = np.array(keys, np.int32)
    angle = np.zeros(len(keys))
    angle[image_key == PROJECTION] = turn
    angle[-(recipe.flats - before) :] = turn[-1]
    current = 1.0 - 0.02 * np.arange(len(keys)) / len(keys)
    beam = _beam(recipe, rng)
    columns = np.sort(rng.choice(recipe.columns, recipe.stripes, replace=False))
    gain = np.ones(recipe.columns)
    gain[columns] += rng.choice([-1.0, 1.0], recipe.stripes) * rng.uniform(0.015, 0.045, recipe.stripes)
    expected = np.full((len(keys), recipe.rows, recipe.columns), DARK_COUNTS, np.float32)
    lit = image_key != DARK
    expected[lit] += (beam * current[lit, None, None]).astype(np.float32)
    through = np.exp(-integrals) * (beam * gain).astype(np.float32)
    weight = current[image_key == PROJECTION, None, None].astype(np.float32)
    expected[image_key == PROJECTION] = np.float32(DARK_COUNTS) + through * weight
    lost = rng.choice(np.flatnonzero(image_key == PROJECTION)[1:-1], recipe.invalid, replace=False)
    expected[lost] *= np.float32(0.2)  # the shutter closed early
    image_key[lost] = INVALID
    frames = np.minimum(rng.poisson(expected), np.iinfo(np.uint16).max).astype(np.uint16)
    truth = {
        "model": "Poisson(I0 gain exp(-line integral) current + dark)",
        "rotation_centre": recipe.detector.centre,
        "pixel_mm": recipe.pixel_um * 1e-3,
        "stripe_columns": columns.tolist(),
        "stripe_gain": gain[columns].tolist(),
        "invalid_frames": sorted(int(i) for i in lost),
        "ellipsoids": [[*b.centre, *b.semi, b.mu, b.turn, b.tilt] for b in phantom],
    }
    return Scan(frames, image_key, angle, current, truth)


def _beam(recipe: ScanRecipe, rng: np.random.Generator) -> NDArray[np.float64]:
    """I0: bright in the middle, faint bands from the monochromator, a per cent or two from pixel to pixel."""
    row = np.linspace(-1.0, 1.0, recipe.rows)
    column = np.linspace(-1.0, 1.0, recipe.columns)
    profile = np.exp(-0.25 * row[:, None] ** 2) * np.exp(-0.12 * column[None, :] ** 2)
    bands = 1.0 + 0.03 * np.sin(23.0 * row + 1.5 * np.sin(5.0 * row))[:, None]
    pixels = 1.0 + 0.015 * rng.standard_normal((recipe.rows, recipe.columns))
    return recipe.photons * profile * bands * pixels


def write_nxtomo(path: Path, scan: Scan, recipe: ScanRecipe, *, sample: str, title: str, start: datetime) -> None:
    """Write one NXtomo entry, frames chunked one by one and deflated."""
    import h5py

    seconds = recipe.exposure_ms * 1e-3 * len(scan.frames)
    with h5py.File(path, "w") as file:
        file.attrs.update({"NX_class": "NXroot", "default": "entry"})
        entry = _group(file, "entry", "NXentry")
        entry.attrs["default"] = "data"
        entry["definition"], entry["title"] = "NXtomo", title
        entry["start_time"] = start.isoformat()
        entry["end_time"] = (start + timedelta(seconds=math.ceil(seconds))).isoformat()
        instrument = _group(entry, "instrument", "NXinstrument")
        instrument["name"] = "X-ray tomograph"
        source = _group(instrument, "source", "NXsource")
        source["type"], source["name"], source["probe"] = "Synchrotron X-ray Source", "Demo facility", "x-ray"
        beam = _group(instrument, "beam", "NXbeam")
        _value(beam, "incident_energy", recipe.energy_kev, "keV")
        detector = _group(instrument, "detector", "NXdetector")
        frames = detector.create_dataset(
            "data", data=scan.frames, chunks=(1, *scan.frames.shape[1:]), compression="gzip", compression_opts=1,
            shuffle=True,
        )  # fmt: skip
        frames.attrs["units"] = "counts"
        detector["image_key"] = scan.image_key
        for axis in "xy":
            _value(detector, f"{axis}_pixel_size", recipe.pixel_um, "um")
        _value(detector, "distance", 40.0, "mm")
        _value(detector, "count_time", recipe.exposure_ms * 1e-3, "s")
        _sample(entry, sample, scan)
        control = _group(entry, "control", "NXmonitor")
        _value(control, "data", scan.control, "relative")
        data = _group(entry, "data", "NXdata")
        data.attrs["signal"] = "data"
        for name, source_path in (
            ("data", "/entry/instrument/detector/data"),
            ("image_key", "/entry/instrument/detector/image_key"),
            ("rotation_angle", "/entry/sample/rotation_angle"),
        ):
            file[source_path].attrs["target"] = source_path
            data[name] = file[source_path]


def _sample(entry: Any, sample: str, scan: Scan) -> None:
    group = _group(entry, "sample", "NXsample")
    group["name"] = sample
    _value(group, "rotation_angle", scan.angle_deg, "degree")


def _group(parent: Any, name: str, nexus: str) -> Any:
    group = parent.create_group(name)
    group.attrs["NX_class"] = nexus
    return group


def _value(parent: Any, name: str, value: float | NDArray[np.float64], units: str) -> None:
    parent[name] = value
    parent[name].attrs["units"] = units


def write_data_exchange(
    path: Path, scan: Scan, recipe: ScanRecipe, *, sample: str, title: str, start: datetime
) -> None:
    """Write the same scan as Data Exchange: data, data_white, data_dark and theta under /exchange."""
    import h5py

    with h5py.File(path, "w") as file:
        file["implements"] = "exchange:measurement"
        exchange = file.create_group("exchange")
        exchange["title"] = title
        for name, key, axes in (
            ("data", PROJECTION, "theta:y:x"),
            ("data_white", FLAT, "theta_white:y:x"),
            ("data_dark", DARK, "theta_dark:y:x"),
        ):
            frames = scan.frames[scan.image_key == key]
            data = exchange.create_dataset(
                name, data=frames, chunks=(1, *frames.shape[1:]), compression="gzip", compression_opts=1,
                shuffle=True,
            )  # fmt: skip
            data.attrs.update({"axes": axes, "units": "counts"})
        _value(exchange, "theta", scan.angle_deg[scan.image_key == PROJECTION], "degrees")
        file.create_group("measurement/sample")["name"] = sample
        file["measurement/sample/experiment_date"] = start.isoformat()
        detector = file.create_group("measurement/instrument/detector")
        for axis in "xy":
            _value(detector, f"pixel_size_{axis}", recipe.pixel_um, "um")
        _value(detector, "exposure_time", recipe.exposure_ms * 1e-3, "s")
        beam = file.create_group("measurement/instrument/monochromator")
        _value(beam, "energy", recipe.energy_kev, "keV")
