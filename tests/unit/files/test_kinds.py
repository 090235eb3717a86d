"""What a file of another kind is, by its first bytes."""

import gzip
import io
import tarfile
import zipfile

import numpy as np
import pytest

from portal.files.formats import kind_in_words


def archive() -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as file:
        file.writestr("a.txt", "a")
    return raw.getvalue()


def tape() -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as file:
        file.addfile(tarfile.TarInfo("a.txt"))
    return raw.getvalue()


def numbers() -> bytes:
    raw = io.BytesIO()
    np.save(raw, np.zeros(3))
    return raw.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xda\xce\xbe\x0a" + bytes(99), "it is ND2, a format of Nikon's microscopes"),
        (b"\x70\0\0\0\x20\0\0\0\x2a" + bytes(99), "it is LIF, a format of Leica's microscopes"),
        (archive(), "it is a ZIP archive"),
        (tape(), "it is a tar archive"),
        (gzip.compress(b"a"), "it is compressed by gzip"),
        (numbers(), "it is an array of NumPy's, which has no axes or units"),
        ("Größe;µm\n1;2\n".encode() * 1000, "it is text"),
        ("Größe;µm\n".encode("latin-1"), "it is text"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><a/>", "it is XML"),
        (
            b"\n<!DOCTYPE html><html>",
            "it is a web page (HTML), such as a server's page to sign in",
        ),
        (b"\x01\x02\x03", "its format is not known here"),
        (b"", "its format is not known here"),
    ],
)
def test_the_first_bytes_say_what_it_is(content: bytes, words: str) -> None:
    assert kind_in_words(io.BytesIO(content)) == words
