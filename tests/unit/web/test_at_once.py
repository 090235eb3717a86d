"""How many large answers are sent at a time, and that each is counted until it is closed, however it ends."""

from pathlib import Path

import pytest

from portal.errors import LimitError
from portal.web.files.at_once import AtOnce, Sent


def test_one_person_has_a_share_and_others_have_theirs() -> None:
    sending = AtOnce(of_a_person=2, in_all=5)
    ends = [sending.begin("maya"), sending.begin("maya")]
    with pytest.raises(LimitError, match="2 of your downloads are running already"):
        sending.begin("maya")
    sending.begin("tom")
    ends[0]()
    ends[0]()  # once counts once
    sending.begin("maya")
    with pytest.raises(LimitError, match="2 of your"):
        sending.begin("maya")
    assert len(sending) == 3


def test_all_together_have_a_limit_too() -> None:
    sending = AtOnce(of_a_person=2, in_all=3)
    for who in ("maya", "tom", "ines"):
        sending.begin(who)
    with pytest.raises(LimitError, match="Many large files"):
        sending.begin("ravi")


def test_a_file_counts_until_it_is_closed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    sending = AtOnce()
    file = Sent((tmp_path / "a").open("rb"), sending.begin("maya"))
    assert file.read(3) == b"con" and len(sending) == 1
    file.seek(0)
    assert file.read() == b"content"
    file.close()
    file.close()
    assert len(sending) == 0


def test_a_file_that_is_dropped_counts_no_longer(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    sending = AtOnce()
    file = Sent((tmp_path / "a").open("rb"), sending.begin("maya"))
    assert len(sending) == 1
    del file
    assert len(sending) == 0
