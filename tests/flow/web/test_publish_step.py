"""The step Publish after a press: it looks again until the publisher has answered, and then no more."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from draft_desk import Desk
from sqlalchemy import select

from portal.drafts.revisions import RevisionDeed, RevisionWish

PART = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of every text succeeded."""
    monkeypatch.setattr("portal.drafts.publishing.was_tried", lambda *_of: True)


@pytest.fixture
def draft(desk: Desk) -> int:
    """A draft that can be published, and that it is was asked."""
    made = desk.make(title="Run", pasted="run in.tif out.tif")
    desk.step(made, "command", do="chip.1.input")
    desk.step(made, "command", do="chip.2.output")
    desk.step(made, "purpose", summary="Runs.", category="Tests")
    desk.send(f"/analyses/drafts/{made}/ask-to-publish", {"changed": "New.", "to": "everyone"})
    return made


def answer(site: Any, *, done: bool = True, words: str = "") -> None:
    """As the publisher answers what waits."""
    with site.database.write() as session:
        for wish in session.scalars(select(RevisionWish).where(~RevisionWish.deed.has())):
            session.add(RevisionDeed(wish_id=wish.id, done=done, words=words, by="root", at=datetime.now(UTC)))


def asks(html: str) -> str:
    """Where the part asks whether there is an answer; empty where it asks no more."""
    found = re.search(r'<div id="draft-answers"[^>]*hx-get="([^"]+)"', html)
    return found[1].replace("&amp;", "&") if found else ""


def publish_link(html: str) -> str:
    """What the list of steps says of Publish."""
    found = re.search(r'<a href="[^"]*/publish[^"]*"[^>]*aria-label="(Publish[^"]*)"', html)
    return found[1] if found else ""


def said(html: str) -> str:
    found = re.search(r'<div hx-swap-oob="innerHTML:#answers-said">([^<]*)</div>', html)
    return found[1] if found else ""


@pytest.mark.parametrize(
    ("done", "words", "stage", "link"),
    [
        (True, "", "Published, as it stands here.", "Publish: published"),
        (False, "It names no contact.", "Tried: a run of this very text succeeded.", "Publish: refused"),
    ],
)
def test_it_looks_until_there_is_an_answer_which_is_said_once(
    desk: Desk, site: Any, draft: int, done: bool, words: str, stage: str, link: str
) -> None:
    assert publish_link(desk.html) == "Publish: asked, and not answered yet"
    here = f"/analyses/drafts/{draft}/publish"
    assert re.search(rf'href="{here}(\?[^"]*)?">Look again', desk.html)  # without scripts
    assert '<p class="visually-hidden" id="answers-said" role="status"></p>' in desk.html
    place = asks(desk.html)
    waiting = desk.client.get(place, headers=PART).text
    assert asks(waiting) == place and not said(waiting)
    assert 'id="draft-stage"' not in waiting and 'id="draft-steps"' not in waiting
    answer(site, done=done, words=words)
    answered = desk.client.get(place, headers=PART).text
    assert asks(answered) == "" and "Look again" not in answered
    assert "To publish it" in said(answered) and stage in said(answered) and words in said(answered)
    assert publish_link(answered) == link
    assert f'id="draft-stage" hx-swap-oob="true">{stage}' in answered
    assert 'name="changed"' not in answered  # what is being typed is left alone
    assert ("Publish it to others" in answered) is done
    whole = desk.look(here)
    assert asks(whole) == "" and publish_link(whole) == link


def test_an_answer_to_one_of_two_is_said_and_it_looks_on_for_the_other(desk: Desk, site: Any, draft: int) -> None:
    answer(site)
    address = f"/analyses/drafts/{draft}/ask-to-publish"
    for changed in ("Again.", "And again."):
        desk.send(address, {"changed": changed, "to": "everyone"})
    place = asks(desk.html)
    with site.database.write() as session:
        first = session.scalars(select(RevisionWish).where(~RevisionWish.deed.has())).first()
        session.add(RevisionDeed(wish_id=first.id, done=True, words="", by="root", at=datetime.now(UTC)))
    one = desk.client.get(place, headers=PART).text
    assert "Again." in said(one)
    assert asks(one) and asks(one) != place
    assert not said(desk.client.get(asks(one), headers=PART).text)


def test_what_is_published_is_so_though_more_was_refused_later(desk: Desk, site: Any, draft: int) -> None:
    answer(site)
    desk.send(f"/analyses/drafts/{draft}/ask-to-publish", {"changed": "Again.", "to": "everyone"})
    assert publish_link(desk.html) == "Publish: asked, and not answered yet"
    answer(site, done=False, words="No.")
    assert publish_link(desk.look(f"/analyses/drafts/{draft}/data")) == "Publish: published"


def test_another_text_was_asked_of_nobody(desk: Desk, draft: int) -> None:
    desk.step(draft, "purpose", summary="Runs otherwise.")
    assert publish_link(desk.html) == ""
    assert asks(desk.look(f"/analyses/drafts/{draft}/publish")) == ""


def test_nobody_else_looks(site: Any, ines: Desk, draft: int) -> None:
    for other in (ines.client, site.client("maya")):
        assert other.get(f"/analyses/drafts/{draft}/publish/part/answers", headers=PART).status_code == 404
