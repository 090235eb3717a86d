"""The house of doors_house.py, once for each test that changes it and for each that only looks."""

from collections.abc import Callable

import pytest
from argon2 import PasswordHasher
from doors_house import House, build_house

from portal.config import Settings, load_settings
from portal.db import Database
from portal.identity import people


@pytest.fixture
def make_house(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[[Database], House]:
    """`make_house(database)`: the house. Hashing is cheap, and nobody is refused for knocking often."""
    monkeypatch.setattr(people, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    for limit in ("TRIES_OF_NAME_AT_ADDRESS", "TRIES_OF_ADDRESS", "TRIES_OF_NAME"):
        monkeypatch.setattr(people, limit, 10**6)
    often = {"sign_in_limit": "1000000 per minute"}
    changes = {"web": often, "publisher": {"signs": "staff"}}
    merged = load_settings({}, **{**settings.model_dump(), **changes})
    return lambda database: build_house(database, merged)


@pytest.fixture
def house(sqlite_database: Database, make_house: Callable[[Database], House]) -> House:
    """The house on SQLite, its database remembered."""
    made = make_house(sqlite_database)
    made.keep()
    return made
