"""Every answer says which request it was and how long the server took."""

import time
import uuid

from flask import Flask, Response, g


def _start() -> None:
    g.started = time.perf_counter()
    g.request_id = uuid.uuid4().hex


def _finish(response: Response) -> Response:
    started = g.get("started")
    if started is not None:
        milliseconds = (time.perf_counter() - started) * 1000
        response.headers["Server-Timing"] = f"total;dur={milliseconds:.2f}"
        response.headers["X-Request-Id"] = g.request_id
    return response


def install_timing(app: Flask) -> None:
    """Set the headers X-Request-Id and Server-Timing (milliseconds from routing to the finished answer)."""
    app.before_request(_start)
    app.after_request(_finish)
