"""The analyses that an operator publishes on request are sound, and none is shipped by itself."""

from pathlib import Path

import pytest

from portal.jobtype.load import judge, load_folders, shipped_folder

FILES = sorted((shipped_folder() / "on-request").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_is_sound_and_called_as_its_file(file: Path) -> None:
    found = judge(file.read_text("utf-8"))
    assert found.jobtype is not None, found.wrong
    assert found.jobtype.name == file.stem
    assert file.stem not in load_folders([shipped_folder()]).by_name


def test_there_are_some() -> None:
    assert FILES
