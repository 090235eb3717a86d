"""`python -m portal.agent`: one request on standard input, one answer on standard output."""

import os
import signal
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from portal.agent.backend import choose
from portal.agent.verbs import Verbs
from portal.rpc.exchange import Handlers, UnusableError, serve

REQUEST_SECONDS = 30
MOST_SECONDS = 600


def main() -> int:
    """Answer one request: exit code 0 if it was answered at all, 2 if it was unusable and nothing was done."""
    # Who starts a program chooses which signals it does not hear.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(REQUEST_SECONDS)
    os.umask(0o027)
    used: list[Verbs] = []

    def verbs(config: Mapping[str, Any]) -> Handlers:
        signal.alarm(MOST_SECONDS)  # the request is there
        backend = choose(config)
        try:
            used.append(Verbs(backend, backend.scheduler()))
        except OSError as error:
            raise UnusableError(f"The spool cannot be used: {error.strerror}: {error.filename}") from error
        return used[0].table()

    code = serve(verbs, "backend")
    for answered in used:
        answered.start_what_may_start()
    return code


def run() -> NoReturn:
    """Answer one request and end at once: there is nothing of the interpreter's that is worth taking apart."""
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    run()
