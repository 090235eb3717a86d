"""gantry analyses draft, share, undo, delete: the text of a draft, and who sees it."""

from pathlib import Path

import click

from portal.cli.arguments import make_client
from portal.cli.completing.offers import complete_analysis, complete_draft
from portal.cli.drafts.which import (
    brought_from,
    draft_number,
    drafts_called,
    show_draft,
    text_at,
    write_text,
)
from portal.cli.output import json_option, plain, say, show_json, time_words
from portal.client import Client
from portal.client.http import Document
from portal.errors import ConflictError, InvalidError, NotFoundError
from portal.jobtype.written.editors import for_editors
from portal.jobtype.written.said import name_said


@click.command()
@click.argument("file", required=False, type=click.Path(allow_dash=True))
@click.option(
    "--copy", metavar="NAME", shell_complete=complete_analysis, help="As a copy of an analysis on offer."
)
@click.option(
    "--paste", "pasted", metavar="COMMAND", help="Of the command that works in a terminal; - for a script."
)
@click.option("--title", help="With --paste or alone: what stands on its card.")
@click.option(
    "--save",
    "saved",
    metavar="DRAFT",
    shell_complete=complete_draft,
    help="Save FILE as this draft, not by its name.",
)
@click.option("--version", type=click.IntRange(1, 10**9), help="Save over this version, which you have read.")
@click.option("--new", is_flag=True, help="A new draft, also where one has the name.")
@click.option(
    "-o", "--output", "place", type=click.Path(path_type=Path), help="Write the YAML to this new file too."
)
@json_option
def draft(file: str | None, place: Path | None, as_json: bool, **given: str | int | bool | None) -> None:
    """Begin a draft, or save one: gantry analyses draft my.yaml

    FILE is saved as the draft in whose text its name stands, or makes a new one. A version that somebody else
    saved is not saved over, unless you say with --version that you have read it. What is not complete yet is kept,
    and said. Scripts that lie beside FILE, as `{beside: fit.py}` says in it, go along.
    """
    copy, pasted, title = given["copy"], given["pasted"], given["title"]
    began = [one for one in (file, copy, pasted if pasted is not None else title) if one is not None]
    if len(began) != 1:
        raise click.UsageError(
            "Give one of FILE, --copy and --paste; --title says what a pasted command is called."
        )
    if file is None and (given["saved"] or given["version"] or given["new"]):
        raise click.UsageError("--save, --version and --new belong to FILE.")
    if copy is not None and title is not None:
        raise click.UsageError("A copy has the title of what it is a copy of; change it in the text.")
    client = make_client()
    if file is not None:
        if title is not None:
            raise click.UsageError("The title of FILE stands in it.")
        brought = brought_from(file)
        made = _of_text(client, brought.text, given)
        made["problems"] = brought.problems(made["problems"])
    elif copy is not None:
        made = client.make_draft(copy=str(copy))
    else:
        made = _of_command(client, str(pasted) if pasted is not None else "", title)
    if place is not None:
        write_text(place, for_editors(made["text"], client.url))
        say(f"Its text is in {place}.", err=True)
    show_draft(made, as_json=as_json, called=file or "")


def _of_command(client: Client, pasted: str, title: object) -> Document:
    command = text_at(pasted) if pasted == "-" else pasted
    words = command.split()
    called = str(title) if title else Path(words[0]).name.capitalize() if words else ""
    return client.make_draft(title=called, pasted=command or None)


def _of_text(client: Client, text: str, given: dict[str, str | int | bool | None]) -> Document:
    number = _saved_as(client, text, given)
    if number is None:
        if given["version"]:
            raise NotFoundError("No draft of yours has the name in this text, so there is no version of it.")
        return client.make_draft(text=text)
    version = given["version"]
    if version is None:
        version = _unless_anothers(client, client.draft(number))
    try:
        return client.save_draft(number, text, int(version))
    except ConflictError as error:
        raise ConflictError(
            f"{error.message} See what differs: gantry analyses diff {number}@{version} {number}"
        ) from error


def _saved_as(client: Client, text: str, given: dict[str, str | int | bool | None]) -> int | None:
    if given["saved"] and given["new"]:
        raise click.UsageError("--save and --new are two different wishes.")
    if given["saved"]:
        return draft_number(client, str(given["saved"]))
    name = name_said(text)
    if given["new"] or name is None:
        return None
    found = drafts_called(client, name)
    if len(found) > 1:
        several = ", ".join(str(one["id"]) for one in found)
        raise InvalidError(f"Several drafts have the name {name}: {several}. Say which with --save, or --new.")
    return int(found[0]["id"]) if found else None


def _unless_anothers(client: Client, found: Document) -> int:
    """The version to save over: the newest, if this person saved it. Raises ConflictError."""
    who, number, version = found["changed_by"]["name"], found["id"], found["version"]
    if who != client.me()["name"]:
        raise ConflictError(
            f"{plain(found['changed_by']['full_name'])} saved version {version} of draft {number} at "
            f"{time_words(found['changed'])}. Nothing was saved over it. Look at it: "
            f"gantry analyses export {number}; then save with --version {version}."
        )
    say(f"Saved as draft {number}, over your version {version}; back: gantry analyses undo {number}", err=True)
    return int(version)


@click.command()
@click.argument("draft", shell_complete=complete_draft)
@click.argument("person")
@click.option("--stop", is_flag=True, help="She sees it no longer.")
@json_option
def share(draft: str, person: str, stop: bool, as_json: bool) -> None:
    """Let PERSON of the staff, by sign-in name, see a draft, change it and try it."""
    client = make_client()
    number = draft_number(client, draft)
    if not stop:
        found = client.share_draft(number, person)
    else:
        readers = {one["name"]: one["id"] for one in client.draft(number)["readers"]}
        if person not in readers:
            raise NotFoundError(f"The draft is not shared with {plain(person)[:60]}.")
        found = client.unshare_draft(number, readers[person])
    if as_json:
        show_json(found)
        return
    names = ", ".join(one["name"] for one in found["readers"])
    say(f"Draft {number} is shared with {names}." if names else f"Draft {number} is shared with nobody.")


@click.command()
@click.argument("draft", shell_complete=complete_draft)
@json_option
def undo(draft: str, as_json: bool) -> None:
    """Have a draft as it was before its last change; once more goes further back."""
    client = make_client()
    number = draft_number(client, draft)
    show_draft(client.undo_draft(number, client.draft(number)["version"]), as_json=as_json)


@click.command()
@click.argument("draft", shell_complete=complete_draft)
@click.option("--take-back", is_flag=True, help="Have it in the lists again, by its number.")
@json_option
def delete(draft: str, take_back: bool, as_json: bool) -> None:
    """Take a draft off every list; what was published of it stays."""
    client = make_client()
    if take_back:
        if not draft.isdecimal():
            raise click.UsageError("A draft that was deleted is known by its number alone.")
        show_draft(client.take_draft_back(int(draft)), as_json=as_json)
        return
    number = draft_number(client, draft)
    client.throw_draft_away(number)
    if as_json:
        show_json({"id": number, "deleted": True})
    else:
        say(f"Draft {number} is deleted. Take it back: gantry analyses delete {number} --take-back")
