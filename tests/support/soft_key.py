"""A security key in software: makes a key pair and signs as the standard says, and lies where it is told to."""

import json
import os
import struct
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from fido2 import cbor

from portal.drafts.signoff.webauthn import Assertion, MadeKey, packed

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class SoftKey:
    """One key for one portal."""

    origin: str
    curve: str = "P-256"
    credential: bytes = field(default_factory=lambda: os.urandom(32))
    counter: int = 1
    flags: int = PRESENT | VERIFIED
    private: Any = None

    def __post_init__(self) -> None:
        if self.private is None:
            ed = self.curve == "Ed25519"
            self.private = ed25519.Ed25519PrivateKey.generate() if ed else ec.generate_private_key(ec.SECP256R1())

    @property
    def rp_id(self) -> str:
        """For whom it signs."""
        return urlsplit(self.origin).hostname or ""

    @property
    def public_key(self) -> dict[int, Any]:
        """As COSE has it."""
        public = self.private.public_key()
        if self.curve == "Ed25519":
            return {1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()}
        numbers = public.public_numbers()
        return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}

    def code(self, person: str) -> str:
        """By which an operator knows it as this person's."""
        return MadeKey(self.credential, cbor.encode(self.public_key), self.counter).code(person)

    def data(self, flags: int, *, rp_id: str | None = None, rest: bytes = b"") -> bytes:
        """The authenticator's data."""
        head = sha256((rp_id or self.rp_id).encode()).digest()
        return head + struct.pack(">BI", flags, self.counter) + rest

    def client_data(self, kind: str, challenge: bytes, **more: Any) -> bytes:
        """What the browser says of it."""
        said = {"type": f"webauthn.{kind}", "challenge": packed(challenge), "origin": self.origin}
        return json.dumps(said | {"crossOrigin": False} | more).encode()

    def made(self, *, rp_id: str | None = None, **more: Any) -> tuple[str, str]:
        """What a browser brings when the key is made: client data and attestation, in base64url."""
        attested = bytes(16) + struct.pack(">H", len(self.credential)) + self.credential
        attested += cbor.encode(self.public_key)
        data = self.data(self.flags | ATTESTED, rp_id=rp_id, rest=attested)
        whole = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        return packed(self.client_data("create", os.urandom(32), **more)), packed(whole)

    def signs(self, challenge: bytes, *, rp_id: str | None = None, kind: str = "get", **more: Any) -> Assertion:
        """Its signature over a challenge; it counts."""
        self.counter += 1 if self.counter else 0
        client_data, data = self.client_data(kind, challenge, **more), self.data(self.flags, rp_id=rp_id)
        message = data + sha256(client_data).digest()
        if self.curve == "Ed25519":
            signature = self.private.sign(message)
        else:
            signature = self.private.sign(message, ec.ECDSA(hashes.SHA256()))
        return Assertion(self.credential, client_data, data, signature)
