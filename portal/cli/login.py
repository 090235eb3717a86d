"""Signing in: a personal token, made in the browser or by password, kept in a file that only you can read."""

import platform
import sys
import webbrowser

import click

from portal.cli.arguments import make_client
from portal.cli.output import json_option, show_json, show_pairs
from portal.client import Client
from portal.client_config import clean_url, forget_credentials, load_credentials, save_credentials
from portal.errors import PortalError

LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")


@click.command()
@click.option("--url", help="The portal's address, such as https://gantry.example.org.")
@click.option("--browser/--no-browser", default=True, help="Open the page where tokens are made.")
@click.option("--person", help="Sign in with this name and a password instead of a token.")
@click.option("--days", default=90, show_default=True, help="How long a token made by password is valid.")
def login(url: str | None, browser: bool, person: str | None, days: int) -> None:
    """Sign in on this computer.

    Opens your page of tokens in the browser; make one there and paste it here. Or give --person to sign in with a
    password. A program can give a token on standard input.
    """
    url = clean_url(url or load_credentials().url)
    _warn_if_open(url)
    if not sys.stdin.isatty() and person is None:
        secret = sys.stdin.readline().strip()
    elif person is not None:
        secret = _by_password(url, person, days)
    else:
        secret = _by_browser(url, browser)
    me = Client(url, secret).me()
    path = save_credentials(url, secret)
    click.echo(f"Signed in to {me['site']} as {me['full_name'] or me['name']}. The token is kept in {path}.")
    if "submit" not in me["scopes"]:
        click.echo("This token can only read: it lacks the scope “submit”.")


def _by_password(url: str, person: str, days: int) -> str:
    password = click.prompt("Password", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    made = Client(url, None).make_token(
        person, password.rstrip("\n"), name=f"gantry on {platform.node()}", scopes=("read", "submit"), days=days
    )
    return str(made["secret"])


def _by_browser(url: str, browser: bool) -> str:
    page = f"{url}/me"
    opened = browser and webbrowser.open(page)
    click.echo(f"{'Opened' if opened else 'Open'} {page} and make a token there.", err=True)
    secret: str = click.prompt("Token", hide_input=True, err=True)
    return secret.strip()


def _warn_if_open(url: str) -> None:
    if url.startswith("http://") and not url.startswith(LOOPBACK):
        click.echo("Note: this address is not https, so the token can be read on its way.", err=True)


@click.command()
def logout() -> None:
    """Sign out: the token ends and is forgotten here."""
    credentials = load_credentials()
    if credentials.token is None:
        click.echo(f"You are not signed in to {credentials.url}.")
        return
    try:
        ended = Client(credentials.url, credentials.token).revoke_this_token()
    except PortalError as error:
        ended = False
        click.echo(f"The token could not be ended at the portal: {error}", err=True)
    forget_credentials()
    click.echo("Signed out." if ended else "The token is forgotten here.")


@click.command()
@json_option
def whoami(as_json: bool) -> None:
    """Who am I, and where?"""
    client = make_client()
    me = client.me()
    if as_json:
        show_json({**me, "url": client.url})
        return
    jobs = ", ".join(f"{number} {state}" for state, number in me["jobs"].items())
    show_pairs(
        [
            ("Name", f"{me['full_name']} ({me['name']})"),
            ("Portal", f"{me['site']}, {client.url}"),
            ("Roles", ", ".join(me["roles"])),
            ("This token may", ", ".join(me["scopes"])),
            ("Jobs", jobs),
        ]
    )
