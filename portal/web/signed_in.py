"""The sign-in cookie, and the rule that every page needs a sign-in unless it is listed here."""

from dataclasses import replace
from typing import Final
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from portal.audit.who import Via
from portal.identity.sessions import find_session, touch_session
from portal.web.context import now, origin, portal, session
from portal.web.part import asked_for_part

COOKIE: Final = "gantry_session"

OPEN: Final = frozenset(
    {
        "static",
        "health.healthz",
        "help.show",
        "sign_in.show",
        "sign_in.submit",
        "sign_in.persona",
        # These show what is public to everybody: the catalogue decides, dataset by dataset.
        "datasets.show",
        "datasets.picture",
        "datasets.array_picture",
        "datasets.download",
        "datasets.report",
        "methods.references",
        "methods.crate",
        "methods.archive",
        "experiments.show",
        "experiments.jobs_now",
    }
)
"""Endpoints that answer without a sign-in. The API (blueprints named `api…`) asks for tokens itself."""

KEPT_INPUT: Final = frozenset({"analyses.start"})
"""Forms whose input outlives the end of a sign-in: their page also takes values from its address."""

NOT_KEPT: Final = frozenset({"csrf_token", "idempotency_key"})


def set_cookie(response: Response, token: str) -> Response:
    """Give the browser its sign-in: not readable by scripts, not sent along from other sites."""
    web = portal().settings.web
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(web.session_hours * 3600),
        httponly=True,
        samesite="Lax",
        secure=web.cookie_secure,
        path="/",
    )
    return response


def drop_cookie(response: Response) -> Response:
    """Take the sign-in back, and what the browser kept of our pages."""
    secure = portal().settings.web.cookie_secure
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="Lax", secure=secure)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def safe_next(target: str | None) -> str:
    """`target` if it is a path of this portal, else the home page. Never another host."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return url_for("home.show")
    if any(ord(character) < 0x20 or character == "\\" for character in target):
        return url_for("home.show")
    parts = urlsplit(target)
    return url_for("home.show") if parts.scheme or parts.netloc else target


def come_back() -> str:
    """Where the browser shall go after a sign-in: this page, with what was typed where the page can take it."""
    if request.method in {"GET", "HEAD"}:
        return safe_next(request.full_path.rstrip("?"))
    if request.endpoint in KEPT_INPUT:
        return path_with_input()
    referrer = urlsplit(request.referrer or "")
    return safe_next(referrer.path if referrer.netloc == request.host else None)


def path_with_input() -> str:
    """The address of a form's own page, carrying what was typed into it."""
    fields = [(name, text) for name, text in request.form.items(multi=True) if name not in NOT_KEPT]
    return f"{request.path}?{urlencode(fields)}"


def ask_for_sign_in() -> ResponseReturnValue:
    """Send the browser to the sign-in page; a live part is answered 401, upon which it loads the page again."""
    if asked_for_part():
        return make_response("Please sign in again.", 401)
    return redirect(url_for("sign_in.show", next=come_back()), 303)


def _find_actor() -> None:
    token = request.cookies.get(COOKIE)
    # The API has its own way of knowing who asks; assets belong to nobody. Whoever opens an address
    # that leads nowhere is told so as who they are.
    if token and request.endpoint != "static" and not _is_api():
        found = find_session(session(), token, now=now())
        if found is None:
            return
        g.actor = replace(found.actor, origin=origin(Via.SESSION))
        if found.touch and request.method == "POST":  # reading pages never waits for the database's write lock
            with portal().database.write() as writing:
                touch_session(writing, token, now=now())


def _is_api() -> bool:
    return (request.blueprint or "").startswith("api") or request.path.startswith(("/api/", "/openapi"))


def _require_sign_in() -> ResponseReturnValue | None:
    if "actor" in g or request.endpoint is None or request.endpoint in OPEN or _is_api():
        return None
    return ask_for_sign_in()


def install_sign_in(app: Flask) -> None:
    """Default deny: a page that is not in OPEN answers nobody who has not signed in."""
    app.before_request(_find_actor)
    app.before_request(_require_sign_in)
