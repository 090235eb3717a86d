"""gantry data add: registering data where it lies. Works on the portal's own machine, over its services."""

import os
import pwd
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from portal.cli.arguments import nearest
from portal.cli.output import console, json_option, show_json

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--type", "type_name", required=True, metavar="TYPE", help="Dataset type.")
@click.option("--experiment", required=True, metavar="NAME", help="Experiment: its title, name or id.")
@click.option("--as", "person", help="Sign-in name of who registers it; your Unix name if left out.")
@click.option("--name", help="Name of the dataset; else that of the file or folder.")
@click.option("--incomplete", is_flag=True, help="It is still being written.")
@json_option
def add(path: Path, experiment: str, as_json: bool, **given: Any) -> None:
    """Register a file or folder PATH in place, as a dataset of an experiment.

    It must lie beneath one of the roots of the settings (gantry admin config). Files are read once for their
    checksums. Doing it twice is harmless. For staff and for the accounts of instruments.
    """
    from portal.catalogue.register import add_in_place
    from portal.cli.admin_site import site
    from portal.errors import ForbiddenError
    from portal.identity.people import get_person

    who = given["person"] or pwd.getpwuid(os.geteuid()).pw_name
    with site() as (settings, database):
        with database.read() as session:
            actor = get_person(session, who).actor()
            if not actor.may_ingest:
                raise ForbiddenError(f"{who} may not register data: it takes the role staff or ingest.")
            investigation = _experiment(session, experiment)
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
            )
    if as_json:
        show_json({"id": dataset.id, "name": dataset.name, "files": dataset.file_count, "size": dataset.file_size})
    else:
        click.echo(f"{dataset.id}\t{dataset.name}")


def _experiment(session: "Session", text: str) -> int:
    """The id of the one experiment that is meant. Raises NotFoundError, InvalidError.

    An instrument files data in experiments that its account does not see otherwise; who runs this command could
    open the database itself. So names are looked up as staff do.
    """
    from sqlalchemy import false, or_

    from portal.catalogue.access import visible
    from portal.catalogue.models import Investigation
    from portal.errors import InvalidError, NotFoundError
    from portal.identity.actor import Actor, Role

    operator = Actor(roles=frozenset({Role.STAFF}))
    named = or_(Investigation.title == text, Investigation.name == text, Investigation.visit_id == text)
    # A number is an id before it is anything else, so that an id always is an answer to "which one?".
    numbered = Investigation.id == int(text) if text.isascii() and text.isdigit() and len(text) < 15 else false()
    for condition in (numbered, named):
        found = list(session.scalars(visible(operator, Investigation).where(condition).limit(3)))
        if found:
            break
    if not found:
        titles = [one.title for one in session.scalars(visible(operator, Investigation).limit(1000))]
        raise NotFoundError(f"There is no experiment “{text}”.{nearest(text, titles)}")
    if len(found) > 1:
        listed = ", ".join(f"{one.id} ({one.title}, {one.visit_id})" for one in found)
        raise InvalidError(f"“{text}” is not one experiment: {listed}. Give the id.")
    return int(found[0].id)
