"""Signing in a program without a browser (RFC 8628): it asks here, its owner allows it on the page /device."""

from flask import Response, request
from flask_limiter.util import get_remote_address
from pydantic import BaseModel, Field

from portal.identity import device as service
from portal.web.api.answer import answer
from portal.web.api.blueprint import make_blueprint
from portal.web.api.tokens import Days, NewToken, Scopes, token_out
from portal.web.bounded import Body, Title
from portal.web.context import now, portal
from portal.web.security import limited

api = make_blueprint("device", "Signing in a program that has no browser.")


class DeviceWish(Body):
    """What the token shall be for."""

    name: Title = Field(description="What it is for: the name of a computer or a program. The person sees it.")
    scopes: Scopes = Field(default_factory=lambda: ["read", "submit"])
    days: Days = Field(90, description="For how long it is valid.")


class DeviceCodes(BaseModel):
    """What to show, and how to go on. The fields are those of RFC 8628, 3.2."""

    device_code: str = Field(description="Secret: the program fetches its token with it.")
    user_code: str = Field(description="The short code that the person types.")
    verification_uri: str = Field(description="The page where she types it.")
    verification_uri_complete: str = Field(description="The same page with the code filled in.")
    expires_in: int = Field(description="Seconds until both codes end.")
    interval: int = Field(description="Seconds to wait between two questions for the token.")


class DeviceQuestion(Body):
    """May I come in?"""

    device_code: str = Field(max_length=200)


class DeviceAnswer(BaseModel):
    """Whether the program may come in; the token where it may, once."""

    status: service.Answer = Field(
        description="pending: ask again after `interval`. slow_down: that was too soon, `interval` has grown. "
        "denied, expired: begin anew. allowed: here is the token; the same code gives no other one."
    )
    interval: int = Field(description="Seconds to wait before the next question; 0 where there is none to ask.")
    token: NewToken | None = None


@api.post("/device", summary="Ask to be signed in", security=[{}], responses={201: DeviceCodes})
@limited
def ask_for_token(body: DeviceWish) -> Response:
    """Then show `user_code` with `verification_uri`, and ask for the token until somebody has decided."""
    with portal().database.write() as writing:
        asked = service.ask(
            writing, body.name, body.scopes, days=body.days, address=get_remote_address(), now=now()
        )
    codes = DeviceCodes(
        device_code=asked.device_code,
        user_code=asked.user_code,
        verification_uri=_address(),
        verification_uri_complete=f"{_address()}?code={asked.user_code}",
        expires_in=asked.lifetime_s,
        interval=asked.interval_s,
    )
    return _unkept(answer(codes, 201))


@api.post("/device/token", summary="Fetch the token", security=[{}], responses={200: DeviceAnswer})
def fetch_token(body: DeviceQuestion) -> Response:
    """The token, as soon as a person has allowed it."""
    with portal().database.write() as writing:
        told = service.exchange(writing, body.device_code, now=now())
        made = None
        if told.token is not None:
            made = NewToken(**token_out(told.token).model_dump(), secret=told.secret or "")
    return _unkept(answer(DeviceAnswer(status=told.answer, interval=told.interval_s, token=made)))


def _address() -> str:
    """Of the page, as people reach it: beneath the setting's address, else beneath the one that was asked here."""
    base = portal().settings.web.base_url or request.url_root
    return f"{base.rstrip('/')}/device"


def _unkept(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
