"""A portal that answers as it is told."""

from collections.abc import Iterator

import pytest
from answering_portal import Portal, answering_portal

from portal.client import http as client_http


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Portal]:
    monkeypatch.setattr(client_http, "FIRST_PAUSE_S", 0.001)
    with answering_portal() as made:
        yield made
