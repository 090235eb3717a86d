"""JSON as requests bring it: what Python cannot parse, or parses and nobody can store, is refused as broken."""

import json
from typing import Any

from flask.json.provider import DefaultJSONProvider


class PlainJSON(DefaultJSONProvider):
    """As Flask's, but it takes no half characters (lone surrogates) and no nesting beyond Python's stack."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """The document. Raises ValueError, which Flask answers as a body that is not JSON."""
        try:
            found = super().loads(s, **kwargs)
            if _may_hold_halves(s):
                json.dumps(found, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        return found


def _may_hold_halves(text: str | bytes) -> bool:
    # Only an escape, or bytes that are no ASCII, can make one: other bodies are not looked through again.
    return not text.isascii() or (b"\\u" in text if isinstance(text, bytes) else "\\u" in text)
