"""The access list by which the person whose job made a result may read it."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from portal.files.granting import groups_that_read, let_read
from portal.store.copying import seal

SOMEBODY, ANOTHER, SERVER = 23456, 23457, 23458
READ = "import os, sys; os.setgroups([]); os.setgid({0}); os.setuid({0}); print(open(sys.argv[1]).read())"


def reads(uid, path):
    """Whether a process of this uid can read the file."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", READ.format(uid), str(path)], capture_output=True, text=True
    )
    return done.returncode == 0 and done.stdout == "kept\n"


@pytest.fixture
def result():
    """A result's folder below folders that everybody may pass; pytest's own are closed to other accounts."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o711)
        folder = Path(place) / "result"
        (folder / "inner").mkdir(parents=True)
        (folder / "inner" / "a.txt").write_text("kept")
        (folder / "inner" / "a.txt").chmod(0o440)
        (folder / "inner").chmod(0o750)
        folder.chmod(0o750)
        yield folder


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try as another account")
def test_the_person_reads_a_sealed_result_and_others_do_not(result):
    with (result / "inner" / "a.txt").open() as file:
        if not let_read(file.fileno(), person=SOMEBODY):
            pytest.skip("this file system has no access lists")
    seal(result, reader=SOMEBODY)
    result.chmod(0o550)
    assert reads(SOMEBODY, result / "inner" / "a.txt")
    assert not reads(ANOTHER, result / "inner" / "a.txt")
    assert oct((result / "inner" / "a.txt").stat().st_mode)[-3:] == "440"


def test_a_file_system_without_access_lists_is_no_error(tmp_path, monkeypatch):
    def refuse(*_args):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    with (tmp_path / "a").open("w") as file:
        assert let_read(file.fileno(), person=SOMEBODY) is False


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try as another account")
def test_a_servers_group_reads_a_sealed_result_beside_the_person(result):
    path = result / "inner" / "a.txt"
    with path.open() as file:
        if not let_read(file.fileno(), group=SERVER):
            pytest.skip("this file system has no access lists")
    seal(result, reader=SOMEBODY, group=SERVER)
    result.chmod(0o550)
    assert reads(SOMEBODY, path)
    assert reads(SERVER, path)  # the account has the group's number as its own group
    assert not reads(ANOTHER, path)
    with path.open() as file:
        assert groups_that_read(file.fileno()) == {SERVER}


def test_who_reads_by_a_list_is_told_as_the_system_has_it(result):
    path = result / "inner" / "a.txt"
    with path.open() as file:
        assert groups_that_read(file.fileno()) == frozenset()
        if not let_read(file.fileno(), person=SOMEBODY):
            pytest.skip("this file system has no access lists")
        assert groups_that_read(file.fileno()) == frozenset()  # a person is no group
        let_read(file.fileno(), person=SOMEBODY, group=SERVER)
        assert groups_that_read(file.fileno()) == {SERVER}
    path.chmod(0o400)  # the mode takes from all lists what it does not give the group
    with path.open() as file:
        assert groups_that_read(file.fileno()) == frozenset()
