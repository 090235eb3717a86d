"""What a request says in its headers or its address, as a model."""

from functools import cache
from typing import Any

from pydantic import BaseModel


class Parameters(BaseModel):
    """Base of such models: flask-openapi3 asks for the plain schema in every request, so it is made once."""

    @classmethod
    def model_json_schema(cls, *args: Any, **named: Any) -> dict[str, Any]:
        """The JSON schema; the plain one is shared and must not be changed."""
        return super().model_json_schema(*args, **named) if args or named else _plain_schema(cls)


@cache
def _plain_schema(model: type[Parameters]) -> dict[str, Any]:
    return BaseModel.model_json_schema.__func__(model)  # type: ignore[attr-defined, no-any-return]
