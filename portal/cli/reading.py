"""Lists that people wrote or other programs made: UTF-8, or UTF-16 as some terminals of Windows write it."""

import codecs
from pathlib import Path
from typing import AnyStr, TextIO

import click

MOST_BYTES = 16 << 20
"""Of one list; more than all ids that a portal has."""
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def text_of_stream(stream: TextIO, *, most: int = MOST_BYTES) -> str:
    """All of standard input. Raises BadParameter where it is no text, or too long to be read whole."""
    what = "Standard input"
    binary = getattr(stream, "buffer", None)
    if binary is None:  # text already, where another program calls us
        return _checked(_bounded(stream.read(most + 1), most, what), what)
    return _text(_bounded(binary.read(most + 1), most, what), what)


def text_of_file(path: Path, *, most: int = MOST_BYTES) -> str:
    """All of a file; see `text_of_stream`. Raises OSError."""
    with path.open("rb") as file:
        return _text(_bounded(file.read(most + 1), most, "The file"), "The file")


def lines_of(text: str) -> list[str]:
    """Its lines. What some programs take for an end of line within a text (U+2028, form feeds) is none."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _bounded(read: AnyStr, most: int, what: str) -> AnyStr:
    if len(read) > most:
        raise click.BadParameter(f"{what} is longer than {most >> 20} MB. Divide it; nothing of it was used.")
    return read


def _text(raw: bytes, what: str) -> str:
    try:
        return _checked(raw.decode("utf-16" if raw.startswith(UTF_16) else "utf-8"), what)
    except UnicodeDecodeError as error:
        raise click.BadParameter(
            f"{what} is not text in UTF-8: {error.reason} at byte {error.start + 1}."
        ) from None


def _checked(text: str, what: str) -> str:
    if "\0" in text:
        raise click.BadParameter(
            f"{what} is not text in UTF-8: it holds NUL at character {text.index(chr(0)) + 1}."
        )
    return text.removeprefix("\ufeff")
