"""A change to what is published: a draft beside it, tried, published under the same name; and back again.

Real daemon, publisher, agent, store and pages. What ran with the first revision tells what made it, whatever is on
offer later; the example picture that somebody chose stands for the revision that made it.
"""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import yaml
from asking import Asking
from flask.testing import FlaskClient
from job_yard import Yard, analysis
from PIL import Image
from sqlalchemy import select

from portal.app import create_app
from portal.drafts import pictures, service
from portal.drafts.publishing import ask_to_publish, ask_to_try, standing
from portal.drafts.trying import submit_trial
from portal.errors import ConflictError, NotFoundError
from portal.identity.models import Person
from portal.identity.sessions import open_session
from portal.identity.tokens import create_token
from portal.jobs.models import JobOutput
from portal.jobs.state import State
from portal.jobs.submit.check import SubmitRequest
from portal.jobtype.offer.audience import Audience, To
from portal.jobtype.offer.offered import offered
from portal.web.signed_in import COOKIE

NAME = "draw-anew"
PAGE = f"/analyses/drafts/published/{NAME}"
DRAW = """
import pathlib, struct, zlib
def part(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
rows = b"".join(b"\\0" + bytes([SHADE]) * 30 for _ in range(20))
png = b"\\x89PNG\\r\\n\\x1a\\n" + part(b"IHDR", struct.pack(">IIBBBBB", 30, 20, 8, 0, 0, 0, 0))
png += part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
out = pathlib.Path("output")
out.mkdir(exist_ok=True)
(out / "count.txt").write_text("SHADE")
(out / "previews").mkdir(exist_ok=True)
(out / "previews" / "drawn.png").write_bytes(png)
"""
EVERYONE = Audience(To.EVERYONE, "sam")


def text_of(shade: int, summary: str, *, draws: bool = True) -> str:
    """A draft's text: its program draws in this grey, and says so or does not."""
    drawn = [{"file": "previews/drawn.png", "caption": "Drawn", "thumbnail": True}]
    methods = [f"{{input}} was drawn in grey {shade}."]
    code = DRAW.replace("SHADE", str(shade))
    made = analysis(NAME, code, summary=summary, pictures=drawn if draws else [], methods=methods)
    return yaml.safe_dump(made, sort_keys=False, allow_unicode=True)


def at(yard: Yard, draft: int) -> Any:
    with yard.database.read() as session:
        return standing(session, yard.facility.actors["sam"], draft)


def try_it(yard: Yard, draft: int) -> None:
    """Until a trial of the draft's text has succeeded."""
    yard.change(ask_to_try, draft, person="sam")
    yard.wait(lambda: at(yard, draft).may_try)
    request = SubmitRequest(NAME, {"stack": [yard.stack]}, {})
    yard.change(submit_trial, draft, request, settings=yard.settings, person="sam")
    yard.wait(lambda: at(yard, draft).stage == "tried")


def on_offer(yard: Yard) -> Any:
    settings = yard.settings
    return offered(settings.jobtypes, settings.published, by_itself=True, registered=settings.registered_published)


def run_it(yard: Yard, digest: str) -> Any:
    """Maya's job of what is on offer, which is this revision, once it is done."""
    yard.wait(lambda: NAME in on_offer(yard).by_name and on_offer(yard).by_name[NAME].revision == digest)
    yard.jobtypes = on_offer(yard)
    before = len(yard.jobs())
    yard.submit(NAME, person="maya", options={})
    yard.wait(lambda: len(yard.jobs()) > before and yard.ended())
    job = yard.jobs()[-1]
    assert job.state is State.SUCCEEDED, yard.tell()
    return job


def client_of(yard: Yard, name: str) -> FlaskClient:
    """A browser in which this person is signed in."""
    client = create_app(yard.settings, database=yard.database).test_client()
    with yard.database.write() as session:
        person = session.get_one(Person, yard.facility.actors[name].person_id)
        token = open_session(session, person, now=datetime.now(UTC), lifetime=timedelta(hours=1))
    client.set_cookie(COOKIE, token)
    return client


