"""Personal tokens. A token cannot make another one: that takes the password, or a signed-in browser."""

from datetime import datetime
from typing import Annotated

from flask import Response, g
from flask_limiter.util import get_remote_address
from pydantic import BaseModel, Field

from portal.audit.who import Via
from portal.identity import tokens as service
from portal.identity.models import ApiToken
from portal.identity.people import authenticate
from portal.web.api.answer import answer
from portal.web.api.blueprint import make_blueprint
from portal.web.bounded import Body, Name, PathId, Title
from portal.web.context import actor, close_session, now, origin, portal, session
from portal.web.security import limiter

api = make_blueprint("tokens", "Personal tokens for programs and the command line.")


Scopes = Annotated[list[Name], Field(max_length=20)]
Days = Annotated[int, Field(ge=-100_000, le=100_000)]
"""Read so far; how long a token may live, its service says."""


class TokenOut(BaseModel):
    """A token without its secret."""

    id: int
    name: str = Field(description="What it is for.")
    prefix: str = Field(description="Its first characters.")
    scopes: list[str]
    created: datetime
    expires: datetime
    last_used: datetime | None


class NewToken(TokenOut):
    """A token that was just made."""

    secret: str = Field(description="The token itself. It cannot be had again.")


class TokenList(BaseModel):
    """A person's tokens, newest first."""

    items: list[TokenOut]


class TokenRequest(Body):
    """Sign-in name and password, and what the token shall be for."""

    person: str = Field(max_length=255, description="Sign-in name.")
    password: str = Field(max_length=1024)
    name: Title = Field(description="What it is for: the name of a computer or a program.")
    scopes: Scopes = Field(default_factory=lambda: ["read", "submit"])
    days: Days = Field(90, description="For how long it is valid.")


class TokenPath(BaseModel):
    """Which token."""

    token_id: PathId


def token_out(token: ApiToken) -> TokenOut:
    """A token as the API shows it."""
    return TokenOut(
        id=token.id,
        name=token.name,
        prefix=token.prefix,
        scopes=list(token.scopes),
        created=token.created,
        expires=token.expires,
        last_used=token.last_used,
    )


def _limit() -> str:
    return portal().settings.web.sign_in_limit


@api.post("/tokens", summary="Make a token, by password", security=[{}], responses={201: NewToken})
@limiter.limit(_limit)  # type: ignore[untyped-decorator]
def create_token(body: TokenRequest) -> Response:
    """For those with a local account. Others make a token in the browser, under their name."""
    person = authenticate(portal().database, body.person, body.password, address=get_remote_address(), now=now())
    with portal().database.write() as writing:
        token, secret = service.create_token(
            writing, person.actor(origin(Via.PASSWORD)), body.name, body.scopes, days=body.days, now=now()
        )
        shown = NewToken(**token_out(token).model_dump(), secret=secret)
    response = answer(shown, 201)
    response.headers["Cache-Control"] = "no-store"
    return response


@api.get("/tokens", summary="My tokens", responses={200: TokenList})
def list_tokens() -> Response:
    """Those that are not revoked, newest first."""
    found = TokenList(items=[token_out(token) for token in service.list_tokens(session(), actor())])
    return answer(found)


@api.delete("/tokens/<int:token_id>", summary="Revoke a token", responses={204: None})
def revoke_token(path: TokenPath) -> Response:
    """End one of one's own tokens; also the one that is used here. Staff end anybody's, which takes `submit`."""
    others = service.Scope.SUBMIT in g.scopes
    close_session()
    with portal().database.write() as writing:
        service.revoke_token(writing, actor(), path.token_id, now=now(), others=others)
    return Response(status=204)
