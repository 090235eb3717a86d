"""What is kept beside a staged image: its labels, its apps, and what its programs print when asked for help.

`<file>.recorded` holds it, of that very digest. What could not be learned is said so; nothing is made up.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from portal.files.durable import write_json
from portal.images.manifest import MANIFEST_MODE, Manifest, document_beside
from portal.images.plain import line, plain

SCHEMA: Final = 1
MOST_LABELS: Final = 60
MOST_APPS: Final = 50
MOST_PROGRAMS: Final = 8
LONGEST_NAME: Final = 200
LONGEST_VALUE: Final = 500
LONGEST_HELP: Final = 32_768
MOST_BYTES: Final = 1 << 20
NAMED_BY: Final = {
    "stager": "named by whoever staged it",
    "label": "named by the image's label",
    "runscript": "guessed from what the image runs",
}
"""From what it is known that a program is one of the image's."""


@dataclass(frozen=True)
class Help:
    """What a program printed for --help. `unknown` is a sentence where it was not asked, or there is none."""

    program: str
    named_by: str
    text: str = ""
    cut: bool = False
    """It printed more than is kept."""
    code: int | None = None
    """Its exit code; None where it was stopped, or not started."""
    unknown: str = ""


@dataclass(frozen=True)
class Recorded:
    """Of the image of this digest. `at`: UTC, as ISO 8601 writes it. `unknown`: why labels are not known."""

    digest: str
    at: str
    labels: tuple[tuple[str, str], ...] = ()
    labels_left_out: int = 0
    apps: tuple[str, ...] = ()
    helps: tuple[Help, ...] = ()
    unknown: str = ""
    later: bool = False
    """It was learned of an image that was staged already."""

    def document(self) -> dict[str, Any]:
        """As it is written."""
        return {"schema": SCHEMA} | asdict(self) | {"labels": dict(self.labels)}


def beside(file: str) -> str:
    """The name of what is kept beside an image file."""
    return f"{file}.recorded"


def write(folder: Path, file: str, recorded: Recorded) -> None:
    """Keep it, so that a reader sees the old one or the new one."""
    write_json(folder / beside(file), recorded.document(), mode=MANIFEST_MODE)


def read(folder: Path, manifest: Manifest) -> Recorded | None:
    """What was recorded of this very image, bounded and clean whatever the file holds; None where nothing was."""
    document = document_beside(folder, beside(manifest.file), max_bytes=MOST_BYTES)
    return parse(document, manifest.digest) if document else None


def parse(document: Mapping[str, Any], digest: str) -> Recorded | None:
    """The same of a document; None where it is of another image, or of a form that is not known."""
    if document.get("schema") != SCHEMA or document.get("digest") != digest:
        return None
    apps, helps, left_out = (document.get(key) for key in ("apps", "helps", "labels_left_out"))
    labels, more = labels_of(document.get("labels"))
    return Recorded(
        digest,
        line(document.get("at"), 40),
        labels,
        more + (left_out if type(left_out) is int and left_out > 0 else 0),
        tuple(line(one, LONGEST_NAME) for one in apps[:MOST_APPS]) if isinstance(apps, list) else (),
        tuple(_help(one) for one in helps[:MOST_PROGRAMS] if isinstance(one, dict))
        if isinstance(helps, list)
        else (),
        line(document.get("unknown"), LONGEST_VALUE),
        document.get("later") is True,
    )


def labels_of(found: object) -> tuple[tuple[tuple[str, str], ...], int]:
    """Labels of an image, clean and bounded, and how many were left out."""
    if not isinstance(found, Mapping):
        return (), 0
    pairs = {line(name, LONGEST_NAME): line(value, LONGEST_VALUE) for name, value in list(found.items())[:1000]}
    kept = tuple(sorted((name, value) for name, value in pairs.items() if name))[:MOST_LABELS]
    return kept, len(found) - len(kept)


def _help(document: Mapping[str, Any]) -> Help:
    raw, code = document.get("text"), document.get("code")
    text, cut = plain(raw.encode("utf-8", "replace"), LONGEST_HELP) if isinstance(raw, str) else ("", False)
    named_by = document.get("named_by")
    return Help(
        line(document.get("program"), LONGEST_NAME),
        named_by if isinstance(named_by, str) and named_by in NAMED_BY else "stager",
        text,
        cut or document.get("cut") is True,
        code if type(code) is int else None,
        line(document.get("unknown"), LONGEST_VALUE),
    )
