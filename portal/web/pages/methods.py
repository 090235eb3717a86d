"""What a result's page offers for a paper: its references as a file."""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from portal.catalogue.service import get_dataset
from portal.errors import NotFoundError
from portal.methods.account import account_of
from portal.web.context import actor, session

page = Blueprint("methods", __name__, url_prefix="/datasets")


@page.get("/<int:dataset_id>/references.bib")
def references(dataset_id: int) -> ResponseReturnValue:
    """The publications that the result's methods cite, as BibTeX."""
    dataset = get_dataset(session(), actor(), dataset_id)
    found = account_of(session(), actor(), dataset).bibtex
    if not found:
        raise NotFoundError("The methods of this result cite no publication.")
    response = Response(found, mimetype="application/x-bibtex")
    response.headers.set("Content-Disposition", "attachment", filename=f"dataset-{dataset_id}.bib")
    return response
