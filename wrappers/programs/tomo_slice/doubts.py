"""What makes slices doubtful, in words."""

from __future__ import annotations

import numpy as np

from wrappers.programs.tomo_slice.centring import MOST_NAMED, lacking
from wrappers.programs.tomo_slice.slices import Outcome, Work

LEAST_ARC = 5.0
"""Degrees: of a narrower one without projections nothing is to be seen in slices."""

WIDEST_STRIPES = 0.2
"""Of the columns: a median across more of them flattens the sample itself."""


def doubts(work: Work, outcome: Outcome) -> list[str]:
    """Return what was wrong with the scan and is not in the slices, in words."""
    scan, settings = work.scan, work.settings
    said = list(work.axis.doubts)
    if settings.stripes == "all" and settings.stripe_wide > WIDEST_STRIPES * scan.columns:
        said.append(
            f"the width of wide stripes ({settings.stripe_wide} columns) is more than a fifth of the detector's "
            f"{scan.columns}: what is straight in the sample may be taken for a stripe"
        )
    said += [f"the pixel size is not known: {scan.pixel.why}"] if scan.pixel.why else []
    said += scan.remarks
    said += lacking(scan.without_angle, "angle")
    said += lacking(outcome.lost, "usable readings")
    said += dict.fromkeys(words for one in outcome.made for words in one.remarks)
    if outcome.unlike:
        said.append(
            f"projections from opposite sides are no mirror images about column {outcome.geometry.centre:.2f}: "
            "the axis or the angles may be wrong, or the sample moved"
        )
    if (arc := widest_arc(scan.angles)) > LEAST_ARC:
        said.append(f"no projection looks from an arc of {arc:.3g} degrees")
    return said + _interpolated(outcome) + _blind(outcome)


def _interpolated(outcome: Outcome) -> list[str]:
    said = []
    if dead := sum(one.dead for one in outcome.made):
        said.append(f"{dead} dead pixel{'s' if dead > 1 else ''} interpolated")
    if brief := sum(one.stuck_for_a_while for one in outcome.made):
        words = "1 pixel is" if brief == 1 else f"{brief} pixels are"
        said.append(f"{words} stuck in a part of the scan, and interpolated there")
    if single := sum(one.single for one in outcome.made):
        said.append(f"{single} single reading{'s' if single > 1 else ''} without a usable number interpolated")
    return said


def _blind(outcome: Outcome) -> list[str]:
    if not (blind := outcome.blind):
        return []
    named = ", ".join(map(str, blind[:MOST_NAMED])) + (" …" if len(blind) > MOST_NAMED else "")
    if len(blind) == 1:
        return [f"row {named} has no usable readings and no slice"]
    return [f"{len(blind)} rows ({named}) have no usable readings and no slices"]


def widest_arc(degrees: np.ndarray) -> float:
    """Return the widest arc of half a turn that no angle lies in, degrees, beyond five typical steps; else 0."""
    ranked = np.unique(np.round(np.mod(degrees, 180.0), 2))
    arc = float(np.diff(ranked, append=ranked[0] + 180.0).max())
    return arc if arc > 5 * 180.0 / len(ranked) else 0.0
