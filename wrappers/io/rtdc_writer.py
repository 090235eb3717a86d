"""Writing of deformability cytometry files (.rtdc), event by event."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np

CHUNK_BYTES = 2**20
COMPRESSION_LEVEL = 5  # what dclab asks of Zstandard
LOG_LINE = 100
# The HDF5 Image Specification, by which viewers know a grey picture.
IMAGE_ATTRIBUTES = {"CLASS": "IMAGE", "IMAGE_VERSION": "1.2", "IMAGE_SUBCLASS": "IMAGE_GRAYSCALE"}


class EventWriter:
    """Writes an .rtdc file event by event, buffered, so that long measurements need little memory."""

    def __init__(self, path: Path, shape: tuple[int, int]) -> None:
        self._path = path
        self._file = h5py.File(path, "w")
        self._events = self._file.create_group("events")
        self._many = max(1, CHUNK_BYTES // (shape[0] * shape[1]))
        self._zstd = hdf5plugin.Zstd(clevel=COMPRESSION_LEVEL)
        self._pictures: dict[str, list[np.ndarray]] = {"image": [], "image_bg": [], "mask": []}
        self._scalars: dict[str, list[float]] = {}
        self.count = 0
        for name in self._pictures:
            dataset = self._events.create_dataset(
                name,
                shape=(0, *shape),
                maxshape=(None, *shape),
                chunks=(self._many, *shape),
                dtype=np.uint8,
                **self._zstd,
            )
            for key, value in IMAGE_ATTRIBUTES.items():
                dataset.attrs[key] = np.bytes_(value)

    def add(
        self, image: np.ndarray, background: np.ndarray, mask: np.ndarray, features: Mapping[str, float]
    ) -> None:
        """Append one event; every event must have the same features."""
        pictures = (image, background, mask.astype(np.uint8) * 255)
        for buffer, picture in zip(self._pictures.values(), pictures, strict=True):
            buffer.append(picture)
        for name, value in features.items():
            self._scalars.setdefault(name, []).append(value)
        self.count += 1
        if len(self._pictures["image"]) >= self._many:
            self._flush()

    def features(self, name: str) -> np.ndarray:
        """Return one feature of the events so far."""
        return np.asarray(self._scalars.get(name, []), dtype=np.float64)

    def _flush(self) -> None:
        for name, buffer in self._pictures.items():
            if buffer:
                dataset = self._events[name]
                dataset.resize(len(dataset) + len(buffer), axis=0)
                dataset[-len(buffer) :] = np.stack(buffer)
                buffer.clear()

    def close(self, metadata: Mapping[str, Any], log: list[str]) -> None:
        """Write what is buffered, the scalar features, the metadata ("section:key") and a log, and close."""
        self._flush()
        for name, values in self._scalars.items():
            data = np.asarray(values, dtype=np.int64 if name in ("frame", "nevents") else np.float64)
            self._events.create_dataset(name, data=data, chunks=data.shape, **self._zstd)
        self._file.attrs.update(metadata)
        lines = np.array([line.encode("utf-8")[:LOG_LINE] for line in log], dtype=f"S{LOG_LINE}")
        self._file.create_group("logs").create_dataset("gantry", data=lines, chunks=lines.shape, **self._zstd)
        self._file.close()

    def discard(self) -> None:
        """Close the file and remove it: there is nothing to keep."""
        self._file.close()
        self._path.unlink()
