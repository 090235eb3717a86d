"""The reserved exit codes, and the exception that carries one."""

from enum import IntEnum

# A death by signal N, told as an exit code, is this plus N: POSIX shells, and container runtimes after them.
FIRST_SIGNAL_EXIT = 128


class Exit(IntEnum):
    """Exit codes of launch itself; every other code is the program's own."""

    ORDER = 90  # job.json does not match its SHA-256 or its schema
    CLAIMED = 91  # another run owns this attempt
    INPUT = 92  # an input is gone or changed
    IMAGE = 93  # the image is missing or changed
    FOLDER = 94  # the attempt's folder cannot be written
    START = 95  # the program could not be started


class Refusal(Exception):  # noqa: N818 - it is an answer, not an error of this program
    """The program will not be run. `reason` is the word for result.json, `detail` a sentence for people."""

    def __init__(self, code: Exit, reason: str | None, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.reason = reason
        self.detail = detail
