"""gantry admin data: what the catalogue says of data, read again and corrected."""

from datetime import UTC, datetime
from typing import Any

import click

from portal.cli.admin.dry import changing, tell
from portal.cli.admin.reread import reread
from portal.cli.admin.site import operator, site
from portal.cli.admin.verify import verify
from portal.cli.arguments import TakesNegativeNumbers, dataset_ids, one_dataset
from portal.cli.output import dry_run_option, json_option, show_json, show_rows, time_words


@click.group()
def data() -> None:
    """Read registered data again, compare it with its checksums, and correct its parameters."""


data.add_command(reread)
data.add_command(verify)


@data.command(cls=TakesNegativeNumbers)
@click.argument("dataset")
@click.argument("parameter")
@click.argument("value")
@click.argument("units", default="")
@click.option("--reason", default="", help="Why, for those who read it.")
@dry_run_option
@json_option
def correct(dataset: str, parameter: str, value: str, as_json: bool, dry_run: bool, **given: str) -> None:
    """Put a typed VALUE with its UNITS beside what is recorded as PARAMETER of DATASET.

    A negative number is typed as it is (-1.5); of other words that begin with a dash, put -- before the first.
    Where a file says something else, whoever starts an analysis is asked which of both holds.
    """
    from portal.catalogue.parameters.corrections import Typed, correction_words, type_in

    number = one_dataset(dataset)
    with site() as (_settings, database), changing(database, dry_run) as session:
        typed = Typed(parameter, value, given["units"], given["reason"])
        made = type_in(session, operator(), number, typed, now=datetime.now(UTC))
        words = correction_words(made)
        session.flush()
        made_id, name, of = made.id, made.name, made.dataset.name
    if as_json:
        shown = {"id": None if dry_run else made_id, "dataset": number, "parameter": name, "value": words}
        show_json({**shown, "dry_run": dry_run})
    elif dry_run:
        tell(f"{name} of {of} is {words}.", dry_run)
    else:
        click.echo(f"Correction {made_id}: {name} of {of} is {words}.")


@data.command()
@click.argument("datasets", nargs=-1, metavar="[DATASET]...")
@click.option("--withdrawn", is_flag=True, help="Also those that were withdrawn.")
@json_option
def corrections(datasets: tuple[str, ...], withdrawn: bool, as_json: bool) -> None:
    """List corrections, of these datasets or of all."""
    from portal.catalogue.parameters.corrections import correction_words, list_corrections

    with site() as (_settings, database), database.read() as session:
        found: list[dict[str, Any]] = [
            {
                "id": one.id,
                "dataset": one.dataset_id,
                "name": one.dataset.name,
                "parameter": one.name,
                "value": correction_words(one),
                "source": one.source_kind,
                "by": one.create_id,
                "at": one.create_time.isoformat(timespec="seconds"),
                "reason": one.reason,
                "withdrawn": one.withdrawn.isoformat(timespec="seconds") if one.withdrawn else None,
                "withdrawn_by": one.withdrawn_by,
            }
            for one in list_corrections(session, dataset_ids(datasets), withdrawn=withdrawn)
        ]
    if as_json:
        show_json(found)
        return
    show_rows(
        ("Id", "Dataset", "Name", "Parameter", "Value", "From", "By", "At", "Withdrawn", "Reason"),
        (
            (
                *(one[key] for key in ("id", "dataset", "name", "parameter", "value", "source", "by")),
                time_words(one["at"]),
                f"{time_words(one['withdrawn'])} by {one['withdrawn_by']}" if one["withdrawn"] else "",
                one["reason"] or "",
            )
            for one in found
        ),
        empty="There are no corrections.",
    )


@data.command()
@click.argument("numbers", nargs=-1, required=True, type=int, metavar="CORRECTION...")
@dry_run_option
@json_option
def withdraw(numbers: tuple[int, ...], as_json: bool, dry_run: bool) -> None:
    """Let corrections count no more: what was registered counts again. They stay in the history."""
    from portal.catalogue.parameters.corrections import withdraw as withdraw_one

    with site() as (_settings, database), changing(database, dry_run) as session:
        rows = [withdraw_one(session, operator(), number, now=datetime.now(UTC)) for number in numbers]
        done = [{"id": row.id, "dataset": row.dataset_id, "parameter": row.name} for row in rows]
        names = [row.dataset.name for row in rows]
    if as_json:
        show_json(done)
        return
    for one, name in zip(done, names, strict=True):
        tell(f"Correction {one['id']} of {one['parameter']}, {name}, counts no more.", dry_run)
