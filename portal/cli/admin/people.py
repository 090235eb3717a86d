"""gantry admin people: local accounts."""

import sys
from datetime import UTC, datetime
from typing import Any

import click

from portal.cli.admin.dry import changing, tell
from portal.cli.admin.site import operator, site
from portal.cli.output import dry_run_option, json_option, show_json, show_rows
from portal.identity.actor import Role


@click.group()
def people() -> None:
    """Local accounts: add people, list them, give them a new password."""


def _password() -> str:
    """Asked twice on a terminal, one line of standard input otherwise: never an argument, which others can see."""
    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return password
    return sys.stdin.readline().rstrip("\n")


@people.command()
@click.argument("name")
@click.option("--full-name", required=True, help="As it is shown to others.")
@click.option("--email", help="Address for notices.")
@click.option(
    "--role", "roles", multiple=True, type=click.Choice([role.value for role in Role]), help="May be repeated."
)
@dry_run_option
def add(name: str, full_name: str, email: str | None, roles: tuple[str, ...], dry_run: bool) -> None:
    """Add a person who signs in as NAME. The password is asked for, or read from standard input."""
    from portal.catalogue.ensure import ensure_user
    from portal.identity.people import create_person

    password = _password()
    with site() as (_settings, database), changing(database, dry_run) as session:
        create_person(
            session,
            name,
            full_name,
            password=password,
            roles=[Role(role) for role in roles],
            email=email,
            now=datetime.now(UTC),
            by=operator(),
        )
        ensure_user(session, name, full_name=full_name)
    tell(f"{full_name} can sign in as {name}.", dry_run)


@people.command("list")
@json_option
def list_people(as_json: bool) -> None:
    """List everybody who can sign in."""
    from sqlalchemy import select

    from portal.identity.models import Person

    with site() as (_settings, database), database.read() as session:
        found: list[dict[str, Any]] = [
            {
                "name": person.name,
                "full_name": person.full_name,
                "roles": list(person.roles),
                "active": person.active,
            }
            for person in session.scalars(select(Person).order_by(Person.name))
        ]
    if as_json:
        show_json(found)
        return
    show_rows(
        ("Name", "Full name", "Roles", "May sign in"),
        (
            (one["name"], one["full_name"], ", ".join(one["roles"]), "yes" if one["active"] else "no")
            for one in found
        ),
    )


@people.command()
@click.argument("name")
@dry_run_option
def password(name: str, dry_run: bool) -> None:
    """Give NAME a new password; all their sign-ins end."""
    from portal.identity.people import get_person, set_password

    with site() as (_settings, database):
        with database.read() as session:
            get_person(session, name)
        new = _password()
        with changing(database, dry_run) as session:
            set_password(session, get_person(session, name), new, now=datetime.now(UTC), by=operator())
    tell(f"{name} has a new password.", dry_run)
