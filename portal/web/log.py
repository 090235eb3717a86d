"""The web tier's logs: gunicorn's of requests and of errors, and the application's."""

import logging
from typing import Any

from flask import Flask
from flask.logging import default_handler
from gunicorn.glogging import Logger as Gunicorns

from portal.logged import OneLine


class Logger(Gunicorns):  # type: ignore[misc]
    """gunicorn's, whose lines are what they look like."""

    def setup(self, cfg: Any) -> None:
        """As gunicorn does it."""
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                had = handler.formatter or logging.Formatter()
                handler.setFormatter(OneLine(had._fmt, had.datefmt))

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> dict[str, Any]:
        """As gunicorn's, with the path as it was asked for, in which nothing stands for a blank or a new line."""
        found: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        found["U"] = environ.get("RAW_URI", "").partition("?")[0]
        return found


def install_log(app: Flask) -> None:
    """What the application itself logs."""
    default_handler.setFormatter(OneLine("[%(asctime)s] [%(levelname)s] %(message)s"))
    if default_handler not in app.logger.handlers:
        app.logger.addHandler(default_handler)
