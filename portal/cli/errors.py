"""The one table from errors to exit codes, and how an error is said in a terminal."""

import sys
from typing import Final

import click

from portal.errors import (
    ConfigError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    LimitError,
    NotFoundError,
    PortalError,
    SignInNeededError,
    UnavailableError,
    UnsafeFileError,
)

JOB_FAILED: Final = 10
INTERRUPTED: Final = 130

EXIT_CODES: Final[dict[type[BaseException], int]] = {
    PortalError: 1,
    NotFoundError: 3,
    ForbiddenError: 4,
    SignInNeededError: 5,
    InvalidError: 6,
    ConflictError: 7,
    LimitError: 8,
    UnavailableError: 9,
    TimeoutError: 9,
    UnsafeFileError: 11,
    ConfigError: 12,
    KeyboardInterrupt: INTERRUPTED,
}
"""0 is success, 2 a mistyped command (click's), 10 a job that was waited for and failed; see the user's guide."""

NEXT: Final[dict[type[BaseException], str]] = {
    SignInNeededError: "Sign in with: gantry login",
    UnavailableError: "Nothing is lost; jobs that run go on. Try again in a minute.",
}


def exit_code_of(error: BaseException) -> int:
    """The exit code of an error; 1 for one that has none of its own."""
    for kind in type(error).__mro__:
        if kind in EXIT_CODES:
            return EXIT_CODES[kind]
    return 1


def say_error(error: BaseException) -> None:
    """On standard error: the sentence, what is wrong with which value, and what to do next."""
    fields = error.fields if isinstance(error, InvalidError) else {}
    colour = sys.stderr.isatty()
    click.echo(click.style(f"Error: {error}", fg="red") if colour else f"Error: {error}", err=True)
    for name, words in fields.items():
        if words not in str(error):
            click.echo(f"  {name}: {words}", err=True)
    for kind, advice in NEXT.items():
        if isinstance(error, kind):
            click.echo(advice, err=True)
