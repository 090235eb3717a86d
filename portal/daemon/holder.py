"""Who holds the lease, so that the next daemon on the same machine need not wait for one that is surely dead."""

import socket
from pathlib import Path

from portal.scheduler.local.procfs import Identity, boot_id, myself


def my_name() -> str:
    """This process: host, process namespace, boot, process id and its start time."""
    me = myself()
    return " ".join((socket.gethostname()[:64], _namespace(), me.boot_id, str(me.pid), str(me.start)))


def is_surely_gone(holder: str) -> bool:
    """True if the holder ran on this very boot and in this process namespace, and runs no more.

    A stopped process is not gone, and of another machine's nothing is known: those are waited for.
    """
    parts = holder.split(" ")
    if len(parts) != 5 or parts[1] != _namespace() or parts[2] != boot_id():
        return False
    if not parts[3].isdigit() or not parts[4].isdigit():
        return False
    return not Identity(parts[2], int(parts[3]), int(parts[4])).alive()


def _namespace() -> str:
    return str(Path("/proc/self/ns/pid").readlink())
