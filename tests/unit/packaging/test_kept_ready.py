"""Programs that are forks of a process with their imports end as any process does, and none sees another."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kept_ready import Ready
from running_programs import ROOT
from running_programs import ready as ready_program


@pytest.fixture(scope="module")
def ready() -> Ready:
    return Ready(sys.executable, "import string; string.by = 'all'", os.environ)


def test_a_program_has_its_own_arguments_folder_and_environment(ready: Ready, tmp_path: Path) -> None:
    program = "import os, sys; print(sys.argv[1:], os.getcwd(), sorted(os.environ), sys.stdin.read())"
    done = ready.run(program, [tmp_path, "b"], environment={"A": "1"}, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{[str(tmp_path), 'b']} {tmp_path} ['A'] \n"


def test_what_one_changes_no_other_one_sees(ready: Ready) -> None:
    program = "import string; print(string.by); string.by = 'one'"
    assert [ready.run(program).stdout for _ in range(2)] == ["all\n", "all\n"]


@pytest.mark.parametrize(
    ("program", "code", "words"),
    [
        ("import sys; print('no', file=sys.stderr); sys.exit(2)", 2, "no\n"),
        ("raise SystemExit('No.')", 1, "No.\n"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero\n"),
        ("import os; os.kill(os.getpid(), 9)", -9, ""),
        ("import atexit, os; atexit.register(os.write, 2, b'last'); os.write(2, b'first, ')", 0, "first, last"),
    ],
)
def test_it_ends_as_a_process_of_its_own(ready: Ready, program: str, code: int, words: str) -> None:
    done = ready.run(program)
    assert done.returncode == code
    assert done.stderr.endswith(words)
    assert words or not done.stderr


def test_one_that_is_late_is_ended_and_the_next_one_runs(ready: Ready) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        ready.run("import time; time.sleep(600)", timeout_s=1)
    assert ready.run("print(1)").stdout == "1\n"


def test_where_nobody_waits_for_the_answer_the_next_program_gets_its_own(ready: Ready) -> None:
    def interrupted(*_: object) -> None:
        raise InterruptedError

    before = signal.signal(signal.SIGALRM, interrupted)
    signal.alarm(1)
    try:
        with pytest.raises(InterruptedError):
            ready.run("import time; time.sleep(3); raise SystemExit(5)")
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert ready.run("raise SystemExit(7)").returncode == 7


def test_a_name_that_a_program_did_not_import_is_missing(ready: Ready) -> None:
    assert "NameError" in ready.run("print(json)").stderr


def test_a_node_program_begins_with_its_libraries_and_nothing_of_ours() -> None:
    program = "import sys; print([name in sys.modules for name in ('h5py', 'wrappers', 'gantry_formats')])"
    program += "; from wrappers.programs.qc.program import STARTED; print(STARTED)"
    for _ in range(2):
        before = time.monotonic()
        done = ready_program("qc").run(program, environment=os.environ | {"PYTHONPATH": str(ROOT)})
        there, started = done.stdout.splitlines()
        assert there == "[True, False, False]"
        assert float(started) > before
