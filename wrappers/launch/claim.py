"""The claim: a file that only one run of an attempt can publish.

link(2) fails where the name exists, on local file systems and on NFS, which open(O_EXCL) has not always done.
"""

import json
import os
import stat
from dataclasses import dataclass

from wrappers.launch import SCHEMA
from wrappers.launch.exits import Exit, Refusal
from wrappers.launch.failpoints import reach
from wrappers.launch.files import fsync_directory, utc, write_aside
from wrappers.launch.reading import JobSpecError, Reader

MAX_CLAIM_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a run is: the scheduler's ids, and how often the scheduler restarted it."""

    cluster: str
    job_id: str
    array_index: int | None
    restart: int

    def continues(self, earlier: "Identity") -> bool:
        """Whether this is the same job as `earlier`, requeued by the scheduler since."""
        same = (self.cluster, self.job_id, self.array_index) == (
            earlier.cluster,
            earlier.job_id,
            earlier.array_index,
        )
        return same and self.restart > earlier.restart

    def document(self) -> dict[str, object]:
        """The identity as it stands in result.json."""
        return {
            "cluster": self.cluster,
            "job_id": self.job_id,
            "array_index": self.array_index,
            "restart": self.restart,
        }


def take_claim(folder_fd: int, me: Identity, now: float) -> int | None:
    """Publish the claim of `me`, durably. Returns None, or the restart count of the run that `me` replaces.

    `now` is in seconds since the epoch. Raises Refusal: exit 91 if another owns the attempt, 94 if the folder
    cannot be written.
    """
    document = {
        "schema": SCHEMA,
        "by": "launch",
        **me.document(),
        "host": os.uname().nodename,
        "pid": os.getpid(),
        "at": utc(now),
    }
    try:
        aside = write_aside(folder_fd, "claim", json.dumps(document).encode() + b"\n")
    except OSError as error:
        raise Refusal(Exit.FOLDER, None, f"The attempt's folder cannot be written: {error.strerror}.") from error
    try:
        reach("launch-claim-written-aside")
        replaced = None if _linked(folder_fd, aside, "claim") else _take_over(folder_fd, aside, me)
        fsync_directory(folder_fd)
        return replaced
    except OSError as error:
        raise Refusal(Exit.FOLDER, None, f"The claim cannot be published: {error.strerror}.") from error
    finally:
        _discard(folder_fd, aside)


def _linked(folder_fd: int, aside: str, name: str) -> bool:
    """Try to link; false if the name exists. NFS may lose the answer of a link that was made: count the names."""
    try:
        os.link(aside, name, src_dir_fd=folder_fd, dst_dir_fd=folder_fd, follow_symlinks=False)
    except FileExistsError:
        return os.stat(aside, dir_fd=folder_fd, follow_symlinks=False).st_nlink == 2
    return True


def _take_over(folder_fd: int, aside: str, me: Identity) -> int:
    """Replace the claim of an earlier start of the same job; of several that try, one wins."""
    earlier = read_claim(folder_fd)
    if earlier is None or not me.continues(earlier):
        whom = "an unreadable claim" if earlier is None else f"job {earlier.job_id} on {earlier.cluster}"
        raise Refusal(Exit.CLAIMED, None, f"The attempt is claimed by {whom}.")
    if not _linked(folder_fd, aside, f".claim-{me.restart}"):
        raise Refusal(Exit.CLAIMED, None, f"Restart {me.restart} of job {me.job_id} has been claimed already.")
    # The name .claim-<restart> stays as the proof that this restart was taken; the rename moves the other link.
    os.rename(aside, "claim", src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
    return earlier.restart


def read_claim(folder_fd: int) -> Identity | None:
    """Return whose claim is published if launch wrote it; None for a fence or a file that cannot be read."""
    try:
        fd = os.open("claim", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder_fd)
        with os.fdopen(fd, "rb") as stream:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return None
            claim = Reader(json.loads(stream.read(MAX_CLAIM_BYTES)), "claim")
        if claim.whole("schema") != SCHEMA or claim.text("by") != "launch":
            return None
        index = None if claim.is_null("array_index") else claim.whole("array_index")
        return Identity(claim.text("cluster"), claim.text("job_id"), index, claim.whole("restart"))
    except (OSError, JobSpecError, ValueError):
        return None


def _discard(folder_fd: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=folder_fd)
    except FileNotFoundError:
        return
