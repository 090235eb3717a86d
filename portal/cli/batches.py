"""gantry batches: several datasets that were started together, by their number: B-17."""

import webbrowser

import click

from portal.cli.arguments import make_client, one_batch
from portal.cli.groups import LazyGroup
from portal.cli.output import dry_run_option, json_option, say, show_json, show_rows
from portal.client import Client
from portal.client.http import Document
from portal.errors import NotFoundError


@click.group(cls=LazyGroup)
def batches() -> None:
    """Show a batch, rename it, cancel what has not ended of it, run what failed again."""


@batches.command()
@click.argument("batch")
@json_option
def show(batch: str, as_json: bool) -> None:
    """Show a batch: how many of its jobs are how, and each of them."""
    client = make_client()
    found = client.submission(one_batch(batch))
    _show(found, as_json, _outlook(client, found))


@batches.command()
@click.argument("batch")
@click.argument("title")
@dry_run_option
@json_option
def rename(batch: str, title: str, dry_run: bool, as_json: bool) -> None:
    """Give a batch another TITLE; its jobs and results keep theirs."""
    _show(make_client().rename_submission(one_batch(batch), title, dry_run=dry_run), as_json, dry_run=dry_run)


@batches.command()
@click.argument("batch")
@dry_run_option
@json_option
def cancel(batch: str, dry_run: bool, as_json: bool) -> None:
    """Cancel what has not ended; what is done stays."""
    client, batch = make_client(), one_batch(batch)
    before = client.submission(batch)
    _show(client.cancel_submission(batch, dry_run=dry_run), as_json, dry_run=dry_run)
    if before["final"]:
        click.echo("All of it had ended already.", err=True)


@batches.command()
@click.argument("batch")
@dry_run_option
@json_option
def retry(batch: str, dry_run: bool, as_json: bool) -> None:
    """Run what failed again, each with more of what it ran out of."""
    client, batch = make_client(), one_batch(batch)
    before = client.submission(batch)["counts"].get("failed", 0)
    found = client.retry_submission(batch, dry_run=dry_run)
    _show(found, as_json, dry_run=dry_run)
    if not before:
        click.echo("Nothing of it has failed: nothing was started.", err=True)
    elif found["counts"].get("failed", 0) == before:
        click.echo("What failed would end the same way: nothing was started. gantry jobs show says why.", err=True)


@batches.command("open")
@click.argument("batch")
@json_option
def open_batch(batch: str, as_json: bool) -> None:
    """Open a batch's page in the browser."""
    client = make_client()
    found = client.submission(one_batch(batch))
    page = f"{client.url}/batches/{found.get('number') or found['id']}"
    if as_json:
        show_json({"url": page, "opened": webbrowser.open(page)})
        return
    if not webbrowser.open(page):
        click.echo(page)


def _outlook(client: Client, found: Document) -> str:
    """When the last run ends; nothing where all have ended, or from a portal of an earlier release."""
    if found["final"]:
        return ""
    try:
        told = client.outlook(found["id"])
    except NotFoundError:
        return ""
    return f"{told['words'].rstrip('.')} ({told['basis'].rstrip('.')})." if told["words"] else ""


def _show(found: Document, as_json: bool, outlook: str = "", *, dry_run: bool = False) -> None:
    if dry_run:
        click.echo("Nothing was changed (--dry-run): it would be so.", err=True)
    if as_json:
        show_json(found)
        return
    counts: dict[str, int] = {}
    for job in found["jobs"]:
        counts[job["state_words"]] = counts.get(job["state_words"], 0) + 1
    total = sum(found["counts"].values())
    said = ", ".join(f"{number} {words.lower()}" for words, number in counts.items())
    listed = len(found["jobs"])
    behind = f" (of the first {listed}; {total} in all)" if listed < total else ""
    click.echo(f"{found.get('number') or found['id']}  {found['title']}: {said}{behind}")
    if outlook:
        say(outlook)
    rows = ((job["number"], job["state_words"], job["title"]) for job in found["jobs"])
    show_rows(("Job", "State", "Title"), rows, empty="No jobs.")
