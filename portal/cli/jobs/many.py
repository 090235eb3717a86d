"""gantry jobs cancel, retry: many at once, each by itself."""

import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import click

from portal.cli.arguments import job_words, make_client
from portal.cli.completing.offers import complete_job
from portal.cli.errors import exit_code_of, say_error
from portal.cli.output import json_option, plain, show_json, show_rows
from portal.cli.run import wait_for_all
from portal.client import Client
from portal.client.http import ERRORS, Document
from portal.errors import PortalError

LONG_S = 600.0
"""What has run for longer is not cancelled by a slip."""
MOST_LOOKED_AT = 20
"""Jobs whose running time is looked up one by one; of more, their number is what one is asked about."""


@click.command()
@click.argument("numbers", nargs=-1, required=True, metavar="JOB...", shell_complete=complete_job)
@click.option("--batch", is_flag=True, help="And all that was started together with them.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask, however long they have run.")
@click.option("--dry-run", is_flag=True, help="Check it all, cancel nothing.")
@json_option
def cancel(numbers: tuple[str, ...], batch: bool, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Cancel jobs; give - to read their numbers from standard input.

    On a terminal it asks before it ends what has run for more than ten minutes.
    """
    client = make_client()
    chosen = job_words(numbers)
    lost: list[tuple[str, PortalError]] = []
    if batch:
        chosen = _with_batches(client, chosen, lost)
    if not (yes or dry_run) and sys.stdin.isatty() and sys.stderr.isatty():
        _ask(client, chosen)
    return _each(chosen, lambda some: client.cancel_many(some, dry_run=dry_run), lost, as_json, dry_run)[1]


@click.command()
@click.argument("numbers", nargs=-1, required=True, metavar="JOB...", shell_complete=complete_job)
@click.option("--more", type=click.Choice(["memory", "time"]), help="Ask for more, as jobs show says.")
@click.option("--wait", is_flag=True, help="Wait for the end; the exit code is 10 if a job failed.")
@click.option("--dry-run", is_flag=True, help="Check it all, start nothing.")
@json_option
def retry(numbers: tuple[str, ...], more: str | None, wait: bool, dry_run: bool, as_json: bool) -> int:
    """Run failed or cancelled jobs again; give - to read their numbers from standard input."""
    client = make_client()
    chosen = job_words(numbers)
    wait = wait and not dry_run
    done, code = _each(
        chosen,
        lambda some: client.retry_many(some, resources=more, dry_run=dry_run),
        [],
        as_json,
        dry_run,
        told=not (wait and as_json),
    )
    if not wait:
        return code
    submissions = {client.job(one["number"])["submission"]: None for one in done}
    return wait_for_all(client, list(submissions), as_json=as_json) or code


def _with_batches(client: Client, chosen: Iterable[str], lost: list[tuple[str, PortalError]]) -> list[str]:
    """The jobs with all unfinished ones of their batches; into `lost` what cannot be found."""
    found: dict[str, None] = {}
    for word in chosen:
        try:
            submission = client.job(word)["submission"]
        except PortalError as error:
            lost.append((word, error))
            continue
        unfinished = [job["number"] for job in client.jobs(submission=submission, limit=500) if not job["final"]]
        found |= dict.fromkeys(unfinished or [word])
    return list(found)


def _ask(client: Client, chosen: list[str]) -> None:
    """Whether it is meant, where work of more than ten minutes would be lost. Raises click.Abort."""
    if len(chosen) > MOST_LOOKED_AT:
        click.confirm(f"Cancel {len(chosen)} jobs? What they have done so far is lost.", abort=True, err=True)
        return
    long: list[str] = []
    for word in chosen:
        try:
            job = client.job(word)
        except PortalError:
            continue  # what is wrong with it is said when it is tried
        began = job.get("started")
        if job["final"] or not began:
            continue
        ran_s = ((client.portal_time or datetime.now(UTC)) - datetime.fromisoformat(began)).total_seconds()
        if ran_s > LONG_S:
            long.append(f"{job['number']} “{plain(job['title'])}” has run for {_long_words(ran_s)}.")
    if not long:
        return
    for words in long:
        click.echo(words, err=True)
    what = "it" if len(chosen) == 1 else f"these {len(chosen)} jobs"
    click.confirm(f"Cancel {what}? What was done so far is lost.", abort=True, err=True)


def _long_words(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} minutes"
    hours = minutes // 60
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"


def _each(
    chosen: list[str],
    act: Callable[[list[str]], list[Document]],
    lost: list[tuple[str, PortalError]],
    as_json: bool,
    dry_run: bool,
    *,
    told: bool = True,
) -> tuple[list[Document], int]:
    """Do it; what could not be done is named with its reason. What was done, and the exit code of the first that
    was not. `told`: what was done is printed, too.
    """
    items: list[Document] = act(chosen) if chosen else []
    done = [item for item in items if item["done"]]
    wrong = [*lost, *((item["job"], _error_of(item)) for item in items if not item["done"])]
    if as_json:
        if told:
            show_json(done)
    elif dry_run:
        show_rows(("Job", "Would be", "Title"), ((i["number"], i["state_words"], i["title"]) for i in done))
    else:
        show_rows(("Job", "State", "Title"), ((i["number"], i["state_words"], i["title"]) for i in done))
    for word, error in wrong:
        named = plain(word)
        if named.upper() not in error.message.upper():
            error.message = f"{named}: {error.message}"
            error.args = (error.message,)
        say_error(error, as_json=as_json)
    if not (items or wrong or as_json):
        click.echo("There is no job in what was given: nothing to do.", err=True)
    if dry_run and not as_json:
        click.echo("Nothing was changed.", err=True)
    return done, exit_code_of(wrong[0][1]) if wrong else 0


def _error_of(item: Document) -> PortalError:
    return ERRORS.get(item["status"], PortalError)(item["detail"])
