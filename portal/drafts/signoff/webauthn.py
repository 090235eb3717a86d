"""What a browser brings from a security key, read and checked. No clock, no network: python-fido2 checks it.

Everything here came from outside, through the web tier's tables: sizes are bounded before anything is parsed, and
whatever a parser raises is "cannot be read".
"""

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorAssertionResponse,
    AuthenticatorData,
    CollectedClientData,
    PublicKeyCredentialRpEntity,
    UserVerificationRequirement,
)

from portal.errors import InvalidError

ALGORITHMS: Final = (-7, -8, -257)
"""ES256, EdDSA and RS256 (Windows Hello), of COSE's list: what is asked for, and what is taken."""
LONGEST_CREDENTIAL: Final = 1023
MOST_BYTES: Final = 8192
"""Of any one thing that a browser brings."""
CANNOT_BE_READ: Final = "What the key answered cannot be read. Try once more, or with another browser."


@dataclass(frozen=True)
class Party:
    """For whom keys sign: the portal, as its settings say and no request does."""

    origin: str
    """`https://gantry.example.org`."""

    @property
    def id(self) -> str:
        """The host's name, which keys are bound to."""
        return urlsplit(self.origin).hostname or ""


@dataclass(frozen=True)
class MadeKey:
    """The public side of a key that was made."""

    credential: bytes
    public_key: bytes
    counter: int

    def code(self, person: str) -> str:
        """By which two people know that they mean the same key: 80 bits of a digest that holds the person, too."""
        digest = sha256(person.encode() + b"\0" + sha256(self.credential).digest() + self.public_key).digest()
        letters = base64.b32encode(digest[:10]).decode()
        return "-".join(letters[at : at + 4] for at in range(0, 16, 4))


@dataclass(frozen=True)
class Assertion:
    """What a key signed."""

    credential: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes


def unpacked(text: str) -> bytes:
    """The bytes of base64url. Raises InvalidError, beyond MOST_BYTES too."""
    try:
        if not text or len(text) > MOST_BYTES * 4 // 3 or not text.isascii():
            raise ValueError
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise InvalidError(CANNOT_BE_READ) from error


def packed(raw: bytes) -> str:
    """As base64url without padding, which browsers speak."""
    return str(websafe_encode(raw))


def made_key(client_data: bytes, attestation: bytes, party: Party) -> MadeKey:
    """The key that a browser made for this portal. Who made it is not proved by that. Raises InvalidError."""
    try:
        told = CollectedClientData(client_data)
        data = AttestationObject(attestation).auth_data
        attested = data.credential_data
        algorithm = attested.public_key.get(3) if attested is not None else None
    except Exception as error:  # three parsers of what anybody may have sent
        raise InvalidError(CANNOT_BE_READ) from error
    if attested is None or told.type != CollectedClientData.TYPE.CREATE:
        raise InvalidError(CANNOT_BE_READ)
    _check_place(told, data, party)
    if algorithm not in ALGORITHMS or len(attested.credential_id) > LONGEST_CREDENTIAL:
        raise InvalidError("This key signs in a way that is not taken here. Use another one.")
    return MadeKey(bytes(attested.credential_id), cbor.encode(dict(attested.public_key)), data.counter)


def checked(given: Assertion, public_key: bytes, challenge: bytes, party: Party) -> int:
    """How often the key signed, as it says, if this is its signature over the challenge. Raises InvalidError."""
    try:
        told = CollectedClientData(given.client_data)
        data = AuthenticatorData(given.authenticator_data)
        known = AttestedCredentialData.create(Aaguid.NONE, given.credential, CoseKey.parse(_map(public_key)))
    except Exception as error:  # as above
        raise InvalidError(CANNOT_BE_READ) from error
    if told.type != CollectedClientData.TYPE.GET:
        raise InvalidError(CANNOT_BE_READ)
    _check_place(told, data, party)
    if told.challenge != challenge:
        raise InvalidError("What was signed is not this request. Look at it again and sign what stands there now.")
    try:
        response = AuthenticatorAssertionResponse(
            client_data=told, authenticator_data=data, signature=given.signature
        )
        _server(party).authenticate_complete(
            {"challenge": websafe_encode(challenge), "user_verification": UserVerificationRequirement.REQUIRED},
            [known],
            AuthenticationResponse(raw_id=given.credential, response=response),
        )
    except Exception as error:  # the library's own word for a wrong signature, and whatever a curve raises
        raise InvalidError("The signature is not that of this key.") from error
    return int(data.counter)


def _check_place(told: CollectedClientData, data: AuthenticatorData, party: Party) -> None:
    if told.origin != party.origin or told.cross_origin:
        raise InvalidError(f"It was not made on a page of {party.origin}.")
    if data.rp_id_hash != sha256(party.id.encode()).digest():
        raise InvalidError(f"It was not made for {party.id}.")
    if not data.is_user_present() or not data.is_user_verified():
        raise InvalidError("The key did not ask who uses it: a PIN or a fingerprint is needed.")


def _server(party: Party) -> Fido2Server:
    entity = PublicKeyCredentialRpEntity(id=party.id, name="Gantry")
    return Fido2Server(entity, verify_origin=lambda origin: origin == party.origin)


def _map(raw: bytes) -> dict[int, Any]:
    found = cbor.decode(raw)
    if not isinstance(found, dict):
        raise ValueError("no map")
    return found
