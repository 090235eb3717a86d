"""Logs with a limit, and logs that cannot be written."""

import os

import pytest

from wrappers.launch.logs import CappedLog


@pytest.fixture
def log(tmp_path):
    """Make a log with a limit; return it and the path of its file."""

    def make(limit):
        path = tmp_path / "a.log"
        return CappedLog(os.open(path, os.O_WRONLY | os.O_CREAT), limit), path

    return make


def test_a_log_within_its_limit_is_kept_to_the_byte(log):
    capped, path = log(1000)
    for _ in range(10):
        capped.write(b"x" * 100)
    capped.finish()
    assert path.read_bytes() == b"x" * 1000
    assert (capped.total, capped.truncated) == (1000, False)


def test_a_log_over_its_limit_keeps_beginning_and_end_and_says_so_last(log):
    capped, path = log(1000)
    capped.write(b"begin " + b"x" * 5000)
    capped.write(b" end")
    capped.finish()
    kept = path.read_bytes()
    assert kept.startswith(b"begin ")
    assert kept.splitlines()[-1] == b"[log limit of 1000 bytes reached: the program wrote 5010 bytes]"
    assert b"x end\n" in kept
    assert len(kept) < 1300
    assert (capped.total, capped.truncated) == (5010, True)


def test_the_limit_is_said_while_the_program_still_runs(log):
    capped, path = log(100)
    capped.write(b"x" * 200)
    assert b"log limit of 100 bytes reached" in path.read_bytes()


def test_a_limit_of_nothing_keeps_nothing(log):
    capped, path = log(0)
    capped.write(b"secret")
    capped.finish()
    assert b"secret" not in path.read_bytes()
    assert (capped.total, capped.truncated) == (6, True)


def test_a_log_that_cannot_be_written_goes_on_counting():
    capped = CappedLog(os.open("/dev/full", os.O_WRONLY), 1000)
    capped.write(b"x" * 10)
    capped.write(b"x" * 10)
    capped.finish()
    assert (capped.total, capped.truncated) == (20, True)
    assert "space" in capped.error


def test_the_end_of_a_log_is_tried_again_when_there_is_space(log):
    capped, path = log(1000)
    capped.write(b"begin\n")
    os.dup2(full := os.open("/dev/full", os.O_WRONLY), capped._fd)
    os.close(full)
    capped.write(b"the end")
    os.dup2(again := os.open(path, os.O_WRONLY | os.O_APPEND), capped._fd)
    os.close(again)
    capped.finish()
    assert path.read_bytes() == b"begin\nthe end"
    assert (capped.truncated, capped.error) == (False, None)


def test_a_program_that_writes_a_gigabyte_ends_and_is_counted(attempt, script):
    made = attempt(
        script(
            "import os\n"
            "block = b'0123456789abcde\\n' * 65536\n"
            "for _ in range(1024):\n"
            "    view = memoryview(block)\n"
            "    while view: view = view[os.write(1, view):]\n"
            "os.write(2, b'the last word')\n"
        ),
        log_limit_bytes=10_000,
    )
    assert made.run().returncode == 0
    result = made.result()
    assert result["log"]["stdout_bytes"] == 1024 * 1024 * 1024
    assert (result["log"]["stdout_truncated"], result["log"]["stderr_truncated"]) == (True, False)
    assert (made.folder / "stdout.log").stat().st_size < 10_500
    assert "log limit of 10000 bytes" in made.text("stdout.log").splitlines()[-1]
    assert made.text("stderr.log") == "the last word"


def test_a_program_that_closes_its_output_is_waited_for(attempt, script):
    made = attempt(script("import os, time; os.close(1); os.close(2); time.sleep(0.3); os._exit(5)"))
    assert made.run().returncode == 5


def test_output_can_be_read_while_the_program_runs(attempt, script, wait_for):
    made = attempt(script("print('half way'); import time; time.sleep(600)"))
    process = made.start()
    wait_for(lambda: (made.folder / "stdout.log").exists() and made.text("stdout.log") == "half way\n")
    process.terminate()
    process.wait(60)
