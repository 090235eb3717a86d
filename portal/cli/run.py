"""gantry run: start an analysis on datasets."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from portal.cli.analyses import analysis_or_hint, with_basis
from portal.cli.arguments import (
    EXPERIMENT,
    dataset_ids,
    experiment_id,
    make_client,
    nearest,
    one_job,
    pair,
    pairs,
)
from portal.cli.completing.offers import (
    complete_analysis,
    complete_dataset,
    complete_experiment,
    complete_job,
    complete_option,
    complete_preset,
    complete_slot,
    complete_variant,
)
from portal.cli.errors import JOB_FAILED, interrupted
from portal.cli.output import checked_words, console, json_option, plain, say, show_json, show_rows
from portal.cli.starting.cropping import HELP as CROP
from portal.cli.starting.cropping import cropped
from portal.cli.starting.from_job import Start, start_of, tell_since
from portal.cli.starting.terms import accepted_digest, terms_options
from portal.cli.trying import show_trial, trial_of
from portal.client import Client
from portal.client.client import submission_body
from portal.client.http import Document
from portal.errors import InvalidError, PortalError
from portal.methods.quantities import printed_units, unit

MOST_DOUBTFUL = 5
"""Jobs whose warnings are printed in full."""


@click.command()
@click.argument("analysis", required=False, shell_complete=complete_analysis)
@click.argument("datasets", nargs=-1, metavar="[DATASET...]", shell_complete=complete_dataset)
@click.option(
    "--from-job",
    metavar="JOB",
    shell_complete=complete_job,
    help="The analysis, data and options of that job; what is given besides counts instead.",
)
@click.option(
    "--set",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    shell_complete=complete_option,
    help="An option of the analysis.",
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="SLOT=DATASET",
    shell_complete=complete_slot,
    help="A dataset for a further input.",
)
@click.option(
    "--preset", shell_complete=complete_preset, help="Take the values of this preset for what is not --set."
)
@click.option("--variant", shell_complete=complete_variant, help="Resources: one of the analysis's variants.")
@click.option("--title", help="Name of the result.")
@click.option("--together", is_flag=True, help="One job over all datasets instead of one for each.")
@click.option(
    "--experiment",
    metavar="NAME",
    shell_complete=complete_experiment,
    help=f"Where the result is filed, if no dataset goes in. {EXPERIMENT}",
)
@click.option(
    "--sweep",
    "--try",
    "tried",
    multiple=True,
    metavar="NAME=VALUE,…",
    help="Try these values of an option side by side instead.",
)
@click.option("--crop", "crops", multiple=True, metavar="PART", help=CROP)
@click.option(
    "--part", "parts", multiple=True, metavar="NAME=VALUE", help="With --sweep: another part than the usual."
)
@click.option("--whole", is_flag=True, help="With --sweep: on the whole dataset each time.")
@terms_options
@click.option("--key", help="The same key again gives the same jobs, not new ones.")
@click.option(
    "--dry-run", is_flag=True, help="Check all that starting it checks and show the form; start nothing."
)
@click.option("--wait", is_flag=True, help="Wait for the end; the exit code is 10 if a job failed.")
@json_option
def run(analysis: str | None, datasets: tuple[str, ...], **given: Any) -> int:
    """Start ANALYSIS on each DATASET.

    Datasets are ids; give - to read them from standard input: gantry data list --type "light-sheet stack" | gantry
    run qc -

    Which value suits? gantry run tomo-slice 12 --sweep centre=79,80,81 --wait runs each on a small part of the
    dataset and shows what came of them; with --json the whole sheet.

    An analysis that takes no dataset is told the experiment: gantry run random-counts --experiment LS-2026-014

    Once more, with another value: gantry run --from-job J-1042 --set iterations=30
    """
    if analysis is None and not given["from_job"]:
        raise click.UsageError("Say which analysis, or --from-job. There are: gantry analyses")
    trial = trial_of(given)
    check_key(given["key"])
    client = make_client()
    job = client.job(one_job(given["from_job"])) if given["from_job"] else None
    if job is not None and analysis is not None and analysis != job["analysis"]:
        datasets = (analysis, *datasets)  # a job says which analysis: these are its data
    name = job["analysis"] if job is not None else str(analysis)
    ids = dataset_ids(datasets)
    found = analysis_or_hint(client, name, [])
    inputs = _inputs(found, ids, given["inputs"])
    start = Start(name) if job is None else start_of(client, job, found, list(inputs))
    body = submission_body(
        name,
        {**start.inputs, **inputs},
        {**start.options, **pairs(given["options"], "NAME=VALUE")},
        preset=given["preset"],
        mode="all" if given["together"] else start.mode,
        variant=given["variant"] or start.variant,
        title=given["title"],
        experiment=experiment_id(client, given["experiment"]) if given["experiment"] else start.experiment,
        trial=trial,
        use=given["use"],
        accept_terms=accepted_digest(found["form"], given["accept_terms"]),
    )
    if given["crops"] and trial is None:
        body["options"] = cropped(form_of(client, body), given["crops"], body["options"], found["title"])
    if job is not None:
        _tell_since(client, job, found, body, start)
    if given["dry_run"]:
        return _check(client, body, given["key"], given["as_json"])
    made = client.start(body, key=given["key"])
    if trial is not None:
        return show_trial(client, made, wait=given["wait"], as_json=given["as_json"])
    if not given["wait"]:
        show_made(client, made, given["as_json"])
        return 0
    return wait_for(client, made, as_json=given["as_json"])


def _tell_since(client: Client, job: Document, found: Document, body: Document, start: Start) -> None:
    """What is otherwise than in the job, as the portal's own form has both."""
    if body.get("preset"):
        raise InvalidError("A job has its own values: --preset and --from-job are two different starts.")
    now = form_of(client, body)
    was = form_of(client, {**body, "options": start.options}) if body["options"] != start.options else now
    tell_since(client, job, found, {"form": was}, {**body, "form": now})


