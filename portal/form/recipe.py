"""What an image is to be made from, checked where it is typed: by the very grammar that launch reads it with."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from gantry_formats.recipes.packages import RecipeError, debian_packages, requirements, words_of
from portal.jobtype.model import JobType
from portal.jobtype.option import Value

MODULE: Final = "image_builder"
"""The program of launch's that makes images; it knows its options by these names."""
READ: Final[Mapping[str, Callable[[str], object]]] = {
    "requirements": requirements,
    "packages": debian_packages,
    "test": words_of,
}
ASKED_FOR: Final = ("requirements", "packages")
NOTHING: Final = "Name what is to be installed: Python packages, Debian packages, or both."


def recipe_objections(
    jobtype: JobType, options: Mapping[str, Value], known: Collection[str] = ()
) -> dict[str, str]:
    """What is wrong with the recipe, by option; nothing of an analysis that makes no images.

    `known`: options with which something is wrong already; of those nothing more is said.
    """
    if jobtype.program.module != MODULE:
        return {}
    wrong: dict[str, str] = {}
    names = [option.name for option in jobtype.options if option.name in READ]
    asked = [name for name in names if name in ASKED_FOR]
    something = any(name in known for name in asked)
    for name in names:
        if name in known:
            continue
        try:
            read = READ[name](str(options.get(name) or ""))
        except RecipeError as error:
            wrong[name], read = str(error), True
        something = something or (name in asked and bool(read))
    if asked and not something:
        wrong[asked[0]] = NOTHING
    return wrong
