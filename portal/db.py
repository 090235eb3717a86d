"""Engine, sessions and the declarative base, the same for SQLite and PostgreSQL.

A unit of work says at its start whether it writes: `database.read()` or `database.write()`. On SQLite a
writing transaction begins IMMEDIATE, because a deferred one that later wants to write fails at once with
"database is locked", whatever the time-out.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Engine, MetaData, create_engine, event, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

LARGEST_ID = 2**31 - 1
"""Ids are integers of 32 bits: PostgreSQL refuses to compare one with anything larger."""

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

SQLITE_BUSY_TIMEOUT_MS = 15_000


class UTCDateTime(TypeDecorator[datetime]):
    """A timezone-aware UTC time in Python; what the database keeps is UTC too, on SQLite without a zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


JSONType = JSON().with_variant(JSONB(), "postgresql")


class TypedDocument(TypeDecorator[Any]):
    """A JSON document that is a dataclass in Python, with `document()`, and `of(document)` to read it again."""

    impl = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else value.document()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else self.kind.of(value)


class Base(DeclarativeBase):
    """Base of every table of the portal."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012
        datetime: UTCDateTime,
        dict[str, Any]: JSONType,
        list[str]: JSONType,
        list[int]: JSONType,
        list[list[str]]: JSONType,
        list[dict[str, Any]]: JSONType,
    }


def make_engine(url: str) -> Engine:
    """An engine for `url` (sqlite or postgresql+psycopg) with the pragmas and transaction mode we rely on."""
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=10)
    engine = create_engine(url, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_MS / 1000})

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "foreign_keys=ON",
            "synchronous=NORMAL",
            f"busy_timeout={SQLITE_BUSY_TIMEOUT_MS}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("gantry_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


class Database:
    """Hands out sessions that know whether they write."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        # PostgreSQL itself then refuses to write in a session for reading.
        self._read = sessionmaker(self.engine.execution_options(postgresql_readonly=True), expire_on_commit=False)
        self._write = sessionmaker(self.engine.execution_options(gantry_write=True), expire_on_commit=False)
        self.after_write: Callable[[], None] = lambda: None
        """Called when something was committed: what was read before is older than that."""

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; what it changes is never kept. A connection that dies at its end harms nobody."""
        session = self._read()
        try:
            yield session
        finally:
            try:
                self._end_reading(session)
            except DBAPIError:
                session.invalidate()

    @contextmanager
    def read_within(self, seconds: float) -> Iterator[Session]:
        """A session for reading that a question may not hold for longer: `was_too_long` tells of what it raises.

        PostgreSQL counts for each statement, SQLite for all in the block.
        """
        with self.read() as session:
            if self.engine.dialect.name == "postgresql":
                session.execute(text(f"SET LOCAL statement_timeout = {max(1, int(seconds * 1000))}"))
                yield session
                return
            driver: Any = session.connection().connection.driver_connection
            end = time.monotonic() + seconds
            driver.set_progress_handler(lambda: int(time.monotonic() > end), 10_000)
            try:
                yield session
            finally:
                driver.set_progress_handler(None, 0)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One writing transaction: committed at the end of the block, rolled back if it raises."""
        with self._write() as session, session.begin():
            yield session
        self.after_write()

    def _end_reading(self, session: Session) -> None:
        if self.engine.dialect.name == "postgresql" and session.in_transaction():
            # psycopg forgets the connection's prepared statements at a rollback, and at a commit it does not:
            # without them the server parses and plans the same questions anew in every request.
            connection = session.connection()
            if not connection.invalidated:
                connection.commit()
        session.close()

    def dispose(self) -> None:
        """Close pooled connections (before a fork, at the end of a test)."""
        self.engine.dispose()


def was_too_long(error: DBAPIError) -> bool:
    """If the database ended a question since it took longer than it may; else something else is wrong."""
    return getattr(error.orig, "sqlstate", None) == "57014" or str(error.orig) == "interrupted"


class DatabaseClock(FunctionElement[datetime]):
    """The database server's own clock, in UTC, inside a statement."""

    inherit_cache = True
    type = UTCDateTime()


@compiles(DatabaseClock)
def _clock(_element: DatabaseClock, _compiler: SQLCompiler, **_more: Any) -> str:
    return "clock_timestamp()"


@compiles(DatabaseClock, "sqlite")
def _clock_of_sqlite(_element: DatabaseClock, _compiler: SQLCompiler, **_more: Any) -> str:
    return "strftime('%Y-%m-%d %H:%M:%f', 'now')"


def database_now(session: Session) -> datetime:
    """The database server's own clock, in UTC: the one clock that all daemons share."""
    moment = session.scalar(select(DatabaseClock()))
    assert isinstance(moment, datetime)
    return moment


def is_id(number: int) -> bool:
    """Whether a row can have it as its id; a number from an address may be of any size."""
    return 0 < number <= LARGEST_ID
