"""The sign-in cookie, and the rule that every page needs a sign-in unless it is listed here."""

import hashlib
import hmac
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, flash, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from portal.audit.who import Via
from portal.identity.sessions import find_session, touch_session
from portal.web.context import actor, now, origin, portal, session
from portal.web.forms.kept import OWNER, form_owner, keep_sent, page_of_form
from portal.web.part import asked_for_part
from portal.web.security import host_only

COOKIE: Final = "gantry_session"
"""The sign-in cookie's name where there is no TLS; with it, `cookie_name()`."""
MARK: Final = "gantry_who"
"""A cookie that scripts may read: whose pages the browser may show out of what it has kept (`src/guard.ts`)."""

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


def sign_in_mark() -> str:
    """Who is signed in, as a word that tells nobody who: the same in a person's pages and in their cookie MARK."""
    key = str(current_app.secret_key).encode()
    return hmac.digest(key, f"sign-in mark\0{actor().person_id}".encode(), hashlib.sha256).hex()[:24]


def _keep_mark(response: Response) -> Response:
    """Whoever opens a page has their mark as a cookie too; it says nothing that lets anybody in."""
    if response.mimetype == "text/html" and "actor" in g and not _is_api() and request.endpoint != "sign_in.leave":
        mark = sign_in_mark()
        if request.cookies.get(mark_name()) != mark:
            secure = portal().settings.web.cookie_secure
            response.set_cookie(mark_name(), mark, httponly=False, samesite="Lax", secure=secure, path="/")
    return response


def cookie_name() -> str:
    """With TLS the name says (`__Host-`) that no other host and no page without TLS can have set it."""
    return host_only(COOKIE, secure=portal().settings.web.cookie_secure)


def mark_name() -> str:
    """The name of the cookie MARK, as `cookie_name()`."""
    return host_only(MARK, secure=portal().settings.web.cookie_secure)


def sign_in_of_request() -> str | None:
    """What the browser's sign-in cookie holds."""
    return request.cookies.get(cookie_name())


def set_cookie(response: Response, token: str) -> Response:
    """Give the browser its sign-in: not readable by scripts, not sent along from other sites."""
    web = portal().settings.web
    response.set_cookie(
        cookie_name(),
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
    response.delete_cookie(cookie_name(), path="/", httponly=True, samesite="Lax", secure=secure)
    response.delete_cookie(mark_name(), path="/", samesite="Lax", secure=secure)
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
    """Where the browser shall go after a sign-in: this page, or that of the form that was sent, filled in."""
    if request.method in {"GET", "HEAD"}:
        return safe_next(request.full_path.rstrip("?"))
    kept = keep_sent()
    if kept is not None:
        return safe_next(kept)
    flash("Your sign-in had ended, so nothing was changed. Sign in, and do it again.", "wrong")
    return page_asked_from()


def page_asked_from() -> str:
    """The page that is asked for, or that of the form that was sent, without what was typed."""
    if request.method in {"GET", "HEAD"}:
        return safe_next(request.full_path.rstrip("?"))
    try:
        referrer = urlsplit(request.referrer or "")
    except ValueError:  # no address at all
        return safe_next(None)
    return page_of_form() or safe_next(referrer.path if referrer.netloc == request.host else None)


def ask_for_sign_in() -> ResponseReturnValue:
    """Send the browser to the sign-in page; a live part is answered 401, upon which its page asks for one."""
    if asked_for_part():
        return make_response("Please sign in again.", 401)
    return redirect(url_for("sign_in.show", next=come_back()), 303)


def find_actor() -> None:
    """Who asks with this request, if it brings a sign-in that holds."""
    token = sign_in_of_request()
    # The API has its own way of knowing who asks; assets belong to nobody. Whoever opens an address
    # that leads nowhere is told so as who they are.
    if token and request.endpoint != "static" and not _is_api():
        found = find_session(session(), token, now=now())
        g.looked_up = True
        if found is None:
            return
        g.actor = replace(found.actor, origin=origin(Via.SESSION))
        if found.touch and request.method == "POST":  # reading pages never waits for the database's write lock
            with portal().database.write() as writing:
                touch_session(writing, token, now=now())


def who_is_unknown() -> bool:
    """If a browser came with a sign-in that could not be looked up: whose it is nobody knows."""
    return bool(sign_in_of_request()) and not g.get("looked_up", False)


def _is_api() -> bool:
    return (request.blueprint or "").startswith("api") or request.path.startswith(("/api/", "/openapi"))


def _require_sign_in() -> ResponseReturnValue | None:
    if "actor" in g or request.endpoint is None or request.endpoint in OPEN or _is_api():
        return None
    return ask_for_sign_in()


def _refuse_anothers_form() -> None:
    """A form that was made for somebody else is not carried out in the name of whoever is signed in now."""
    sent = request.method == "POST" and actor().signed_in and not _is_api() and OWNER in request.form
    if sent and form_owner() != actor().person_id:
        raise CSRFError("This form was made for somebody else.")


def install_sign_in(app: Flask) -> None:
    """Default deny: a page that is not in OPEN answers nobody who has not signed in."""
    app.before_request(find_actor)
    app.before_request(_require_sign_in)
    app.before_request(_refuse_anothers_form)
    app.after_request(_keep_mark)
    app.jinja_env.globals["sign_in_mark"] = sign_in_mark
