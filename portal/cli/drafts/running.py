"""gantry analyses try: a draft on data of one's own, as a trial."""

import time
import uuid
from typing import Any

import click

from portal.cli.arguments import dataset_ids, make_client, pair, pairs
from portal.cli.completing.offers import complete_dataset, complete_draft
from portal.cli.drafts.which import draft_number
from portal.cli.errors import interrupted
from portal.cli.output import json_option, say
from portal.cli.run import check_key, show_made, wait_for
from portal.cli.starting.cropping import HELP as CROP
from portal.cli.starting.cropping import cropped
from portal.cli.starting.terms import accepted_digest, terms_options
from portal.client import Client
from portal.client.client import agreed
from portal.client.http import Document
from portal.errors import ConflictError, InvalidError

PAUSE_S = 0.5
DATA = "A dataset that goes in first; may be repeated."


@click.command("try")
@click.argument("draft", shell_complete=complete_draft)
@click.option("--data", "datasets", multiple=True, metavar="DATASET", shell_complete=complete_dataset, help=DATA)
@click.option("--input", "inputs", multiple=True, metavar="SLOT=DATASET", help="A dataset for a further input.")
@click.option("--set", "options", multiple=True, metavar="NAME=VALUE", help="An option of the draft.")
@click.option("--preset", help="Take the values of this preset for what is not --set.")
@click.option("--variant", help="Resources: one of the draft's variants.")
@click.option("--title", help="Name of the result.")
@click.option("--together", is_flag=True, help="One job over all datasets instead of one for each.")
@terms_options
@click.option("--key", help="The same key again gives the same jobs, not new ones.")
@click.option("--crop", "crops", multiple=True, metavar="PART", help=CROP)
@click.option("--patience", default=60, show_default=True, type=click.IntRange(1, 3600), help="Seconds to be let.")
@click.option("--wait", is_flag=True, help="Wait for the end; the exit code is 10 if a job failed.")
@json_option
def try_draft(draft: str, datasets: tuple[str, ...], **given: Any) -> int:
    """Run a draft as you, on data that you may see: gantry analyses try shrink --data 12 --wait

    The publisher looks at its very text first, which takes some seconds. The result stands in no list until it is
    kept: gantry jobs keep J-1042.
    """
    check_key(given["key"])
    client = make_client()
    number = draft_number(client, draft)
    found = client.draft(number)
    if not found["sound"]:
        wrong = [one for one in found["problems"] if one["certain"]]
        told = "; ".join(f"line {one['line']}: {one['message']}" for one in wrong[:5])
        raise InvalidError(f"Draft {number} is not complete yet: {told}.")
    form: dict[str, Any] = {
        "inputs": inputs_of(client, number, dataset_ids(datasets), given["inputs"]),
        "options": pairs(given["options"], "NAME=VALUE"),
        "preset": given["preset"],
        "variant": given["variant"],
        "title": given["title"],
        "mode": "all" if given["together"] else "each",
    }
    checked = {name: one for name, one in form.items() if name != "title"}
    if given["accept_terms"]:
        accepts = accepted_digest(client.draft_form(number, checked), given["accept_terms"])
        form |= agreed(None, accepts)
    form |= agreed(given["use"], None)
    if given["crops"]:
        form["options"] = cropped(
            client.draft_form(number, checked), given["crops"], form["options"], found["name"]
        )
    _be_let(client, number, given["patience"])
    made = client.try_draft(number, form, key=given["key"] or str(uuid.uuid4()))
    if not given["wait"]:
        show_made(client, made, given["as_json"])
        return 0
    return wait_for(client, made, as_json=given["as_json"])


def inputs_of(client: Client, number: int, ids: list[int], further: tuple[str, ...]) -> dict[str, list[int]]:
    """The datasets by slot, of which the portal says whether there are such."""
    inputs: dict[str, list[int]] = {}
    if ids:
        slots = client.draft_form(number)["slots"]
        if not slots:
            raise InvalidError("This draft takes no dataset.")
        inputs[slots[0]["name"]] = ids
    for text in further:
        slot, value = pair(text, "SLOT=DATASET")
        inputs.setdefault(slot, []).extend(dataset_ids([value]))
    return inputs


def _be_let(client: Client, number: int, patience_s: int) -> Document:
    """Ask that this very text may be run and wait until it may. Raises ConflictError, TimeoutError."""
    wish = client.ask_to_try(number)
    until = time.monotonic() + patience_s
    with interrupted(lambda: "Stopped waiting. It is asked for: try again in a moment."):
        while wish["state"] == "waiting":
            if time.monotonic() >= until:
                raise TimeoutError(
                    f"The publisher has not looked at it within {patience_s} s. It is asked for: try again later."
                )
            time.sleep(PAUSE_S)
            wish = _again(client, number, wish)
    if wish["state"] == "refused":
        raise ConflictError(f"It may not be tried: {wish['why']}")
    if wish["by"]:
        say("The publisher lets you try it.", err=True)
    return wish


def _again(client: Client, number: int, wish: Document) -> Document:
    wishes: list[Document] = client.draft(number)["wishes"]
    found = next((one for one in wishes if one["number"] == wish["number"]), None)
    if found is None:
        raise ConflictError("The draft was changed meanwhile. Look at it, and try it again.")
    return found