def _inputs(found: Document, ids: list[int], further: tuple[str, ...]) -> dict[str, list[int]]:
    slots = [slot["name"] for slot in found["form"]["slots"]]
    inputs: dict[str, list[int]] = {}
    if ids:
        if not slots:
            raise InvalidError(f"{found['title']} takes no dataset.")
        inputs[slots[0]] = ids
    for text in further:
        slot, value = pair(text, "SLOT=DATASET")
        if slot not in slots:
            known = f"there are: {', '.join(slots)}." if slots else "it takes no dataset."
            hint = nearest(slot, slots)
            raise InvalidError(f"{found['title']} has no input named {slot}; {known}{hint}")
        inputs.setdefault(slot, []).extend(dataset_ids([value]))
    return inputs


def _check(client: Client, body: Document, key: str | None, as_json: bool) -> int:
    """The form, then all that starting would check, by the portal's own way of starting: the same errors."""
    try:
        found = client.check_submission(body, key=key)
    except InvalidError:
        with suppress(PortalError):  # where there is a form at all, the wrong values are seen among the others
            _show_form(form_of(client, body), None, as_json)
        raise
    form = form_of(client, body)
    _show_form(form, found, as_json)
    if as_json:
        return 0
    if found["earlier"]:
        say(f"This key has started it before: {', '.join(found['earlier'])}.", err=True)
    jobs = "" if found["count"] == 1 else f", {found['count']} jobs"
    say(f"Result: {found['title']}{jobs}", err=True)
    for label, what in (("Likely wait", "wait"), ("Takes", "takes")):
        # A portal of an earlier release does not tell it.
        if expected := form.get("expected"):
            say(f"{label}: {with_basis(expected, what)}", err=True)
    if memory := (form.get("expected") or {}).get("memory_advice"):
        say(memory, err=True)
    if found["held"]:
        say(found["held"], err=True)
    warnings = found.get("warnings", ())
    for words in warnings:
        say(words, err=True)
    click.echo(checked_words(warned=bool(warnings)), err=True)
    return 0


def form_of(client: Client, body: Document) -> Document:
    """The form of what is to be started, as the portal checks it."""
    names = ("preset", "mode", "experiment", "variant")
    asked = {name: body[name] for name in names if name in body}
    return client.check(body["analysis"], body["inputs"], body["options"], **asked)


def _show_form(form: Document, found: Document | None, as_json: bool) -> None:
    if as_json:
        show_json(form if found is None else {**form, "check": found})
    elif form["fields"]:
        show_rows(
            ("Option", "Value", "Unit", "Where from"),
            map(_field_row, form["fields"]),
        )


def _field_row(field: Document) -> tuple[object, ...]:
    """With how a number was understood that was typed otherwise than programs write it, its own unit perhaps."""
    # A portal of an earlier release does not tell it.
    if read := field.get("read"):
        return field["name"], field["value"], "", printed_units(read)
    if (condition := field.get("show_when")) and not condition["holds"]:
        return field["name"], "not used", "", printed_units(condition["why_not"])
    return field["name"], field["value"] or "–", unit(field["unit"]), printed_units(field["source"])


