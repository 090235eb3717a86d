"""gantry analyses waiting, refuse: what a second person can say without a key."""

import click

from portal.cli.arguments import make_client
from portal.cli.drafts.which import show_wish
from portal.cli.output import json_option, say, show_json, show_rows, time_words


@click.command()
@json_option
def waiting(as_json: bool) -> None:
    """List what waits for a second member of staff, analyses and images, and who asks.

    It is signed off with a security key on its page, in the browser. To refuse it: gantry analyses refuse REQUEST
    --why "…"
    """
    client = make_client()
    found, images = client.waiting(), client.waiting_images()
    if as_json:
        show_json({"items": found, "images": images})
        return
    if not found and not images:
        say("Nothing waits for you to sign it off.", err=True)
        return
    if found:
        show_rows(
            ("Request", "Analysis", "Who asks", "To", "What changed", "Asked", "Page"),
            (
                (
                    one["number"],
                    one["analysis"],
                    one["person"]["full_name"],
                    one["to"],
                    one["changed"],
                    time_words(one["at"]),
                    f"{client.url}{one['page']}",
                )
                for one in found
            ),
        )
    if images:
        show_rows(
            ("Request", "Image", "Who asks", "Job", "Digest", "Asked", "Page"),
            (
                (
                    one["request"],
                    one["name"],
                    one["person"],
                    one["job"],
                    one["digest"][7:19],
                    time_words(one["at"]),
                    f"{client.url}{one['page']}",
                )
                for one in images
            ),
        )


@click.command()
@click.argument("request", type=click.IntRange(1, 2**63 - 1))
@click.option("--why", required=True, metavar="SENTENCE", help="Why not; who asked reads it.")
@click.option("--image", is_flag=True, help="REQUEST is of an image that somebody wants staged.")
@json_option
def refuse(request: int, why: str, *, image: bool, as_json: bool) -> None:
    """Refuse what waits: gantry analyses refuse 12 --why "It names nobody to ask."

    REQUEST is its number: gantry analyses waiting. Who asked reads why, mends it and asks again.
    """
    client = make_client()
    if image:
        asked = client.refuse_image(request, why)
        if as_json:
            show_json(asked)
        else:
            say(f"Refused the image {asked['name']}. Within seconds the publisher takes it down.", err=True)
        return
    wish = client.refuse(request, why)
    show_wish(wish, as_json=as_json)
    if not as_json and wish["state"] == "waiting":
        who = wish["person"]["full_name"]
        say(f"Refused. Within seconds the publisher takes it down, and {who} reads why.", err=True)
