"""gantry data add: registering data where it lies. Works on the portal's own machine, over its services."""

import os
import pwd
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from portal.cli.arguments import EXPERIMENT
from portal.cli.output import console, json_option, plain, say, show_json

MOST_REMARKS = 10


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--type", "type_name", required=True, metavar="TYPE", help="Dataset type.")
@click.option("--experiment", required=True, metavar="NAME", help=EXPERIMENT)
@click.option("--as", "person", help="Sign-in name of who registers it; your Unix name if left out.")
@click.option("--name", help="Name of the dataset; else that of the file or folder.")
@click.option("--incomplete", is_flag=True, help="It is still being written.")
@click.option("--dry-run", is_flag=True, help="Read and check all of it, and register nothing.")
@json_option
def add(path: Path, experiment: str, as_json: bool, dry_run: bool, **given: Any) -> None:
    """Register a file or folder PATH in place, as a dataset of an experiment.

    It must lie beneath one of the roots of the settings (gantry admin config). Files are read once for their
    checksums. Doing it twice is harmless. For staff and for the accounts of instruments.
    """
    from portal.catalogue.files.register import add_in_place, investigation_for_ingest
    from portal.catalogue.models import Dataset
    from portal.catalogue.parameters.corrections import dataset_for_operator
    from portal.catalogue.parameters.rows import in_doubt
    from portal.cli.admin.site import site
    from portal.identity.people import get_person

    who = given["person"] or pwd.getpwuid(os.geteuid()).pw_name
    with site() as (settings, database):
        with database.read() as session:
            actor = get_person(session, who).actor()
            investigation = investigation_for_ingest(session, actor, experiment).id
        screen = console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bars:
            task = bars.add_task("Reading", total=None)

            def tell(done: int, total: int) -> None:
                bars.update(task, completed=done, total=total)

            dataset = add_in_place(
                database,
                actor,
                path.absolute(),
                type_name=given["type_name"],
                investigation=investigation,
                settings=settings,
                now=datetime.now(UTC),
                progress=tell,
                name=given["name"],
                complete=not given["incomplete"],
                dry_run=dry_run,
            )
        with database.read() as session:
            kept = session.get(Dataset, dataset.id)
            there = kept is not None and (kept.name, kept.location) == (dataset.name, dataset.location)
            doubtful = in_doubt(dataset_for_operator(session, dataset.id)) if there else ()
    number = dataset.id if there else None
    if as_json:
        shown = {"id": number, "name": dataset.name, "files": dataset.file_count, "size": dataset.file_size}
        show_json(
            {
                **shown,
                "problem": dataset.problem,
                "in_doubt": doubtful,
                "remarks": dataset.remarks,
                "dry_run": dry_run,
            }
        )
    else:
        if dry_run:
            which = f"It is registered as {number}." if there else "It would be registered as:"
            say(f"Nothing was changed (--dry-run). {which}", err=True)
        click.echo(f"{'–' if number is None else number}\t{plain(dataset.name)}")
        damaged = [dataset.problem] if dataset.problem else []
        for words in (*damaged, *doubtful, *map(_remark_words, dataset.remarks[:MOST_REMARKS])):
            click.echo(f"  {plain(words)}", err=True)


def _remark_words(one: dict[str, str]) -> str:
    where = " ".join(part for part in (one["file"], one["place"]) if part)
    return f"{where}: {one['words']}" if where else one["words"]
