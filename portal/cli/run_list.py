"""gantry run-list: start many different analyses from a file."""

import json
import uuid
from typing import TextIO

import click

from portal.cli.arguments import make_client
from portal.cli.output import json_option, show_json, show_rows
from portal.client_http import Document
from portal.errors import PortalError

AT_ONCE = 500
"""Forms that the portal takes in one request, all or none."""


@click.command("run-list")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--key", help="The same key with the same file gives the same jobs, not new ones.")
@json_option
def run_list(file: TextIO, key: str | None, as_json: bool) -> None:
    """Start the analyses that stand in FILE, one a line; give - for standard input.

    A line is what the API takes: {"analysis": "qc", "inputs": {"data": [12]}, "options": {"projection": "mean"}}.
    Further keys: preset, variant, title, mode. All of 500 lines are started, or none of them.
    """
    forms = _forms(file)
    client = make_client()
    stem = key or str(uuid.uuid4())
    started: list[Document] = []
    for first in range(0, len(forms), AT_ONCE):
        try:
            started += client.submit_list(forms[first : first + AT_ONCE], key=f"{stem}/{first}")
        except PortalError as error:
            error.args = (_with_place(error.message, first),)
            _show(started, as_json)
            raise
    _show(started, as_json)


def _forms(file: TextIO) -> list[Document]:
    """The lines that are not empty. Fails like a mistyped command where one is no JSON object."""
    try:
        lines = file.read().splitlines()
    except UnicodeDecodeError as error:
        raise click.BadParameter(f"The file is not text in UTF-8: {error}") from None
    forms = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            form = json.loads(line)
        except ValueError as error:
            raise click.BadParameter(f"Line {number} is not JSON: {error}") from None
        if not isinstance(form, dict):
            raise click.BadParameter(f"Line {number} is not a JSON object.")
        forms.append(form)
    if not forms:
        raise click.BadParameter("The file holds no form.")
    return forms


def _with_place(message: str, first: int) -> str:
    if not first:
        return f"{message} Nothing was started."
    return f"The first {first} forms were started. Of those after them: {message} None of those was started."


def _show(started: list[Document], as_json: bool) -> None:
    if as_json:
        show_json(started)
        return
    show_rows(("Job", "Title"), ((number, one["title"]) for one in started for number in one["jobs"]))
