"""Words of a pasted command, made an input, an output, an option or a flag. Pure: texts in, texts out.

What a word most likely is, is guessed of how it looks, and told as a guess.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gantry_formats import unit_of
from portal.jobtype.checks import RESERVED_WITHOUT_INPUTS
from portal.jobtype.finding import Path
from portal.jobtype.written.edit import insert, put
from portal.jobtype.written.start import WITHOUT_INPUT
from portal.jobtype.written.together import kept_together, put_together
from portal.jobtype.written.tree import Tree

COMMAND: Final[Path] = ("program", "command")
_NUMBER: Final = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+[eE][-+]?[0-9]+|[0-9]+\.[0-9]*[eE][-+]?[0-9]+)")
_WHOLE: Final = re.compile(r"[-+]?[0-9]{1,18}")
_NOT_AS_A_NUMBER: Final = re.compile(r"\+|-?0[0-9]")
"""How what looks like a number starts that would come out otherwise: run 007 as 7, +3 (more than 3) as 3."""
_FILE: Final = re.compile(r"[^/]*\.[A-Za-z][A-Za-z0-9]{0,7}(\.(gz|bz2|xz|zst))?$")
_WITH_UNIT: Final = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(%|[A-Za-zµ]{1,6})")
LONGEST_OPTION: Final = 200
WRITTEN_AFTER: Final = frozenset({"-o", "-out", "--out", "--output", "--overlay", "--table"})
"""Behind these a name of a file is one that the program writes."""


@dataclass(frozen=True)
class Made:
    """The text after a change, and what was guessed, in a sentence."""

    text: str
    said: str


def set_words(text: str, words: Sequence[str]) -> str:
    """The command is these words, all of them constants, in the place of what was there. Raises UnsoundError."""
    tree = Tree(text)
    program = tree.get(("program",)) if tree.has(("program",)) else None
    if isinstance(program, dict) and "command" in program:
        return put(text, COMMAND, list(words))
    rest = {key: value for key, value in program.items() if key != "module"} if isinstance(program, dict) else {}
    return put(text, ("program",), {**rest, "command": list(words)})


def words_of(text: str) -> list[Any]:
    """The command's words and marks as they are written; none where it is none. Raises UnsoundError."""
    tree = Tree(text)
    command = tree.get(COMMAND) if tree.has(COMMAND) else None
    return command if isinstance(command, list) else []


def pattern_of(text: str, index: int) -> str:
    """The pattern on names of files that a word looks like: in.tif -> *.tif. Raises IndexError."""
    return f"*{_suffix(_word(text, index))}"


def to_input(text: str, index: int, types: Collection[str] = ()) -> Made:
    """The word is the files of a dataset: of a new slot. `types`: of datasets that have such files, best first."""
    word = _word(text, index)
    suffix = _suffix(word)
    name = _free("data", _names(text, "inputs"))
    first = not _names(text, "inputs")
    slot: dict[str, Any] = {"name": name, "label": "Dataset" if first else f"Dataset {name}"}
    slot["dataset_types"] = list(types)[:5] or ["*"]
    pattern = f"*{suffix}" if suffix else "*"
    if suffix:
        slot["files"] = pattern
    text = insert(put(text, (*COMMAND, index), {"input": name}), ("inputs",), 10_000, slot)
    if first and Tree(text).has(("result_title",)) and Tree(text).get(("result_title",)) == WITHOUT_INPUT:
        text = put(text, ("result_title",), f"{{input}}, {_title(text)}")
    whose = ", ".join(slot["dataset_types"]) if slot["dataset_types"] != ["*"] else "any dataset"
    return Made(
        text,
        f"“{word}” stands for the files like {pattern} of {whose} now. That is a guess: look at it under Data.",
    )


def to_output(text: str, index: int) -> Made:
    """The word is a file that the program writes: it becomes a dataset."""
    word = _word(text, index)
    place = word.rsplit("/", 1)[-1] or "result"
    name = _free("result", _names(text, "outputs"))
    output = {"name": name, "pattern": place, "dataset_type": f"{_title(text)} result"[:200]}
    text = insert(put(text, (*COMMAND, index), {"output": place}), ("outputs",), 10_000, output)
    return Made(
        text,
        f"{place} is written into the output folder and becomes a dataset of the type “{output['dataset_type']}”. "
        "The type is a guess: look at it below.",
    )


def to_option(text: str, index: int) -> Made:
    """The word's value is asked on the form; name, type and default are guessed."""
    word = _word(text, index)
    prefix, value = _split(word)
    before = _before(text, index)
    name = _free(_name(prefix or before) or "value", {*_names(text, "options"), *RESERVED_WITHOUT_INPUTS})
    option, unit = _option(name, value)
    mark: dict[str, Any] = {"option": name} | ({"prefix": prefix} if prefix else {})
    if unit:
        mark = {"text": [mark, unit]}
    before_that = text
    text = insert(put(text, (*COMMAND, index), mark), ("options",), 10_000, option)
    text = kept_together(before_that, text)
    first = f", at first {option['default']}{unit}" if "default" in option else ""
    said = f"“{word}” is the option {name} now: {_KINDS[str(option['type'])]}{first}."
    return Made(text, f"{said} That is a guess: look at it under Options.")


_KINDS: Final = {"integer": "a whole number", "float": "a number", "text": "a text"}


