"""gantry analyses drafts, history, diff, export."""

import difflib
from pathlib import Path

import click

from portal.cli.arguments import make_client
from portal.cli.completing.offers import complete_analysis, complete_draft
from portal.cli.drafts.which import (
    brought_from,
    draft_number,
    reference,
    write_scripts,
    write_text,
)
from portal.cli.output import json_option, plain, say, show_json, show_rows, time_words
from portal.client.http import Document
from portal.errors import InvalidError, NotFoundError
from portal.jobtype.written.editors import for_editors

SHORT = slice(7, 19)


@click.command()
@json_option
def drafts(as_json: bool) -> None:
    """List your drafts, and those that were shared with you."""
    found = make_client().drafts()
    if as_json:
        show_json(found)
        return
    show_rows(
        ("Draft", "Name", "Title", "Version", "State", "Changed", "Author"),
        (
            (
                one["id"],
                one["analysis"] or "–",
                one["name"],
                one["version"],
                one["stage"] if one["sound"] else "not known" if one["sound"] is None else "not complete",
                time_words(one["changed"]),
                one["author"]["name"],
            )
            for one in found
        ),
        empty="No drafts.",
    )


@click.command()
@click.argument("name", shell_complete=complete_analysis)
@json_option
def history(name: str, as_json: bool) -> None:
    """What was published and retired under NAME, newest first, by whom and with what changed."""
    found = make_client().history(name)
    if as_json:
        show_json(found)
        return
    show_rows(
        ("When", "What", "Revision", "Asked by", "Signed off by", "To", "What changed", "On offer"),
        (
            (
                time_words(one["answered"]),
                one["wish"],
                one["revision"][SHORT],
                one["person"]["name"],
                one["by"] or "",
                one["to"],
                one["changed"],
                "yes" if one["on_offer"] else "",
            )
            for one in found["items"]
        ),
    )


@click.command()
@click.argument("before", shell_complete=complete_draft)
@click.argument("after", required=False, shell_complete=complete_draft)
@json_option
def diff(before: str, after: str | None, as_json: bool) -> None:
    """Compare two texts: field by field in words, and as YAML.

    12 is a draft, 12@3 its version 3, qc what is on offer, qc@4f1c0a a revision of it. With one alone, a draft is
    compared with what is on offer under its name. One may be a file of yours; then the lines are compared.
    """
    client = make_client()
    if after is None:
        number = draft_number(client, before)
        offered = client.draft(number)["analysis"]
        if offered is None:
            raise InvalidError(f"No name stands in draft {number}. Say what it is compared with.")
        try:
            found = client.diff(offered, str(number))
        except NotFoundError:
            raise NotFoundError(
                f"Nothing is on offer under the name {plain(offered)}, so there is nothing with which draft "
                f"{number} could be compared. With its own first version: gantry analyses diff {number}@1 {number}"
            ) from None
        _show_found(found, as_json)
        return
    files = [word for word in (before, after) if Path(word).is_file()]
    if files:
        old, new = (
            brought_from(word).text if word in files else client.analysis_text(reference(client, word))["text"]
            for word in (before, after)
        )
        lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), before, after, lineterm=""))
        if as_json:
            shown = [{"sign": line[:1], "text": line[1:]} for line in lines[2:]]
            show_json({"before": before, "after": after, "fields": None, "lines": shown})
        else:
            say("\n".join(lines) if lines else "They are the same.")
        return
    _show_found(client.diff(reference(client, before), reference(client, after)), as_json)


def _show_found(found: Document, as_json: bool) -> None:
    if as_json:
        show_json(found)
    else:
        _show_diff(found)


def _show_diff(found: Document) -> None:
    say(f"--- {found['before']}\n+++ {found['after']}")
    if found["fields"] is None:
        say("One of them cannot be read by the rules of today: only the lines are compared.", err=True)
    for one in found["fields"] or ():
        say(f"{one['place']}: {one['before'] or 'nothing'} -> {one['after'] or 'nothing'}")
    if found["lines"] is None:
        say("They are too long to be compared line by line.", err=True)
    elif found["lines"]:
        say("")
        for line in found["lines"]:
            say(f"{line['sign']}{line['text']}")
    elif not found["fields"]:
        say("They are the same.")


@click.command()
@click.argument("name", shell_complete=complete_draft)
@click.option("-o", "--output", "place", type=click.Path(path_type=Path), help="A new file instead of the screen.")
@click.option("--scripts", is_flag=True, help="With -o: its scripts as files beside that file, not in it.")
@json_option
def export(name: str, *, place: Path | None, scripts: bool, as_json: bool) -> None:
    """Write the YAML of an analysis on offer, of a revision (qc@4f1c0a), or of a draft by its number.

    Its first line tells editors that know the YAML language server, such as VS Code, where the schema is.
    """
    if scripts and place is None:
        raise click.UsageError("--scripts belongs to -o: they lie beside that file.")
    client = make_client()
    found = client.analysis_text(reference(client, name))
    text = for_editors(found["text"], client.url)
    if place is not None:
        if place.exists():
            raise InvalidError(f"{place} is there already, and stays as it is. Give another name.")
        text = write_scripts(text, place.parent) if scripts else text
        write_text(place, text)
    if as_json:
        show_json({**found, "text": text, **({"file": str(place)} if place else {})})
    elif place is not None:
        say(f"{found['words']} is in {place}.", err=True)
    else:
        say(text.rstrip("\n"))
