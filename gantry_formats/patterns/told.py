"""How far a program is, by what a line of its output tells: one meaning for launch and for the editor."""

import math
from collections.abc import Mapping


def fraction_of(found: Mapping[str, str]) -> float | None:
    """How much is done, from 0 to 1; None where the line does not tell, or tells what cannot be."""
    if "percent" in found:
        return _share(_number(found["percent"]), 100.0)
    if "fraction" in found:
        return _share(_number(found["fraction"]), 1.0)
    return _share(_number(found.get("done", "")), _number(found.get("total", "")))


def _share(done: float, total: float) -> float | None:
    share = done / total if total > 0 else math.nan
    return round(share, 4) if 0 <= share <= 1 else None


def _number(text: str) -> float:
    try:
        value = float(text.replace("_", ""))
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
