"""Runs on the portal's host with the portal's own environment, as root: people, an experiment and its datasets.

Standard input is {"people": [...], "folder": absolute path, "tasks": [token, ...]}; the tasks' files lie in a
folder each beneath `folder`. Standard output is {"tokens": {person: secret}, "datasets": {token: id}}. Twice is
harmless.
"""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.catalogue.ensure import ensure_dataset_type, ensure_facility, ensure_user
from portal.catalogue.files.register import add_in_place
from portal.catalogue.models import Investigation, InvestigationType, InvestigationUser
from portal.config import Settings, load_settings
from portal.db import Database
from portal.identity.actor import Actor, Role
from portal.identity.models import Person
from portal.identity.people import create_person
from portal.identity.tokens import create_token

KEEPER = "chaos"
EXPERIMENT = "CHAOS"


def main() -> None:
    """Make what the order says and print how to use it."""
    order = json.load(sys.stdin)
    settings = load_settings()
    database = Database(settings.database)
    now = datetime.now(UTC)
    with database.write() as session:
        keeper = person(session, KEEPER, [Role.STAFF], now).actor()
        actors = {name: person(session, name, [], now).actor() for name in order["people"]}
        investigation = experiment(session, settings, order["people"])
    with database.write() as session:
        tokens = {name: token_of(session, actor, now) for name, actor in actors.items()}
    folder = Path(order["folder"])
    datasets = {}
    for token in order["tasks"]:
        made = add_in_place(
            database, keeper, folder / token, type_name="chaos task", investigation=investigation,
            settings=settings, now=now, name=token,
        )  # fmt: skip
        datasets[token] = made.id
    database.dispose()
    json.dump({"tokens": tokens, "datasets": datasets}, sys.stdout)


def person(session: Session, name: str, roles: Sequence[Role], now: datetime) -> Person:
    """Somebody who can sign in; nobody knows the password, tokens are made for them."""
    found = session.scalar(select(Person).where(Person.name == name))
    if found is None:
        secret = Path("/proc/sys/kernel/random/uuid").read_text(encoding="ascii").strip()
        found = create_person(session, name, name.capitalize(), password=secret, roles=roles, now=now)
        session.flush()
    ensure_user(session, name)
    return found


def token_of(session: Session, actor: Actor, now: datetime) -> str:
    """A fresh token with which a person reads and submits."""
    return create_token(session, actor, "chaos", ["read", "submit"], days=1, now=now)[1]


def experiment(session: Session, settings: Settings, people: Sequence[str]) -> int:
    """The experiment to whose team they belong; its id."""
    facility = ensure_facility(session, settings.facility)
    for kind in ("chaos task", "chaos result"):
        ensure_dataset_type(session, facility.id, kind)
    found = session.scalar(select(Investigation).where(Investigation.name == EXPERIMENT))
    if found is None:
        kind = InvestigationType(facility=facility, name="exercise")
        found = Investigation(facility=facility, type=kind, name=EXPERIMENT, visit_id="1", title="Chaos")
        session.add(found)
        session.flush()
    team = {one.user.name for one in found.investigation_users}
    for name in sorted(set(people) - team):
        found.investigation_users.append(InvestigationUser(user=ensure_user(session, name), role="member"))
    session.flush()
    return found.id


if __name__ == "__main__":
    main()
