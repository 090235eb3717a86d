"""Headers, CSRF, rate limits and the secret that signs page cookies."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from portal.config import Settings
from portal.files.durable import write_whole
from portal.web.bounds import install_bounds
from portal.web.context import portal
from portal.web.part import is_part

Handler = TypeVar("Handler", bound=Callable[..., Any])

POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}

ONE_YEAR: Final = 365 * 24 * 3600

limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=True)
"""Limits within one web process; identity counts failed sign-ins in the database, across all of them."""

csrf = CSRFProtect()


def limited(handler: Handler) -> Handler:
    """A handler that checks a password: only so many tries an address and minute (`web.sign_in_limit`)."""
    shared = limiter.shared_limit(_sign_in_limit, scope="sign-in")
    return cast(Handler, shared(handler))


def _sign_in_limit() -> str:
    return portal().settings.web.sign_in_limit


def host_only(name: str, *, secure: bool) -> str:
    """A cookie's name; with TLS such that browsers hold it to this host, to TLS and to all paths."""
    return f"__Host-{name}" if secure else name


def hosts_of(settings: Settings) -> list[str]:
    """The names under which the portal answers: that of its address, and this machine's own."""
    web = settings.web
    named = [urlsplit(web.base_url).hostname] if web.base_url else []
    return [name for name in (*named, *web.hosts, "localhost", "127.0.0.1", "[::1]", web.host) if name]


def secret_of(settings: Settings) -> str:
    """The secret that signs page cookies (CSRF token, flashes): made once, readable by us only."""
    path = settings.web.secret or settings.var / "web-secret"
    if not path.exists():
        fresh = path.with_name(f".web-secret.{secrets.token_hex(8)}")
        write_whole(fresh, secrets.token_hex(32).encode(), mode=0o600)
        _publish(fresh, path)
    return path.read_text(encoding="ascii").strip()


def _publish(fresh: Path, path: Path) -> None:
    """Of several web processes that start at once, the first one's secret counts for all."""
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        return
    finally:
        fresh.unlink()


def style_nonce() -> str:
    """The word by which a script of this one page may add a style of its own; without it, none may."""
    if "style_nonce" not in g:
        g.style_nonce = secrets.token_urlsafe(18)
    return str(g.style_nonce)


def _policy() -> str:
    nonce = g.get("style_nonce")
    return POLICY.replace("style-src 'self'", f"style-src 'self' 'nonce-{nonce}'") if nonce else POLICY


def install_security(app: Flask, settings: Settings) -> None:
    """Secret, cookies, CSRF on every form, rate limits, and headers on every answer."""
    if settings.web.trusted_proxies:
        hops = settings.web.trusted_proxies
        # Not X-Forwarded-Host: where a browser is sent is the setting's word, or the Host that was checked.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    app.config.update(
        SECRET_KEY=secret_of(settings),
        SESSION_COOKIE_NAME=host_only("gantry_page", secure=settings.web.cookie_secure),
        SESSION_COOKIE_PATH="/",
        TRUSTED_HOSTS=hosts_of(settings),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.web.cookie_secure,
        # A form lives as long as the browser's page cookie: nobody loses an hour's work to a clock.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=settings.web.cookie_secure,
    )
    install_bounds(app)
    csrf.init_app(app)
    limiter.init_app(app)

    def _headers(response: Response) -> Response:
        if is_part():
            response.headers["Cache-Control"] = "no-store"
        response.headers.setdefault("Content-Security-Policy", _policy())
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if settings.web.cookie_secure:
            response.headers.setdefault("Strict-Transport-Security", f"max-age={ONE_YEAR}")
        if request.endpoint == "static" and response.status_code in {200, 206, 304}:
            # Only hashed names lie in assets/: a file there never changes.
            hashed = "/dist/assets/" in request.path
            response.headers["Cache-Control"] = f"public, max-age={ONE_YEAR}, immutable" if hashed else "no-cache"
        return response

    app.jinja_env.globals["style_nonce"] = style_nonce
    app.after_request(_headers)
