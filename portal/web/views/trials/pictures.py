"""Which pictures a sheet shows: all at one grey scale, or those that the program drew."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import url_for
from sqlalchemy.orm import Session

from portal.catalogue.access import visible
from portal.catalogue.models import DatasetPicture
from portal.data.grey import GreyScale
from portal.form.numbers import read_number
from portal.identity.actor import Actor
from portal.jobs.trials.sheet import Sheet
from portal.jobtype.option import number_words
from portal.web.views.pictures import Picture, picture_of

GREY = "grey"
"""How the pictures at one scale are called in an address; the program's own by their names."""


@dataclass(frozen=True)
class PictureChoice:
    """A kind of picture to look at, as a link."""

    words: str
    url: str
    chosen: bool


@dataclass(frozen=True)
class Shown:
    """The pictures of a sheet and what is to be said of them."""

    pictures: Mapping[int, Picture]
    """By the place of the value."""
    choices: tuple[PictureChoice, ...]
    scale: GreyScale | None
    """None where the pictures are the program's own."""
    words: str
    """What black and white stand for, or that each picture may have a scale of its own."""
    wrong: str
    """Why the scale that was asked for cannot be taken."""
    query: Mapping[str, str]
    """What the live part must ask for, to show the same."""


def shown(session: Session, actor: Actor, sheet: Sheet, values: Mapping[str, str]) -> Shown:
    """What to show, as the address asks: `picture`, and for the grey scale `black` and `white`."""
    own = _own(session, actor, sheet)
    names = list(dict.fromkeys(row.name for row in own))
    captions = {row.name: row.caption or row.name for row in reversed(own)}
    asked = values.get("picture", "")
    chosen = asked if asked in names else GREY if sheet.scale is not None else next(iter(names), "")
    choices = tuple(_choice(sheet, name, captions.get(name, ""), chosen) for name in _kinds(sheet, names))
    if chosen == GREY and sheet.scale is not None:
        scale, wrong = _scale(sheet.scale, values)
        kept = {} if scale == sheet.scale else {"black": values.get("black", ""), "white": values.get("white", "")}
        return Shown(_grey(sheet, scale), choices, scale, _grey_words(sheet.scale, scale), wrong, kept)
    of_result = {row.dataset_id: picture_of(row) for row in own if row.name == chosen}
    pictures = {one.index: of_result[one.result] for one in sheet.tried if one.result in of_result}
    words = "As the program drew them: each picture may have a scale of its own." if pictures else ""
    return Shown(pictures, choices, None, words, "", {"picture": chosen} if asked else {})


def scale_of(values: Mapping[str, str]) -> GreyScale | None:
    """The scale that an address names; None where it names none that can be taken."""
    try:
        black, white = (float(read_number(values.get(name, "")).value) for name in ("black", "white"))
    except ValueError:
        return None
    sound = math.isfinite(black) and math.isfinite(white) and math.isfinite(white - black)
    return GreyScale(black, white) if sound and black < white else None


def _own(session: Session, actor: Actor, sheet: Sheet) -> Sequence[DatasetPicture]:
    ids = [one.result for one in sheet.tried if one.result is not None]
    query = visible(actor, DatasetPicture).where(DatasetPicture.dataset_id.in_(ids))
    order = (DatasetPicture.role != "thumbnail", DatasetPicture.position, DatasetPicture.id)
    return session.scalars(query.order_by(*order)).all() if ids else ()


def _kinds(sheet: Sheet, names: Sequence[str]) -> list[str]:
    return [*([GREY] if sheet.scale is not None else []), *names]


def _choice(sheet: Sheet, name: str, caption: str, chosen: str) -> PictureChoice:
    words = "All at one grey scale" if name == GREY else caption
    url = url_for("trials.show", submission_id=sheet.submission.id, picture=None if name == GREY else name)
    return PictureChoice(words, url, name == chosen)


def _scale(usual: GreyScale, values: Mapping[str, str]) -> tuple[GreyScale, str]:
    if not (values.get("black") or values.get("white")):
        return usual, ""
    found = scale_of(values)
    if found is None:
        return usual, "Black and white must be two numbers, black the smaller one. The usual scale is shown."
    return found, ""


def _grey(sheet: Sheet, scale: GreyScale) -> dict[int, Picture]:
    return {
        one.index: Picture(
            url_for(
                "trials.picture",
                submission_id=sheet.submission.id,
                index=one.index,
                black=repr(scale.black),
                white=repr(scale.white),
            ),
            480,
            480,
        )
        for one in sheet.tried
        if one.has_grey
    }


def _grey_words(usual: GreyScale, scale: GreyScale) -> str:
    ends = f"black is {number_words(scale.black)}, white {number_words(scale.white)}"
    if scale != usual:
        return f"All pictures at one grey scale that you chose: {ends}; what is beyond them is black or white too."
    return (
        f"All pictures at one grey scale: {ends}. These are the ends of all of them together, each without its "
        "darkest 0.5 % and brightest 0.2 %."
    )
