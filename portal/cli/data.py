"""gantry data: finding datasets, looking at them, taking them home."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from portal.cli.arguments import EXPERIMENT, HOW_MANY, dataset_ids, experiment_id, make_client, one_dataset
from portal.cli.completing.offers import complete_dataset, complete_experiment, complete_type
from portal.cli.errors import exit_code_of, interrupted, say_error
from portal.cli.groups import LazyGroup
from portal.cli.output import (
    console,
    json_option,
    plain,
    say,
    show_json,
    show_pairs,
    show_rows,
    size_words,
    time_words,
)
from portal.client import Client
from portal.client.http import Document
from portal.errors import InvalidError, PortalError, SignInNeededError, UnavailableError
from portal.level import level
from portal.methods.quantities import figure, unit

MOST_REMARKS = 10
MOST_ARRAYS = 20


@click.group(cls=LazyGroup, lazy={"add": "portal.cli.data_add:add"})
def data() -> None:
    """Find datasets, look at them, take their files home, register new ones."""


@data.command("list")
@click.argument("text", required=False)
@click.option(
    "--type",
    "type_",
    metavar="TYPE",
    shell_complete=complete_type,
    help="Dataset type, such as “light-sheet stack”.",
)
@click.option("--instrument", help="Name of the instrument.")
@click.option("--experiment", metavar="NAME", shell_complete=complete_experiment, help=EXPERIMENT)
@click.option("--raw", is_flag=True, help="Only what instruments measured.")
@click.option("--results", is_flag=True, help="Only what analyses made.")
@click.option("--limit", default=50, show_default=True, type=HOW_MANY, help="How many at most.")
@json_option
def list_data(
    limit: int,
    as_json: bool,
    type_: str | None,
    experiment: str | None,
    *,
    raw: bool,
    results: bool,
    **query: Any,
) -> None:
    """List datasets, newest first; TEXT searches their names and more."""
    if raw and results:
        raise click.UsageError("Choose one of --raw and --results; without either both are listed.")
    query["kind"] = "raw" if raw else "results" if results else None
    client = make_client()
    where = experiment_id(client, experiment) if experiment else None
    found = client.datasets(type=type_, experiment=where, limit=min(limit, 500), **query)
    listed = list(islice(found, limit))
    if as_json:
        show_json(listed)
        return
    show_rows(
        ("Id", "Dataset", "Type", level().One, "Date", "Size"),
        (
            (
                one["id"],
                one["name"],
                one["type"],
                one["experiment"]["title"],
                time_words(one["date"]),
                size_words(one["size"]),
            )
            for one in listed
        ),
        empty="No datasets, or none that are shared with you.",
    )


@data.command()
@click.argument("dataset", shell_complete=complete_dataset)
@json_option
def show(dataset: str, as_json: bool) -> None:
    """Show a dataset: what it is, its parameters, where it came from and what came of it."""
    client = make_client()
    number = one_dataset(dataset)
    found = client.dataset(number)
    if as_json:
        show_json(found)
        return
    fits = client.analyses([number])["items"]
    say(f"{found['id']}  {found['name']}")
    show_pairs(
        [
            ("Type", found["type"]),
            (level().One, f"{found['experiment']['title']} ({found['experiment']['id']})"),
            ("Instrument", found["instrument"]),
            ("Sample", found["sample"]),
            ("Date", time_words(found["date"])),
            ("Files", f"{found['file_count']}, {size_words(found['size'])}"),
            ("State", found["problem"] or ("" if found["complete"] else "still being written")),
            *(("Warning", words) for words in found.get("warnings", ())),
            # A portal of an earlier release says nothing of them.
            *(("Not read", _remark_words(one)) for one in found.get("remarks", ())[:MOST_REMARKS]),
            ("Made by", _run_words(found["made_by"])),
            ("Results", ", ".join(_named(one) for run in found["used_by"] for one in run["outputs"])),
            ("Analyses", ", ".join(one["name"] for one in fits)),
        ]
    )
    for parameter in found["parameters"]:
        say(f"  {_parameter(parameter)}")
    for line in _array_lines(found.get("arrays")):
        say(f"  {line}")
    say(found["seen_by"])


def _array_lines(arrays: Document | None) -> Iterator[str]:
    """What is in the files: each array by the name that `--set array=` takes."""
    items = arrays["items"] if arrays else []
    for one in items[:MOST_ARRAYS]:
        labels = "; ".join(", ".join(map(plain, names)) for names in one["labels"].values())
        known = "" if set(one["axes"]) <= {"?"} else f" {one['axes']}"
        shape = " × ".join(map(str, one["shape"]))
        yield f"{plain(one['name'])}: {shape}{known} {one['dtype']}" + (f" ({labels})" if labels else "")
    if len(items) > MOST_ARRAYS:
        yield f"and {len(items) - MOST_ARRAYS} arrays more"


def _parameter(one: Document) -> str:
    """One line: name, value, what is to be known of it, and where it is from."""
    notes = []
    if one["value"] is None:
        notes.append("not known: its file does not say it")
    if not one.get("unit_known", True):
        what = "no one number" if isinstance(one["value"], str) else "unit not known"
        notes.append(f"{what}, {one['wanted_units']} is wanted")
    if one.get("contradicted"):
        notes.append("contradicted by another value")
    if correction := one.get("correction"):
        before = ", ".join(_quantity(first) for first in correction["replaced"])
        notes.append(f"corrected by {correction['by']}{f', registered as {before}' if before else ''}")
    if source := one.get("source"):
        stands = _quantity({"value": source["value"], "units": source["units"] or ""})
        notes.append(_source_words(source) + (f": {stands}" if stands not in ("", _quantity(one)) else ""))
    return f"{plain(one['name'])}: {_quantity(one)}".rstrip() + (f" ({'; '.join(notes)})" if notes else "")


def _remark_words(one: Document) -> str:
    where = plain(" ".join(part for part in (one["file"], one["place"]) if part))
    return f"{where}: {plain(one['words'])}" if where else plain(one["words"])


def _quantity(one: Document) -> str:
    value = one["value"]
    return f"{figure(value) if isinstance(value, float) else plain(value)} {plain(unit(one['units']))}".strip()


def _source_words(source: Document) -> str:
    if source["kind"] == "person":
        return f"typed by {source['by']}"
    if source["kind"] == "job":
        return f"computed by {source['job']}"
    return ", ".join(plain(source[key]) for key in ("file", "place") if source[key])


def _named(one: Document) -> str:
    return f"{one['name']} ({one['id']})"


def _run_words(run: Document | None) -> str:
    if run is None:
        return ""
    return f"{run['analysis']} {run['version']} from {', '.join(_named(one) for one in run['inputs'])}"


@data.command()
@click.argument("dataset", shell_complete=complete_dataset)
@click.option("--bibtex", is_flag=True, help="Print the references as a BibTeX file instead.")
@json_option
def methods(dataset: str, bibtex: bool, as_json: bool) -> None:
    """Say how a result was made, for a paper: each step of its history, with references."""
    number = one_dataset(dataset)
    found = make_client().methods(number)
    if as_json:
        show_json(found)
    elif bibtex:
        say(found["bibtex"])
    else:
        say(found["whole"])


@data.command()
@click.argument("dataset", shell_complete=complete_dataset)
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Folder.")
@click.option("--metadata", is_flag=True, help="Only ro-crate-metadata.json, without the files.")
@json_option
def crate(dataset: str, folder: Path, metadata: bool, as_json: bool) -> None:
    """Take a result home with how it was made, as an RO-Crate: its files, and its history for other programs."""
    number = one_dataset(dataset)
    name = f"dataset-{number}.ro-crate-metadata.json" if metadata else f"dataset-{number}.ro-crate.zip"
    client = make_client()
    if client.dataset(number)["made_by"] is None:  # said before a file is begun
        raise InvalidError(
            "This dataset was not made by an analysis, and an RO-Crate tells how a result was made. "
            f"Its files: gantry data get {number}"
        )
    written = client.crate(number, folder / name, with_files=not metadata)
    show_json([str(written)]) if as_json else click.echo(str(written))


@data.command()
@click.argument("dataset", shell_complete=complete_dataset)
@json_option
def files(dataset: str, as_json: bool) -> None:
    """List a dataset's files."""
    number = one_dataset(dataset)
    listed = list(make_client().files(number))
    if as_json:
        show_json(listed)
        return
    show_rows(
        ("Id", "Name", "Size", "Checksum"),
        ((one["id"], one["name"], size_words(one["size"]), one["checksum"]) for one in listed),
    )


