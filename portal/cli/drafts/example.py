"""gantry analyses example."""

import click

from portal.cli.arguments import make_client
from portal.cli.completing.offers import complete_draft
from portal.cli.drafts.which import draft_number
from portal.cli.output import json_option, say, show_json, show_rows
from portal.client.http import Document

ONE = "Give one of --picture, --earlier and --none."


@click.command()
@click.argument("draft", shell_complete=complete_draft)
@click.option("--picture", type=click.IntRange(1, 2**63 - 1), help="One that a trial of this very text made.")
@click.option("--earlier", is_flag=True, help="The one that an earlier revision was published with.")
@click.option("--none", "leave_out", is_flag=True, help="None any more.")
@json_option
def example(draft: str, *, picture: int | None, earlier: bool, leave_out: bool, as_json: bool) -> None:
    """Show or choose the example picture of DRAFT, which stands on its card once it is published.

    Without an option it lists the pictures that trials of its very text made. Whoever can start the analysis sees
    the one that is chosen.
    """
    chosen = [picture is not None, earlier, leave_out]
    if sum(chosen) > 1:
        raise click.UsageError(ONE)
    client = make_client()
    number = draft_number(client, draft)
    chooses = any(chosen)
    found = client.choose_example(number, picture, earlier=earlier) if chooses else client.example(number)
    if as_json:
        show_json(found)
    else:
        _show(number, found)


def _show(number: int, found: Document) -> None:
    kept = found["chosen"]
    if kept is None:
        say(f"Draft {number} has no example picture.", err=True)
    else:
        whose = ", an earlier revision's" if found["of_earlier"] else ""
        say(f"Its example picture: {kept['width']} x {kept['height']}{whose}.", err=True)
    if not found["may_change"]:
        say("One is chosen between a trial of this very text that succeeded and its publishing.", err=True)
        return
    show_rows(
        ("Picture", "Name", "Result", "Size"),
        (
            (one["id"], one["name"], one["dataset"], f"{one['width']} x {one['height']}")
            for one in found["offered"]
        ),
        empty="Its trials made no pictures.",
    )
    if found["earlier"] is not None:
        say("An earlier revision was published with one: --earlier takes it.", err=True)
