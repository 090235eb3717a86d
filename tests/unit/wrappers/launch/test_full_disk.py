"""A folder with no space left: there is a result all the same."""

import os
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def small_disk(tmp_path):
    """A file system of half a megabyte."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mount = tmp_path / "disk"
    mount.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k,mode=0755", "tmpfs", str(mount)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode != 0:
        pytest.skip("this machine mounts no tmpfs")
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=True)


FILL = (
    "import os, sys\n"
    "fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)\n"
    "try:\n"
    "    while True: os.write(fd, bytes(4096))\n"
    "except OSError as error:\n"
    "    print('the disk is full:', error.strerror)\n"
    "    sys.exit(int(sys.argv[2]))\n"
)


def test_a_program_that_fills_the_disk_and_fails_is_explained(attempt, script, small_disk):
    made = attempt(script(FILL, "output/big", "9"), folder=small_disk / "attempt")
    assert made.run().returncode == 9
    result = made.result()
    assert (result["exit_code"], result["reason"]) == (9, "disk")
    assert "no space left" in result["detail"].lower()
    assert "the disk is full" in made.text("stdout.log")


def test_a_program_that_fills_the_disk_and_is_content_succeeds(attempt, script, small_disk):
    made = attempt(script(FILL, "output/big", "0"), folder=small_disk / "attempt")
    assert made.run().returncode == 0
    result = made.result()
    assert (result["exit_code"], result["reason"], result["log"]["stdout_truncated"]) == (0, None, False)
    assert "the disk is full" in made.text("stdout.log")


def test_a_long_log_on_a_full_disk_is_cut_and_the_result_says_so(attempt, script, small_disk):
    source = FILL.replace("    sys.exit", "    print('x' * 100_000); print('the last word'); sys.exit")
    made = attempt(script(source, "output/big", "0"), folder=small_disk / "attempt")
    assert made.run().returncode == 0
    result = made.result()
    assert (result["reason"], result["log"]["stdout_truncated"]) == (None, True)
    assert "log could not be written" in result["detail"]
    assert "the last word" in made.text("stdout.log")


def test_a_temporary_folder_that_fills_the_disk_is_given_up_for_the_result(attempt, script, small_disk):
    source = "import os\nos.unlink('.reserve')\n" + FILL
    made = attempt(script(source, "tmp/big", "9"), folder=small_disk / "attempt")
    assert made.run().returncode == 9
    assert made.result()["reason"] == "disk"


def test_a_folder_that_is_full_from_the_start_is_exit_94(attempt, small_disk):
    made = attempt(["touch", "output/ran"], folder=small_disk / "attempt")
    with Path(small_disk / "ballast").open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(4096))
        except OSError:
            ballast.truncate(ballast.tell() - 16 * 1024)  # room for the claim and the result, not for the job
    assert made.run().returncode == 94
    result = made.result()
    assert (result["exit_code"], result["reason"]) == (94, "disk")
    assert not (made.folder / "output" / "ran").exists()


def test_a_folder_that_cannot_be_written_is_exit_94(attempt, small_disk):
    made = attempt(["true"], folder=small_disk / "attempt")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    refused = made.run()
    assert refused.returncode == 94
    assert "cannot be written" in refused.stderr
    assert [path.name for path in made.folder.iterdir()] == ["job.json"]
