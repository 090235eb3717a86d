"""gantry jobs: how they are going, their logs, cancelling and running again."""

import time
import webbrowser
from collections.abc import Callable
from itertools import islice

import click

from portal.cli.arguments import HOW_MANY, make_client, words_given
from portal.cli.errors import JOB_FAILED, exit_code_of, say_error
from portal.cli.groups import LazyGroup
from portal.cli.output import day_words, json_option, show_json, show_pairs, show_rows
from portal.cli.run import wait_for
from portal.client import Client
from portal.client.http import Document
from portal.errors import PortalError

FOLLOW_S = 1.0
NO_DATASET = "this analysis leaves no dataset, only its log"


@click.group(cls=LazyGroup)
def jobs() -> None:
    """List jobs, read their logs, cancel them or run them again."""


@jobs.command("list")
@click.option("--state", help="waiting, running, saving, done, failed, cancelled, or “on hold”.")
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
                job.get("trial") or "",
                day_words(job["created"]),
                job["person"],
            )
            for job in listed
        ),
        empty="No jobs.",
    )


@jobs.command()
@click.argument("job")
@json_option
def show(job: str, as_json: bool) -> None:
    """Show one job: how it is going, what it used, what happened when."""
    found = make_client().job(job)
    if as_json:
        show_json(found)
        return
    click.echo(f"{found['number']}  {found['title']}: {found['state_words']}")
    click.echo(found["sentence"])
    show_pairs(
        [
            ("Analysis", found["analysis"]),
            ("Person", found["person"]),
            (
                "Trial of",
                f"{found['trial']}, with others of submission {found['submission']}" if found.get("trial") else "",
            ),
            ("Inputs", ", ".join(f"{item['name']} ({item['dataset']})" for item in found["inputs"])),
            ("Results", ", ".join(map(str, found["results"])) or ("" if _leaves_dataset(found) else NO_DATASET)),
            ("Reported", found.get("reported", "")),
            ("Settings", ", ".join(f"{name}={value}" for name, value in found["options"].items())),
            *((row["name"], f"{row['used'] or '–'} of {row['asked']}") for row in found["resources"]),
            ("Node", found["node"]),
        ]
    )
    for moment in found["timeline"]:
        click.echo(f"{day_words(moment['at'])}  {moment['words']} ({moment['by']})")
    if found["last_lines"]:
        click.echo(f"\nThe end of its log:\n{found['last_lines']}")


@jobs.command()
@click.argument("job")
@click.option("-f", "--follow", is_flag=True, help="Go on until the job ends.")
@click.option("--stderr", "errors", is_flag=True, help="What the program wrote to standard error.")
@json_option
def logs(job: str, follow: bool, errors: bool, as_json: bool) -> None:
    """Print what a job's program wrote."""
    client = make_client()
    stream = "stderr" if errors else "stdout"
    offset, pieces = 0, []
    while True:
        piece = client.log(job, stream=stream, offset=offset)
        pieces.append(piece["text"])
        if not as_json:
            click.echo(piece["text"], nl=False)
        offset = piece["next_offset"]
        if offset < piece["size"]:
            continue
        if piece["final"] or not follow:
            break
        time.sleep(FOLLOW_S)
    if as_json:
        show_json(
            {"job": job, "stream": stream, "text": "".join(pieces), "next_offset": offset, "note": piece["note"]}
        )
    elif piece["note"]:
        click.echo(piece["note"], err=True)


@jobs.command()
@click.argument("numbers", nargs=-1, required=True, metavar="JOB...")
@click.option("--batch", is_flag=True, help="And all that was started together with them.")
@json_option
def cancel(numbers: tuple[str, ...], batch: bool, as_json: bool) -> int:
    """Cancel jobs; give - to read their numbers from standard input."""

    def with_its_batch(client: Client, job: str) -> Document:
        client.cancel_submission(client.job(job)["submission"])
        return client.job(job)

    act = with_its_batch if batch else lambda client, job: client.cancel(job)
    return _each(words_given(numbers), act, as_json)


@jobs.command()
@click.argument("numbers", nargs=-1, required=True, metavar="JOB...")
@click.option("--more", type=click.Choice(["memory", "time"]), help="Ask for twice as much of it.")
@click.option("--wait", is_flag=True, help="Wait for the end; the exit code is 10 if a job failed.")
@json_option
def retry(numbers: tuple[str, ...], more: str | None, wait: bool, as_json: bool) -> int:
    """Run failed or cancelled jobs again; give - to read their numbers from standard input."""
    chosen = words_given(numbers)
    code = _each(chosen, lambda client, job: client.retry(job, resources=more), as_json and not wait)
    if not wait or code:
        return code
    client = make_client()
    submissions = {client.job(job)["submission"]: None for job in chosen}
    codes = [wait_for(client, client.submission(key), as_json=as_json) for key in submissions]
    return JOB_FAILED if any(codes) else 0


@jobs.command("open")
@click.argument("job")
def open_job(job: str) -> None:
    """Open a job's page in the browser."""
    client = make_client()
    found = client.job(job)
    page = f"{client.url}/jobs/{found['number']}"
    if not _leaves_dataset(found):
        click.echo(f"{NO_DATASET[:1].upper()}{NO_DATASET[1:]}.", err=True)
    if not webbrowser.open(page):
        click.echo(page)


def _leaves_dataset(job: Document) -> bool:
    """A portal of before there was this field has no other analyses."""
    return bool(job.get("leaves_dataset", True))


def _each(numbers: list[str], act: Callable[[Client, str], Document], as_json: bool) -> int:
    """Do it to each job; one that fails harms no other. The exit code of the first failure."""
    client = make_client()
    done: list[Document] = []
    code = 0
    for job in numbers:
        try:
            done.append(act(client, job))
        except PortalError as error:
            say_error(error)
            code = code or exit_code_of(error)
    if as_json:
        show_json(done)
    else:
        show_rows(("Job", "State", "Title"), ((job["number"], job["state_words"], job["title"]) for job in done))
    return code
