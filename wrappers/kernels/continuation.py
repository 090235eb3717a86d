"""How lines of a sinogram go on beyond the detector, before they are filtered.

A step to nothing at the detector's edge becomes a bright rim of a slice where the sample reaches beyond it. Lines
are (angles, columns); columns run across the rotation axis.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from wrappers.kernels.arrays import Array, namespace

Continuation: TypeAlias = Literal["edge", "constant", "nothing"]

CONTINUATIONS: tuple[Continuation, ...] = ("edge", "constant", "nothing")
"""The edge reading fading out as an ellipse does, the edge reading as it is, or zeros."""

_LEAST_COLUMNS = 4
_FITTED, _AT_EDGE = 16, 2
"""A sixteenth of the columns tells how lines fall, the outermost two how high they are."""


def continued(lines: Array, reach: int, kind: Continuation, axis: float) -> tuple[Array, Array]:
    """Return what stands before the first and behind the last column, (angles, reach) each, in order of columns.

    "edge": a round sample about the axis, a cylinder p = 2 mu sqrt(R^2 - x^2), has p^2 linear in x^2; a straight
    line through the outermost columns' p^2 gives its height and its end, `reach` beyond the edge at most
    (J. Hsieh et al., Med. Phys. 31, 2385 (2004)). That keeps the scale inside; "constant" takes too much from it.
    """
    xp = namespace(lines)
    angles, columns = lines.shape
    if kind == "nothing":
        return xp.zeros((angles, reach), xp.float32), xp.zeros((angles, reach), xp.float32)
    if kind == "constant":
        return xp.repeat(lines[:, :1], reach, axis=1), xp.repeat(lines[:, -1:], reach, axis=1)
    before = _faded(lines[:, ::-1], reach, columns - 1 - axis)
    return before[:, ::-1], _faded(lines, reach, axis)


def _faded(lines: Array, reach: int, axis: float) -> Array:
    """What stands behind the last column: the outer end of an ellipse about the axis."""
    xp = namespace(lines)
    columns = lines.shape[1]
    number = min(columns, max(_LEAST_COLUMNS, columns // _FITTED))
    outer = lines[:, columns - number :].astype(xp.float64)
    height = outer.mean(axis=1)
    # An axis near this edge leaves no room for an ellipse about it.
    edge = max(columns - 1 - axis, columns / 4)
    places = edge + xp.arange(1 - number, 1, dtype=xp.float64)
    squares = outer * xp.abs(outer) * xp.where(height < 0, -1.0, 1.0)[:, None]
    across = places**2 - (places**2).mean()
    slope = (squares * across).sum(axis=1) / (across**2).sum()
    last = slice(number - _AT_EDGE, number)
    top = squares[:, last].mean(axis=1) + slope * (edge**2 - (places[last] ** 2).mean())
    top = xp.maximum(top, 0.0)
    # Noise around nothing may seem to rise outwards: then the line fades as far out as it may.
    falls = slope < 0
    beyond = xp.sqrt(edge**2 + xp.where(falls, top / xp.where(falls, -slope, 1.0), xp.inf)) - edge
    end = edge + xp.clip(beyond, 1.0, reach)
    out = edge + xp.arange(1, reach + 1, dtype=xp.float64)
    share = 1 - (out[None, :] ** 2 - edge**2) / (end**2 - edge**2)[:, None]
    sign = xp.where(height < 0, -1.0, 1.0)
    return ((sign * xp.sqrt(top))[:, None] * xp.sqrt(xp.maximum(share, 0.0))).astype(xp.float32)