def show_made(client: Client, made: Document, as_json: bool) -> None:
    """The jobs that were started, and where one watches them."""
    if as_json:
        show_json(made)
        return
    show_rows(
        ("Job", "State", "Title"), ((job["number"], job["state_words"], job["title"]) for job in made["jobs"])
    )
    if sys.stdout.isatty():
        one = made["jobs"][0]["number"] if len(made["jobs"]) == 1 else None
        say(f"Watch: {client.url}/jobs/{one}" if one else f"Watch: {client.url}/batches/{made['id']}")


def check_key(key: str | None) -> None:
    """Fails like a mistyped command for a key that is none, as of a script whose variable is empty."""
    if key is not None and not key.strip():
        raise click.BadParameter(
            "The key is empty, so that a repetition would start it again.", param_hint="--key"
        )


def wait_for(client: Client, made: Document, *, as_json: bool) -> int:
    """Wait for a submission's jobs, with a bar on a terminal; 0, or 10 if one did not succeed."""
    code = _wait_and_tell(client, made, quiet=as_json)
    if as_json:
        show_json(client.submission(made["id"]))
    return code


def wait_for_all(client: Client, submissions: Sequence[str], *, as_json: bool) -> int:
    """The same for several, one after the other; as JSON one list of them."""
    codes = [_wait_and_tell(client, client.submission(one), quiet=as_json) for one in submissions]
    if as_json:
        show_json([client.submission(one) for one in submissions])
    return JOB_FAILED if any(codes) else 0


def _goes_on(made: Document) -> str:
    """What is said where somebody does not wait any longer: the number by which the jobs are found again."""
    numbers = [job["number"] for job in made["jobs"]]
    if len(numbers) == 1:
        return f"Stopped waiting. {numbers[0]} goes on: gantry jobs show {numbers[0]}"
    batch = made.get("number") or made["id"]
    return f"Stopped waiting. The jobs go on: gantry batches show {batch}"


def _wait_and_tell(client: Client, made: Document, *, quiet: bool) -> int:
    with interrupted(lambda: _goes_on(made)):
        if sys.stderr.isatty():
            with bar(console(stderr=True)) as progress:
                jobs = client.wait(made, tell=teller(progress, len(made["jobs"])))
        else:
            jobs = client.wait(made)
    if not quiet:
        show_rows(
            ("Job", "State", "Title", "Results", "What happened"),
            (
                (
                    job["number"],
                    job["state_words"],
                    job["title"],
                    " ".join(map(str, job["results"])) if job.get("leaves_dataset", True) else "no dataset",
                    job["sentence"],
                )
                for job in jobs
            ),
        )
        _show_warnings(client, jobs)
    return 0 if all(job["state"] == "succeeded" for job in jobs) else JOB_FAILED


def _show_warnings(client: Client, jobs: Sequence[Document]) -> None:
    """What makes results doubtful, beneath the table: of the first few that have such."""
    # A portal of an earlier release does not count them.
    doubtful = [job for job in jobs if job.get("warnings") and job["results"]]
    for job in doubtful[:MOST_DOUBTFUL]:
        for words in client.dataset(job["results"][0]).get("warnings", ()):
            say(f"{job['number']}: {words}", err=True)
    if (rest := len(doubtful) - MOST_DOUBTFUL) > 0:
        click.echo(f"and {rest} more with warnings: `gantry data show` has the words.", err=True)


class _Done(ProgressColumn):
    """How much is done, where that is known."""

    def render(self, task: Task) -> Text:
        """`25 %`, `3/5`, or nothing."""
        return Text(task.fields.get("done", ""))


def bar(where: Console) -> Progress:
    """A bar for jobs; what they say stands before it as it is."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        _Done(),
        TimeElapsedColumn(),
        console=where,
        transient=True,
    )


def teller(progress: Progress, total: int) -> Callable[[Document], None]:
    """One bar: of the job's own progress for one job, of ended jobs for many.

    While it is not known how far a job is, the bar has no value; one that fails has got no further by that.
    """
    task = progress.add_task("Waiting", total=None if total == 1 else total)

    def tell(submission: Document) -> None:
        jobs = submission["jobs"]
        if total == 1:
            (job,) = jobs
            fraction = 1.0 if job["state"] == "succeeded" else (job["progress"] or {}).get("fraction")
            progress.update(task, description=plain(job["sentence"]))
            if fraction is not None:
                progress.update(task, total=100, completed=int(100 * fraction), done=f"{int(100 * fraction)} %")
            elif not job["final"] and job["state"] != "collecting":
                progress.tasks[0].total = None
                progress.update(task, done="")
            return
        words = ", ".join(f"{n} {word.lower()}" for word, n in Counter(job["state_words"] for job in jobs).items())
        ended = sum(job["final"] for job in jobs)
        progress.update(task, completed=ended, description=words, done=f"{ended}/{total}")

    return tell
