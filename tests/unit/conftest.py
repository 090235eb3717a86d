"""What all unit tests share."""

from collections.abc import Iterator

import pytest

from portal.data.parsing.children import several


@pytest.fixture(autouse=True, scope="session")
def files_are_looked_into_by_forks() -> Iterator[None]:
    """As in a registration of several files: starting a child takes longer than what most tests look into.

    tests/unit/data/parsing/test_children.py has both ways, and how they end.
    """
    with several():
        yield
