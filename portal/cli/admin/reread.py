"""gantry admin data reread: parameters and arrays of registered data, read out of the files again."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from portal import words
from portal.cli.admin.site import operator, site
from portal.cli.arguments import dataset_ids
from portal.cli.errors import EXIT_CODES
from portal.cli.output import console, json_option, plain, show_json, show_rows
from portal.errors import ConflictError

if TYPE_CHECKING:
    from portal.catalogue.arrays.again import ArraysLook
    from portal.catalogue.parameters.reread import Look, Selection
    from portal.config import Settings
    from portal.db import Database

COLUMNS = ("Id", "Dataset", "Parameter", "Stored", "In the file", "Then")
SHOWN_AT_ONCE = 50


@click.command()
@click.argument("datasets", nargs=-1, metavar="[DATASET]...")
@click.option("--all", "everything", is_flag=True, help="All that there is; of results the arrays alone.")
@click.option("--type", "type_name", metavar="TYPE", help="Only datasets of this type.")
@click.option("--experiment", metavar="NAME", help="Only those of this experiment: its title, name or id.")
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME",
    help="Only this one, and no arrays; may be repeated.",
)
@click.option(
    "--arrays", is_flag=True, help="Only which arrays there are; with --parameter also these parameters."
)
@click.option("--after", default=0, metavar="ID", help="Go on behind this dataset, where an earlier run stopped.")
@click.option("--write", is_flag=True, help="Write the differences down; without it, nothing is changed.")
@json_option
def reread(datasets: tuple[str, ...], everything: bool, write: bool, as_json: bool, **given: Any) -> int:
    """Read parameters and arrays of registered datasets again, and show where their files say otherwise.

    With --write, a correction is put beside what was registered, and counts from then on; only datasets that are
    still being written are brought up to date. Arrays are listed where they are not, or anew. DATASET is an id, or
    - for ids on standard input. Doing it twice is harmless. The exit code is 7 if some datasets could not be
    compared.
    """
    if not (datasets or everything or given["type_name"] or given["experiment"]):
        raise click.UsageError("Say which: ids of datasets, --type, --experiment, or --all.")
    with site() as (settings, database):
        run = _Run(settings, database, write=write, as_json=as_json)
        run.of_arrays = given["arrays"] or not given["parameters"]
        run.of_parameters = bool(given["parameters"]) or not given["arrays"]
        for portion in run.portions(_selection(database, datasets, given)):
            if not as_json:
                _show(portion)
        if as_json:
            show_json(run.document)
        else:
            run.say()
    return EXIT_CODES[ConflictError] if run.unread else 0


def _selection(database: "Database", datasets: tuple[str, ...], given: dict[str, Any]) -> "Selection":
    from portal.catalogue.files.register import investigation_named
    from portal.catalogue.parameters.reread import Selection

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
        results=given["arrays"] or not given["parameters"],
    )


@dataclass(frozen=True)
class _Both:
    """What came of one dataset: of its parameters and of its arrays, each where it was looked at."""

    dataset: int
    name: str
    parameters: "Look | None"
    arrays: "ArraysLook | None"

    @property
    def unread(self) -> list[str]:
        """Why something was not compared, each reason once."""
        # That no file says a result's parameters is worth a word where nothing else was asked for.
        of_parameters = (
            self.parameters and not (self.parameters.computed and self.arrays) and self.parameters.unread
        )
        of_arrays = self.arrays and self.arrays.unread
        return list(dict.fromkeys(one for one in (of_parameters, of_arrays) if one))

    @property
    def rows(self) -> Iterator[tuple[object, ...]]:
        """A line for each difference."""
        for one in self.parameters.differences if self.parameters else ():
            yield self.dataset, self.name, one.name, one.stored_words, one.found_words, one.then.value
        if self.arrays and self.arrays.to_write:
            yield self.dataset, self.name, "arrays", *_of_arrays(self.arrays)


def _of_arrays(look: "ArraysLook") -> tuple[str, str, str]:
    from portal.catalogue.arrays.again import State

    if look.state is State.MISSING:
        return State.MISSING.value, f"{look.found} found", "listed"
    return f"{look.listed} listed, they differ", f"{look.found} found", "listed anew"


class _Run:
    """One run over the datasets that are meant: what it found, and what could not be compared."""

    def __init__(self, settings: "Settings", database: "Database", *, write: bool, as_json: bool) -> None:
        self.settings, self.database, self.write, self.as_json = settings, database, write, as_json
        self.of_parameters = self.of_arrays = True
        self.seen = self.differences = self.unread = self.last = 0
        self.arrays: Counter[str] = Counter()
        self.document: dict[str, Any] = {"written": write, "differences": [], "arrays": [], "unread": []}

    def portions(self, selection: "Selection") -> Iterator[list[_Both]]:
        """Datasets with differences, a few at a time. Stopped by the keyboard, it says where to go on."""
        portion: list[_Both] = []
        screen = console(stderr=True)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bars:
            task = bars.add_task("Reading", total=None)
            try:
                for look in self._looks(selection):
                    bars.update(task, description=f"{self.seen} read, {self.differences} differences")
                    if any(look.rows):
                        portion.append(look)
                    if len(portion) >= SHOWN_AT_ONCE:
                        yield portion
                        portion = []
            except KeyboardInterrupt:
                click.echo(f"Stopped. Go on with --after {self.last}", err=True)
                raise
        if portion:
            yield portion

    def _looks(self, selection: "Selection") -> Iterator[_Both]:
        from portal.catalogue.parameters.reread import chosen

        for number in chosen(self.database, selection):
            of_parameters = self._parameters(number, selection) if self.of_parameters else None
            of_arrays = self._arrays(number) if self.of_arrays else None
            known = of_parameters or of_arrays
            assert known is not None
            look = _Both(number, known.name, of_parameters, of_arrays)
            self.seen, self.last = self.seen + 1, number
            self.differences += len(of_parameters.differences) if of_parameters else 0
            self.arrays[of_arrays.state.value if of_arrays and of_arrays.state else ""] += 1
            self._note(look)
            yield look

    def _parameters(self, number: int, selection: "Selection") -> "Look":
        from portal.catalogue.parameters import reread as again

        look = again.look(self.database, self.settings, number, selection.parameters)
        if not self.write or not look.differences:
            return look
        try:
            again.write(self.database, operator(), look, now=datetime.now(UTC))
        except ConflictError as error:
            return again.Look(look.dataset, look.name, unread=error.message)
        return look

    def _arrays(self, number: int) -> "ArraysLook":
        from portal.catalogue.arrays import again

        look = again.look(self.database, self.settings, number)
        if self.write and not look.unread:
            try:
                again.write(self.database, self.settings, operator(), look, now=datetime.now(UTC))
            except ConflictError as error:
                return again.ArraysLook(look.dataset, look.name, unread=error.message)
            except OSError as error:
                why = f"Its pictures cannot be written ({error.strerror})."
                return again.ArraysLook(look.dataset, look.name, unread=why)
        return replace(look, entries=())  # with their pictures, of which many datasets have too many to keep

    def _note(self, look: _Both) -> None:
        self.unread += bool(look.unread)
        if not self.as_json:
            if look.unread:
                click.echo(f"{look.dataset}  {plain(look.name)}: {plain(' '.join(look.unread))}", err=True)
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
            for one in (look.parameters.differences if look.parameters else ())
        ]
        if (arrays := look.arrays) and arrays.to_write and arrays.state:
            state = {"state": arrays.state.value, "listed": arrays.listed, "found": arrays.found}
            self.document["arrays"].append({**which, **state})
        if look.unread:
            self.document["unread"].append({**which, "message": " ".join(look.unread)})

    def say(self) -> None:
        """What came of it, in words, on standard error: standard output has the table alone."""
        from portal.catalogue.arrays.again import State

        done = "written down" if self.write else "found; nothing was changed"
        found = f"{words.count(self.seen, 'dataset')} read, {words.count(self.differences, 'difference')} {done}."
        click.echo(found, err=True)
        missing, differ, same = (self.arrays[one.value] for one in State)
        if self.of_arrays:
            now = "listed now" if self.write else State.MISSING.value
            click.echo(f"Arrays of datasets: {missing} {now}, {differ} differ, {same} unchanged.", err=True)
        if not self.write and (self.differences or missing or differ):
            click.echo("Write them down with --write.", err=True)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _show(portion: list[_Both]) -> None:
    show_rows(COLUMNS, (row for look in portion for row in look.rows))
