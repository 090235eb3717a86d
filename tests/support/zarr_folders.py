"""Zarr folders as zarr writes them, with a description of OME-NGFF."""

from pathlib import Path
from typing import Any

import numpy as np

LETTERS = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}


def described(axes: str, unit: str | None, scales: list[list[float]], **more: Any) -> dict[str, Any]:
    """The attributes of a picture whose levels are 0, 1, …"""
    named = [
        {"name": axis, "type": LETTERS[axis]} | ({"unit": unit} if unit and axis in "zyx" else {}) for axis in axes
    ]
    datasets = [
        {"path": str(place), "coordinateTransformations": [{"type": "scale", "scale": scale}]}
        for place, scale in enumerate(scales)
    ]
    return {"multiscales": [{"version": "0.4", "axes": named, "datasets": datasets}], **more}


def write(path: Path, values: list[np.ndarray], attributes: dict[str, Any], version: int = 3, **how: Any) -> Path:
    import zarr

    group = zarr.open_group(path, mode="w", zarr_format=version)
    for place, level in enumerate(values):
        array = group.create_array(str(place), shape=level.shape, dtype=level.dtype, **how)
        array[...] = level
    group.attrs.update(attributes if version == 2 else {"ome": attributes})
    return path
