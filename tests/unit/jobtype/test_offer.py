"""What is on offer, whatever becomes of the files: broken, edited, gone, withdrawn, of an earlier release."""

import os
import re
from pathlib import Path

import pytest

from portal.config import load_settings
from portal.daemon.parts import Publisher
from portal.errors import ConflictError, NotFoundError
from portal.jobtype.load import load_folders, shipped_folder
from portal.jobtype.offer.current import NOTE, all_current, current_of, withdraw
from portal.jobtype.offer.offered import Offer, offered
from portal.jobtype.publish import publish, published_path


@pytest.fixture
def folder(tmp_path):
    """A folder with two job types."""
    made = tmp_path / "jobtypes"
    made.mkdir()
    for name in ("qc", "archive"):
        (made / f"{name}.yaml").write_text((shipped_folder() / f"{name}.yaml").read_text("utf-8"), "utf-8")
    return made


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def break_yaml(folder: Path) -> None:
    (folder / "qc.yaml").write_text("name: qc\ntitle: [\n", "utf-8")


def break_shape(folder: Path) -> None:
    edit(folder / "qc.yaml", "title:", "titel:")


def remove(folder: Path) -> None:
    (folder / "qc.yaml").unlink()


def take_folder_away(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


BLOWS = {"not YAML": break_yaml, "not sound": break_shape, "gone": remove, "folder gone": take_folder_away}


@pytest.mark.parametrize("by_itself", [True, False], ids=["daemon publishes", "operator publishes"])
@pytest.mark.parametrize("blow", BLOWS)
def test_a_file_that_breaks_takes_nothing_from_offer(blow, by_itself, folder, tmp_path):
    published = tmp_path / "published"
    drafts = load_folders([folder])
    publish(drafts, published)
    before = drafts.by_name["qc"]
    BLOWS[blow](folder)
    publish(load_folders([folder]), published)  # a restart of the daemon, or the operator's command
    found = Offer([folder], published, by_itself=by_itself)()  # a restart of the web
    assert found.named("qc") == before
    (told,) = [one for one in found.unpublished if one.name == "qc"]
    assert told.kept == before.revision
    assert ("no file has it any more" in told.reason) == ("gone" in blow)
    assert published_path(published, before).is_file()


def test_an_edited_file_is_offered_at_once_where_the_daemon_publishes(folder, tmp_path):
    offer = Offer([folder], tmp_path / "published", by_itself=True)
    publish(load_folders([folder]), tmp_path / "published")
    edit(folder / "qc.yaml", "title: Quality check", "title: Quality, checked")
    assert offer().named("qc").title == "Quality, checked"
    assert offer().unpublished == ()


def test_an_edited_file_waits_for_the_operator_where_he_publishes(folder, tmp_path):
    published = tmp_path / "published"
    offer = Offer([folder], published, by_itself=False)
    with pytest.raises(NotFoundError, match="not published, so it cannot be started"):
        offer().named("qc")
    assert {one.name: one.reason for one in offer().unpublished}["qc"] == "it was never published"
    publish(load_folders([folder]), published)
    first = offer().named("qc")
    edit(folder / "qc.yaml", "title: Quality check", "title: Quality, checked")
    assert offer().named("qc") == first
    (told,) = offer().unpublished
    assert (told.name, told.kept) == ("qc", first.revision)
    publish(load_folders([folder]), published)
    assert offer().named("qc").title == "Quality, checked"
    edit(folder / "qc.yaml", "title: Quality, checked", "title: Quality check")
    publish(load_folders([folder]), published)  # back to a revision that was written long ago
    assert offer().named("qc") == first


def test_what_is_withdrawn_ends_and_can_come_back(folder, tmp_path):
    published = tmp_path / "published"
    publish(load_folders([folder]), published)
    withdraw(published, "qc")
    found = offered([folder], published, by_itself=False)
    assert set(found.by_name) == {"archive"}
    assert [(one.name, one.reason) for one in found.unpublished] == [("qc", "it was withdrawn")]
    remove(folder)
    assert offered([folder], published, by_itself=True).unpublished == ()
    with pytest.raises(ConflictError):
        withdraw(published, "qc")
    with pytest.raises(NotFoundError):
        withdraw(published, "nothing")


def test_a_folder_of_an_earlier_release_offers_what_was_written_last(folder, tmp_path):
    published = tmp_path / "published"
    publish(load_folders([folder]), published)
    old = load_folders([folder]).by_name["qc"]
    edit(folder / "qc.yaml", "title: Quality check", "title: Quality, checked")
    publish(load_folders([folder]), published)
    (published / "qc" / NOTE).unlink()
    os.utime(published_path(published, old), (1, 1))
    remove(folder)
    assert offered([folder], published, by_itself=False).named("qc").title == "Quality, checked"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.write_bytes(b"{}"), "not what was signed off"),
        (lambda path: path.unlink(), ""),
        (lambda path: path.write_bytes(b"x" * (5 << 20)), "too large"),
    ],
    ids=["other bytes", "gone", "huge"],
)
def test_a_published_document_that_cannot_be_trusted_is_not_offered_and_told(spoil, told, folder, tmp_path):
    published = tmp_path / "published"
    publish(load_folders([folder]), published)
    path = current_of(published, "qc").path
    path.chmod(0o644)
    spoil(path)
    remove(folder)
    found = offered([folder], published, by_itself=False)
    assert set(found.by_name) == {"archive"}
    (one,) = found.unpublished
    assert told in one.reason and one.reason and not one.kept


def test_a_note_that_is_no_note_counts_as_none(folder, tmp_path):
    published = tmp_path / "published"
    publish(load_folders([folder]), published)
    for note in (
        "",
        "[]",
        '{"revision": 3, "since": "x"}',
        '{"revision": "sha256:../../x", "since": "2026-01-01"}',
    ):
        (published / "qc" / NOTE).write_text(note)
        (current,) = [one for one in all_current(published) if one.name == "qc"]
        assert re.fullmatch("[0-9a-f]{64}", current.path.stem)
        assert current.load().name == "qc"


def test_the_daemon_publishes_a_changed_file_before_it_hands_over(folder, tmp_path):
    settings = load_settings({}, var=str(tmp_path / "var"), jobtypes=[str(folder)])
    publisher = Publisher(settings)
    assert set(publisher.look().by_name) == {"qc", "archive"}
    assert publisher.look() is None
    edit(folder / "qc.yaml", "title: Quality check", "title: Quality, checked")
    jobtype = publisher.look().by_name["qc"]
    assert published_path(settings.published, jobtype).is_file()
    by_hand = load_settings({}, var=str(tmp_path / "other"), jobtypes=[str(folder)], publish=False)
    assert Publisher(by_hand).look() is None
