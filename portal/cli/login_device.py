"""Signing in by a short code (RFC 8628): shown here, allowed in a browser, here or on any other computer."""

import os
import sys
import time
import webbrowser
from collections.abc import Mapping
from urllib.parse import urlsplit

import click

from portal.cli.output import plain
from portal.client import Client
from portal.client.http import Document
from portal.errors import ForbiddenError, PortalError, UnavailableError


def sign_in_by_code(client: Client, *, name: str, days: int, browser: bool) -> str:
    """The secret of a new token that a person has allowed in a browser.

    Raises ForbiddenError if she refused, TimeoutError if nobody decided in time, and other PortalErrors.
    """
    codes = client.ask_to_sign_in(name=name, scopes=("read", "submit"), days=days)
    page = _page_of(client, codes)
    code = plain(codes["user_code"])
    opened = browser and _has_screen(os.environ) and webbrowser.open(f"{page}?code={code}")
    if opened:
        click.echo(f"Opened {page} in your browser. Allow it there if it shows this code:", err=True)
    else:
        click.echo(f"Open {page} in a browser, on any computer, and type this code:", err=True)
    click.echo(f"\n    {code}\n", err=True)
    click.echo(f"Waiting; the code ends in {max(1, int(codes['expires_in']) // 60)} minutes.", err=True)
    return _wait(client, str(codes["device_code"]), float(codes["interval"]), float(codes["expires_in"]))


def _wait(client: Client, device_code: str, interval_s: float, lifetime_s: float) -> str:
    end = time.monotonic() + lifetime_s
    while time.monotonic() + interval_s < end:
        time.sleep(interval_s)
        try:
            told = client.fetch_token(device_code)
        except UnavailableError:
            continue
        status = told.get("status")
        if status == "allowed":
            return str(told["token"]["secret"])
        if status == "denied":
            raise ForbiddenError("The sign-in was refused in the browser.")
        if status == "expired":
            break
        if status not in {"pending", "slow_down"}:
            raise PortalError(f"The portal gave an answer that this version does not know: {plain(status)}")
        interval_s = max(interval_s, float(told["interval"]))
    raise TimeoutError("Nobody allowed it in time. Begin anew with: gantry login")


def _page_of(client: Client, codes: Document) -> str:
    """Where to type the code; only ever an address of the web, as it is handed to another program."""
    page = plain(codes["verification_uri"])
    return page if urlsplit(page).scheme in {"http", "https"} else f"{client.url}/device"


def _has_screen(environ: Mapping[str, str]) -> bool:
    """False where a browser would be one of text, inside this very terminal."""
    if sys.platform in {"darwin", "win32"}:
        return True
    return any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
