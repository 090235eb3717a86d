"""gunicorn's settings, from ours: `gunicorn --config python:portal.web.gunicorn portal.web.wsgi:app`."""

import gc

from portal.config import load_settings

_web = load_settings().web

bind = f"{_web.host}:{_web.port}"
workers = _web.workers
threads = _web.threads
worker_class = "portal.web.worker.Worker"
timeout = 60
graceful_timeout = 10
keepalive = 15
# Temporary files of the worker's heartbeat belong in memory, or a slow disk makes a healthy worker look dead.
worker_tmp_dir = "/dev/shm"  # noqa: S108
limit_request_line = 8190
logger_class = "portal.web.log.Logger"
access_log_format = "%(t)s %(m)s %(U)s %(s)s %(B)s %(D)sus %({x-request-id}o)s"
"""Without query strings: they may hold what people searched for. `--access-logfile -` has it written."""


def post_worker_init(_worker: object) -> None:
    """What was imported lives as long as the worker: the collector need not look at it again during requests."""
    gc.collect()
    gc.freeze()
