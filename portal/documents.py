"""JSON documents: their one canonical form, what identifies one, what a number in one may be. Standard library."""

import hashlib
import json
import sys
from typing import Any, TypeGuard

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_json(document: object) -> bytes:
    """Sorted keys, no spaces, UTF-8: equal documents are equal bytes. NaN and infinities are refused."""
    return _CANONICAL.encode(document).encode()


def digest(content: bytes) -> str:
    """`sha256:<hex>`: what identifies a document, a revision or a file."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def finite(value: Any) -> TypeGuard[int | float]:
    """Whether it is a number that a float can be; true and false are none, nor is 1e999, which JSON can say."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -sys.float_info.max <= value <= sys.float_info.max
