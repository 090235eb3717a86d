"""The note in an attempt's folder, which is the person's: what she may have put in its place."""

import json
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.scheduler.base import JobRequest, SchedulerError
from portal.scheduler.slurm import note as notes

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
NOTE = {"schema": 1, "name": "gantry-x-1", "asked": "2026-11-21T08:00:00.000Z", "array": None, "index": None}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / str(uuid.uuid4())
    made.mkdir()
    return made


def test_a_note_is_read_as_it_was_written(folder):
    note = notes.Note("gantry-x-1", NOW).taken("7", NOW)
    notes.write(folder, note)
    assert notes.read(folder) == note


@pytest.mark.parametrize("job_id", ["--allusers", "7,8", "7 8", "-1", "٣", "", None, {"a": 1}, 10**30])
def test_an_id_that_is_no_id_is_none(folder, job_id):
    (folder / "slurm.json").write_text(json.dumps(NOTE | {"job_id": job_id, "submitted": NOTE["asked"]}))
    note = notes.read(folder)
    assert note is not None
    assert note.job_id is None


@pytest.mark.parametrize("text", ["", "[" * 60_000, "[]", "null", '{"schema": 1}', "\0"])
def test_what_is_no_note_is_none(folder, text):
    (folder / "slurm.json").write_text(text)
    assert notes.read(folder) is None


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_a_pipe_a_folder_or_a_link_is_not_opened_and_not_taken_for_no_note(folder, make):
    make(folder / "slurm.json")
    with pytest.raises(SchedulerError) as caught:
        notes.read(folder)
    assert not caught.value.retry
    assert notes.array_of(folder) is None


def test_a_folder_for_an_array_that_leads_elsewhere_is_not_written(tmp_path, folder):
    request = JobRequest(folder.name, "gantry-x-1", "maya", (), folder, 1, 1, 1)
    made = notes.array_folder(tmp_path, {0: request}, NOW)
    assert notes.array_folder(tmp_path, {0: request}, NOW) == made
    (made / "array.json").unlink()
    made.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    made.symlink_to(elsewhere)
    with pytest.raises(SchedulerError, match="somebody else"):
        notes.array_folder(tmp_path, {0: request}, NOW)
    assert list(elsewhere.iterdir()) == []


def test_of_two_agents_only_one_keeps_the_first_note(folder):
    first = notes.Note("gantry-x-1", NOW)
    notes.write_first(folder, first)
    with pytest.raises(SchedulerError) as refused:
        notes.write_first(folder, notes.Note("gantry-x-1", NOW, f"array-{'0' * 32}", 3))
    assert refused.value.retry
    assert notes.read(folder) == first


def test_an_agent_that_comes_while_another_writes_its_note_is_the_one_or_the_other(folder, monkeypatch):
    """The other comes through at the moment at which the first has written all but is not there yet."""
    first, second = notes.Note("gantry-x-1", NOW), notes.Note("gantry-x-1", NOW, f"array-{'0' * 32}", 3)
    written_aside = notes._written_aside

    def meanwhile(path, document):
        monkeypatch.setattr(notes, "_written_aside", written_aside)
        assert not path.exists()
        notes.write_first(folder, second)
        return written_aside(path, document)

    monkeypatch.setattr(notes, "_written_aside", meanwhile)
    with pytest.raises(SchedulerError):
        notes.write_first(folder, first)
    assert notes.read(folder) == second
    assert [path.name for path in folder.iterdir()] == [notes.NOTE]


def test_a_note_whose_agent_was_killed_before_it_took_the_other_name_away_is_read(folder, monkeypatch):
    def killed(_path):
        raise KeyboardInterrupt

    first = notes.Note("gantry-x-1", NOW)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(type(folder), "unlink", killed)
        notes.write_first(folder, first)
    assert (folder / notes.NOTE).stat().st_nlink == 2
    assert notes.read(folder) == first


@pytest.mark.parametrize("text", ["", '{"schema": 1, "na'])
def test_half_a_note_is_of_nobody_who_asked_slurm(folder, text):
    (folder / notes.NOTE).write_text(text)
    note = notes.Note("gantry-x-1", NOW)
    notes.write_first(folder, note)
    assert notes.read(folder) == note


def test_the_notes_of_many_are_those_of_each(folder, tmp_path):
    note = notes.Note("gantry-x-1", NOW)
    notes.write(folder, note)
    odd = tmp_path / "odd"
    odd.mkdir()
    (odd / notes.NOTE).mkdir()
    found = notes.read_all(tmp_path, [folder.name, "odd", "none"])
    assert found[0] == note
    assert isinstance(found[1], SchedulerError)
    assert found[2] is None


def test_the_folder_of_an_array_goes_with_the_last_of_its_attempts(tmp_path):
    attempts = [str(uuid.uuid4()) for _ in range(3)]
    requests = {}
    for index, attempt in enumerate(attempts):
        (tmp_path / attempt).mkdir()
        requests[index] = JobRequest(attempt, "gantry-x-1", "maya", (), tmp_path / attempt, 1, 1, 1, index=index)
    array = notes.array_folder(tmp_path, requests, NOW)
    for index, attempt in enumerate(attempts):
        notes.write(tmp_path / attempt, notes.Note("gantry-x-1", NOW, array.name, index))
    (tmp_path / attempts[0] / notes.NOTE).unlink()
    left = []
    for attempt in (attempts[1], attempts[1], attempts[2], str(uuid.uuid4())):
        notes.forget_attempt(tmp_path, attempt)
        left.append((notes.remaining(array), array.exists()))
    assert left == [(1, True), (1, True), (None, False), (None, False)]
    assert all((tmp_path / attempt).exists() for attempt in attempts)
