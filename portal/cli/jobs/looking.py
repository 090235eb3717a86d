"""gantry jobs list, show, open."""

import webbrowser
from itertools import islice

import click

from portal.cli.arguments import HOW_MANY, make_client, one_job
from portal.cli.completing.offers import STATES, complete_job, complete_state
from portal.cli.output import json_option, say, show_json, show_pairs, show_rows, time_words
from portal.cli.terminal import as_shown
from portal.client.http import Document

NO_DATASET = "this analysis leaves no dataset, only its log"


@click.command("list")
@click.option(
    "--state",
    shell_complete=complete_state,
    help=f"{', '.join(STATES[:-1])} or “{STATES[-1]}”; or as --json says.",
)
@click.option("--person", help="Sign-in name of who asked.")
@click.option("--text", help="In title, number, input or analysis.")
@click.option("--limit", default=50, show_default=True, type=HOW_MANY, help="How many at most.")
@json_option
def list_jobs(state: str | None, person: str | None, text: str | None, limit: int, as_json: bool) -> None:
    """List jobs, newest first."""
    found = make_client().jobs(state=state, person=person, text=text, limit=min(limit, 500))
    listed = list(islice(found, limit))
    if as_json:
        show_json(listed)
        return
    show_rows(
        ("Job", "State", "Title", "Analysis", "Trial of", "Asked for", "Person"),
        (
            (
                job["number"],
                job["state_words"],
                job["title"],
                job["analysis"],
                job.get("trial") or ("a draft" if job.get("draft") else ""),
                time_words(job["created"]),
                job["person"],
            )
            for job in listed
        ),
        empty="No jobs.",
    )


@click.command()
@click.argument("job", shell_complete=complete_job)
@json_option
def show(job: str, as_json: bool) -> None:
    """Show one job: how it is going, what it used, what happened when."""
    found = make_client().job(one_job(job))
    if as_json:
        show_json(found)
        return
    say(f"{found['number']}  {found['title']}: {found['state_words']}")
    say(found["sentence"])
    # A portal of an earlier release tells neither.
    for text in (found.get("others"), found.get("advice")):
        if text:
            say(text)
    for what, key in (("memory", "more_memory_mb"), ("time", "more_time_s")):
        if found.get(key) and found["can_retry"]:
            say(f"Again with more: gantry jobs retry {found['number']} --more {what}")
    show_pairs(
        [
            ("Analysis", found["analysis"]),
            ("Person", found["person"]),
            (
                "Trial of",
                _trial_words(found),
            ),
            ("Inputs", ", ".join(f"{item['name']} ({item['dataset']})" for item in found["inputs"])),
            ("Results", ", ".join(map(str, found["results"])) or ("" if _leaves_dataset(found) else NO_DATASET)),
            ("Reported", found.get("reported", "")),
            ("Settings", ", ".join(f"{name}={value}" for name, value in found["options"].items())),
            *((row["name"], f"{row['used'] or '–'} of {row['asked']}") for row in found["resources"]),
            ("Node", found["node"]),
            ("Exit code", found.get("exit_words", "")),
        ]
    )
    for moment in found["timeline"]:
        say(f"{time_words(moment['at'], seconds=True)}  {moment['words']} ({moment['by']})")
    if found["last_lines"]:
        click.echo("\nThe end of its log:")
        click.echo(as_shown(found["last_lines"]))


@click.command()
@click.argument("job", shell_complete=complete_job)
@json_option
def keep(job: str, as_json: bool) -> None:
    """Keep what the trial of a draft made: in some seconds it stands among the other data."""
    found = make_client().keep(one_job(job))
    if as_json:
        show_json(found)
        return
    results = ", ".join(map(str, found["results"]))
    say(f"The result of {found['number']} is kept ({results}); in a few seconds it stands among the others.")


@click.command("open")
@click.argument("job", shell_complete=complete_job)
@json_option
def open_job(job: str, as_json: bool) -> None:
    """Open a job's page in the browser."""
    client = make_client()
    found = client.job(one_job(job))
    page = f"{client.url}/jobs/{found['number']}"
    if as_json:
        show_json({"url": page, "opened": webbrowser.open(page)})
        return
    if not _leaves_dataset(found):
        click.echo(f"{NO_DATASET[:1].upper()}{NO_DATASET[1:]}.", err=True)
    if not webbrowser.open(page):
        say(page)


def _trial_words(job: Document) -> str:
    if job.get("trial"):
        return f"{job['trial']}, with others of submission {job['submission']}"
    return "a draft, which is not published" if job.get("draft") else ""


def _leaves_dataset(job: Document) -> bool:
    """A portal of before there was this field has no other analyses."""
    return bool(job.get("leaves_dataset", True))
