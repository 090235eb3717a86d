"""Named places where a test can have launch killed, as by `kill -9`."""

import os
import signal
from pathlib import Path

FAILPOINTS = {
    "launch-before-claim": "job.json is verified, nothing has been written",
    "launch-claim-written-aside": "the claim lies beside its final name, not yet linked",
    "launch-after-claim": "the claim is published, nothing else has been done",
    "launch-program-started": "the program runs, its end has not been seen",
    "launch-program-ended": "the program and its descendants have ended, no result has been written",
    "launch-result-written-aside": "the result lies beside its final name, not yet renamed",
    "launch-after-result": "result.json is in place, tmp/ has not been removed",
}


def reach(name: str) -> None:
    """End this process with SIGKILL if GANTRY_FAILPOINT names this place.

    With GANTRY_FAILPOINT_ONCE (a path) it happens to one process only: the one that creates that file.
    """
    if name not in FAILPOINTS:
        raise KeyError(name)
    if os.environ.get("GANTRY_FAILPOINT") != name:
        return
    once = os.environ.get("GANTRY_FAILPOINT_ONCE")
    if once:
        try:
            Path(once).touch(exist_ok=False)
        except FileExistsError:
            return
    os.kill(os.getpid(), signal.SIGKILL)
