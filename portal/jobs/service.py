"""What the web, the API and the command line call to change jobs. Reading is in `read.py`."""

from portal.jobs.actions import cancel, cancel_all, release, rename, retry, retry_cancelled, retry_failed
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import submit

__all__ = [
    "SubmitRequest",
    "cancel",
    "cancel_all",
    "release",
    "rename",
    "retry",
    "retry_cancelled",
    "retry_failed",
    "submit",
]
