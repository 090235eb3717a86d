"""A small job type to break in one place at a time."""

from collections.abc import Callable
from pathlib import Path

import pytest

from portal.jobtype.load import Problem, load_folders
from portal.jobtype.model import JobType

SMALL = """\
name: blur
version: "1.0"
title: Blur
summary: Blurs.
category: Any data
contact: staff
program: {module: blur}
inputs:
  - name: data
    label: Dataset
    dataset_types: [stack]
options:
  - name: sigma
    type: float
    label: Sigma
    default: 1.5
    min: 0.1
    max: 10
resources:
  default: standard
  variants:
    - {name: standard, label: Standard}
result_title: "{input}, blurred"
outputs:
  - {name: blurred, dataset_type: result}
"""


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str, str], tuple[JobType | None, list[Problem]]]:
    """Load the small job type with one passage replaced by another."""

    def load_changed(old: str, new: str) -> tuple[JobType | None, list[Problem]]:
        assert old in SMALL
        (tmp_path / "blur.yaml").write_text(SMALL.replace(old, new, 1), encoding="utf-8")
        loaded = load_folders([tmp_path])
        return loaded.by_name.get("blur"), list(loaded.problems)

    return load_changed


@pytest.fixture
def small_text() -> str:
    """The small job type."""
    return SMALL
