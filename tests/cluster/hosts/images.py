"""Container images: what each is made from, and where those that are made lie."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hosts import base
from hosts.place import CHECKOUT, Place, UsageError, digest, digest_of_files

FOLDER = CHECKOUT / "singularity"
LOCKS = CHECKOUT / "requirements"
SCRIPTS = ("install.sh", "finish.sh")
# Made where nobody asks for others; gpu is large, and of use only on nodes that have one.
USUAL = ("base", "science", "mpi")
FORM = "1"  # raise it when what building.py does to an image changes
KEPT = 2
MANIFEST = "manifest.json"
PARENT = re.compile(r"^From: ([a-z]+)\.sif$", re.MULTILINE)
INSTALLED = ("wrappers", "gantry_formats")
"""The distributions that the first image of each line has."""
VERSION = re.compile(r'version="([^"]+)"')


@dataclass(frozen=True)
class Recipe:
    """One definition file, and what goes into it."""

    name: str

    @property
    def definition(self) -> Path:
        """singularity/<name>.def."""
        return FOLDER / f"{self.name}.def"

    @property
    def lock(self) -> Path | None:
        """What it takes from the package index; None if nothing."""
        file = LOCKS / f"image-{self.name}.txt"
        return file if file.exists() else None

    @property
    def parent(self) -> "Recipe | None":
        """The image that it is made from."""
        found = PARENT.search(self.definition.read_text(encoding="utf-8"))
        return Recipe(found[1]) if found else None

    @property
    def key(self) -> str:
        """Changes when the image would. What Debian's archive holds on the day is not in it."""
        files = [self.definition, *(FOLDER / script for script in SCRIPTS)]
        files += [self.lock] if self.lock else []
        # Gantry's programs are installed into the first image of a line; the others have them from there.
        files += programs() if self.parent is None else []
        above = self.parent.key if self.parent else base.SUITE
        return digest([FORM, self.name, above, digest_of_files(files, CHECKOUT)])


def programs() -> list[Path]:
    """Those files that are in an image: Gantry's programs and what they need; launch runs outside."""
    files = [file for name in INSTALLED for file in (CHECKOUT / name).rglob("*.py")]
    return sorted(file for file in files if not file.is_relative_to(CHECKOUT / "wrappers" / "launch"))


def all_names() -> list[str]:
    """Every image that there is a definition of, each after the one that it is made from."""
    names = [file.stem for file in FOLDER.glob("*.def")]
    return sorted(names, key=lambda name: (len(line_of(Recipe(name))), name))


def line_of(recipe: Recipe) -> list[Recipe]:
    """The recipe after all that it is made from."""
    return [*(line_of(recipe.parent) if recipe.parent else []), recipe]


def recipes(names: list[str]) -> list[Recipe]:
    """The recipes of these names and all that they are made from. Raises LabError for an unknown name."""
    known = all_names()
    for name in names:
        if name not in known:
            raise UsageError(f"There is no image {name}; there are {', '.join(known)}.")
    wanted = {recipe.name for name in names for recipe in line_of(Recipe(name))}
    return [Recipe(name) for name in known if name in wanted]


def version() -> str:
    """The version of Gantry's programs."""
    found = VERSION.search((CHECKOUT / "wrappers/setup.py").read_text(encoding="utf-8"))
    assert found
    return found[1]


def cache(place: Place) -> Path:
    """Where images lie that are made, a folder each."""
    return place.cache / "images"


def folder(place: Place, recipe: Recipe) -> Path:
    """The folder of this very image: the file and its manifest. It is there only when both are."""
    return cache(place) / f"{recipe.name}-{recipe.key}"


def manifest(place: Place, recipe: Recipe) -> dict[str, Any] | None:
    """The manifest of this very image; None if it is not made."""
    try:
        told = json.loads((folder(place, recipe) / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    assert isinstance(told, dict)
    return told


def made(place: Place) -> list[str]:
    """The folders of those usual images of this checkout that are made: the ones that the lab stages."""
    recipes_now = [Recipe(name) for name in USUAL]
    return [str(folder(place, recipe)) for recipe in recipes_now if manifest(place, recipe) is not None]


def keep(place: Place, recipe: Recipe, made: Path) -> None:
    """Take a folder with an image and its manifest into the cache; of older ones the newest few stay."""
    target = folder(place, recipe)
    shutil.rmtree(target, ignore_errors=True)
    made.rename(target)
    others = [other for other in cache(place).glob(f"{recipe.name}-*") if other != target]
    for old in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT - 1 :]:
        shutil.rmtree(old)
