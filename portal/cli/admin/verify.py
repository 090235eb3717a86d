"""gantry admin data verify: whether registered files are still what was registered."""

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from portal import words
from portal.cli.admin.site import site
from portal.cli.arguments import dataset_ids
from portal.cli.errors import EXIT_CODES
from portal.cli.output import console, json_option, plain, show_json, show_rows, size_words
from portal.errors import ConflictError

if TYPE_CHECKING:
    from portal.catalogue.files.verify import Verified
    from portal.catalogue.parameters.reread import Selection
    from portal.config import Settings
    from portal.db import Database

COLUMNS = ("Id", "Dataset", "File", "State", "Why")


@click.command()
@click.argument("datasets", nargs=-1, metavar="[DATASET]...")
@click.option("--all", "everything", is_flag=True, help="All that there is, results of analyses too.")
@click.option("--type", "type_name", metavar="TYPE", help="Only datasets of this type.")
@click.option("--experiment", metavar="NAME", help="Only those of this experiment: its title, name or id.")
@click.option("--after", default=0, metavar="ID", help="Go on behind this dataset, where an earlier run stopped.")
@json_option
def verify(datasets: tuple[str, ...], everything: bool, as_json: bool, **given: Any) -> int:
    """Read files of registered datasets again, and compare them with their checksums.

    Each line is a file that changed, is missing, is more than was registered, or cannot be read; of folders of
    OME-Zarr each chunk is a file. Nothing is changed. DATASET is an id, or - for ids on standard input. The exit
    code is 7 if anything differs or could not be compared.
    """
    narrowed = bool(given["type_name"] or given["experiment"])
    if not (datasets or everything or narrowed):
        raise click.UsageError("Say which: ids of datasets, --type, --experiment, or --all.")
    if datasets and (everything or narrowed):
        raise click.UsageError("Say either ids of datasets, or --type, --experiment or --all.")
    with site() as (settings, database):
        run = _Run(settings, database, as_json=as_json)
        run.go(_selection(database, datasets, given))
        run.say()
    return EXIT_CODES[ConflictError] if run.unsound else 0


def _selection(database: "Database", datasets: tuple[str, ...], given: dict[str, Any]) -> "Selection":
    from portal.catalogue.files.register import investigation_named
    from portal.catalogue.parameters.corrections import dataset_for_operator
    from portal.catalogue.parameters.reread import Selection

    ids, experiment = tuple(dataset_ids(datasets)), None
    with database.read() as session:
        for number in ids:  # before an hour is spent on the first of them
            dataset_for_operator(session, number)
        if given["experiment"]:
            experiment = investigation_named(session, given["experiment"]).id
    return Selection(ids=ids, type=given["type_name"], experiment=experiment, after=given["after"], results=True)


class _Run:
    """One run over the datasets that are meant: what it found."""

    def __init__(self, settings: "Settings", database: "Database", *, as_json: bool) -> None:
        self._settings, self._database, self._as_json = settings, database, as_json
        self._seen = self._skipped = self._files = self._bytes = self._last = self._without = 0
        self.unsound = 0
        self._found: Counter[str] = Counter()
        self._document: dict[str, Any] = {"datasets": [], "skipped": []}

    def go(self, selection: "Selection") -> None:
        """Look at one after the other. Stopped by the keyboard, it says where to go on."""
        from portal.catalogue.files.verify import verify as look_at
        from portal.catalogue.parameters.reread import chosen

        screen = console(stderr=True)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bars:
            task = bars.add_task("Reading", total=None)
            read = 0

            def tell(count: int) -> None:
                nonlocal read
                read += count
                bars.update(task, description=f"{self._seen} read, {size_words(read)}, {self.unsound} differ")

            try:
                for number in chosen(self._database, selection):
                    self._note(look_at(self._database, self._settings, number, tell))
            except KeyboardInterrupt:
                after = f" Go on with --after {self._last}" if self._last else ""
                click.echo(f"Stopped.{after}", err=True)
                raise

    def _note(self, seen: "Verified") -> None:
        self._seen, self._last = self._seen + 1, seen.dataset
        self._files, self._bytes = self._files + seen.files, self._bytes + seen.bytes
        self._skipped, self._without = self._skipped + bool(seen.skipped), self._without + seen.without
        self.unsound += not seen.sound
        self._found.update(one.what.value for one in seen.differences)
        if self._as_json:
            self._keep(seen)
            return
        if seen.unread:
            click.echo(f"{seen.dataset}  {plain(seen.name)}: {plain(seen.unread)}", err=True)
        if seen.differences:
            rows = [(seen.dataset, seen.name, one.path, one.what.value, one.why) for one in seen.differences]
            show_rows(COLUMNS, rows)
        if seen.more:
            click.echo(
                f"{seen.dataset}  {plain(seen.name)}: {seen.more} more differences are not shown.", err=True
            )

    def _keep(self, seen: "Verified") -> None:
        which = {"dataset": seen.dataset, "name": seen.name}
        if seen.skipped:
            self._document["skipped"].append({**which, "message": seen.skipped})
        if not seen.sound:
            differences = [asdict(one) for one in seen.differences]
            message = seen.unread or None
            self._document["datasets"].append(
                {**which, "differences": differences, "more": seen.more, "message": message}
            )

    def say(self) -> None:
        """What came of it; in words on standard error, since standard output has the table alone."""
        if self._as_json:
            counts = {"read": self._seen, "differ": self.unsound, "files": self._files, "bytes": self._bytes}
            counts["without_checksum"] = self._without
            show_json({**counts, **self._document})
            return
        kinds = ", ".join(f"{count} {what}" for what, count in self._found.items())
        click.echo(
            f"{words.count(self._seen, 'dataset')} read ({words.count(self._files, 'file')}, "
            f"{size_words(self._bytes)}): {self.unsound or 'none'} {'differs' if self.unsound == 1 else 'differ'}"
            f"{f' ({kinds})' if kinds else ''}.",
            err=True,
        )
        if self._without:
            some = words.count(self._without, "file")
            click.echo(f"{some} without a checksum: size and time alone were compared.", err=True)
        if self._skipped:
            were = "is" if self._skipped == 1 else "are"
            click.echo(f"{self._skipped} {were} still being written: nothing of it was pinned.", err=True)
