"""Ticks: which datasets are all that was found."""

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from portal.web.context import actor, portal, session
from portal.web.part import part
from portal.web.views.picks.picking import picked_ids
from portal.web.views.searching import query_of

page = Blueprint("picks", __name__)


@part(page, "/data/part/ids", of="data.show")
def found() -> ResponseReturnValue:
    """The numbers of all that was found and is complete, up to as many as may be ticked together."""
    ids = picked_ids(session(), actor(), query_of(request.args), portal().settings)
    return jsonify({"ids": list(ids)})
