"""gantry admin jobtypes keys: the keys with which a second member of staff signs off in the browser."""

from datetime import UTC, datetime

import click

from portal.cli.admin.site import operator, site
from portal.cli.output import json_option, say, show_json, show_rows


@click.group()
def keys() -> None:
    """Keys that sign off in the browser: list them, enrol one, withdraw one."""


@keys.command("list")
@json_option
def list_keys(as_json: bool) -> None:
    """List the keys that are enrolled, and whether each counts."""
    from sqlalchemy import select
    from sqlalchemy.orm import joinedload

    from portal.drafts.signoff.models import SignoffKey

    with site() as (_settings, database), database.read() as session:
        found = session.scalars(
            select(SignoffKey).options(joinedload(SignoffKey.person)).order_by(SignoffKey.id)
        ).all()
        rows = [
            {
                "number": one.id,
                "person": one.person.name,
                "label": one.label,
                "code": one.code,
                "enrolled": _day(one.enrolled),
                "enrolled_by": one.enrolled_by,
                "withdrawn": _day(one.withdrawn) if one.withdrawn is not None else None,
                "counts": one.withdrawn is None and one.person.active and one.person.actor().staff,
            }
            for one in found
        ]
    if as_json:
        show_json(rows)
        return
    show_rows(
        ("Number", "Person", "Called", "Code", "Enrolled", "By", "Counts"),
        (
            (
                str(row["number"]),
                str(row["person"]),
                str(row["label"]),
                str(row["code"]),
                str(row["enrolled"]),
                str(row["enrolled_by"]),
                "yes" if row["counts"] else "withdrawn" if row["withdrawn"] else "not of the staff",
            )
            for row in rows
        ),
        empty="No key is enrolled.",
    )


@keys.command()
@click.argument("person")
@click.argument("code")
def enrol(person: str, code: str) -> None:
    """Have PERSON's key sign off from now on. CODE is what stands on her page and she reads out to you.

    As root on the portal's host.
    """
    from portal.publisher.client import enrol as enrol_key

    with site() as (settings, database):
        key = enrol_key(settings, database, person, code, by=operator().name)
    say(f"Key {key.number}, {key.label}, of {key.person} signs off from now on.")


@keys.command("withdraw")
@click.argument("number", type=int)
def withdraw_key(number: int) -> None:
    """Have key NUMBER sign off nothing any more. What it signed off stays as it is."""
    from portal.publisher.client import withdraw

    with site() as (settings, database):
        key = withdraw(settings, database, number, by=operator().name)
    say(f"Key {key.number}, {key.label}, of {key.person} signs off nothing any more.")


def _day(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds")
