"""A model as a JSON answer."""

from flask import Response, jsonify
from pydantic import BaseModel


def answer(model: BaseModel, status: int = 200) -> Response:
    """The model's JSON, times as ISO 8601."""
    response = jsonify(model.model_dump(mode="json"))
    response.status_code = status
    return response
