"""Titles that tell the name of an input, for those who may not read it."""

import pytest

from portal.jobs.unseen import UNSEEN, title_without_names
from portal.jobtype import title

LONG = "Überlinger " * 30


@pytest.mark.parametrize("name", ["Oat 7", "100%_\\", "a  b\tc", "q", "7b", "Ω", "(x)+", "“Oat”", "o…p", LONG])
@pytest.mark.parametrize("template", ["{input}", "{input}, sharpened", "Mask of {input} and 2 more"])
def test_no_title_that_is_made_of_a_name_tells_it(name: str, template: str) -> None:
    told = title_without_names(title.fill(template, {"input": name}), [name])
    assert UNSEEN in told
    left = told.replace(UNSEEN, "").replace(template.replace("{input}", ""), "")
    assert not set(left) & set(" ".join(name.split())) - set(" …,"), told


def test_what_is_no_name_stays() -> None:
    assert title_without_names("Quality of Aqua, q", ["q"]) == f"Quality of Aqua, {UNSEEN}"
    assert title_without_names("Rye, sharpened…", ["Oat 7"]) == "Rye, sharpened…"
    assert title_without_names("Rye", []) == "Rye"
