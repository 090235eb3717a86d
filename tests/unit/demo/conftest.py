"""The demo facility, made once for all tests of its data."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from portal.demo.generate.make import make_all
from portal.demo.generate.plan import FacilityPlan
from portal.demo.generate.truth import Truth
from portal.demo.generate.whole import facility

TODAY = date(2026, 11, 20)


@dataclass(frozen=True)
class Made:
    """What `make_all` made, where, and what it said meanwhile."""

    root: Path
    truth_path: Path
    plan: FacilityPlan
    truth: Truth
    progress: list[tuple[str, float]]

    def file(self, name: str) -> Path:
        """The single file of the dataset with this name."""
        dataset = next(d for d in self.plan.datasets if d.name == name)
        (path,) = (self.root / self.plan.location(dataset)).iterdir()
        return path


@pytest.fixture(scope="session")
def plan() -> FacilityPlan:
    return facility(TODAY)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, plan: FacilityPlan) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("demo")
    said: list[tuple[str, float]] = []
    truth = make_all(
        folder / "data",
        truth_path=folder / "truth.json",
        today=TODAY,
        progress=lambda name, fraction: said.append((name, fraction)),
    )
    yield Made(folder / "data", folder / "truth.json", plan, truth, said)
