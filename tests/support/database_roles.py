"""The database's roles as a site has them: the grants of the Ansible role, on the tests' own PostgreSQL."""

from pathlib import Path
from typing import Any

import jinja2
import psycopg
import yaml
from sqlalchemy.engine import make_url

ROLE = Path(__file__).parents[2] / "ansible" / "roles" / "portal"
OWNER = "gantry"
WEB, DAEMON, PUBLISHER = "gantry-web", "gantry-daemon", "gantry-publisher"
STAGER = "gantry-stager"
MAKE = """
    DO $$ BEGIN
      PERFORM pg_advisory_xact_lock(4711);
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{0}') THEN CREATE ROLE "{0}"; END IF;
    END $$
"""


def lists() -> dict[str, Any]:
    """What the Ansible role says by default, the lists of rights among it."""
    found: dict[str, Any] = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
    return found


def grants() -> str:
    """The SQL that says who may do what, as Ansible writes it."""
    template = (ROLE / "templates" / "grants.sql.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined, autoescape=False)
    return environment.from_string(template).render(
        **lists(), postgresql_owner=OWNER, ansible_managed="for a test"
    )


def execute(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Carry a statement out in a transaction of its own; what it found, if it asks."""
    where = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(where) as connection, connection.cursor() as cursor:
        # Bytes are taken as they are: a template's text is no literal of this program.
        cursor.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def grant(url: str) -> None:
    """Make the roles, if they are missing, and say in this database what each may do."""
    for role in (OWNER, WEB, DAEMON, PUBLISHER, STAGER):
        execute(url, MAKE.format(role))
    execute(url, grants())


def as_role(url: str, role: str) -> str:
    """The same database, for this role."""
    return make_url(url).update_query_dict({"options": f"-crole={role}"}).render_as_string(hide_password=False)
