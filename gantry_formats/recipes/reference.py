"""The reference of an image in a registry: by its digest, and in a registry that may be used here. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gantry_formats.recipes.packages import RecipeError

LONGEST: Final = 400
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOST: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*(?::[0-9]{{1,5}})?")
_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME: Final = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG: Final = re.compile(r":[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_LOOPBACK: Final = re.compile(r"(?:localhost|127(?:\.[0-9]{1,3}){3})(?::[0-9]+)?")
EXAMPLE: Final = "registry.example.org/tools/name@sha256:… with 64 digits"


@dataclass(frozen=True)
class Reference:
    """One image, which is the same for ever."""

    registry: str
    name: str
    digest: str

    @property
    def words(self) -> str:
        """As it is written everywhere."""
        return f"{self.registry}/{self.name}@{self.digest}"

    @property
    def on_loopback(self) -> bool:
        """Whether it is asked for on this very machine, where no certificate can be."""
        return _LOOPBACK.fullmatch(self.registry) is not None


def reference(text: str, allowed: Sequence[str]) -> Reference:
    """The reference in a text. `allowed`: the registries that may be used. Raises RecipeError, a sentence."""
    word = text.strip()
    if len(word) > LONGEST or not word.isascii() or not word.isprintable() or " " in word:
        raise RecipeError(f"Write one reference of an image: {EXAMPLE}.")
    if re.match(r"[a-z][a-z0-9+.-]*://", word):
        word = word.partition("://")[2] if word.startswith("docker://") else ""
    place, at, digest = word.partition("@")
    registry, slash, name = place.partition("/")
    if not slash or not _HOST.fullmatch(registry):
        raise RecipeError(f"This is no reference with a registry and a name. Write {EXAMPLE}.")
    if not at:
        raise RecipeError(
            "An image is named by its digest, @sha256:…: what a tag means can change. The registry shows it, and "
            f"so do docker and podman (docker inspect). Write {EXAMPLE}."
        )
    if tag := _TAG.search(name):
        raise RecipeError(f"Leave {tag[0]} out: with a digest a tag means nothing.")
    if not _DIGEST.fullmatch(digest):
        raise RecipeError("The digest must be sha256: and 64 digits or letters from a to f.")
    if not _NAME.fullmatch(name):
        raise RecipeError(f"This cannot be the name of an image in a registry. Write {EXAMPLE}.")
    if registry not in allowed:
        listed = ", ".join(allowed)
        there = f"These can: {listed}." if allowed else "None can."
        raise RecipeError(f"Images of {registry} cannot be used here. {there} Ask whoever runs the portal.")
    return Reference(registry, name, digest)
