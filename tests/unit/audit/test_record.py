import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import DBAPIError

from portal.audit.deed import Action, Kind, Thing
from portal.audit.models import AuditRecord
from portal.audit.record import MOST_DETAILS, bounded, record, record_all
from portal.audit.who import Origin, Via
from portal.documents import canonical_json
from portal.identity.actor import PORTAL_ITSELF, Actor

MAYA = Actor(7, "maya", "Maya Lind", origin=Origin(Via.TOKEN, "10.0.0.7", 3, "laptop"))
JOB = Thing(Kind.JOB, 42, "Zebrafish heart")


def all_of(database):
    with database.read() as session:
        return list(session.scalars(select(AuditRecord).order_by(AuditRecord.id)))


def test_who_what_when_how_and_from_where_stand_in_one_row(database, now):
    with database.write() as session:
        record(session, MAYA, Action.RENAME, JOB, at=now, details={"before": "Heart"})
    [one] = all_of(database)
    assert (one.at, one.action, one.person_id, one.person_name) == (now, "rename", 7, "maya")
    assert (one.via, one.token_id, one.token_name, one.address) == ("token", 3, "laptop", "10.0.0.7")
    assert (one.object_kind, one.object_id, one.object_words) == ("job", "42", "Zebrafish heart")
    assert one.details == {"before": "Heart"}


def test_a_deed_that_is_given_up_leaves_nothing(database, now):
    with pytest.raises(RuntimeError), database.write() as session:
        record(session, MAYA, Action.CANCEL, JOB, at=now)
        raise RuntimeError
    assert all_of(database) == []


CHANGES = ["UPDATE audit_record SET via = ''", "DELETE FROM audit_record", "TRUNCATE audit_record"]


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_written_down_stays_also_for_the_tables_owner(database, now, change):
    if change.startswith("TRUNCATE") and database.engine.dialect.name == "sqlite":
        change = "DELETE FROM audit_record WHERE id = 1"
    with database.write() as session:
        record(session, MAYA, Action.CANCEL, JOB, at=now)
    with pytest.raises(DBAPIError, match="stays as it is"), database.write() as session:
        session.execute(text(change))
    assert [one.person_name for one in all_of(database)] == ["maya"]


def test_many_deeds_are_one_statement_that_asks_nothing_back(database, now):
    seen = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    with database.write() as session:
        record_all(session, PORTAL_ITSELF, Action.SUBMIT, [(JOB, {"place": i}) for i in range(50)], at=now)
    written = [statement for statement in seen if "audit_record" in statement]
    assert len(written) == 1 and "RETURNING" not in written[0]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditRecord)) == 50


def test_nothing_to_write_down_asks_nothing(database, now):
    with database.write() as session:
        record_all(session, MAYA, Action.SUBMIT, [], at=now + timedelta(1))
    assert all_of(database) == []


def test_words_that_no_table_takes_are_made_ones_that_it_does(database, now):
    odd = "a\0b\ud800\nc" + "x" * 300
    actor = replace(MAYA, origin=Origin(Via.TOKEN, odd, 1, odd))
    with database.write() as session:
        record(session, actor, Action.RENAME, Thing(Kind.JOB, 1, odd), at=now, details={"before": odd})
    [one] = all_of(database)
    assert len(one.object_words) == 255 and len(one.token_name) == 100 and len(one.address) == 64
    json.dumps(one.details).encode()


def test_details_are_bounded_and_say_how_many_are_left_out():
    assert bounded({"jobs": 3}) == {"jobs": 3}
    cut = bounded({f"name {i}": "ä" * 1000 for i in range(20)})
    assert len(canonical_json(cut)) <= MOST_DETAILS
    assert cut["left_out"] == 20 - (len(cut) - 1) and 1 < len(cut) < 20
    assert all(len(value) == 500 for name, value in cut.items() if name != "left_out")
