"""Ids from the command line or from standard input, and values of the form NAME=VALUE."""

import re
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

import click

from portal.client import Client
from portal.errors import InvalidError, NotFoundError, SignInNeededError

MOST_ALIKE = 500
STDIN = "-"
_NEGATIVE = re.compile(r"-(\d+[.,]?\d*|\.\d+)([eE][-+]?\d+)?|-inf|-nan", re.ASCII | re.IGNORECASE)
HOW_MANY = click.IntRange(1)
HOW_MANY.name = "whole number"


class TakesNegativeNumbers(click.Command):
    """A command that takes -1.5 for an argument, and no option; other words with a dash are click's to judge."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See click."""
        known = {name for option in self.get_params(ctx) for name in (*option.opts, *option.secondary_opts)}
        typed = args[: args.index("--")] if "--" in args else args
        unknown = [word for word in typed if word.startswith("-") and word.partition("=")[0] not in known]
        wrong = [word for word in unknown if not _NEGATIVE.fullmatch(word)]
        mistyped = next((word for word in wrong if word.startswith("--")), None)
        if mistyped is not None:  # click would name the number, if that comes first
            raise click.NoSuchOption(mistyped.partition("=")[0], possibilities=sorted(known), ctx=ctx)
        ctx.ignore_unknown_options = not wrong
        return super().parse_args(ctx, args)


def make_client() -> Client:
    """The portal where this person is signed in. Raises SignInNeededError before anything is sent."""
    client = Client.from_environment()
    if client.token is None:
        raise SignInNeededError(f"You are not signed in to {client.url}.")
    return client


def words_given(words: Iterable[str]) -> list[str]:
    """The words, with `-` replaced by the first column of every line of standard input."""
    given: list[str] = []
    for word in words:
        if word == STDIN:
            given += [line.split()[0] for line in sys.stdin if line.strip()]
        else:
            given.append(word)
    return given


def dataset_ids(words: Iterable[str]) -> list[int]:
    """Dataset ids. A repeated one counts once. Fails like a mistyped command where a word is no id."""
    found: dict[int, None] = {}
    for word in words_given(words):
        if not (word.isascii() and word.isdigit()):
            raise click.BadParameter(f"“{word}” is no dataset id. Ids are numbers: gantry data list")
        found[int(word)] = None
    return list(found)


def experiment_id(client: Client, text: str) -> int:
    """The id of the experiment with this name or title, in whatever case; digits are an id.

    Raises NotFoundError, and InvalidError where it could be more than one: a result is not filed by a guess.
    """
    wanted = text.strip().casefold()
    found = list(islice(client.experiments(text=text.strip(), limit=100), MOST_ALIKE))
    alike: dict[int, str] = {
        one["id"]: one["title"] for one in found if wanted in {one["name"].casefold(), one["title"].casefold()}
    }
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 30:
        alike.setdefault(int(wanted), "the one with this id")
    if not alike:
        raise NotFoundError(f"No experiment is called {text}, or it is not shared with you.")
    if len(alike) > 1:
        several = "; ".join(f"{number}: {title}" for number, title in alike.items())
        raise InvalidError(f"“{text}” could be {several}. Give its full title, or its id.")
    return next(iter(alike))


def pair(text: str, what: str) -> tuple[str, str]:
    """`name=value` -> both. Only the first = divides."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise click.BadParameter(f"“{text}” is not of the form {what}.")
    return name.strip(), value


def nearest(word: str, known: Iterable[str]) -> str:
    """` Did you mean qc?`, or nothing."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" Did you mean {close[0]}?" if close else ""
