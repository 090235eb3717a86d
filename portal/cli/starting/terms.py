"""--accept-terms and --use: what one says of the terms of an analysis."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from portal.cli.output import say
from portal.client.http import Document
from portal.errors import InvalidError

Command = TypeVar("Command", bound=Callable[..., Any])
USES = ("academic", "commercial")


def terms_options(command: Command) -> Command:
    """The two options, for each command that starts something."""
    accept = click.option(
        "--accept-terms", metavar="NAME", help="Accept these terms of the analysis, which are asked for once."
    )
    use = click.option("--use", type=click.Choice(USES), help="For what you use it, where its terms ask.")
    return use(accept(command))


def accepted_digest(form: Document, name: str | None) -> str | None:
    """The digest of the terms that are accepted by name; what they are is said. Raises InvalidError for others.

    `form`: the portal's, which has the terms as they are now.
    """
    if name is None:
        return None
    terms = form.get("terms")
    if terms is None:
        raise InvalidError("It has no terms to accept: leave --accept-terms out.")
    if terms["name"] != name:
        raise InvalidError(f"Its terms are called {terms['name']}, not {name}. Read them: gantry analyses show")
    say(f"Accepted: {terms['title']} ({terms['digest'][:19]}…)", err=True)
    return str(terms["digest"])


def terms_lines(terms: Document | None) -> list[str]:
    """The terms for reading; none where there are none."""
    if terms is None:
        return []
    use = "" if terms["use"] == "either" else f" For {terms['use']} use only: --use {terms['use']}."
    done = f" You accepted them on {terms['accepted'][:10]}." if terms["accepted"] else ""
    asked = "" if terms["accepted"] else f" Accept them: --accept-terms {terms['name']}."
    told = [f"\nTerms: {terms['title']}.{use}{done}{asked}"]
    return told + [text for text in (terms["text"], terms["link"]) if text]
