"""What a result's page offers for a paper and for other programs: references, and the result with its history."""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from portal.catalogue.service import get_dataset
from portal.errors import NotFoundError
from portal.methods.account import account_of
from portal.web.context import actor, session
from portal.web.files.crates import crate_archive, crate_metadata

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


@page.get("/<int:dataset_id>/ro-crate-metadata.json")
def crate(dataset_id: int) -> ResponseReturnValue:
    """How the result was made, as an RO-Crate's metadata file."""
    return crate_metadata(dataset_id)


@page.get("/<int:dataset_id>/ro-crate.zip")
def archive(dataset_id: int) -> ResponseReturnValue:
    """The result's files with how they were made: an RO-Crate as a ZIP archive."""
    return crate_archive(dataset_id)
