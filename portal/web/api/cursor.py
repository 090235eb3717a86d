"""Opaque places in a list: a page starts behind the last item of the one before, whatever came in meanwhile."""

import base64
import binascii
import json
from typing import Any

from pydantic import ConfigDict, Field

from portal.db import LARGEST_ID
from portal.errors import InvalidError
from portal.web.api.parameters import Parameters

LIMIT = 50
MOST = 500


class PageQuery(Parameters):
    """What every list takes."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(LIMIT, ge=1, le=MOST, description="How many items at most.")
    cursor: str | None = Field(None, max_length=500, description="`next` of the page before.")


def encode(place: dict[str, Any]) -> str:
    """A place as text for an address."""
    raw = json.dumps(place, separators=(",", ":"), sort_keys=True).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(cursor: str | None, key: str) -> int | None:
    """The whole number that stands under `key` in the cursor; None without a cursor. Raises InvalidError."""
    if not cursor:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        value = place[key]
    except (binascii.Error, ValueError, TypeError, KeyError, RecursionError):
        value = None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_ID:
        raise InvalidError(
            "This cursor is not one of this list.", fields={"cursor": "Give `next` of the page before."}
        )
    return value
