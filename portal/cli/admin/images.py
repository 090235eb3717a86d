"""gantry admin images: what staff had made and want staged, signed off or refused."""

from datetime import UTC
from typing import TYPE_CHECKING, Any

import click

from portal.cli.admin.meant import check_meant, request_of, short
from portal.cli.admin.site import operator, site
from portal.cli.output import json_option, say, show_json, show_rows

if TYPE_CHECKING:
    from portal.staging.models import ImageWish

LISTS = "gantry admin images waiting"


@click.group()
def images() -> None:
    """Container images that staff had made: see what waits, sign it off, refuse it."""


@images.command()
@json_option
def waiting(as_json: bool) -> None:
    """List the images that wait to be staged, with the jobs that made them."""
    from portal.staging.asking import waiting as all_waiting

    with site() as (_settings, database), database.read() as session:
        rows = [_row(one) for one in all_waiting(session)]
    if as_json:
        show_json(rows)
        return
    show_rows(
        ("Number", "Name", "Digest", "Person", "Job", "Asked", "Signed off by"),
        (
            (
                str(row["number"]),
                row["name"],
                short(row["digest"]),
                row["person"],
                row["job"],
                row["at"],
                row["by"] or "",
            )
            for row in rows
        ),
        empty="Nothing waits.",
    )


@images.command()
@click.argument("number", type=int)
@click.argument("digest")
def approve(number: int, digest: str) -> None:
    """Sign request NUMBER off: the stager copies the image, looks it through and stages it.

    DIGEST is that of the image, 12 digits of it or more. As root on the portal's host.
    """
    from portal.publisher.client import approve_image
    from portal.staging.models import ImageWish

    with site() as (settings, database):
        with database.read() as session:
            meant = request_of(session, ImageWish, number, LISTS).digest
        check_meant(number, meant, digest, nothing="Nothing was signed off.")
        answer = approve_image(settings, database, number, by=operator().name)
    say(f"Signed off {answer.name} {short(answer.revision)}. The stager looks it through and stages it now.")


@images.command()
@click.argument("number", type=int)
@click.option("--because", required=True, metavar="TEXT", help="Why, in words that the person reads.")
def refuse(number: int, because: str) -> None:
    """Refuse request NUMBER, with a reason."""
    from portal.publisher.client import refuse_image
    from portal.staging.models import ImageWish

    with site() as (settings, database):
        with database.read() as session:
            request_of(session, ImageWish, number, LISTS)
        answer = refuse_image(settings, database, number, because, by=operator().name)
    say(f"Refused {answer.name} {short(answer.revision)}.")


def _row(wish: "ImageWish") -> dict[str, Any]:
    from portal.jobs.models import Job

    return {
        "number": wish.id,
        "name": wish.name,
        "digest": wish.digest,
        "person": wish.person.name,
        "job": Job.number_of(wish.job_id),
        "at": wish.at.astimezone(UTC).isoformat(timespec="seconds"),
        "by": wish.approval.by if wish.approval is not None else None,
    }
