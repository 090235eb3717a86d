"""gantry run --sweep: several values of an option, and what came of them."""

from collections.abc import Mapping
from typing import Any

from portal.cli.arguments import pair, pairs
from portal.cli.errors import JOB_FAILED, interrupted
from portal.cli.output import say, show_json, show_rows
from portal.cli.starting.cropping import given_of
from portal.client import Client
from portal.client.http import Document
from portal.errors import InvalidError
from portal.methods.quantities import figure, unit
from portal.words import unlisted


def trial_of(given: Mapping[str, Any]) -> Document | None:
    """What the API takes of what is to be tried; None where nothing is. Raises InvalidError."""
    if given["crops"] and (given["whole"] or given["parts"]):
        raise InvalidError("--crop says on which part; --part and --whole say it otherwise. Give one of them.")
    if not given["tried"]:
        if given["parts"] or given["whole"]:
            raise InvalidError("--part and --whole belong to --try or --sweep.")
        return None
    if len(given["tried"]) > 1:
        raise InvalidError("The values of one option are tried at a time. Give --sweep once.")
    option, text = pair(given["tried"][0], "NAME=VALUE,…")
    try:
        values = unlisted(text)
    except ValueError as error:
        raise InvalidError(str(error)) from None
    crop = pairs(given["parts"], "NAME=VALUE") | given_of(given["crops"])
    return {"option": option, "values": values, "crop": crop, "whole": given["whole"]}


def show_trial(client: Client, made: Document, *, wait: bool, as_json: bool) -> int:
    """The values side by side, once they have ended with `wait`; 0, or 10 if one did not succeed."""
    if wait:
        where = f"{client.url}/trials/{made['id']}"
        with interrupted(lambda: f"Stopped waiting. The jobs of this trial go on: {where}"):
            client.wait(made)
    sheet = client.trial(made["id"])
    if as_json:
        show_json(sheet)
    else:
        show_rows(
            (sheet["label"], "Job", "State", "Result", "Numbers that differ", "Warnings"),
            (
                (
                    one["words"],
                    one["job"],
                    one.get("state_words") or one["state"],  # an earlier release tells no words
                    one["result"] or "–",
                    ", ".join(map(_in_words, filter(lambda number: number["differs"], one["numbers"]))),
                    " ".join(one["warnings"]),
                )
                for one in sheet["tried"]
            ),
        )
        where = f"on a part: {sheet['part_words']}" if sheet["part_words"] else "each on the whole dataset"
        say(f"{sheet['title']}, {where}. {client.url}/trials/{made['id']}", err=True)
    return 0 if not wait or all(one["state"] == "succeeded" for one in sheet["tried"]) else JOB_FAILED


def _in_words(number: Document) -> str:
    value = number["value"]
    short = figure(value) if isinstance(value, float) else str(value)
    return f"{number['name']} {short} {unit(number['units'])}".rstrip()
