"""How many events each feature of an .rtdc file has, and in words where they disagree.

Events are numbered through all features: the n-th image is that of the n-th event.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import islice

import h5py

from wrappers.io.nexus import members

MOST_FEATURES = 1000
MOST_NAMED = 3


def disagreements(events: h5py.Group, analysed: int, told: int | None) -> list[str]:
    """Say how many events have no image, or more images than events, and which features have how many.

    `analysed`: images; `told`: the events that the file says were recorded, None where it does not say.
    """
    lengths = _lengths(events)
    lengths.pop("image", None)
    others = defaultdict(list)
    for feature, length in lengths.items():
        if length != analysed:
            others[length].append(feature)
    if not others:
        if told is None or told == analysed:
            return []
        return [f"the file says that {told} events were recorded, and has {analysed} images"]
    said = []
    most = max(others)
    if most > analysed:
        count = most - analysed
        what = "1 event has no image and was" if count == 1 else f"{count} events have no image and were"
        said.append(f"{what} not analysed")
    counts = "; ".join(f"{_named(features)}: {length}" for length, features in sorted(others.items()))
    said.append(f"counts disagree: {analysed} images, but {counts}")
    return said


def without_image(events: h5py.Group, analysed: int) -> int:
    """Return how many events more than images the features have."""
    return max(0, max(_lengths(events).values(), default=0) - analysed)


def _lengths(events: h5py.Group) -> dict[str, int]:
    found = islice(members(events), MOST_FEATURES)
    return {name: int(item.shape[0]) for name, item in found if isinstance(item, h5py.Dataset) and item.shape}


def _named(features: list[str]) -> str:
    names = [f"events/{name}" for name in sorted(features)]
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
