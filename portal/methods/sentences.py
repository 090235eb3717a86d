"""A step in sentences: those that its job type has for it, else what is known of every analysis. Pure."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from portal import words
from portal.jobtype.methods import Mark, Part, Reference, Wanted, holds, pieces
from portal.methods.publications import Bibliography
from portal.methods.quantities import day, listed, quantity, quoted
from portal.methods.steps import REMARKS, Step
from portal.methods.told import Told, ToldOption

MOST_NAMED = 6
"""Datasets that a sentence names; further ones are counted."""
MOST_FOUND = 12
MOST_DOUBTS = 12
_SPACES = re.compile(r" (?=[.,;:)])")
GLUED = (".", ",", ";", ":", ")")
"""A part that begins so stands behind the one before it without a space."""


class MissingError(Exception):
    """A placeholder has no value, so that its sentence says nothing."""


def paragraph(step: Step, cited: Bibliography, *, last: bool, who: bool) -> str:
    """All that a paper says of a step. `last`: it gave the result itself; `who`: name who asked for it."""
    said = declared(step, cited) or generic(step, cited)
    said += ["The program noted: " + "; ".join(_doubts(step)) + "."] if step.doubts else []
    said.append(_ran(step, who=who))
    if not last:
        said.append(f"This gave {listed([named(one.name, one.id, one.doi) for one in step.outputs])}.")
    if step.untold:
        said.append("How its input was made before that is not recorded, or not shared with you.")
    return joined(said)


def declared(step: Step, cited: Bibliography) -> list[str]:
    """The job type's own sentences; empty where it has none, or none that holds."""
    said: list[str] = []
    spoken: set[str] = set()
    inputs_named = not (step.inputs or step.deleted or step.run.hidden_inputs)
    for part in step.told.parts:
        named_here = {
            piece.names[0] for piece in _sound(part) if isinstance(piece, Mark) and piece.kind == "option"
        }
        if not _hold(step, part):
            spoken |= named_here | set(part.tells)  # of no matter here: a width where there is no Gaussian
            continue
        try:
            filled = [_filled(piece, step) for piece in pieces(part.text)]
        except (MissingError, ValueError):
            continue
        # Numbered only now: a sentence that is not said cites nothing.
        text = "".join(one if isinstance(one, str) else _numbers(one, cited) for one in filled)
        text = _SPACES.sub("", " ".join(text.split()))
        said.append(text[:1].upper() + text[1:])
        inputs_named = inputs_named or any(isinstance(one, Mark) and one.kind == "input" for one in _sound(part))
        spoken |= named_here | part.when.keys() | part.unless.keys() | set(part.tells)
    if not said:
        return []
    if not inputs_named:
        said.insert(0, _first(step))
    left = [one for one in _options(step.told, step.run.options) if one.name not in spoken]
    settings = _settings(step.run.options, left)
    further = [f"Further settings: {settings}."] if settings else []
    return [_with_uncited(said[0], step, cited), *said[1:], *further]


def generic(step: Step, cited: Bibliography) -> list[str]:
    """What is known of any analysis: what ran on what, with which settings, and what it found."""
    said = [_with_uncited(_first(step), step, cited)]
    if settings := _settings(step.run.options, _options(step.told, step.run.options)):
        said.append(f"Settings: {settings}.")
    found = [f"{name} {quantity(one.value, one.units)}" for name, one in step.found.items() if name != REMARKS]
    if found:
        more = f"; and {len(found) - MOST_FOUND} more" if len(found) > MOST_FOUND else ""
        said.append(f"It reported: {'; '.join(found[:MOST_FOUND])}{more}.")
    return said


def _first(step: Step) -> str:
    """What ran on what."""
    on = _all_inputs(step)
    return f"{step.told.title} was run{f' on {on}' if on else ''}."


def joined(parts: Iterable[str]) -> str:
    """Parts one behind another, without a space before what belongs to the one before."""
    text = ""
    for part in parts:
        text += part if not text or part.startswith(GLUED) else f" {part}"
    return text


def named(name: str, key: int, doi: str | None = None) -> str:
    """A dataset by its name and identifier."""
    return f"{quoted(name)} ({f'doi:{doi}' if doi else f'dataset {key}'})"


def _filled(piece: str | Mark, step: Step) -> str | list[Reference]:
    """The text of a placeholder, or the publications that it cites. Raises MissingError."""
    if isinstance(piece, str):
        return piece
    match piece.kind:
        case "analysis":
            return step.told.title
        case "input":
            slot = piece.names[0] if piece.names else next(iter(step.told.slots), "")
            return _needed(_inputs(step, slot))
        case "found":
            one = step.found.get(piece.names[0])
            return _needed("" if one is None else quantity(one.value, one.units))
        case "cite":
            return _cited(step, piece.names)
    return _needed(value_words(step.told.option(piece.names[0]), step.run.options.get(piece.names[0])))


def _needed(text: str) -> str:
    if not text:
        raise MissingError
    return text


def _hold(step: Step, one: Part | Reference) -> bool:
    used = step.run.options
    if not all(holds(used.get(name), wanted) for name, wanted in one.when.items()):
        return False
    if isinstance(one, Reference):
        return True
    if any(holds(used.get(name), wanted) for name, wanted in one.unless.items()):
        return False
    return all(_found_holds(step, name, wanted) for name, wanted in one.found.items())


