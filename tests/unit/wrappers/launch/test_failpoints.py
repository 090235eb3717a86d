"""launch killed at every named place: what lies there then, and that a requeue ends right."""

import signal

import pytest

from wrappers.launch.failpoints import FAILPOINTS, reach

BEFORE_THE_CLAIM = {"launch-before-claim", "launch-claim-written-aside"}


@pytest.mark.parametrize("name", FAILPOINTS)
def test_killed_there_the_next_start_ends_right(attempt, script, name):
    made = attempt(script("open('ran', 'a').write('x'); print('done')"))
    made.environment = {"GANTRY_FAILPOINT": name, "GANTRY_FAILPOINT_ONCE": str(made.folder.parent / "once")}
    assert made.run().returncode == -signal.SIGKILL
    assert (made.folder / "claim").exists() == (name not in BEFORE_THE_CLAIM)
    assert (made.folder / "result.json").exists() == (name == "launch-after-result")
    again = made.run("--restart", "1")
    assert again.returncode == 0
    assert made.result()["claim"]["restart"] == 1
    assert made.text("stdout.log") == "done\n"
    assert not (made.folder / "tmp").exists()


@pytest.mark.parametrize("name", sorted(set(FAILPOINTS) - BEFORE_THE_CLAIM))
def test_killed_after_the_claim_the_same_start_never_runs_twice(attempt, name):
    made = attempt(["true"])
    made.environment = {"GANTRY_FAILPOINT": name, "GANTRY_FAILPOINT_ONCE": str(made.folder.parent / "once")}
    made.run()
    assert made.run().returncode == 91


def test_an_unknown_name_is_a_mistake_of_ours():
    with pytest.raises(KeyError):
        reach("launch-somewhere")
