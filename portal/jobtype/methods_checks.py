"""What must hold of a job type's sentences for a paper: placeholders and conditions name what there is."""

from collections.abc import Iterator, Mapping, Sequence

from portal.jobtype.finding import Finding, Path, suggestion, unknown
from portal.jobtype.methods import WORDS, Mark, Part, Reference, Wanted, pieces
from portal.jobtype.option import OptionBase


def methods_findings(
    methods: Sequence[str | Part],
    references: Sequence[Reference],
    options: Mapping[str, OptionBase],
    slots: Sequence[str],
) -> Iterator[Finding]:
    """Wrong placeholders, conditions on what there is not, publications twice or cited and not there."""
    keys = [reference.key for reference in references]
    for index, reference in enumerate(references):
        if reference.key.casefold() in [key.casefold() for key in keys[:index]]:
            yield ("references", index, "key"), f"there are two references with the key {reference.key}"
        yield from _conditions(reference.when, ("references", index, "when"), options)
    for index, part in enumerate(methods):
        place: Path = ("methods", index)
        if isinstance(part, Part):
            yield from _conditions(part.when, (*place, "when"), options)
            yield from _conditions(part.unless, (*place, "unless"), options)
            yield from (
                ((*place, "tells"), unknown("option", name, options)) for name in part.tells if name not in options
            )
            place = (*place, "text")
        text = part.text if isinstance(part, Part) else part
        try:
            marks = [piece for piece in pieces(text) if isinstance(piece, Mark)]
        except ValueError as error:
            yield place, f"methods: {error}"
            continue
        for mark in marks:
            yield from ((place, f"methods: {words}") for words in _wrong(mark, slots, list(options), keys))


def _wrong(mark: Mark, slots: Sequence[str], options: list[str], keys: list[str]) -> Iterator[str]:
    if mark.kind == "option" and mark.names[0] not in options:
        yield f"{{{mark.names[0]}}} is no placeholder here{suggestion(mark.names[0], [*options, *WORDS])}"
    elif mark.kind == "input" and not slots:
        yield "{input} is the name of a dataset, and this analysis takes none"
    elif mark.kind == "input" and mark.names and mark.names[0] not in slots:
        yield unknown("slot", mark.names[0], slots)
    elif mark.kind == "cite":
        yield from (unknown("reference", key, keys) for key in mark.names if key not in keys)


def _conditions(when: Mapping[str, Wanted], place: Path, options: Mapping[str, OptionBase]) -> Iterator[Finding]:
    for name, wanted in when.items():
        if name not in options:
            yield (*place, name), unknown("option", name, options)
            continue
        for value in wanted if isinstance(wanted, list) else [wanted]:
            if value is not None and (reason := options[name].objection(value)):
                yield (*place, name), f"{name} is never {value!r}: {reason}"
