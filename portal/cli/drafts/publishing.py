"""gantry analyses publish, approve, publish-again, retire."""

import time

import click

from portal.cli.arguments import experiment_id, make_client, nearest
from portal.cli.completing.offers import complete_analysis, complete_draft
from portal.cli.drafts.which import draft_number, show_wish
from portal.cli.errors import EXIT_CODES, interrupted
from portal.cli.output import json_option, plain, say
from portal.client import Client
from portal.client.http import Document
from portal.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError

PAUSE_S = 0.5
TO = "myself, everyone, instrument:NAME or experiment:NAME; several with a comma."
KINDS = {"instrument": "instruments", "experiment": "experiments"}
narrow_option = click.option(
    "--narrow", is_flag=True, help="Somebody who has it now loses it; without this, that is refused."
)


@click.command()
@click.argument("draft", shell_complete=complete_draft)
@click.option("--to", metavar="WHOM", help=f"{TO} Without it: who has it now.")
@click.option("--changed", required=True, metavar="SENTENCE", help="What changed, for those who use it.")
@narrow_option
@click.option(
    "--over", is_flag=True, help="It replaces what somebody else published; without this, that is refused."
)
@click.option(
    "--wait", is_flag=True, help="Wait until it is signed off or refused; the exit code is 7 if refused."
)
@click.option("--patience", default=60, show_default=True, type=click.IntRange(1, 86400), help="Seconds to wait.")
@json_option
def publish(
    draft: str,
    *,
    to: str | None,
    changed: str,
    narrow: bool,
    over: bool,
    wait: bool,
    patience: int,
    as_json: bool,
) -> int:
    """Ask that a draft is published: gantry analyses publish shrink --to everyone --changed "The first one."

    A run of its very text must have succeeded: gantry analyses try. Where somebody signs off, it says who and how.
    """
    client = make_client()
    number = draft_number(client, draft)
    kind, ids = audience(client, to) if to is not None else (None, [])
    wish = client.ask_to_publish(number, kind, changed, ids=ids, narrow=narrow, over=over)
    if wait:
        wish = _answered(client, number, wish, patience)
    show_wish(wish, as_json=as_json)
    return EXIT_CODES[ConflictError] if wish["state"] == "refused" else 0


def audience(client: Client, words: str) -> tuple[str, list[int]]:
    """To whom, as the API takes it. Raises InvalidError, NotFoundError."""
    if words in ("myself", "everyone"):
        return words, []
    ids: list[int] = []
    kinds = set()
    for part in words.split(","):
        kind, colon, name = part.strip().partition(":")
        kind = kind.strip().removesuffix("s")
        if not colon or kind not in KINDS or not name.strip():
            hint = nearest(words, ["myself", "everyone"])
            raise InvalidError(f"“{plain(words)[:60]}” says nobody: give {TO}{hint}")
        kinds.add(kind)
        ids.append(
            experiment_id(client, name.strip()) if kind == "experiment" else _instrument(client, name.strip())
        )
    if len(kinds) > 1:
        raise InvalidError("One publishes to instruments or to experiments, not to both at once.")
    return KINDS[kinds.pop()], ids


def _instrument(client: Client, name: str) -> int:
    wanted = name.casefold()
    known = client.audiences()["instruments"]
    found = [
        one["id"]
        for one in known
        if wanted in {one["name"].casefold(), one["full_name"].casefold(), str(one["id"])}
    ]
    if len(found) != 1:
        names = [one["name"] for one in known]
        hint = nearest(name, names) or f" There are: {', '.join(names[:20])}."
        raise NotFoundError(f"No instrument is called {plain(name)[:60]}.{hint}")
    return int(found[0])


@click.command()
@click.argument("draft", shell_complete=complete_draft)
@json_option
def approve(draft: str, as_json: bool) -> int:
    """Say who signs off what was asked of a draft, and how.

    Nobody signs off from here: what may run is an operator's word, or a key's in the browser. The exit code is 0
    where nothing is left to sign off, 4 where something waits.
    """
    client = make_client()
    number = draft_number(client, draft)
    found = client.draft(number)
    wishes = [one for one in found["wishes"] if one["wish"] == "publish"]
    waiting = [one for one in wishes if one["state"] == "waiting"]
    if not waiting:
        if not wishes:
            raise NotFoundError(f"Nobody has asked to publish draft {number}: gantry analyses publish {number}")
        show_wish(wishes[0], as_json=as_json)
        return 0
    show_wish(waiting[0], as_json=as_json)
    if not as_json:
        say(f"Its page: {client.url}/analyses/drafts/{number}/publish", err=True)
    return EXIT_CODES[ForbiddenError]


@click.command("publish-again")
@click.argument("name", shell_complete=complete_analysis)
@click.argument("revision")
@click.option("--changed", default="", metavar="SENTENCE", help="Why it is published again.")
@narrow_option
@json_option
def publish_again(name: str, revision: str, changed: str, narrow: bool, as_json: bool) -> None:
    """Ask to go back to REVISION of NAME, to whom it was published then; 6 digits of it or more."""
    client = make_client()
    digits = revision.removeprefix("sha256:")
    found = {
        one["revision"]
        for one in client.history(name)["items"]
        if len(digits) >= 6 and one["revision"].startswith(f"sha256:{digits}")
    }
    if len(found) != 1:
        what = "No" if not found else "More than one"
        raise NotFoundError(f"{what} revision of {plain(name)} begins with {plain(revision)[:71]}.")
    show_wish(client.publish_again(name, found.pop(), changed, narrow=narrow), as_json=as_json)


@click.command()
@click.argument("name", shell_complete=complete_analysis)
@json_option
def retire(name: str, as_json: bool) -> None:
    """Ask that nobody can start NAME any more; what ran with it stays explained."""
    show_wish(make_client().ask_to_retire(name), as_json=as_json)


def _answered(client: Client, number: int, wish: Document, patience_s: int) -> Document:
    until = time.monotonic() + patience_s
    asked = wish
    with interrupted(lambda: f"Stopped waiting. Request {asked['number']} stands."):
        while wish["state"] == "waiting":
            if time.monotonic() >= until:
                raise TimeoutError(f"Request {wish['number']} waits still. {wish['next']}")
            time.sleep(PAUSE_S)
            wishes = client.draft(number)["wishes"]
            wish = next((one for one in wishes if one["number"] == asked["number"]), asked)
    return wish
