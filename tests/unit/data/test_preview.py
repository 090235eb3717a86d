import io
import struct
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from portal.data.parsing.preview import redraw
from portal.errors import InvalidError


def opened(tmp_path, data):
    path = tmp_path / "picture.png"
    path.write_bytes(data)
    return path.open("rb")


def png(width=30, height=20, **info):
    stream = io.BytesIO()
    text = PngInfo()
    for key, value in info.items():
        text.add_text(key, value)
    Image.new("RGB", (width, height), (200, 10, 10)).save(stream, "PNG", pnginfo=text)
    return stream.getvalue()


def test_a_picture_is_drawn_anew_without_what_else_was_in_it(tmp_path):
    with opened(tmp_path, png(Comment="<script>") + b"trailing bytes") as file:
        picture = redraw(file)
    assert (picture.width, picture.height) == (30, 20)
    assert b"script" not in picture.png
    assert b"trailing" not in picture.png
    assert Image.open(io.BytesIO(picture.png)).getpixel((0, 0)) == (200, 10, 10)


def test_a_large_picture_is_made_smaller(tmp_path):
    with opened(tmp_path, png(4096, 1024)) as file:
        picture = redraw(file)
    assert (picture.width, picture.height) == (2048, 512)


def bomb():
    """A PNG that claims to be 60,000 pixels wide and high."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


BAD = {"empty": b"", "gif": b"GIF89a", "svg": b"<svg/>", "cut": png()[:60], "bomb": bomb()}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_what_is_no_sound_picture_is_refused(tmp_path, data):
    with opened(tmp_path, data) as file, pytest.raises(InvalidError):
        redraw(file)
