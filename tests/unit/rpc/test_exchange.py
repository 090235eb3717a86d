import os
import sys
from pathlib import Path

import pytest

from portal.rpc.exchange import AnswerLostError, call

LATE = """
import os, sys, time
pid = os.fork()
if pid == 0:
    os.setsid()  # out of the caller's reach, as what runs as another user is, and with its pipes in hand
    time.sleep(600)
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(pid))
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600)
"""


def test_a_late_program_is_given_up_though_something_out_of_reach_holds_its_pipes(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    command = [sys.executable, "-c", LATE, str(note)]
    with pytest.raises(AnswerLostError, match="none within"):
        call(command, {"schema": 1, "verb": "x", "items": [{}]}, timeout_s=5, environment=dict(os.environ))
    held = int(note.read_text())
    os.kill(held, 0)  # it lives on: its end was not waited for
    os.kill(held, 9)
