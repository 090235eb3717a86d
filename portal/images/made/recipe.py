"""What an image that somebody made was made from, as it is kept beside it: bounded and clean whatever it holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from portal.images.manifest import Manifest, document_beside
from portal.images.plain import line

MOST_BYTES: Final = 4 << 20
MOST_LINES: Final = 2000
LONGEST: Final = 500


@dataclass(frozen=True)
class Made:
    """Who made it, says whoever staged it; the rest is what the job wrote of itself."""

    by: str
    job: str
    base: str
    """The image that it was built on."""
    asked: tuple[str, ...]
    resolved: tuple[str, ...]
    test: str
    reference: str = ""
    """The image of a registry that it is, by digest."""


def beside(file: str) -> str:
    """The name of what is kept beside an image file."""
    return f"{file}.recipe"


def read(folder: Path, manifest: Manifest) -> Made | None:
    """What this very image was made from; None where nobody made it as a job, or it cannot be read."""
    document = document_beside(folder, beside(manifest.file), max_bytes=MOST_BYTES)
    recipe = document.get("recipe") if document else None
    if not document or document.get("digest") != manifest.digest or not isinstance(recipe, dict):
        return None
    return Made(
        line(document.get("by"), LONGEST),
        line(recipe.get("job"), LONGEST),
        line(_of(recipe.get("base")).get("name"), LONGEST),
        (*_lines(recipe.get("requirements")), *_lines(recipe.get("packages"))),
        tuple(one for part in _of(recipe.get("resolved")).values() for one in _lines(part))[:MOST_LINES],
        " ".join(_lines(recipe.get("test"))),
        line(recipe.get("reference"), LONGEST),
    )


def _of(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _lines(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(shown for one in value[:MOST_LINES] if (shown := line(one, LONGEST)))
