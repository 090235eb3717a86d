"""A text with the scripts put into it that lie beside it, and one with its scripts laid beside it. Pure.

What is sent to a portal is one document; what people keep on their disk is a text with scripts beside it.
"""

from collections.abc import Mapping
from difflib import SequenceMatcher

from portal.jobtype.command.beside import PLACE, BesideError, Reader, beside_of
from portal.jobtype.written.edit import put, remove
from portal.jobtype.written.tree import Tree, UnsoundError


def inlined(text: str, read: Reader) -> str:
    """The text with each script as `content`. One that is no YAML stays as it is, for whoever says why.

    Raises BesideError where a script cannot be had.
    """
    try:
        found = beside_of(Tree(text).data)
    except UnsoundError:
        return text
    for name, path in found.items():
        try:
            content = read(path)
        except BesideError as error:
            raise BesideError(f"{name}: {error}") from error
        text = put(remove(text, (*PLACE, name, "beside")), (*PLACE, name), {"content": content})
    return text


def scripts_of(text: str) -> dict[str, str]:
    """The scripts that stand in a text, by name; none where it is no YAML."""
    try:
        data = Tree(text).data
    except UnsoundError:
        return {}
    for key in PLACE:
        data = data.get(key) if isinstance(data, Mapping) else None
    return {
        str(name): one["content"]
        for name, one in (data.items() if isinstance(data, Mapping) else ())
        if isinstance(one, Mapping) and isinstance(one.get("content"), str)
    }


def laid_beside(text: str) -> tuple[str, dict[str, str]]:
    """The text with `beside` in the place of each script, and the scripts by the names of their files."""
    found = scripts_of(text)
    for name in found:
        text = put(text, (*PLACE, name), {"beside": name})
    return text, found


def lines_before(text: str, sent: str) -> Mapping[int, int]:
    """For each line of what was sent the line of the text from which it came, both from 1."""
    old, new = text.splitlines(), sent.splitlines()
    found: dict[int, int] = {}
    for _tag, start, _end, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        same = _tag == "equal"
        found |= {
            line + 1: min(start + (line - first if same else 0) + 1, len(old)) for line in range(first, last)
        }
    return found