def api_of(yard: Yard, name: str) -> Asking:
    """The API, asked with a token of this person's."""
    app = create_app(yard.settings, database=yard.database)
    with yard.database.write() as session:
        actor, now = yard.facility.actors[name], datetime.now(UTC)
        _token, secret = create_token(session, actor, "test", ("read", "submit"), days=1, now=now)
    return Asking(app, secret)


def told(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def grey_of(png: bytes) -> int:
    """The shade of a picture's first pixel."""
    shade = Image.open(io.BytesIO(png)).convert("L").getpixel((0, 0))
    assert isinstance(shade, int)
    return shade


def pick(yard: Yard, draft: int) -> int:
    """The one picture that the trials of the draft's text made becomes its example; its number."""
    with yard.database.read() as session:
        jobtype = at(yard, draft).jobtype
        [found] = pictures.offered(session, yard.facility.actors["sam"], jobtype)
        number = found.id
    yard.change(pictures.choose, draft, number, settings=yard.settings, person="sam")
    return number


def test_a_change_is_published_beside_the_first_and_the_first_again(yard_with: Callable[..., Yard]) -> None:
    yard = yard_with()
    text = text_of(40, "Draws in dark grey.")
    draft = yard.change(
        lambda session, actor, *, now: service.create(session, actor, text, now=now).id, person="sam"
    )
    with pytest.raises(ConflictError, match="no picture of it"):
        yard.change(pictures.choose, draft, 1, settings=yard.settings, person="sam")
    yard.start_daemon()
    try_it(yard, draft)
    with pytest.raises(NotFoundError, match="no picture of a trial"):
        yard.change(pictures.choose, draft, 10_000, settings=yard.settings, person="sam")
    old_picture = pick(yard, draft)
    first = at(yard, draft).jobtype.revision
    yard.change(ask_to_publish, draft, EVERYONE, "It is new.", person="sam")
    with pytest.raises(ConflictError, match="its picture stays"):
        yard.change(lambda session, actor, *, now: pictures.leave_out(session, actor, draft), person="sam")
    job_of_first = run_it(yard, first)
    maya, sam = client_of(yard, "maya"), client_of(yard, "sam")
    assert f"/analyses/{NAME}/example.png" in maya.get("/analyses").text
    assert grey_of(maya.get(f"/analyses/{NAME}/example.png").data) == 40

    # A change is a draft beside it; what is on offer stays until it is published.
    token = re.search(r'name="csrf_token" value="([^"]+)"', sam.get(PAGE).text)
    assert token
    answer = sam.post(f"{PAGE}/change", data={"csrf_token": token[1]})
    changed = int(re.search(r"drafts/(\d+)/", answer.headers["Location"])[1])  # type: ignore[index]
    yard.change(service.save, changed, text_of(200, "Draws in light grey."), 1, person="sam")
    try_it(yard, changed)
    second = at(yard, changed).jobtype.revision
    assert second != first
    with pytest.raises(NotFoundError):  # it is of the other text
        yard.change(pictures.choose, changed, old_picture, settings=yard.settings, person="sam")
    # By the API: what its trials made is offered, and one of it chosen.
    asking = api_of(yard, "sam")
    place = f"/drafts/{changed}/example"
    found = asking("GET", place).json
    assert (found["chosen"], found["may_change"], found["earlier"]["width"]) == (None, True, 30)
    [offered] = found["offered"]
    assert grey_of(asking("GET", offered["url"].removeprefix("/api/v1")).data) == 200
    assert asking("PUT", place, json={"picture": old_picture}).status_code == 404
    assert asking("PUT", place, json={"picture": offered["id"], "earlier": True}).status_code == 422
    assert asking("PUT", place, json={"earlier": True}).json["of_earlier"] is True
    assert asking("PUT", place, json={}).json["chosen"] is None
    assert asking("GET", f"{place}.png").status_code == 404
    chosen = asking("PUT", place, json={"picture": offered["id"]}).json
    assert chosen["chosen"]["width"] == offered["width"] and chosen["of_earlier"] is False
    assert grey_of(asking("GET", f"{place}.png").data) == 200
    assert api_of(yard, "maya")("GET", place).status_code == 404
    assert on_offer(yard).by_name[NAME].revision == first
    assert grey_of(maya.get(f"/analyses/{NAME}/example.png").data) == 40
    yard.change(ask_to_publish, changed, EVERYONE, "Lighter.", person="sam")
    job_of_second = run_it(yard, second)
    assert grey_of(maya.get(f"/analyses/{NAME}/example.png").data) == 200

    # Both stand in the history, beside each other.
    history = told(sam.get(PAGE).text)
    assert history.index("Lighter.") < history.index("It is new.")
    beside = told(sam.get(PAGE, query_string={"before": first, "after": second}).text)
    assert re.search(r"summary.{0,40}Draws in dark grey\. Draws in light grey\.", beside)
    # Whose job was of the first sees what made it.
    for job, shade in ((job_of_first, 40), (job_of_second, 200)):
        with yard.database.read() as session:
            query = select(JobOutput.dataset_id).where(JobOutput.job_id == job.id)
            [dataset] = session.scalars(query).all()
        assert f"was drawn in grey {shade}." in told(maya.get(f"/datasets/{dataset}").text)
    assert job_of_first.submission.revision.digest == first

    # And back: the first is published again, with its picture.
    token = re.search(r'name="csrf_token" value="([^"]+)"', sam.get(PAGE).text)
    assert token
    sam.post(f"{PAGE}/again", data={"csrf_token": token[1], "digest": first, "changed": "Darker again."})
    assert run_it(yard, first).submission.revision.digest == first
    assert grey_of(maya.get(f"/analyses/{NAME}/example.png").data) == 40
    assert told(sam.get(PAGE).text).count("(on offer)") == 1

    # A third makes no picture: it has that of what was published last, which is marked, until it is left out.
    token = re.search(r'name="csrf_token" value="([^"]+)"', sam.get(PAGE).text)
    assert token
    answer = sam.post(f"{PAGE}/change", data={"csrf_token": token[1]})
    third = int(re.search(r"drafts/(\d+)/", answer.headers["Location"])[1])  # type: ignore[index]
    yard.change(service.save, third, text_of(90, "Draws nothing.", draws=False), 1, person="sam")
    step = f"/analyses/drafts/{third}/publish"
    try_it(yard, third)
    shown = told(sam.get(step).text)
    assert "Its trials made no picture" in shown and "As before , of the earlier revision" in shown
    assert "This picture is of an earlier revision" not in shown
    assert grey_of(sam.get(f"/analyses/drafts/{third}/earlier.png").data) == 40
    assert sam.get(f"/analyses/drafts/{third}/example.png").status_code == 404
    asked = {"csrf_token": token[1], "picture": "earlier"}
    answer = sam.post(f"/analyses/drafts/{third}/example", data=asked, follow_redirects=True)
    assert "as before" in told(answer.text)
    assert "This picture is of an earlier revision" in told(answer.text)
    assert grey_of(sam.get(f"/analyses/drafts/{third}/example.png").data) == 40
    yard.change(ask_to_publish, third, EVERYONE, "No picture.", person="sam")
    digest = at(yard, third).jobtype.revision
    yard.wait(lambda: on_offer(yard).by_name[NAME].revision == digest)
    assert grey_of(maya.get(f"/analyses/{NAME}/example.png").data) == 40
    with pytest.raises(ConflictError, match="its picture stays"):
        yard.change(lambda session, actor, *, now: pictures.take_earlier(session, actor, third), person="sam")
