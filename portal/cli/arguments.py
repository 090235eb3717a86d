"""Ids from the command line or from standard input, and values of the form NAME=VALUE."""

import re
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

import click

from portal.cli.output import plain
from portal.cli.reading import lines_of, text_of_stream
from portal.client import Client
from portal.errors import InvalidError, NotFoundError, SignInNeededError
from portal.level import level
from portal.words import listed

MOST_ALIKE = 500
STDIN = "-"
_BETWEEN = re.compile(r"[\s,;]+")
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"
_JOB = re.compile(rf"#?[jJ][{_DASHES}]?([0-9]{{1,19}})")
_BATCH = re.compile(rf"#?[bB][{_DASHES}]?([0-9]{{1,19}})")
_SUBMISSION = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NEGATIVE = re.compile(r"-(\d+[.,]?\d*|\.\d+)([eE][-+]?\d+)?|-inf|-nan", re.ASCII | re.IGNORECASE)
EXPERIMENT = "Experiment, or what your facility calls one (visit, beamtime …): its name, title or id."
HOW_MANY = click.IntRange(1, 10**9)
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
    """The words, with `-` replaced by those of standard input.

    Commas and spaces divide. Of a line with tabs, such as another command's, the first column counts; behind #
    stands a comment. Raises BadParameter where standard input is no text.
    """
    given: list[str] = []
    for word in words:
        if word == STDIN:
            given += [one for line in lines_of(text_of_stream(sys.stdin)) if line for one in _divided(line)]
        else:
            given += _divided(word) or [word]
    return given


def _divided(line: str) -> list[str]:
    line = line.partition("#")[0].strip()
    return [one for one in _BETWEEN.split(line.partition("\t")[0] if "\t" in line else line) if one]


def job_words(words: Iterable[str]) -> list[str]:
    """Jobs as they were named, each once; none where standard input had none, as of a list that found nothing.

    Fails like a mistyped command where none was named.
    """
    typed = tuple(words)
    found = [word for word in dict.fromkeys(map(_job_number, words_given(typed))) if word]
    if not found and STDIN not in typed:
        raise click.BadParameter("There is no job in what was given. Their numbers: gantry jobs list")
    return found


def _job_number(word: str) -> str:
    """J1042, j–1042 and #J-1042 mean J-1042; any other word stays as it is, for the portal to judge."""
    found = _JOB.fullmatch(word)
    return f"J-{found[1]}" if found else word


def one_job(word: str) -> str:
    """The job that was named, by its number or its id. Fails like a mistyped command for none."""
    if not word.strip():
        raise click.BadParameter("There is no job in what was given. Their numbers: gantry jobs list")
    return _job_number(word.strip())


def one_batch(word: str) -> str:
    """The batch that was named: B-17, also written B17 or b–17, or the id of a submission.

    Fails like a mistyped command where it is neither.
    """
    if found := _BATCH.fullmatch(word.strip()):
        return f"B-{found[1]}"
    if _SUBMISSION.fullmatch(word.strip()):
        return word.strip()
    raise click.BadParameter(f"“{plain(word)[:60]}” is no batch: give its number, such as B-17.")


def dataset_ids(words: Iterable[str]) -> list[int]:
    """Dataset ids, each once. Fails like a mistyped command where words are no ids, naming them."""
    given = list(dict.fromkeys(words_given(words)))
    wrong = [f"“{plain(word)[:60]}”" for word in given if not _is_number(word)]
    if wrong:
        which = f"{wrong[0]} is no dataset id" if len(wrong) == 1 else f"{listed(wrong, 10)} are no dataset ids"
        raise click.BadParameter(f"{which}. Ids are numbers: gantry data list")
    return list(dict.fromkeys(map(int, given)))


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 100


def one_dataset(word: str) -> int:
    """The id that was given, where one is needed. Fails like a mistyped command for none or several."""
    found = dataset_ids([word])
    if len(found) != 1:
        raise click.BadParameter(f"Give one dataset id, not {len(found)}.")
    return found[0]


def experiment_id(client: Client, text: str) -> int:
    """The id of the experiment with this name or title, in whatever case; digits are an id.

    Raises NotFoundError, and InvalidError where it could be more than one: a result is not filed by a guess.
    """
    wanted = text.strip().casefold()
    if wanted.isascii() and wanted.isdigit() and len(wanted) >= 19:
        raise NotFoundError(f"No experiment is called {text[:40]}…, or it is not shared with you.")
    found = list(islice(client.experiments(text=text.strip(), limit=100), MOST_ALIKE))
    alike: dict[int, str] = {
        one["id"]: one["title"] for one in found if wanted in {one["name"].casefold(), one["title"].casefold()}
    }
    if wanted.isascii() and wanted.isdigit():
        alike.setdefault(int(wanted), "the one with this id")
    if not alike:
        raise NotFoundError(f"No {level().one} is called {text}, or it is not shared with you.")
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


def pairs(texts: Iterable[str], what: str) -> dict[str, str]:
    """Several `name=value`; a name comes once. Fails like a mistyped command."""
    found: dict[str, str] = {}
    for text in texts:
        name, value = pair(text, what)
        if name in found and value != found[name]:
            raise click.BadParameter(
                f"{plain(name)[:60]} is given twice, as “{plain(found[name])[:60]}” and as “{plain(value)[:60]}”."
            )
        found[name] = value
    return found


def nearest(word: str, known: Iterable[str]) -> str:
    """` Did you mean qc?`, or nothing."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" Did you mean {close[0]}?" if close else ""
