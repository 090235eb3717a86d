"""`python -m portal.data.parsing.preview_child` decodes a picture: the file on stdin, a PNG on stdout."""

import io
import resource
import sys
from pathlib import Path
from typing import BinaryIO

from PIL import Image

MAX_SIDE = 2048
MAX_PIXELS = 100_000_000
MEMORY_BYTES = 1 << 30
CPU_S = 20


def main() -> int:
    """Of the file on standard input."""
    return draw(sys.stdin.buffer)


def draw(file: BinaryIO) -> int:
    """0 and a PNG on standard output; anything else is no picture."""
    most = MEMORY_BYTES + _loaded_bytes()
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    with Image.open(file, formats=["PNG"]) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            return 1
        picture = opened.convert("RGBA" if "A" in opened.getbands() or "transparency" in opened.info else "RGB")
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=False)
    sys.stdout.buffer.write(stream.getvalue())
    return 0


def _loaded_bytes() -> int:
    """What Python and its libraries take, which is no picture's."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    sys.exit(main())
