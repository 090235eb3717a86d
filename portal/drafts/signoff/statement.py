"""What a key signs: everything about a request that must not change afterwards, as one line of JSON. Pure.

The page shows this very text, the browser hashes it, and the publisher makes it anew from what lies in the
database: what was signed for another request, another text, other people or another sentence fits no other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from portal.documents import canonical_json


@dataclass(frozen=True)
class Meant:
    """What is signed off, and by whom."""

    request: int
    nonce: str
    """Of this request alone: a number may come again where a database was put back."""
    asked_by: str
    name: str
    revision: str
    audience: Mapping[str, Any]
    changed: str
    signer: str

    @property
    def statement(self) -> str:
        """The text that is signed."""
        document = {
            "gantry": "sign-off 1",
            "request": self.request,
            "nonce": self.nonce,
            "asked_by": self.asked_by,
            "publish": self.name,
            "revision": self.revision,
            "to": dict(self.audience),
            "changed": self.changed,
            "signed_by": self.signer,
        }
        return canonical_json(document).decode()

    @property
    def challenge(self) -> bytes:
        """What the browser hands to the key: the SHA-256 of the statement in UTF-8."""
        return sha256(self.statement.encode()).digest()
