"""Named places where a test lets this process die, as if by `kill -9`.

A test sets GANTRY_FAILPOINT to a name and GANTRY_FAILPOINT_ONCE to a path that does not exist; the first
process to reach the place creates the path and kills itself. Without the two variables `reach` costs one
dictionary look-up. The registry is written out so that a test can walk it.
"""

import os
import signal

REGISTRY: dict[str, str] = {
    "dispatch-claimed": "the submission is claimed and its attempts are committed, nothing has left the portal",
    "dispatch-submitted": "the agent has submitted, its answer is not committed yet",
    "dispatch-recorded": "the scheduler's ids are committed",
    "reconcile-observed": "the scheduler has answered, no job has been moved yet",
    "reconcile-moved": "the jobs have been moved and committed",
    "collect-started": "the job is COLLECTING, nothing has been copied",
    "collect-stored": "the store holds the outputs, the catalogue does not know them",
    "collect-registered": "the result is registered, the job is not SUCCEEDED yet",
    "notices-added": "what has become of a job is among the notices, which are not committed yet",
    "store-copied": "the outputs are copied under a temporary name, not yet sealed and renamed",
    "store-sealed": "the outputs are sealed and renamed, the store has not answered yet",
    "agent-folder-made": "the attempt's folder and job.json exist, nothing is submitted",
    "agent-submitted": "the backend has taken the job, the agent has not answered yet",
    "supervisor-locked": "the supervisor holds its lock, launch is not started",
    "supervisor-started": "launch runs, the supervisor has not written its start down",
    "supervisor-ended": "launch has ended, the supervisor has not written the ending",
}


def reach(name: str) -> None:
    """Die here by SIGKILL if a test asked for it; otherwise return at once. `name` must be registered."""
    if os.environ.get("GANTRY_FAILPOINT") != name:
        return
    if name not in REGISTRY:
        raise KeyError(name)
    once = os.environ.get("GANTRY_FAILPOINT_ONCE")
    if once:
        try:
            os.close(os.open(once, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return
    os.kill(os.getpid(), signal.SIGKILL)
