"""A model as a JSON answer."""

import json

from flask import Response
from pydantic import BaseModel


def answer(model: BaseModel, status: int = 200) -> Response:
    """The model's JSON, in the order of its fields, times as ISO 8601."""
    text = json.dumps(model.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, mimetype="application/json")
