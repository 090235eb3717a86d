"""gantry admin data: what the catalogue says of data, read again and corrected."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from portal.cli.admin.site import operator, site
from portal.cli.arguments import dataset_ids
from portal.cli.errors import EXIT_CODES
from portal.cli.output import console, day_words, json_option, plain, show_json, show_rows
from portal.errors import ConflictError

if TYPE_CHECKING:
    from portal.catalogue.parameters.reread import Look, Selection
    from portal.config import Settings
    from portal.db import Database

COLUMNS = ("Id", "Dataset", "Parameter", "Stored", "In the file", "Then")
SHOWN_AT_ONCE = 50


@click.group()
def data() -> None:
    """Read parameters of registered data again, and correct them."""


@data.command()
@click.argument("datasets", nargs=-1, metavar="[DATASET]...")
@click.option("--all", "everything", is_flag=True, help="All that was registered in place.")
@click.option("--type", "type_name", metavar="TYPE", help="Only datasets of this type.")
@click.option("--experiment", metavar="NAME", help="Only those of this experiment: its title, name or id.")
@click.option("--parameter", "parameters", multiple=True, metavar="NAME", help="Only this one; may be repeated.")
@click.option("--after", default=0, metavar="ID", help="Go on behind this dataset, where an earlier run stopped.")
@click.option("--write", is_flag=True, help="Write the differences down; without it, nothing is changed.")
@json_option
def reread(datasets: tuple[str, ...], everything: bool, write: bool, as_json: bool, **given: Any) -> int:
    """Read the parameters of registered datasets out of their files again, and show where these say otherwise.

    With --write, a correction is put beside what was registered, and counts from then on; only datasets that are
    still being written are brought up to date. DATASET is an id, or - for ids on standard input. Doing it twice is
    harmless. The exit code is 7 if some datasets could not be compared.
    """
    if not (datasets or everything or given["type_name"] or given["experiment"]):
        raise click.UsageError("Say which: ids of datasets, --type, --experiment, or --all.")
    with site() as (settings, database):
        run = _Run(settings, database, write=write, as_json=as_json)
        for portion in run.portions(_selection(database, datasets, given)):
            if not as_json:
                _show(portion)
        if as_json:
            show_json(run.document)
        else:
            run.say()
    return EXIT_CODES[ConflictError] if run.unread else 0


def _selection(database: "Database", datasets: tuple[str, ...], given: dict[str, Any]) -> "Selection":
    from portal.catalogue.parameters.reread import Selection
    from portal.catalogue.register import investigation_named

    experiment = None
    if given["experiment"]:
        with database.read() as session:
            experiment = investigation_named(session, given["experiment"]).id
    return Selection(
        ids=tuple(dataset_ids(datasets)),
        type=given["type_name"],
        experiment=experiment,
        after=given["after"],
        parameters=frozenset(given["parameters"]),
    )


class _Run:
    """One run over the datasets that are meant: what it found, and what could not be compared."""

    def __init__(self, settings: "Settings", database: "Database", *, write: bool, as_json: bool) -> None:
        self.settings, self.database, self.write, self.as_json = settings, database, write, as_json
        self.seen = self.differences = self.unread = self.last = 0
        self.document: dict[str, Any] = {"written": write, "differences": [], "unread": []}

    def portions(self, selection: "Selection") -> Iterator[list["Look"]]:
        """Datasets with differences, a few at a time. Stopped by the keyboard, it says where to go on."""
        portion: list[Look] = []
        screen = console(stderr=True)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bars:
            task = bars.add_task("Reading", total=None)
            try:
                for look in self._looks(selection):
                    bars.update(task, description=f"{self.seen} read, {self.differences} differences")
                    if look.differences:
                        portion.append(look)
                    if len(portion) >= SHOWN_AT_ONCE:
                        yield portion
                        portion = []
            except KeyboardInterrupt:
                click.echo(f"Stopped. Go on with --after {self.last}", err=True)
                raise
        if portion:
            yield portion

    def _looks(self, selection: "Selection") -> Iterator["Look"]:
        from portal.catalogue.parameters.reread import chosen

        for number in chosen(self.database, selection):
            look = self._one(number, selection)
            self.seen, self.last = self.seen + 1, number
            self.differences += len(look.differences)
            self._note(look)
            yield look

    def _one(self, number: int, selection: "Selection") -> "Look":
        from portal.catalogue.parameters import reread as again

        look = again.look(self.database, self.settings, number, selection.parameters)
        if not self.write or not look.differences:
            return look
        try:
            again.write(self.database, operator(), look, now=datetime.now(UTC))
        except ConflictError as error:
            return again.Look(look.dataset, look.name, unread=error.message)
        return look

    def _note(self, look: "Look") -> None:
        self.unread += bool(look.unread)
        if not self.as_json:
            if look.unread:
                click.echo(f"{look.dataset}  {plain(look.name)}: {plain(look.unread)}", err=True)
            return
        which = {"dataset": look.dataset, "name": look.name}
        self.document["differences"] += [
            {
                **which,
                "parameter": one.name,
                "stored": [{"value": _plain(was.value), "units": was.units} for was in one.stored],
                "file": None if one.found is None else {"value": one.found.value, "units": one.found.units},
                "then": one.then.value,
            }
            for one in look.differences
        ]
        if look.unread:
            self.document["unread"].append({**which, "message": look.unread})

    def say(self) -> None:
        """What came of it, in words, on standard error: standard output has the table alone."""
        done = "written down" if self.write else "found; nothing was changed"
        click.echo(
            f"{_count(self.seen, 'dataset')} read, {_count(self.differences, 'difference')} {done}.", err=True
        )
        if self.differences and not self.write:
            click.echo("Write them down with --write.", err=True)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _show(portion: list["Look"]) -> None:
    show_rows(
        COLUMNS,
        (
            (look.dataset, look.name, one.name, one.stored_words, one.found_words, one.then.value)
            for look in portion
            for one in look.differences
        ),
    )


@data.command()
@click.argument("dataset")
@click.argument("parameter")
@click.argument("value")
@click.argument("units", default="")
@click.option("--reason", default="", help="Why, for those who read it.")
@json_option
def correct(dataset: str, parameter: str, value: str, as_json: bool, **given: str) -> None:
    """Put a typed VALUE with its UNITS beside what is recorded as PARAMETER of DATASET.

    Where a file says something else, whoever starts an analysis is asked which of both holds.
    """
    from portal.catalogue.parameters.corrections import Typed, correction_words, type_in

    (number,) = dataset_ids([dataset])
    with site() as (_settings, database), database.write() as session:
        typed = Typed(parameter, value, given["units"], given["reason"])
        made = type_in(session, operator(), number, typed, now=datetime.now(UTC))
        words = correction_words(made)
        name = made.dataset.name
    if as_json:
        show_json({"id": made.id, "dataset": number, "parameter": made.name, "value": words})
    else:
        click.echo(f"Correction {made.id}: {made.name} of {name} is {words}.")


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
        ("Id", "Dataset", "Name", "Parameter", "Value", "From", "By", "At", "Withdrawn"),
        (
            (
                *(one[key] for key in ("id", "dataset", "name", "parameter", "value", "source", "by")),
                day_words(one["at"]),
                f"{day_words(one['withdrawn'])} by {one['withdrawn_by']}" if one["withdrawn"] else "",
            )
            for one in found
        ),
        empty="There are no corrections.",
    )


@data.command()
@click.argument("numbers", nargs=-1, required=True, type=int, metavar="CORRECTION...")
@json_option
def withdraw(numbers: tuple[int, ...], as_json: bool) -> None:
    """Let corrections count no more: what was registered counts again. They stay in the history."""
    from portal.catalogue.parameters.corrections import withdraw as withdraw_one

    with site() as (_settings, database), database.write() as session:
        rows = [withdraw_one(session, operator(), number, now=datetime.now(UTC)) for number in numbers]
        done = [{"id": row.id, "dataset": row.dataset_id, "parameter": row.name} for row in rows]
        names = [row.dataset.name for row in rows]
    if as_json:
        show_json(done)
        return
    for one, name in zip(done, names, strict=True):
        click.echo(f"Correction {one['id']} of {one['parameter']}, {name}, counts no more.")
