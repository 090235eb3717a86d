"""Search everything: a page, and the same as a list beneath the field that Ctrl-K opens."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from portal.web.context import actor, portal
from portal.web.part import part
from portal.web.views.finding.everything import LONGEST, Everything, Finder

page = Blueprint("search", __name__)

OF_EACH = 12
IN_LIST = 5


@page.get("/search")
def show() -> ResponseReturnValue:
    """What was found of each kind."""
    return render_template("search/show.html", found=_found(OF_EACH))


@part(page, "/search/part/hits", of="search.show")
def hits() -> ResponseReturnValue:
    """The first of each kind, as a list to choose from."""
    return render_template("search/_hits.html", found=_found(IN_LIST))


def _found(most: int) -> Everything:
    text = request.args.get("q", "")[:LONGEST]
    return Finder(portal().database, actor(), portal().jobtypes.by_name, most).find(text)
