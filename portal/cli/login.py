"""Signing in: a personal token, allowed in the browser, and kept in a file that only you can read."""

import platform
import sys

import click

from portal.cli.arguments import make_client
from portal.cli.output import json_option, say, show_json, show_pairs
from portal.client import Client
from portal.client.credentials import (
    check_place,
    clean_url,
    forget_credentials,
    load_credentials,
    save_credentials,
)
from portal.client.http import Document
from portal.errors import PortalError

LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")


@click.command()
@click.argument("address", required=False, metavar="[URL]")
@click.option("--url", help="The portal's address, such as https://gantry.example.org; the same as URL.")
@click.option("--browser/--no-browser", default=True, help="Open the page where you allow it.")
@click.option("--person", help="Sign in with this name and a password instead.")
@click.option("--token-stdin", is_flag=True, help="Read a token that you have: from standard input, or paste it.")
@click.option("--days", default=90, show_default=True, help="How long the new token is valid.")
def login(
    *, address: str | None, url: str | None, browser: bool, person: str | None, token_stdin: bool, days: int
) -> None:
    """Sign in to the portal at URL on this computer.

    Shows a short code and opens the page where you allow it. Without a browser here, open the page on any other
    computer and type the code. Where standard input is no terminal, a token is read from it.
    """
    if address and url and clean_url(address) != clean_url(url):
        raise click.UsageError("URL and --url are two different addresses.")
    if token_stdin and person:
        raise click.UsageError("Choose one of --token-stdin and --person.")
    url = clean_url(address or url or load_credentials().url)
    check_place()  # a token that cannot be kept here would stay valid there
    _warn_if_open(url)
    if person is not None:
        secret = _by_password(url, person, days)
    elif token_stdin or not sys.stdin.isatty():
        secret = _given_token()
    else:
        from portal.cli.login_device import sign_in_by_code

        secret = sign_in_by_code(Client(url, None), name=_our_name(), days=days, browser=browser)
    me = Client(url, secret).me()
    path = save_credentials(url, secret)
    say(f"Signed in to {me['site']} as {me['full_name'] or me['name']}. The token is kept in {path}.")
    if "submit" not in me["scopes"]:
        click.echo("This token can only read: it lacks the scope “submit”.")


def _our_name() -> str:
    return f"gantry on {platform.node() or 'a computer'}"[:100]


def _given_token() -> str:
    if not sys.stdin.isatty():
        if not (secret := sys.stdin.readline().strip()):
            raise click.UsageError("Standard input is no terminal, and there is no token on it.")
        return secret
    pasted: str = click.prompt("Token", hide_input=True, err=True)
    return pasted.strip()


def _by_password(url: str, person: str, days: int) -> str:
    password = click.prompt("Password", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    made = Client(url, None).make_token(
        person, password.rstrip("\n"), name=_our_name(), scopes=("read", "submit"), days=days
    )
    return str(made["secret"])


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
        say(f"The token could not be ended at the portal: {error}", err=True)
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
    trials = me.get("trials")  # a portal of an earlier release counts them among the jobs
    show_pairs(
        [
            ("Name", f"{me['full_name']} ({me['name']})"),
            ("Portal", f"{me['site']}, {client.url}"),
            ("Roles", ", ".join(me["roles"])),
            ("This token may", ", ".join(me["scopes"])),
            ("Jobs", _by_state(me["jobs"])),
            *([("Trials", _by_state(trials))] if trials else []),
        ]
    )


def _by_state(counted: Document) -> str:
    return ", ".join(f"{number} {state}" for state, number in counted.items())
