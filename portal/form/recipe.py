"""What an image is to be made from, checked where it is typed: by the very grammar that launch reads it with."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from gantry_formats.recipes.environment import environment
from gantry_formats.recipes.packages import RecipeError, debian_packages, requirements, words_of
from gantry_formats.recipes.reference import reference
from portal.jobtype.model import JobType
from portal.jobtype.option import ChoiceOption, Value

MODULE: Final = "image_builder"
"""The program of launch's that makes images; it knows its options by these names."""
READ: Final[Mapping[str, Callable[[str], object]]] = {
    "requirements": requirements,
    "environment": lambda text: environment(text) if text.strip() else None,
    "packages": debian_packages,
    "test": words_of,
}
ASKED_FOR: Final = ("requirements", "environment", "packages")
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
    names = [option.name for option in jobtype.options]
    asked = [name for name in names if name in ASKED_FOR]
    something = any(name in known for name in asked)
    for name in names:
        if name in known or name not in READ:
            continue
        try:
            read = READ[name](str(options.get(name) or ""))
        except RecipeError as error:
            wrong[name], read = str(error), True
        something = something or (name in asked and bool(read))
    if asked and not something:
        wrong[asked[0]] = NOTHING
    return wrong | _of_registry(jobtype, options, known)


def _of_registry(jobtype: JobType, options: Mapping[str, Value], known: Collection[str]) -> dict[str, str]:
    """What is wrong with a reference: the registries that may be used are those that the analysis lets choose."""
    by_name = {option.name: option for option in jobtype.options}
    chosen = by_name.get("registry")
    if "reference" not in by_name or "reference" in known:
        return {}
    allowed = [item.value for item in chosen.items] if isinstance(chosen, ChoiceOption) else []
    try:
        found = reference(str(options.get("reference") or ""), allowed)
    except RecipeError as error:
        return {"reference": str(error)}
    if found.registry != options.get("registry") and "registry" not in known:
        return {"registry": f"The reference is of {found.registry}. Choose that one."}
    return {}
