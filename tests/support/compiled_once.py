"""What each test would compile anew is compiled once in a process: templates, builders of addresses, statements.

A site and a database of its own for each test is what keeps tests apart, and half of their time went into making
the same code of the same templates, rules and statements. Nothing of data is shared: only code, by what it was
made from.
"""

from collections.abc import Callable
from types import CodeType
from typing import Any

import flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

_Builder = Callable[..., tuple[str, str]]
_builders: dict[tuple[Any, ...], _Builder] = {}
_compile_builder = Rule._compile_builder
STATEMENTS = 2_000
_statements: LRUCache[Any, Any] = LRUCache(STATEMENTS)
_make_engine = Engine.__init__


class _InMemory(BytecodeCache):
    """Templates by name, file and the digest of their text."""

    def __init__(self) -> None:
        self.codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket where this very text was compiled."""
        bucket.code = self.codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        if bucket.code is not None:
            self.codes[bucket.key, bucket.checksum] = bucket.code


def _once(self: Rule, append_unknown: bool = True) -> _Builder:
    if self.defaults:  # their values are compiled in
        return _compile_builder(self, append_unknown)
    key = (self.rule, tuple(self._trace), append_unknown)
    if key not in _builders:
        _builders[key] = _compile_builder(self, append_unknown)
    return _builders[key]


def _engine(self: Engine, *args: Any, **words: Any) -> None:
    _make_engine(self, *args, **words)
    self._compiled_cache = _statements


def _same_kind(self: object, other: object) -> bool:
    return type(self) is type(other)


def _by_kind(self: object) -> int:
    return hash(type(self))


def install() -> None:
    """For all applications that this process makes from now on."""
    flask.Flask.jinja_options = {**flask.Flask.jinja_options, "bytecode_cache": _InMemory()}
    Rule._compile_builder = _once  # type: ignore[method-assign]
    # The dialect is part of a compiled statement's key; all servers of one run are of one version.
    for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        dialect.__eq__ = _same_kind  # type: ignore[method-assign,assignment]
        dialect.__hash__ = _by_kind  # type: ignore[method-assign]
    Engine.__init__ = _engine  # type: ignore[method-assign]
