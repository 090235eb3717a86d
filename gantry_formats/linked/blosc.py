"""Blosc in Zarr, read so that a chunk that was cut short is seen.

numcodecs hands its decoder an address without a length: of a chunk that is shorter than it says, the rest is
unpacked of whatever lies behind it in the memory.
"""

from __future__ import annotations

from typing import Any

HEADER = 16
"""Bytes before the content; the last four are the length of all, little endian (c-blosc, README_CHUNK_FORMAT)."""
_MARK = "refuses_cut"


def refuse_cut(codec: Any) -> None:
    """From now on `codec`, numcodecs' class Blosc, raises RuntimeError for what is shorter than it says."""
    usual = codec.decode
    if hasattr(usual, _MARK):
        return

    def decode(self: Any, buf: Any, out: Any = None) -> Any:
        stored = memoryview(buf).cast("B")
        if len(stored) < HEADER:
            raise RuntimeError(f"of a chunk only {len(stored)} bytes are there")
        whole = int.from_bytes(stored[HEADER - 4 : HEADER], "little")
        if len(stored) < whole:
            raise RuntimeError(f"of a chunk {len(stored):,} of {whole:,} bytes are there")
        return usual(self, buf, out)

    setattr(decode, _MARK, True)
    codec.decode = decode
