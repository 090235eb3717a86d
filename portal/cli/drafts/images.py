"""gantry analyses images, stage: the images that drafts can name, and one's own that is to be staged."""

import time

import click

from portal.cli.arguments import make_client
from portal.cli.completing.offers import complete_job
from portal.cli.errors import EXIT_CODES
from portal.cli.output import json_option, say, show_json, show_pairs, show_rows, size_words
from portal.client.http import Document
from portal.errors import ConflictError

PAUSE_S = 0.5
ANSWERED = ("staged", "refused")


@click.command()
@json_option
def images(as_json: bool) -> None:
    """List the staged images, which a draft can name as its image."""
    found = make_client().images()
    if as_json:
        show_json({"items": found})
        return
    show_rows(
        ("Name", "Size", "Digest", "Made"),
        ((one["name"], size_words(one["size"]), one["digest"][7:19], (one["built"] or "")[:10]) for one in found),
        empty="No images are staged.",
    )


@click.command()
@click.argument("job", shell_complete=complete_job)
@click.argument("name", required=False)
@click.option("--wait", is_flag=True, help="Wait until it is staged or refused; the exit code is 7 if refused.")
@click.option("--patience", default=60, show_default=True, type=click.IntRange(1, 86400), help="Seconds to wait.")
@json_option
def stage(job: str, name: str | None, *, wait: bool, patience: int, as_json: bool) -> int:
    """Ask that the image which your JOB made is staged as NAME: gantry analyses stage J-1042 cows

    Without NAME nothing is asked: it says what the job made, which name is free and what was asked before.
    """
    client = make_client()
    if name is None:
        _show_made(client.made_image(job), as_json)
        return 0
    asked = client.stage_image(job, name)
    until = time.monotonic() + patience
    while wait and asked["state"] not in ANSWERED and time.monotonic() < until:
        time.sleep(PAUSE_S)
        requests = client.made_image(job)["requests"]
        asked = next((one for one in requests if one["request"] == asked["request"]), asked)
    _show_request(asked, as_json)
    return EXIT_CODES[ConflictError] if asked["state"] == "refused" else 0


def _show_made(made: Document, as_json: bool) -> None:
    if as_json:
        show_json(made)
        return
    if made["digest"] is None:
        say("This job has left no image that could be staged.", err=True)
    else:
        size = size_words(made["size"]) if made["size"] is not None else ""
        pairs = [("Digest", made["digest"][7:19]), ("Size", size), ("A name that is free", made["proposed"])]
        show_pairs(pairs)
    for one in made["requests"]:
        _show_request(one, as_json)


def _show_request(asked: Document, as_json: bool) -> None:
    if as_json:
        show_json(asked)
        return
    words = {
        "waiting": "waits to be signed off",
        "signed": "is being staged",
        "staged": "is staged: drafts can name it",
        "refused": f"was refused: {asked['why']}",
    }
    show_pairs(
        [("Request", asked["request"]), ("Image", f"{asked['name']} {words[asked['state']]}"), ("By", asked["by"])]
    )
