"""`python -m portal.publisher`: one request on standard input, one answer on standard output; or --watch.

Who may start it as its account is root alone: the one who asks has signed off.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from portal.config import Settings, load_settings
from portal.db import Database
from portal.errors import ConfigError, PortalError
from portal.logged import written_out
from portal.publisher import images, wire
from portal.publisher.keys import enrol, withdraw
from portal.publisher.work import Done, approve, look, refuse
from portal.rpc.exchange import Handlers, UnusableError, serve
from portal.rpc.verb import handlers
from portal.times import iso

PAUSE_S = 2.0
REQUEST_SECONDS = 30


def _told(done: Done) -> dict[str, Any]:
    return {
        "wish": done.wish,
        "wished": done.wished.value,
        "name": done.name,
        "revision": done.revision,
        "words": done.words,
    }


def table(settings: Settings, database: Database) -> Handlers:
    """What it can be asked to do. Who asks is trusted to say who signed off: root alone can ask."""

    def approved(item: Mapping[str, Any]) -> dict[str, Any]:
        given = wire.APPROVE.read(item)
        return _told(approve(database, settings, given["wish"], by=given["by"], now=_now()))

    def refused(item: Mapping[str, Any]) -> dict[str, Any]:
        given = wire.REFUSE.read(item)
        return _told(refuse(database, given["wish"], given["why"], by=given["by"], now=_now()))

    def enrolled(item: Mapping[str, Any]) -> dict[str, Any]:
        given = wire.ENROL.read(item)
        return asdict(enrol(database, settings, given["person"], given["code"], by=given["by"], now=_now()))

    def withdrawn(item: Mapping[str, Any]) -> dict[str, Any]:
        given = wire.WITHDRAW.read(item)
        return asdict(withdraw(database, given["number"], by=given["by"], now=_now()))

    def image_approved(item: Mapping[str, Any]) -> dict[str, Any]:
        given = wire.APPROVE_IMAGE.read(item)
        return asdict(images.approve(database, given["wish"], by=given["by"], now=_now()))

    def image_refused(item: Mapping[str, Any]) -> dict[str, Any]:
        given = wire.REFUSE_IMAGE.read(item)
        return asdict(images.refuse(database, given["wish"], given["why"], by=given["by"], now=_now()))

    asked = {
        "approve": approved,
        "refuse": refused,
        "enrol": enrolled,
        "withdraw-key": withdrawn,
        "approve-image": image_approved,
        "refuse-image": image_refused,
    }
    return handlers(wire.VERBS, asked)


def _log(event: str, **fields: object) -> None:
    """One JSON object a line, as the daemon's log has them."""
    line = {"t": iso(_now()), "event": event, **fields}
    sys.stderr.write(written_out(json.dumps(line, ensure_ascii=False)) + "\n")
    sys.stderr.flush()


def _now() -> datetime:
    return datetime.now(UTC)


def watch(settings: Settings, database: Database) -> None:
    """Look at what waits, again and again, until a signal says stop."""
    stopping: list[int] = []
    passed: set[int] = set()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _frame: stopping.append(got))
    while not stopping:
        try:
            for one in look(database, settings, now=_now(), passed=passed):
                _log("wish", **_told(one))
            for heard in images.look(database, settings, now=_now()):
                _log("image", **asdict(heard))
        except (OSError, SQLAlchemyError, PortalError) as error:
            # The database or the disk is away: what waits goes on waiting.
            _log("fault", error=f"{type(error).__name__}: {error}"[:500])
        time.sleep(PAUSE_S)


def main() -> int:
    """0 when a request was answered or the watch was stopped, 2 if the request or a setting was unusable."""
    os.umask(0o022)
    try:
        settings = load_settings()
    except ConfigError as error:
        sys.stderr.write(f"{error.message}\n")
        return 2
    database = Database(settings.database)
    try:
        if sys.argv[1:] == ["--watch"]:
            watch(settings, database)
            return 0
        signal.alarm(REQUEST_SECONDS)

        def verbs(config: Mapping[str, Any]) -> Handlers:
            if config:
                raise UnusableError("The publisher has settings of its own.")
            signal.alarm(0)
            return table(settings, database)

        return serve(verbs, "publisher")
    finally:
        database.dispose()


if __name__ == "__main__":
    sys.exit(main())
