"""How the steps that made events are named, so that other programs know what they have before them.

dcnum names its steps, and takes events of the same steps for its own. So its names stand only where a step is its
own in every value; and its generation, by which it knows all of them, only where every step is.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from wrappers.io.rtdc import Measurement
from wrappers.kernels.segmentation import Rules
from wrappers.programs.cells.backgrounds import Method, identifier
from wrappers.software import SOFTWARE

DCNUM_GENERATION = "13"
"""dcnum's name for what its steps meant when these were held against it (dcnum 0.31)."""
RUN_IDENTIFIER = "experiment:run identifier"


def identifiers(
    measurement: Measurement,
    method: Method,
    rules: Rules,
    *,
    smallest_mask: int,
    min_area_um: float,
    texture: bool,
    as_dcnum: bool,
) -> dict[str, str]:
    """Return the name of each step with its settings; the generation is dcnum's where all of them are.

    `as_dcnum`: whether the backgrounds are dcnum's, and the frames that were looked at.
    """
    names = {
        "data": f"hdf:p={measurement.pixel_um:.8f}".rstrip("0") + f"^i={mapping(measurement)}",
        "background": identifier(method),
        "segmenter": _segmenter(rules),
        "feature": f"legacy:b=1^h={texture:d}^v=1",
        "gate": f"gantry:s={smallest_mask}^a={min_area_um:g}" if min_area_um else f"norm:o=0^s={smallest_mask}",
    }
    own = as_dcnum and not any("gantry" in name for name in names.values())
    return {"generation": DCNUM_GENERATION if own else SOFTWARE.replace(" ", "-")} | names


def mapping(measurement: Measurement) -> str:
    """Return which of the stored images were taken, as dcnum writes it: 0 for all, else first, past the last."""
    return "0" if measurement.share is None else f"{measurement.share[0]}-{measurement.share[1]}-n"


def run_identifier(metadata: Mapping[str, Any]) -> str:
    """Return a name of the result's own, from its metadata and steps, so that no program takes it for its source.

    Programs that fetch features from another file (a basin) go by it; events are numbered otherwise than images.
    As dcnum makes it: the measurement's own, or one from time, date and instrument, and the hash's first letters.
    """
    own = str(metadata.get(RUN_IDENTIFIER) or "")
    parts = [metadata.get(key) for key in ("experiment:time", "experiment:date", "setup:identifier")]
    if not own and all(parts):
        own = str(
            uuid.UUID(hex=hashlib.md5("_".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest())
        )
    by = "dcn" if metadata["pipeline:dcnum generation"] == DCNUM_GENERATION else "gantry"
    suffix = f"{by}-{metadata['pipeline:dcnum hash'][:7]}"
    return f"{own}_{suffix}" if own else suffix


def _segmenter(rules: Rules) -> str:
    border, fill, radius = f"cle={rules.clear_border:d}", f"f={rules.fill_holes:d}", f"clo={rules.opening_radius}"
    if rules.closing:
        return f"gantry-thresh:t={rules.threshold}:{border}^{radius}^{fill}"
    return f"thresh:t={rules.threshold}:{border}^{fill}^{radius}"