@data.command()
@click.argument("datasets", nargs=-1, required=True, metavar="DATASET...", shell_complete=complete_dataset)
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Folder.")
@click.option("--only", metavar="PATTERN", help="Only files whose names match, such as “*.h5”.")
@json_option
def get(datasets: tuple[str, ...], folder: Path, only: str | None, as_json: bool) -> int:
    """Take the files of datasets home, each into a folder of its id; give - to read ids from standard input.

    Checksums are compared. The same command goes on where it stopped, and keeps what is there already.
    """
    client = make_client()
    written: list[Path] = []
    codes: list[int] = []
    numbers = dataset_ids(datasets)
    if not numbers:
        click.echo("There is no dataset in what was given: nothing to do.", err=True)
    for number in numbers:
        try:
            with interrupted(lambda: "Stopped. The same command goes on where it stopped."):
                written += _download(client, number, folder / str(number), only)
        except (UnavailableError, SignInNeededError):
            raise  # it would be the same for all others
        except PortalError as error:  # one that cannot be had harms no other
            error.message = f"Dataset {number}: {error.message}"
            error.args = (error.message,)
            say_error(error, as_json=as_json)
            codes.append(exit_code_of(error))
    if as_json:
        show_json([str(path) for path in written])
    else:
        for path in written:
            say(path)
    return codes[0] if codes else 0


def _download(client: Client, number: int, target: Path, only: str | None) -> list[Path]:
    screen = console(stderr=True)
    if not screen.is_terminal:
        return client.download(number, target, only=only)
    name_column = TextColumn("{task.description}", markup=False)
    columns = (name_column, BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=screen, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def tell(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(plain(name), total=total)
            bars.update(tasks[name], completed=done)

        return client.download(number, target, progress=tell, only=only)
