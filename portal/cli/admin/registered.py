"""gantry admin jobtypes waiting, approve, refuse, retire, history: what staff made in the browser."""

from datetime import UTC
from typing import TYPE_CHECKING, Any

import click

from portal.cli.admin.keys import keys
from portal.cli.admin.meant import check_meant, request_of, short
from portal.cli.admin.site import operator, site
from portal.cli.output import json_option, say, show_json, show_rows
from portal.errors import ConflictError

if TYPE_CHECKING:
    from portal.drafts.revisions import RevisionWish
    from portal.publisher.wire import Answer

LISTS = "gantry admin jobtypes waiting"


@click.command()
@json_option
def waiting(as_json: bool) -> None:
    """List what staff asked to publish, and what has not been looked at yet."""
    from portal.drafts.publishing import waiting as all_waiting

    with site() as (_settings, database), database.read() as session:
        rows = [_row(one) for one in all_waiting(session)]
    if as_json:
        show_json(rows)
        return
    show_rows(
        ("Number", "Wish", "Name", "Revision", "Person", "To", "What changed"),
        (
            (
                str(row["number"]),
                row["wish"],
                row["name"],
                short(row["revision"]),
                row["person"],
                row["to"],
                row["changed"],
            )
            for row in rows
        ),
        empty="Nothing waits.",
    )


@click.command()
@click.argument("number", type=int)
def show(number: int) -> None:
    """Print the text of the revision that request NUMBER is about, as the publisher would read it."""
    from portal.drafts.revisions import RevisionWish

    with site() as (_settings, database), database.read() as session:
        found = request_of(session, RevisionWish, number, LISTS)
        row, text = _row(found), found.revision.text
    say(f"# {row['wish']} {row['name']} {row['revision']} for {row['person']}, to: {row['to'] or 'nobody else'}")
    say(text)


@click.command()
@click.argument("number", type=int)
@click.argument("revision")
def approve(number: int, revision: str) -> None:
    """Sign request NUMBER off: it is published. REVISION is what was read, 12 digits of it or more.

    As root on the portal's host; the publisher looks at everything once more.
    """
    from portal.drafts.revisions import RevisionWish
    from portal.publisher.client import approve as sign_off

    with site() as (settings, database):
        with database.read() as session:
            meant = request_of(session, RevisionWish, number, LISTS).revision.digest
        check_meant(number, meant, revision, nothing="Nothing was published.")
        _tell(sign_off(settings, database, number, by=operator().name), "Published")


@click.command()
@click.argument("number", type=int)
@click.option("--because", required=True, metavar="TEXT", help="Why, in words that the person reads.")
def refuse(number: int, because: str) -> None:
    """Refuse request NUMBER, with a reason."""
    from portal.drafts.revisions import RevisionWish
    from portal.publisher.client import refuse as turn_down

    with site() as (settings, database):
        with database.read() as session:
            request_of(session, RevisionWish, number, LISTS)
        answer = turn_down(settings, database, number, because, by=operator().name)
    say(f"Refused {answer.name} {short(answer.revision)}.")


@click.command()
@click.argument("name")
@json_option
def history(name: str, as_json: bool) -> None:
    """What was published and retired under NAME, newest first, by whom and with what changed."""
    from portal.drafts.past import history as of_name

    with site() as (_settings, database), database.read() as session:
        rows = [_row(one) for one in of_name(session, name)]
    if as_json:
        show_json(rows)
        return
    show_rows(
        ("When", "What", "Revision", "Asked by", "Signed off by", "To", "What changed"),
        (
            (
                row["at"],
                row["wish"],
                short(row["revision"]),
                row["person"],
                row["by"] or "",
                row["to"],
                row["changed"],
            )
            for row in rows
        ),
        empty=f"Nothing was published here under the name {name}.",
    )


def _row(wish: "RevisionWish") -> dict[str, Any]:
    deed = wish.deed
    audience = wish.audience or {}
    ids = " ".join(map(str, audience.get("ids", [])))
    return {
        "number": wish.id,
        "wish": wish.wished.value,
        "name": wish.revision.name,
        "revision": wish.revision.digest,
        "person": wish.person.name,
        "to": f"{audience.get('to', '')} {ids}".strip(),
        "changed": wish.changed,
        "by": deed.by if deed is not None else None,
        "at": (deed.at if deed is not None else wish.at).astimezone(UTC).isoformat(timespec="seconds"),
    }


def _tell(answer: "Answer", word: str) -> None:
    if answer.words:
        raise ConflictError(f"The publisher refused {answer.name}: {answer.words}")
    say(f"{word} {answer.name} {short(answer.revision)}.")


COMMANDS = (waiting, show, approve, refuse, history, keys)
