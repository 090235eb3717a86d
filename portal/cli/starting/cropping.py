"""gantry run --crop: on the small part of a dataset that an analysis has for trials, by its own options."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from portal.cli.arguments import nearest, pairs
from portal.cli.output import say
from portal.client.http import Document
from portal.errors import InvalidError

USUAL: Final = "usual"
HELP: Final = "On a part of the dataset: usual, or NAME=VALUE of the options that limit the work."


def given_of(words: Sequence[str]) -> dict[str, str]:
    """What was given of the part beside `usual`. Fails like a mistyped command."""
    return pairs((word for word in words if word.strip() != USUAL), "NAME=VALUE, or usual")


def cropped(form: Document, words: Sequence[str], options: Mapping[str, Any], title: str) -> dict[str, Any]:
    """The options with those that limit the work. Raises InvalidError where nothing does, or not so.

    `form`: the form with these options, as the portal has checked it: it knows the usual part.
    """
    usual = form.get("part") or {}  # a portal of an earlier release tells none
    if not usual:
        raise InvalidError(f"{title} works on whole datasets: it has no option that limits the work.")
    given = given_of(words)
    for name in given:
        if name not in usual:
            hint = nearest(name, usual)
            raise InvalidError(f"{name} does not limit the work.{hint} There are: {', '.join(usual)}.")
        if name in options and options[name] != given[name]:
            raise InvalidError(f"{name} is given twice, by --set and by --crop.")
    part = {**usual, **{name: options[name] for name in usual if name in options}, **given}
    if all(value is None or str(value).strip() == "" for value in part.values()):
        raise InvalidError(
            "The usual part of this dataset is not known, so nothing was started. Give one: "
            f"--crop {next(iter(part))}=VALUE"
        )
    told = ", ".join(f"{name}={value}" for name, value in part.items() if str(value).strip())
    say(f"On a part: {told}", err=True)
    return {**options, **part}
