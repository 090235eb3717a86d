"""`python -m portal.stager`: look again and again at what is signed off, and stage it, until it is stopped."""

import json
import os
import signal
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from portal.config import Settings, load_settings
from portal.db import Database
from portal.errors import ConfigError, PortalError
from portal.logged import written_out
from portal.stager.work import look
from portal.times import iso

PAUSE_S = 2.0
AFTER_FAULT_S = 30.0


def _log(event: str, **fields: object) -> None:
    """One JSON object a line, as the daemon's log has them."""
    line = {"t": iso(datetime.now(UTC)), "event": event, **fields}
    sys.stderr.write(written_out(json.dumps(line, ensure_ascii=False)) + "\n")
    sys.stderr.flush()


def watch(settings: Settings, database: Database) -> None:
    """Look at what waits until a signal says stop."""
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _frame: stopping.append(got))
    while not stopping:
        pause = PAUSE_S
        try:
            for one in look(database, settings, now=datetime.now(UTC)):
                _log("image", **asdict(one))
        except (OSError, SQLAlchemyError, PortalError) as error:
            # The database or the disk is away: what waits goes on waiting.
            _log("fault", error=f"{type(error).__name__}: {error}"[:500])
            pause = AFTER_FAULT_S
        until = time.monotonic() + pause
        while not stopping and time.monotonic() < until:
            time.sleep(0.2)


def main() -> int:
    """0 when it was stopped, 2 if a setting is unusable."""
    os.umask(0o022)
    try:
        settings = load_settings()
    except ConfigError as error:
        sys.stderr.write(f"{error.message}\n")
        return 2
    database = Database(settings.database)
    try:
        watch(settings, database)
    finally:
        database.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
