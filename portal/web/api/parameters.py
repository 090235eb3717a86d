"""What a request says in its headers or its address, as a model."""

from typing import Any

from pydantic import BaseModel

_PLAIN: dict[type[BaseModel], dict[str, Any]] = {}


class Parameters(BaseModel):
    """Base of such models: flask-openapi3 asks for the plain schema in every request, so it is made once."""

    @classmethod
    def model_json_schema(cls, *args: Any, **named: Any) -> dict[str, Any]:
        """The JSON schema; the plain one is shared and must not be changed."""
        if args or named:
            return super().model_json_schema(*args, **named)
        if cls not in _PLAIN:
            _PLAIN[cls] = super().model_json_schema()
        return _PLAIN[cls]
