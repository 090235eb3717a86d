"""Names that people give to jobs and results: what is wrong with one is what is said of it."""

import pytest

from portal.errors import InvalidError
from portal.jobs.submit.check import checked_title


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("", "this is empty"),
        (" \t ", "this is empty"),
        ("x" * 300, "this has 300"),
        ("a\u202eb", "one that cannot, U+202E"),
        ("x\x07", "one that cannot, U+0007"),
        ("\ufeffscan", "one that cannot, U+FEFF"),
    ],
)
def test_what_is_wrong_with_a_title_is_said(title: str, said: str) -> None:
    with pytest.raises(InvalidError) as caught:
        checked_title(title)
    assert said in caught.value.fields["title"]


@pytest.mark.parametrize("title", ["Zebrafish  heart", "Größe 5 µm", "日本語", "a\u00a0b", "x" * 255])
def test_a_title_of_any_script_is_one_line(title: str) -> None:
    assert checked_title(title) == " ".join(title.split())
