"""The daemon's log: one JSON object a line on standard error, for journald and for people with jq."""

import json
import logging
import sys
from datetime import UTC, datetime

from portal.logged import written_out
from portal.times import iso

log = logging.getLogger("gantry.daemon")


def log_event(what: str, **fields: object) -> None:
    """One structured line for the operator's log: an event and its fields."""
    log.info(what, extra={"fields": fields})


class JsonLines(logging.Formatter):
    """`{"t": …, "level": …, "event": …, …}`; a traceback in `error`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, object] = {
            "t": iso(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return written_out(json.dumps(line, default=str, ensure_ascii=False))


def log_to_stderr() -> None:
    """Send the portal's log lines to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("gantry")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
