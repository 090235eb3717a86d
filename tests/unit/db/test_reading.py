import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.catalogue.models import Dataset
from portal.db import Database


@pytest.fixture
def postgres(postgres_url):
    made = Database(postgres_url)
    yield made
    made.dispose()


def terminate(database, pid):
    """What the database's administrator does to a connection, or a shutdown to all."""
    with database.read() as session:
        session.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


def test_a_connection_that_dies_after_the_last_question_does_not_spoil_the_answer(postgres):
    with postgres.read() as session:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
        terminate(postgres, pid)
    with postgres.read() as session:
        assert session.scalar(text("SELECT pg_backend_pid()")) != pid


def test_a_question_to_a_connection_that_died_is_an_error_and_the_next_session_is_well(postgres):
    with pytest.raises(DBAPIError), postgres.read() as session:
        terminate(postgres, session.scalar(text("SELECT pg_backend_pid()")))
        session.scalar(text("SELECT 1"))
    with postgres.read() as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_an_error_of_the_reader_stays_its_own(postgres):
    with pytest.raises(ZeroDivisionError), postgres.read() as session:
        terminate(postgres, session.scalar(text("SELECT pg_backend_pid()")))
        raise ZeroDivisionError


def test_postgresql_refuses_to_write_in_a_session_for_reading(postgres):
    with pytest.raises(DBAPIError, match="read-only"), postgres.read() as session:
        session.execute(text("DELETE FROM job"))
    with postgres.write() as session:
        session.execute(text("DELETE FROM job"))


def test_what_a_reader_changed_in_memory_is_not_kept(database, facility):
    with database.read() as session:
        session.get_one(Dataset, facility.datasets["private"]).name = "Changed"
    with database.read() as session:
        assert session.get_one(Dataset, facility.datasets["private"]).name != "Changed"


def test_what_the_server_prepared_outlives_a_session_for_reading(postgres):
    def prepared():
        with postgres.read() as session:
            for _ in range(10):  # psycopg prepares what is asked often
                session.execute(text("SELECT 1 AS often"))
            return session.scalar(text("SELECT count(*) FROM pg_prepared_statements WHERE statement ~ 'often'"))

    assert [prepared(), prepared()] == [1, 1]
    with postgres.read() as session:
        assert session.scalar(text("SELECT count(*) FROM pg_prepared_statements WHERE statement ~ 'often'")) == 1