def _found_holds(step: Step, name: str, wanted: Wanted) -> bool:
    """Parameters keep true and false as words."""
    one = step.found.get(name)
    value: Any = None if one is None else one.value
    return holds({"true": True, "false": False}.get(str(value), value), wanted) or holds(value, wanted)


def _cited(step: Step, keys: Sequence[str]) -> list[Reference]:
    known = {reference.key: reference for reference in step.told.references}
    return [known[key] for key in keys if key in known and _hold(step, known[key])]


def _numbers(references: Sequence[Reference], cited: Bibliography) -> str:
    numbers = sorted(cited.number(reference) for reference in references)
    return f"[{', '.join(map(str, numbers))}]" if numbers else ""


def _with_uncited(sentence: str, step: Step, cited: Bibliography) -> str:
    """The first sentence, with those publications that hold and that no sentence names."""
    anywhere = {
        key
        for part in step.told.parts
        for piece in _sound(part)
        if isinstance(piece, Mark) and piece.kind == "cite"
        for key in piece.names
    }
    left = [one for one in step.told.references if one.key not in anywhere and _hold(step, one)]
    marks = _numbers(left, cited)
    if not marks:
        return sentence
    return f"{sentence[:-1]} {marks}." if sentence.endswith(".") else f"{sentence} {marks}"


def _sound(part: Part) -> list[str | Mark]:
    try:
        return list(pieces(part.text))
    except ValueError:
        return []


def _options(told: Told, used: dict[str, Any]) -> list[ToldOption]:
    """The options in the form's order, then those that are known by name alone."""
    known = {option.name for option in told.options}
    return [*told.options, *(ToldOption(name, name) for name in used if name not in known)]


def _settings(used: dict[str, Any], options: Sequence[ToldOption]) -> str:
    said = [(one.label, value_words(one, used.get(one.name))) for one in options]
    return "; ".join(
        f"{label[:1].lower() + label[1:] if label[1:2].islower() else label}: {value}"
        for label, value in said
        if value
    )


def value_words(option: ToldOption | None, value: object) -> str:
    """An option's value with its unit, a choice by its label; empty where it has none."""
    if value is None or value == "":
        return ""
    if isinstance(value, list):
        return listed([value_words(option, one) for one in value])
    if isinstance(value, dict):
        ends = [quantity(value.get(end), "") for end in ("low", "high")]
        return f"{ends[0]} to {quantity(value.get('high'), option.units if option is not None else '')}"
    if option is not None and isinstance(value, str) and value in option.choices:
        return option.choices[value]
    if isinstance(value, str):
        value = words.one_line(value, 200)
    return quantity(value, option.units if option is not None else "")


def _all_inputs(step: Step) -> str:
    slots = [*step.told.slots, *(linked.slot for linked in step.inputs), *(slot for slot, _name in step.deleted)]
    parts = [_inputs(step, slot, hidden=False) for slot in dict.fromkeys(slots)]
    if step.run.hidden_inputs:
        parts.append(hidden_words(step.run.hidden_inputs))
    return listed([part for part in parts if part])


def _inputs(step: Step, slot: str, *, hidden: bool = True) -> str:
    """The datasets of a slot: some by name, others counted. What this person may not see is said to be there."""
    first = next(iter(step.told.slots), slot)
    names = [
        named(one.dataset.name, one.dataset.id, one.dataset.doi)
        for one in step.inputs
        if (one.slot or first) == slot  # an ICAT that was brought over knows no slots
    ]
    names += [_gone(name) for where, name in step.deleted if where == slot]
    if len(names) > MOST_NAMED:
        names = [*names[: MOST_NAMED - 1], words.count(len(names) - MOST_NAMED + 1, "further dataset")]
    if hidden and step.run.hidden_inputs and (not names or slot == first):
        names.append(hidden_words(step.run.hidden_inputs))
    return listed(names)


def _gone(name: str) -> str:
    return f"{quoted(name)} (deleted since)" if name else "a dataset that was deleted since"


def hidden_words(count: int) -> str:
    """Datasets that may not be named."""
    return (
        "a dataset that is not visible to you" if count == 1 else f"{count:,} datasets that are not visible to you"
    )


def _doubts(step: Step) -> list[str]:
    said = [one.rstrip(".") for one in step.doubts]
    if len(said) > MOST_DOUBTS:
        return [*said[:MOST_DOUBTS], f"and {len(said) - MOST_DOUBTS} more"]
    return said


def _ran(step: Step, *, who: bool) -> str:
    run, image = step.run, step.image
    made_with = [f"analysis {run.application} {run.version}"]
    if image is not None:
        made_with.append(f"container image {image.name}{f' ({image.digest})' if image.digest else ''}")
    software = step.run.facts.get("software")
    if isinstance(software, dict):
        made_with += [
            f"{name} {version}" for name, version in list(software.items())[:20] if isinstance(version, str)
        ]
    when = step.ended or run.at
    gantry = f"Gantry {step.fact('gantry')}".rstrip()
    by = f" by {step.person}" if who else ""
    return f"This was run{by} with {gantry} on {day(when)} ({'; '.join(made_with)})."
