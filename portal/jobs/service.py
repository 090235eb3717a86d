"""What the web, the API and the command line call to change jobs. Reading is in `read.py`."""

from portal.jobs.accept import SubmitRequest
from portal.jobs.submission import submit
from portal.jobs.wishes import cancel, cancel_all, release, rename, retry, retry_cancelled, retry_failed

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
