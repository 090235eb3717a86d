"""How a result was made: for a paper, and for other programs."""

from flask import Response
from pydantic import BaseModel

from portal.catalogue.service import get_dataset
from portal.methods.account import account_of
from portal.web.api.answer import answer
from portal.web.api.blueprint import make_blueprint
from portal.web.api.methods_shapes import MethodsOut, methods_out
from portal.web.bounded import PathId
from portal.web.context import actor, session
from portal.web.files.crates import crate_archive, crate_metadata

CRATE = {"application/ld+json": {"schema": {"type": "object"}}}
ARCHIVE = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}

api = make_blueprint("methods", "How a result was made.")


class ResultPath(BaseModel):
    """Which result."""

    dataset: PathId


@api.get(
    "/datasets/<int:dataset>/methods", summary="How a result was made, for a paper", responses={200: MethodsOut}
)
def read_methods(path: ResultPath) -> Response:
    """Text, references and BibTeX: each step of its history once. Of what was measured there are none (422)."""
    dataset = get_dataset(session(), actor(), path.dataset)
    return answer(methods_out(account_of(session(), actor(), dataset)))


@api.get(
    "/datasets/<int:dataset>/ro-crate",
    summary="A result and its history as an RO-Crate's metadata",
    responses={200: {"description": "ro-crate-metadata.json, RO-Crate 1.1.", "content": CRATE}},
)
def read_crate(path: ResultPath) -> Response:
    """By the profile Process Run Crate 0.5: an action for each step. Files are at their addresses."""
    return crate_metadata(path.dataset)


@api.get(
    "/datasets/<int:dataset>/ro-crate/content",
    summary="A result's files and its history as an RO-Crate",
    responses={200: {"description": "A ZIP archive.", "content": ARCHIVE}},
)
def read_crate_content(path: ResultPath) -> Response:
    """The result's files lie beneath data/; those of inputs are named with size and SHA-256 and not copied."""
    return crate_archive(path.dataset)
