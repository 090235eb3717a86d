"""A real portal without web in a temporary folder."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from job_yard import Yard, make_yard

MakeYard = Callable[..., Yard]


@pytest.fixture
def yard_with(tmp_path: Path) -> Iterator[MakeYard]:
    """Makes a yard with further analyses and other settings; closed at the end."""
    made: list[Yard] = []

    def make(*analyses: dict[str, Any], **settings: Any) -> Yard:
        made.append(make_yard(tmp_path, *analyses, **settings))
        return made[-1]

    yield make
    for yard in made:
        yard.close()
