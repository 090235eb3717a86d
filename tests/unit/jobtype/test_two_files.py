"""Two files of one folder with one name: a copy that somebody left there changes nothing that is on offer."""

from pathlib import Path

import pytest

from portal.jobtype.load import load_folders, shipped_folder
from portal.jobtype.offer.offered import offered
from portal.jobtype.publish import publish

TEXT = (shipped_folder() / "random-counts.yaml").read_text(encoding="utf-8")
OTHER = TEXT.replace("title: Random counts", "title: Something else")
NAME = "random-counts"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "types"
    made.mkdir()
    (made / "random-counts.yaml").write_text(TEXT, encoding="utf-8")
    return made


@pytest.mark.parametrize("copy", ["random-counts (copy).yaml", "a.yaml", "z.yaml"])
@pytest.mark.parametrize("by_itself", [True, False])
def test_what_was_published_stays_on_offer_beside_another_file_of_its_name(
    folder: Path, tmp_path: Path, copy: str, by_itself: bool
) -> None:
    published = tmp_path / "published"
    mine = load_folders([folder]).by_name[NAME]
    publish(load_folders([folder]), published)
    (folder / copy).write_text(OTHER, encoding="utf-8")
    found = offered([folder], published, by_itself=by_itself)
    assert found.by_name[NAME].revision == mine.revision
    assert {one.file.name for one in found.problems} == {"random-counts.yaml", copy}
    assert all("neither of the two counts" in one.message for one in found.problems)
    [told] = [one for one in found.unpublished if one.name == NAME]
    assert "neither of the two counts" in told.reason and told.kept == mine.revision


def test_a_copy_that_says_the_same_takes_nothing_away(folder: Path) -> None:
    (folder / "a.yaml").write_text(TEXT, encoding="utf-8")
    found = load_folders([folder])
    assert NAME in found.by_name
    [problem] = found.problems
    assert "which says the same" in problem.message


def test_of_two_folders_the_first_counts(folder: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    (second / "a.yaml").write_text(OTHER, encoding="utf-8")
    assert load_folders([second, folder]).by_name[NAME].title == "Something else"
    assert load_folders([folder, second]).by_name[NAME].title == "Random counts"
