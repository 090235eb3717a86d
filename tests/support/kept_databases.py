"""Fresh PostgreSQL databases, made once and emptied between tests.

To copy and to drop a database takes the server half a second of a processor, a thousand times in a run, and was
most of what unit tests cost; to empty the few tables that a test filled takes some milliseconds. What a test did
to the schema itself (tables, triggers, grants, settings) is looked for: such a database is dropped.
"""

import uuid
from collections.abc import Callable

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

# Names and definitions of everything that a test could alter, as the copy of one template has them alike.
SCHEMA = """
WITH own AS (SELECT oid, nspname, nspacl FROM pg_namespace
             WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'),
     relation AS (SELECT c.* FROM pg_class c JOIN own ON own.oid = c.relnamespace)
SELECT md5(concat_ws('|',
  (SELECT string_agg(concat_ws(',', nspname, nspacl), ';' ORDER BY nspname) FROM own),
  (SELECT string_agg(concat_ws(',', oid, relname, relkind, relowner, relacl, relrowsecurity, reloptions), ';'
          ORDER BY oid) FROM relation),
  (SELECT string_agg(concat_ws(',', attrelid, attnum, attname, atttypid, attnotnull, attacl), ';'
          ORDER BY attrelid, attnum) FROM pg_attribute WHERE attrelid IN (SELECT oid FROM relation)),
  (SELECT string_agg(concat_ws(',', adrelid, adnum, adbin), ';' ORDER BY oid) FROM pg_attrdef),
  (SELECT string_agg(concat_ws(',', oid, conname, conrelid, convalidated), ';' ORDER BY oid) FROM pg_constraint
          WHERE connamespace IN (SELECT oid FROM own)),
  (SELECT string_agg(concat_ws(',', oid, tgname, tgenabled, tgrelid), ';' ORDER BY oid) FROM pg_trigger),
  (SELECT string_agg(concat_ws(',', oid, proname, proacl, md5(prosrc)), ';' ORDER BY oid) FROM pg_proc
          WHERE pronamespace IN (SELECT oid FROM own)),
  (SELECT string_agg(concat_ws(',', oid, polname), ';' ORDER BY oid) FROM pg_policy),
  (SELECT string_agg(concat_ws(',', oid, defaclacl), ';' ORDER BY oid) FROM pg_default_acl),
  (SELECT string_agg(extname, ';' ORDER BY extname) FROM pg_extension),
  (SELECT count(*) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
          WHERE d.datname = current_database()),
  (SELECT datacl FROM pg_database WHERE datname = current_database())))
"""
TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind = 'r' ORDER BY c.relname
"""
OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
COUNTERS = """
SELECT count(setval(format('%I.%I', schemaname, sequencename), start_value, false)) FROM pg_sequences
WHERE last_value IS NOT NULL
"""


class KeptDatabases:
    """Databases like `template` on one server. `administer` runs a statement on the server itself."""

    def __init__(self, server: str, template: str, administer: Callable[[str], None]) -> None:
        self._server, self._template, self._administer = server, template, administer
        self._free: list[str] = []
        self._connections: dict[str, psycopg.Connection] = {}
        with self._connect(template) as connection:
            self._schema = self._fingerprint(connection)
            self._tables = [name for (name,) in connection.execute(TABLES)]
            self._seeded = set(self._filled(connection))
            self._seeds = self._content(connection)
            counting = connection.execute("SELECT count(*) FROM pg_sequences WHERE last_value IS NOT NULL")
            assert counting.fetchone() == (0,), "the migrations counted something: restore it here, too"

    def url(self, name: str) -> str:
        """The address of one of them."""
        return make_url(self._server).set(database=name).render_as_string(hide_password=False)

    def take(self) -> str:
        """The name of one that is as the template; nobody else gets it before it is given back."""
        if self._free:
            return self._free.pop()
        name = f"gantry_test_{uuid.uuid4().hex[:12]}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        return name

    def give_back(self, name: str) -> None:
        """Empty it for the next test, or drop it where it cannot be made as it was."""
        try:
            kept = self._emptied(name)
        except psycopg.Error:  # a test dropped it, or took away what this needs
            kept = False
        if kept:
            self._free.append(name)
        else:
            self._drop(name)

    def close(self) -> None:
        """Drop all that are not in use."""
        for name in self._free:
            self._drop(name)

    def _drop(self, name: str) -> None:
        if name in self._connections:
            self._connections.pop(name).close()
        self._administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _connected(self, name: str) -> psycopg.Connection:
        """One connection a database, kept: a new one reads the whole catalogue of the server anew."""
        if name not in self._connections:
            self._connections[name] = self._connect(name)
        return self._connections[name]

    def _connect(self, name: str) -> psycopg.Connection:
        plain = make_url(self._server).set(drivername="postgresql", database=name)
        return psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)

    def _emptied(self, name: str) -> bool:
        connection = self._connected(name)
        connection.execute(OTHERS)
        if self._fingerprint(connection) != self._schema or self._content(connection) != self._seeds:
            return False
        connection.execute("SET session_replication_role = replica")  # neither triggers nor foreign keys
        for table in self._filled(connection):
            if table not in self._seeded:
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        connection.execute(COUNTERS)
        return True

    @staticmethod
    def _fingerprint(connection: psycopg.Connection) -> object:
        return connection.execute(SCHEMA).fetchone()

    def _filled(self, connection: psycopg.Connection) -> list[str]:
        """The tables that have rows."""
        asked = [
            sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(sql.Literal(one), sql.Identifier(one))
            for one in self._tables
        ]
        return [name for (name,) in connection.execute(sql.SQL(" UNION ALL ").join(asked))]

    def _content(self, connection: psycopg.Connection) -> dict[str, list[tuple[object, ...]]]:
        """The rows of the tables that the migrations filled."""
        found = {}
        for table in sorted(self._seeded):
            query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))
            found[table] = sorted(connection.execute(query).fetchall(), key=str)
        return found
