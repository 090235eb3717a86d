"""Units of the quantities that instruments record, as far as a default must be converted."""

import math

LENGTH = {"m": 1.0, "mm": 1e-3, "um": 1e-6, "µm": 1e-6, "μm": 1e-6, "nm": 1e-9, "Å": 1e-10, "angstrom": 1e-10}
TIME = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "min": 60.0, "h": 3600.0}
ANGLE = {
    "deg": 1.0,
    "degree": 1.0,
    "degrees": 1.0,
    "°": 1.0,
    "rad": math.degrees(1),
    "mrad": math.degrees(1e-3),
}
ENERGY = {"eV": 1.0, "keV": 1e3, "MeV": 1e6}
KINDS = (LENGTH, TIME, ANGLE, ENERGY)


def factor_between(source: str, target: str) -> float | None:
    """By what a value in `source` units is multiplied to stand in `target` units; None if that is not known."""
    source, target = source.strip(), target.strip()
    if source == target:
        return 1.0
    for kind in KINDS:
        if source in kind and target in kind:
            return kind[source] / kind[target]
    return None
