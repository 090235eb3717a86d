"""Ctrl-C while the demo's data are made: what is only just starting ends in no error for people to read."""

import os
import signal
import subprocess
import sys

import pytest

from portal.demo.generate.make import _ctrl_c_waits

BLOCKED = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"


def blocked_in_a_child() -> str:
    return subprocess.run(
        [sys.executable, "-c", BLOCKED], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_processes_that_are_begun_meanwhile_are_not_reached_and_later_ones_are() -> None:
    with _ctrl_c_waits():
        assert blocked_in_a_child() == "True"
    assert blocked_in_a_child() == "False"


def test_the_parent_hears_of_it_afterwards() -> None:
    def press() -> None:
        with _ctrl_c_waits():
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        press()
