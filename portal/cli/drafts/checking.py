"""gantry analyses check: what is wrong with a text, at line and column, by the portal or on this computer."""

from typing import Any

import click

from portal.cli.drafts.which import brought_from, say_problems
from portal.cli.errors import EXIT_CODES
from portal.cli.output import json_option, say, show_json
from portal.client import Client
from portal.client.http import Document
from portal.errors import ConfigError, ForbiddenError, InvalidError, UnavailableError

HERE, THERE = "here", "portal"


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(allow_dash=True))
@click.option("--offline", is_flag=True, help="On this computer, without asking the portal.")
@json_option
def check(files: tuple[str, ...], offline: bool, as_json: bool) -> int:
    """Judge texts of analyses, and keep nothing; - is standard input. The exit code is 6 if something is wrong.

    The portal judges, which knows its images. Where you are not signed in, where it is away or with --offline, the
    same validator does on this computer, where the server part is installed, and it says so.
    """
    found: list[dict[str, Any]] = []
    for place in files:
        brought = brought_from(place)
        judged, by = _judged(brought.text, offline=offline)
        judged["problems"] = brought.problems(judged["problems"])
        found.append({"file": place, "checked": by, **judged})
    if as_json:
        show_json(found)
    else:
        for one in found:
            say_problems(one["file"], one["problems"])
            wrong = sum(problem["certain"] for problem in one["problems"])
            say(f"{one['file']}: {_words(one, wrong)}")
            for refused in one.get("refused") or ():
                say(f"{one['file']}: the publisher would refuse it: {refused['message']}", err=True)
        if any(one["checked"] == HERE for one in found):
            say("Checked on this computer: what images the portal has is not known here.", err=True)
    return 0 if all(one["sound"] for one in found) else EXIT_CODES[InvalidError]


def _words(one: Document, wrong: int) -> str:
    if one["sound"]:
        return f"sound ({one['analysis']}, revision {one['revision'][7:19]})"
    return "1 thing is wrong" if wrong == 1 else f"{wrong} things are wrong"


def _judged(text: str, *, offline: bool) -> tuple[Document, str]:
    why = ""
    if not offline:
        client = Client.from_environment()
        if client.token is None:
            why = "You are not signed in (gantry login)"
        else:
            try:
                return client.check_text(text), THERE
            except (UnavailableError, ForbiddenError) as error:
                why = error.message.rstrip(".")
    try:
        from portal.jobtype.written.check import check as judge
    except ModuleNotFoundError as error:
        before = f"{why}, and this" if why else "This"
        raise ConfigError(
            f"{before} computer has no validator of its own ({error.name} is missing): "
            "pip install 'gantry-portal[server]'"
        ) from None
    checked = judge(text)
    jobtype = checked.jobtype
    return {
        "sound": jobtype is not None,
        "analysis": jobtype.name if jobtype else None,
        "revision": jobtype.revision if jobtype else None,
        "problems": [
            {
                "line": one.line,
                "column": one.column,
                "path": ".".join(map(str, one.path)),
                "message": one.message,
                "step": one.step.value,
                "certain": one.certain,
                "missing": one.missing,
            }
            for one in checked.found
        ],
    }, HERE
