"""What a request brings, looked at in front of every model: what cannot be read is answered alike everywhere."""

from typing import Any, Final

from flask import current_app, request

from portal.errors import InvalidError
from portal.web.api.sign_in import SAFE

BODY: Final = "Send a JSON map of names and values."
SAY_SO: Final = "Say so: Content-Type: application/json."


def read_query() -> None:
    """Raises InvalidError where a name that takes one value is given twice: programs differ in which counts."""
    several = [name for name, values in request.args.lists() if len(values) > 1]
    if several:
        lists = _lists(request.endpoint or "")
        twice = {name[:40]: "Give this once." for name in several if name not in lists}
        if twice:
            raise InvalidError(f"Given more than once: {', '.join(twice)}.", fields=twice)


def read_body() -> None:
    """Raises UnreadableError where the body is no JSON, InvalidError where it is no map or not said to be JSON.

    A text at the top would be read as JSON once more, without bounds.
    """
    if request.method in SAFE or not (request.get_data() or request.form or request.files):
        return
    if not request.is_json:
        raise InvalidError(f"This body cannot be used. {BODY} {SAY_SO}", fields={"body": f"{BODY} {SAY_SO}"})
    if not isinstance(request.get_json(), dict):
        raise InvalidError(f"This body cannot be used. {BODY}", fields={"body": BODY})


def _lists(endpoint: str) -> frozenset[str]:
    """The names of an operation's query that take several values, as its document has them."""
    known: dict[str, frozenset[str]] = current_app.extensions.setdefault("gantry-query-lists", {})
    if endpoint not in known:
        document: Any = current_app
        for path in document.api_doc["paths"].values():
            for operation in path.values():
                known[operation["operationId"]] = frozenset(
                    one["name"] for one in operation.get("parameters", ()) if _takes_several(one["schema"])
                )
        known.setdefault(endpoint, known.get(endpoint.rpartition(".")[2], frozenset()))
    return known[endpoint]


def _takes_several(schema: Any) -> bool:
    return any(one.get("type") == "array" for one in (schema, *schema.get("anyOf", ())))
