"""JSON documents: their one canonical form, and what a number in one may be. Standard library only."""

import json
import sys
from typing import Any, TypeGuard

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_json(document: object) -> bytes:
    """Sorted keys, no spaces, UTF-8: equal documents are equal bytes. NaN and infinities are refused."""
    return _CANONICAL.encode(document).encode()


def finite(value: Any) -> TypeGuard[int | float]:
    """Whether it is a number that a float can be; true and false are none, nor is 1e999, which JSON can say."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -sys.float_info.max <= value <= sys.float_info.max
