"""gantry admin access: people to whom those who lead an experiment have said yes."""

from datetime import UTC, datetime
from typing import Any

import click

from portal.cli.admin.dry import changing, tell
from portal.cli.admin.site import operator, site
from portal.cli.output import dry_run_option, json_option, show_json, show_rows


@click.group()
def access() -> None:
    """Those who asked for access and were told yes: list them, add them to the team."""


@access.command("list")
@json_option
def list_agreed(as_json: bool) -> None:
    """List answers with yes whose person is not in the team yet."""
    from portal.level import level
    from portal.notify.access.grant import agreed

    with site() as (_settings, database), database.read() as session:
        found: list[dict[str, Any]] = [
            {
                "id": one.id,
                "person": one.request.person.name,
                "full_name": one.request.person.full_name,
                "experiment": one.investigation.name,
                "visit": one.investigation.visit_id,
                "title": one.investigation.title,
                "agreed": one.person.name,
            }
            for one in agreed(session)
        ]
        heading = level().One
    if as_json:
        show_json(found)
        return
    show_rows(
        ("Id", "Person", "Full name", heading, "Title", "Agreed"),
        (
            (str(one["id"]), one["person"], one["full_name"], one["experiment"], one["title"], one["agreed"])
            for one in found
        ),
    )


@access.command()
@click.argument("number", type=int, metavar="ID")
@dry_run_option
@json_option
def add(number: int, as_json: bool, dry_run: bool) -> None:
    """Add the person of the answer ID to the team, as a member."""
    from portal.notify.access.grant import grant

    with site() as (_settings, database), changing(database, dry_run) as session:
        done = grant(session, operator(), number, now=datetime.now(UTC))
        who, experiment = done.request.person, done.investigation
        shown = {"person": who.name, "experiment": experiment.name, "visit": experiment.visit_id}
        words = f"{who.full_name} is in the team of {experiment.name} now."
    if as_json:
        show_json({**shown, "dry_run": dry_run})
        return
    tell(words, dry_run)