def _option(name: str, value: str) -> tuple[dict[str, Any], str]:
    """The option that a value looks like, and the unit that stands behind its number."""
    option: dict[str, Any] = {"name": name, "type": "text", "label": name.replace("_", " ").capitalize()}
    found = _WITH_UNIT.fullmatch(value)
    number, unit = (found[1], found[2]) if found and (found[2] == "%" or unit_of(found[2])) else (value, "")
    if _NOT_AS_A_NUMBER.match(number):
        return option | {"default": value[:LONGEST_OPTION]}, ""
    if _WHOLE.fullmatch(number):
        option |= {"type": "integer", "default": int(number)}
    elif _NUMBER.fullmatch(number):
        option |= {"type": "float", "default": float(number)}
    elif value:
        option["default"] = value[:LONGEST_OPTION]
    return option | ({"units": unit} if unit else {}), unit


def to_flag(text: str, index: int) -> Made:
    """The word is there if a box is ticked."""
    word = _word(text, index)
    name = _free(_name(word) or "flag", {*_names(text, "options"), *RESERVED_WITHOUT_INPUTS})
    option = {"name": name, "type": "boolean", "label": name.replace("_", " ").capitalize(), "default": True}
    text = insert(put(text, (*COMMAND, index), {"flag": word, "when": name}), ("options",), 10_000, option)
    return Made(
        text, f"“{word}” is there if the box {name} is ticked, as it is at first. Look at it under Options."
    )


def to_one(text: str, index: int) -> Made:
    """The word and its value behind it stand or go together. Raises IndexError."""
    word = _word(text, index)
    made = put_together(text, index)
    if made == text:
        raise IndexError(index)
    return Made(made, f"“{word}” stands there only with its value now: where there is none, both are left out.")


def to_constant(text: str, index: int) -> Made:
    """A mark is a plain word again. Its option, slot or output stays where it is, since more may hang on it."""
    item = words_of(text)[index]
    several = item.get("together") if isinstance(item, Mapping) else None
    if isinstance(several, list) and several:
        plain = [one if isinstance(one, str) else _plain(text, one) for one in several]
        text = put(text, (*COMMAND, index), plain[0])
        for place, one in enumerate(plain[1:], index + 1):
            text = insert(text, COMMAND, place, one)
        return Made(text, f"The program gets “{' '.join(plain)}” as it stands.")
    word = item if isinstance(item, str) else _plain(text, item)
    return Made(put(text, (*COMMAND, index), word), f"The program gets “{word}” as it stands.")


def guess(words: Sequence[Any], index: int) -> str:
    """What a word most likely is: input, output, option, flag or constant."""
    word = words[index]
    if not isinstance(word, str) or index == 0:
        return "constant"
    before = words[index - 1]
    if _WHOLE.fullmatch(word) or _NUMBER.fullmatch(word) or _split(word)[0]:
        return "option"
    if word.startswith("-"):
        return "flag" if index == len(words) - 1 else "constant"
    if _FILE.search(word) or "/" in word:
        last = not any(isinstance(one, str) and _FILE.search(one) for one in words[index + 1 :])
        written = isinstance(before, str) and before in WRITTEN_AFTER
        several = sum(isinstance(one, str) and bool(_FILE.search(one)) for one in words[1:]) > 1
        return "output" if written or (last and several) or (last and "input" in str(words[:index])) else "input"
    return "option" if isinstance(before, str) and before.startswith("-") else "constant"


def _word(text: str, index: int) -> str:
    """The plain word. Raises IndexError where there is none, or a mark."""
    words = words_of(text)
    word = words[index] if 0 < index < len(words) else None
    if not isinstance(word, str):
        raise IndexError(index)
    return word


def _before(text: str, index: int) -> str:
    word = words_of(text)[index - 1]
    return word if isinstance(word, str) and word.startswith("-") else ""


def _split(word: str) -> tuple[str, str]:
    """`--sigma=2` -> ("--sigma=", "2")."""
    found = re.fullmatch(r"(-{1,2}[A-Za-z][\w-]*=)(.*)", word, re.DOTALL)
    return (found[1], found[2]) if found else ("", word)


def _suffix(word: str) -> str:
    found = re.search(r"(\.[A-Za-z][A-Za-z0-9]{0,7})?\.[A-Za-z][A-Za-z0-9]{0,7}$", word.rsplit("/", 1)[-1])
    if not found:
        return ""
    whole = found.group()
    return (
        whole
        if whole.lower() in {".ome.tif", ".ome.tiff", ".ome.zarr", ".nii.gz"}
        else f".{whole.rsplit('.', 1)[-1]}"
    )


def _name(words: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:40].strip("_")
    return plain if plain[:1].isalpha() else ""


def _free(name: str, taken: Collection[str]) -> str:
    number, found = 2, name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found


def _names(text: str, key: str) -> list[str]:
    tree = Tree(text)
    items = tree.get((key,)) if tree.has((key,)) else None
    return [str(item.get("name")) for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _title(text: str) -> str:
    tree = Tree(text)
    title = tree.get(("title",)) if tree.has(("title",)) else ""
    return str(title)[:1].lower() + str(title)[1:150] if title else "analysis"


def _plain(text: str, item: Any) -> str:
    if not isinstance(item, Mapping):
        return str(item)
    if "flag" in item:
        return str(item["flag"])
    if "output" in item:
        return str(item["output"])
    if isinstance(item.get("text"), list):
        return "".join(_plain(text, part) for part in item["text"])
    if "option" in item:
        tree = Tree(text)
        options = tree.get(("options",)) if tree.has(("options",)) else []
        of = next((one for one in options if isinstance(one, dict) and one.get("name") == item["option"]), {})
        default = of.get("default")
        return f"{item.get('prefix') or ''}{'' if default is None else default}" or str(item["option"])
    return str(next(iter(item.values()), ""))
