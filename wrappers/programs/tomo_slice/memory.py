"""How many rows fit at once in the memory that a job has."""

from __future__ import annotations

import math
from dataclasses import dataclass

from wrappers.errors import BadInput
from wrappers.programs.tomo_slice.slices import Work

MIB = 2**20
PROGRAM = 120 * MIB
"""What the program and its libraries take before anything is read."""
READINGS = 44
"""Bytes for each reading of a row, at the most, while its sinogram is made or stripes are taken out."""
LINES, PADDED = 16, 56
"""Bytes for each value of its filtered lines, and of those of one row while they are padded and filtered."""
PHASE = 12
"""Bytes more for each reading that phase retrieval works on."""
PIXELS = 8
"""Bytes for each pixel of a slice."""
SHARE = 0.85
"""Of the memory, that the plan uses."""
UNKNOWN = 1024 * MIB
MOST_ROWS = 256


@dataclass(frozen=True)
class Plan:
    """The portions of rows, and how much memory they take at the most, in bytes."""

    portions: tuple[slice, ...]
    estimate: int
    given: float

    @property
    def words(self) -> str:
        """The plan in words."""
        rows = max(part.stop - part.start for part in self.portions)
        one = "all rows at once" if len(self.portions) == 1 else f"{rows} rows at a time"
        limit = "" if math.isinf(self.given) else f" of {self.given / MIB:.0f} MB"
        return f"{one}, about {self.estimate / MIB:.0f} MB{limit}"


def plan(work: Work, memory: float) -> Plan:
    """Return how the rows are taken in portions, with `memory` bytes (infinite where nobody says).

    BadInput where not even one row fits.
    """
    scan, wanted = work.scan, work.geometry
    readings = len(scan.angles) * scan.columns
    lines = len(scan.angles) * wanted.width
    fixed = PROGRAM + PADDED * lines
    row = READINGS * readings + LINES * lines + PIXELS * wanted.width**2
    if work.phase is not None:
        beside = min(2 * work.phase.halo, scan.rows - 1)
        fixed += beside * (READINGS + PHASE) * readings
        row += PHASE * readings
    usable = SHARE * (UNKNOWN if math.isinf(memory) else memory)
    fitting = math.floor((usable - fixed) / row)
    if fitting < 1:
        raise BadInput(
            f"One slice of {scan.name} ({len(scan.angles)} projections of {scan.columns} columns) takes about "
            f"{(fixed + row) / SHARE / MIB:.0f} MB of memory, and this job has {memory / MIB:.0f} MB: choose more."
        )
    step = min(fitting, wanted.number, MOST_ROWS)
    step = math.ceil(wanted.number / math.ceil(wanted.number / step))
    rows = wanted.rows
    portions = tuple(slice(start, min(rows.stop, start + step)) for start in range(rows.start, rows.stop, step))
    return Plan(portions, fixed + step * row, memory)
