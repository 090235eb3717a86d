"""The staged images as the editor shows them: to choose from, and what was recorded of the chosen one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from flask import url_for

from portal.errors import PortalError
from portal.form.recipe import MODULE
from portal.images import recorded
from portal.images.made import recipe
from portal.images.made.recipe import Made
from portal.images.manifest import NAME, Manifest
from portal.images.places import Found, Places
from portal.jobtype.model import JobType
from portal.jobtype.written.tree import Tree
from portal.times import moment_of
from portal.web.formats import date
from portal.words import size

MOST: Final = 200


@dataclass(frozen=True)
class ShownHelp:
    """What a program said for --help, and what is to be known of that."""

    title: str
    text: str
    note: str


@dataclass(frozen=True)
class ShownImage:
    """An image with all that is known of it; `unknown` says what is not."""

    name: str
    digest: str
    size: str
    built: str
    labels: tuple[tuple[str, str], ...]
    more_labels: int
    apps: tuple[str, ...]
    helps: tuple[ShownHelp, ...]
    unknown: str
    made: Made | None = None


@dataclass(frozen=True)
class Maker:
    """An analysis that makes images on top of one."""

    name: str
    title: str
    base: str
    url: str


def makers(on_offer: Iterable[JobType]) -> list[Maker]:
    """The analyses by which this person can have an image made."""
    found = [one for one in on_offer if one.program.module == MODULE]
    return [
        Maker(one.name, one.title, _built_on(one), url_for("analyses.start", name=one.name))
        for one in found[:MOST]
    ]


def _built_on(jobtype: JobType) -> str:
    """The image beneath; empty where another one is taken over whole."""
    whole = any(option.name == "reference" for option in jobtype.options)
    return "" if whole else jobtype.image or ""


def choices(places: Places) -> list[tuple[str, str]]:
    """The images that can be had: name, and name with size, digest and date."""
    found = []
    for name in places.names()[:MOST]:
        one = _read(places, name)
        if one is not None and one.manifest.withdrawn is None:
            image = one.manifest
            built = f", {_day(image.built)}" if _day(image.built) else ""
            found.append((name, f"{name}, {size(image.size)}, {image.digest[7:19]}{built}"))
    return found


def chosen(places: Places, tree: Tree) -> ShownImage | None:
    """The image that the draft names; None where it names none that is staged."""
    name = tree.get(("image",)) if tree.has(("image",)) else None
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return None
    one = _read(places, name)
    if one is None:
        return None
    return shown(one.manifest, recorded.read(one.folder, one.manifest), recipe.read(one.folder, one.manifest))


def shown(image: Manifest, known: recorded.Recorded | None, made: Made | None) -> ShownImage:
    """An image in words."""
    unknown = known.unknown if known else "Nothing was recorded of it: its labels and programs are not known."
    return ShownImage(
        image.name,
        image.digest,
        size(image.size),
        _day(image.built),
        known.labels if known else (),
        known.labels_left_out if known else 0,
        known.apps if known else (),
        tuple(_help(one, known) for one in known.helps) if known else (),
        unknown,
        made,
    )


def _help(one: recorded.Help, known: recorded.Recorded) -> ShownHelp:
    notes = [f"The program was {recorded.NAMED_BY[one.named_by]}."]
    if one.unknown:
        notes.append(f"It is not known what it says: {one.unknown}")
    elif one.cut:
        notes.append("It said more than is kept here.")
    elif one.code is None:
        notes.append("It had not ended after a while, and was stopped.")
    elif one.code:
        notes.append(f"It ended with exit code {one.code}.")
    when = "when it was asked" if known.later else "when the image was staged"
    day = f", {_day(known.at)}" if _day(known.at) else ""
    return ShownHelp(f"What {one.program} --help said {when}{day}", one.text, " ".join(notes))


def _day(written: str | None) -> str:
    moment = moment_of(written)
    return date(moment) if moment is not None else ""


def _read(places: Places, name: str) -> Found | None:
    try:
        return places.read(name)
    except (PortalError, OSError):
        return None
