"""`python -m portal.store`: one request on standard input, one answer on standard output."""

import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from portal.rpc.exchange import Handlers, UnusableError, serve
from portal.store.backend import choose
from portal.store.verbs import Verbs

REQUEST_SECONDS = 30


def main() -> int:
    """Answer one request: exit code 0 if it was answered at all, 2 if it was unusable and nothing was done."""
    signal.alarm(REQUEST_SECONDS)
    os.umask(0o026)

    def verbs(config: Mapping[str, Any]) -> Handlers:
        signal.alarm(0)  # the request is there; copying takes as long as it takes
        try:
            return Verbs(choose(config)).table()
        except OSError as error:
            raise UnusableError(f"The results cannot be used: {error.strerror}: {error.filename}") from error

    return serve(verbs, "store")


if __name__ == "__main__":
    sys.exit(main())
