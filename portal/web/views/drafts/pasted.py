"""What was pasted from a terminal or a batch script: the command's words, resources, and what is told of it."""

from typing import Any, Final

from portal.errors import InvalidError
from portal.jobtype.pasted.sbatch import Asked, is_script, read_script
from portal.jobtype.pasted.shell import PastedWrongError, read_commands
from portal.jobtype.written.chips import set_words
from portal.jobtype.written.edit import put
from portal.words import one_line

MOST_TOLD: Final = 6
LONGEST_TOLD: Final = 240


def with_pasted(text: str, pasted: str) -> tuple[str, list[str]]:
    """The text with the command, and with what a batch script asks for. Raises InvalidError, UnsoundError."""
    try:
        if is_script(pasted):
            return _script(text, pasted)
        read = read_commands(pasted)
    except PastedWrongError as error:
        line = pasted.count("\n", 0, error.start) + 1
        raise InvalidError(f"{error} (line {line})", fields={"pasted": f"{error} (line {line})"}) from error
    command = next((one for one in read.commands if one.words), None)
    if command is None:
        told = "There is no command in it."
        raise InvalidError(told, fields={"pasted": told})
    said = [
        f"“{pasted[place.start : place.end]}” is {place.what}, which only a shell understands. {place.instead}"
        for place in read.places
    ]
    if command.variables:
        names = ", ".join(name for name, _value in command.variables)
        said.append(f"{names}: variables of the environment are written in the YAML, under program.")
    return set_words(text, command.texts), _bounded(said)


def _script(text: str, pasted: str) -> tuple[str, list[str]]:
    found = read_script(pasted)
    said = [f"Line {one.line}: {one.what}. {one.instead}" for one in found.said]
    if found.command is None:
        said.insert(0, "No command was found in the script.")
    else:
        text = set_words(text, found.command.texts)
    asked = _variant(found.asked)
    if asked:
        text = _with_variant(text, asked)
        said.insert(0, "Resources are those of the script.")
    if found.variables:
        names = ", ".join(found.variables)
        said.append(f"{names}: variables of the environment are written in the YAML, under program.")
    return text, _bounded(said)


def _variant(asked: Asked) -> dict[str, int]:
    wanted: dict[str, int | None] = {
        "cpus": asked.cpus,
        "memory_mb": asked.memory_of_all_mb,
        "time_s": asked.time_s,
        "gpus": asked.gpus,
        "ranks": asked.ranks if asked.ranks > 1 else None,
    }
    return {key: value for key, value in wanted.items() if value is not None}


def _with_variant(text: str, asked: dict[str, int]) -> str:
    variant: dict[str, Any] = {"name": "standard", "label": "Standard", **asked}
    return put(text, ("resources",), {"default": "standard", "variants": [variant]})


def _bounded(said: list[str]) -> list[str]:
    told = [one_line(words, LONGEST_TOLD) for words in said[:MOST_TOLD]]
    return [*told, f"There are {len(said) - MOST_TOLD} more such places."] if len(said) > MOST_TOLD else told
