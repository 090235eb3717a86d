"""The one table from errors to exit codes, and how an error is said in a terminal."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import click

from portal.cli.output import json_text, say
from portal.cli.terminal import harmless
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
    UnreadableError,
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
    UnreadableError: 13,
    KeyboardInterrupt: INTERRUPTED,
}
"""0 is success, 2 a mistyped command (click's), 10 a job that was waited for and failed; see the user's guide."""

NEXT: Final[dict[type[BaseException], str]] = {
    SignInNeededError: "Sign in with: gantry login",
    UnavailableError: "Nothing is lost; jobs that run go on. Try again in a minute.",
}


class Interrupted(Exception):  # noqa: N818 - a wish, not an error
    """Ctrl-C, with the words that say what goes on and what does not."""


@contextmanager
def interrupted(words: Callable[[], str]) -> Iterator[None]:
    """Ctrl-C within it is told in these words, made when they are needed."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(words()) from None


def exit_code_of(error: BaseException) -> int:
    """The exit code of an error; 1 for one that has none of its own."""
    for kind in type(error).__mro__:
        if kind in EXIT_CODES:
            return EXIT_CODES[kind]
    return 1


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for JSON, also where it is mistyped otherwise."""
    words = list(arguments)
    return "--json" in (words[: words.index("--")] if "--" in words else words)


def say_error(error: BaseException, *, as_json: bool = False) -> None:
    """On standard error: the sentence, which value is wrong and why, and what to do next; or that as JSON."""
    fields = error.fields if isinstance(error, InvalidError) else {}
    advice = next((words for kind, words in NEXT.items() if isinstance(error, kind)), "")
    if as_json:
        say_json_error(kind_of(error), exit_code_of(error), str(error), fields=fields, advice=advice)
        return
    colour = sys.stderr.isatty()
    sentence = harmless(f"Error: {error}")
    click.echo(click.style(sentence, fg="red") if colour else sentence, err=True)
    for name, words in fields.items():
        if words not in str(error):
            say(f"  {name}: {words}", err=True)
    if advice:
        click.echo(advice, err=True)


def say_json_error(
    kind: str, code: int, message: str, *, fields: Mapping[str, str] | None = None, advice: str = ""
) -> None:
    """One line of JSON on standard error; standard output stays for documents."""
    told = {"kind": kind, "exit_code": code, "message": message, "fields": dict(fields or {}), "advice": advice}
    click.echo(json_text({"error": told}), err=True)


def kind_of(error: BaseException) -> str:
    """NotFoundError -> not-found."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    name = next(kind for kind in type(error).__mro__ if kind in EXIT_CODES or kind is BaseException).__name__
    words = re.findall("[A-Z][a-z]*", name.removesuffix("Error"))
    return "-".join(words).lower() if name not in {"PortalError", "BaseException"} else "error"
