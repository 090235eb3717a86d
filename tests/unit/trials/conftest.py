"""A job type that says which of its options limit the work, and a stack for it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from trial_types import CROP, TEXT

from portal.form import InputDataset
from portal.form.inputs.arrays import InputArray
from portal.jobtype.load import parse_text
from portal.jobtype.model import JobType


@pytest.fixture
def make_type() -> Callable[..., JobType]:
    """`make_type((old, new), …)`: the job type with passages replaced."""

    def make(*changes: tuple[str, str]) -> JobType:
        text = TEXT.replace("{CROP}", CROP)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        found, problems = parse_text(text, Path("sharpen.yaml"))
        assert found is not None, problems
        return found

    return make


@pytest.fixture
def jobtype(make_type: Callable[..., JobType]) -> JobType:
    """The job type."""
    return make_type()


@pytest.fixture
def stack() -> InputDataset:
    """A stack of two channels of 11 planes of 60 by 48 pixels."""
    array = InputArray(1, "stack.h5", "/volume", (2, 11, 60, 48), "uint16", "CZYX")
    return InputDataset(7, "Zebrafish heart", "light-sheet stack", True, arrays=(array,))
