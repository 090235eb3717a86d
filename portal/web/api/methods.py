"""How a result was made: for a paper, and for other programs."""

from flask import Response
from pydantic import BaseModel

from portal.catalogue.service import get_dataset
from portal.methods.account import account_of
from portal.web.api.answer import answer
from portal.web.api.blueprint import make_blueprint
from portal.web.api.methods_shapes import MethodsOut, methods_out
from portal.web.context import actor, session

api = make_blueprint("methods", "How a result was made.")


class ResultPath(BaseModel):
    """Which result."""

    dataset: int


@api.get(
    "/datasets/<int:dataset>/methods", summary="How a result was made, for a paper", responses={200: MethodsOut}
)
def read_methods(path: ResultPath) -> Response:
    """Text, references and BibTeX: each step of its history once. Of what was measured there are none (422)."""
    dataset = get_dataset(session(), actor(), path.dataset)
    return answer(methods_out(account_of(session(), actor(), dataset)))
