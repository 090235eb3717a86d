"""The template of a result's name: words with a few named placeholders, never Python's full format language."""

from string import Formatter

ALWAYS = frozenset({"input", "analysis"})
"""`input`: the name of the first dataset; `analysis`: the job type's title. Besides: every option by its name."""

MAX_TITLE = 255


def placeholders(template: str) -> list[str]:
    """The names in a template, in order. Raises ValueError for anything but plain {name} placeholders."""
    names = []
    for _, name, spec, conversion in Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError(f"{{{name}…}} is not a plain placeholder such as {{input}}")
        names.append(name)
    return names


def fill(template: str, values: dict[str, str]) -> str:
    """The template with its placeholders filled in, at most 255 characters and on one line."""
    parts = []
    for literal, name, _spec, _conversion in Formatter().parse(template):
        parts.append(literal)
        if name is not None:
            parts.append(values[name])
    title = " ".join("".join(parts).split())
    return title if len(title) <= MAX_TITLE else title[: MAX_TITLE - 1].rstrip() + "…"
