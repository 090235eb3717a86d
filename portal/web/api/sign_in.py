"""Who asks, and what the token allows: every request of the API passes here first.

A browser's cookie counts for reading only. What changes something needs a token in a header, which no other
site can make a browser send: that is the API's protection against forged requests.
"""

from dataclasses import replace
from typing import Final

from flask import g, request
from flask_limiter.util import get_remote_address

from portal.audit.who import Via
from portal.errors import ForbiddenError, SignInNeededError
from portal.identity.sessions import actor_of_session
from portal.identity.tokens import Scope, find_token, touch_token
from portal.web.context import now, origin, portal, session
from portal.web.signed_in import sign_in_of_request

SAFE: Final = frozenset({"GET", "HEAD"})

OPEN: Final = frozenset(
    {
        "api.document",
        "api.job_type_schema",
        "api_tokens.create_token",
        "api_device.ask_for_token",
        "api_device.fetch_token",
    }
)
"""The API's description, the schema that editors read, and the ways to a token: they ask for the password or for a
code themselves."""

WITHOUT_SCOPE: Final = frozenset({"api_tokens.revoke_token"})
"""What any valid token may do: giving one's own rights up needs none."""

READING_POSTS: Final = frozenset(
    {"api_analyses.check_form", "api_drafts.check_text", "api_drafts.check_draft_form"}
)
"""What is sent as POST for its size, but changes nothing."""

HOW: Final = "Send a personal token: Authorization: Bearer gantry_…"


def find_actor() -> None:
    """Set g.actor and g.scopes, or raise SignInNeededError or ForbiddenError."""
    if request.endpoint in OPEN:
        return
    header = request.headers.get("Authorization", "")
    if header:
        _by_token(header)
    elif request.method in SAFE and (cookie := sign_in_of_request()):
        found = actor_of_session(session(), cookie, now=now())
        if found is None:
            raise SignInNeededError(f"Your sign-in has ended. {HOW}")
        g.actor, g.scopes = replace(found, origin=origin(Via.SESSION)), frozenset({Scope.READ})
    else:
        raise SignInNeededError(HOW)
    if request.endpoint not in WITHOUT_SCOPE:
        _need(Scope.READ if request.method in SAFE or request.endpoint in READING_POSTS else Scope.SUBMIT)


def _by_token(header: str) -> None:
    kind, _, secret = header.partition(" ")
    if kind.lower() != "bearer" or not secret.strip():
        raise SignInNeededError(HOW)
    secret = secret.strip()
    holder = find_token(session(), secret, now=now(), address=get_remote_address())
    g.actor, g.scopes = holder.actor, holder.scopes
    if holder.touch:
        with portal().database.write() as writing:
            touch_token(writing, secret, now=now())


def _need(scope: Scope) -> None:
    if scope not in g.scopes:
        raise ForbiddenError(f"This token may not do that: it lacks the scope “{scope.value}”.")
