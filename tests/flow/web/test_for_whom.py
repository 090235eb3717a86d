"""For whom an analysis is published: who has it keeps it, unless it is said and meant that she loses it."""

import re
from html import unescape
from typing import Any

import pytest
from draft_desk import Desk
from published_here import put_down
from sqlalchemy import select

from portal.catalogue.models import Instrument
from portal.drafts.models import Draft
from portal.drafts.revisions import RevisionWish
from portal.jobtype.load import judge
from portal.jobtype.offer.audience import EVERYONE, Audience, To

NAME = "run"


@pytest.fixture(autouse=True)
def tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of every text succeeded."""
    monkeypatch.setattr("portal.drafts.publishing.was_tried", lambda *_of: True)


def sound(desk: Desk) -> int:
    """A draft that can be published."""
    draft = desk.make(title="Run", pasted="run in.tif out.tif")
    desk.step(draft, "command", do="chip.1.input")
    desk.step(draft, "command", do="chip.2.output")
    desk.step(draft, "purpose", summary="Runs.", category="Tests")
    return draft


def name_of(desk: Desk, draft: int) -> str:
    """The analysis's name in its text."""
    found = judge(desk.client.get(f"/analyses/drafts/{draft}/file").text).jobtype
    assert found is not None
    return found.name


def on_offer(site: Any, name: str, audience: Audience, text: str = "another text") -> str:
    """Something is on offer under this name; its digest."""
    with site.database.write() as session:
        return put_down(session, site.facility.actors["sam"].person_id, name, text, audience=audience)


def asked(site: Any) -> list[dict[str, Any]]:
    """The audiences of what waits for the publisher."""
    with site.database.read() as session:
        query = select(RevisionWish).where(~RevisionWish.deed.has()).order_by(RevisionWish.id)
        return [one.audience for one in session.scalars(query)]


def ticked(html: str, name: str) -> list[str]:
    """What stands chosen in a field."""
    return re.findall(rf'name="{name}" value="([^"]*)" checked', html)


def told(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", html)))


def test_the_next_revision_is_for_whom_it_is_on_offer_unless_it_is_meant_otherwise(desk: Desk, site: Any) -> None:
    draft = sound(desk)
    desk.look(f"/analyses/drafts/{draft}/publish")
    assert ticked(desk.html, "to") == ["myself"]  # nobody has it yet, so nobody loses it
    assert 'name="narrow"' not in desk.html
    on_offer(site, name_of(desk, draft), EVERYONE)
    desk.look(f"/analyses/drafts/{draft}/publish")
    assert ticked(desk.html, "to") == ["everyone"]
    assert "Until now everyone has it; then only you alone have it." in told(desk.html)
    address = f"/analyses/drafts/{draft}/ask-to-publish"
    desk.send(address, {"changed": "Better.", "to": "myself"})
    assert asked(site) == []
    assert "Until now everyone has it; then only you alone have it. Nothing was asked for." in told(desk.html)
    assert ticked(desk.html, "to") == ["myself"] and ticked(desk.html, "narrow") == []
    assert 'value="Better."' in desk.html  # nothing typed is lost
    desk.send(address, {"changed": "Better.", "to": "myself", "narrow": "yes"})
    assert asked(site) == [{"to": "myself", "author": "sam", "ids": []}]
    desk.send(address, {"changed": "Better.", "to": "everyone"})
    assert asked(site)[1:] == [{"to": "everyone", "author": "sam", "ids": []}]


def test_the_instruments_and_experiments_that_have_it_are_ticked_and_missed(desk: Desk, site: Any) -> None:
    draft = sound(desk)
    name = name_of(desk, draft)
    with site.database.write() as session:
        made = [Instrument(facility_id=site.facility.facility, name=f"M{one}", full_name="") for one in (7, 8)]
        session.add_all(made)
        session.flush()
        first, second = (one.id for one in made)
    on_offer(site, name, Audience(To.INSTRUMENTS, "sam", (first, second)))
    desk.look(f"/analyses/drafts/{draft}/publish")
    assert ticked(desk.html, "to") == ["instruments"]
    assert ticked(desk.html, "instrument") == [str(first), str(second)]
    address = f"/analyses/drafts/{draft}/ask-to-publish"
    desk.send(address, {"changed": "x", "to": "instruments", "instrument": str(first)})
    assert "then the scientists of M8 no longer." in told(desk.html) and asked(site) == []
    assert ticked(desk.html, "instrument") == [str(first)]
    private = site.facility.investigations["private"]
    on_offer(site, name, Audience(To.EXPERIMENTS, "sam", (private,)), "a third text")
    desk.look(f"/analyses/drafts/{draft}/publish")
    assert ticked(desk.html, "to") == ["experiments"] and ticked(desk.html, "experiment") == [str(private)]
    desk.send(address, {"changed": "x", "to": "instruments", "instrument": [str(first), str(second)]})
    assert "then only the scientists of M7 and M8 have it." in told(desk.html) and asked(site) == []


def test_what_is_published_is_published_to_others_without_another_text(desk: Desk, site: Any) -> None:
    draft = sound(desk)
    name = name_of(desk, draft)
    text = desk.client.get(f"/analyses/drafts/{draft}/file").text
    on_offer(site, name, Audience(To.MYSELF, "sam"), text)
    with site.database.write() as session:  # as the document's own digest has it
        wish = session.scalars(select(RevisionWish)).one()
        jobtype = judge(text).jobtype
        assert jobtype is not None
        wish.revision.digest = jobtype.revision
    desk.look(f"/analyses/drafts/{draft}/publish")
    assert "Published, as it stands here." in desk.html and "Publish it to others" in desk.html
    assert "Until now you alone have it." in told(desk.html)
    desk.send(f"/analyses/drafts/{draft}/ask-to-publish", {"changed": "For all.", "to": "everyone"})
    assert asked(site) == [{"to": "everyone", "author": "sam", "ids": []}]


def test_what_somebody_has_alone_is_not_taken_from_her_and_not_told(desk: Desk, ines: Desk, site: Any) -> None:
    draft = sound(ines)
    on_offer(site, name_of(ines, draft), Audience(To.MYSELF, "sam"))
    ines.send(f"/analyses/drafts/{draft}/ask-to-publish", {"changed": "x", "to": "myself"})
    assert "Until now somebody else of the staff alone has it; then only you alone have it." in told(ines.html)
    assert "Sam" not in told(ines.html) and asked(site) == []


def test_going_back_to_a_revision_for_fewer_is_said_and_ticked_first(desk: Desk, site: Any) -> None:
    first = on_offer(site, NAME, Audience(To.MYSELF, "sam"), "the first text")
    second = on_offer(site, NAME, EVERYONE, "the second text")
    page = f"/analyses/drafts/published/{NAME}"
    desk.look(page)
    assert f"{page}?again={first}#again" in unescape(desk.html).replace("%3A", ":")
    desk.send(f"{page}/again", {"digest": first, "changed": "Back."})
    assert "Until now everyone has it; then only you alone have it." in told(desk.html) and asked(site) == []
    desk.send(f"{page}/again", {"digest": first, "changed": "Back.", "narrow": "yes"})
    assert asked(site) == [{"to": "myself", "author": "sam", "ids": []}]
    # For as many as have it now, or more, it is asked for at once.
    on_offer(site, NAME, EVERYONE, "the third text")
    desk.send(f"{page}/again", {"digest": second, "changed": "Back."})
    assert asked(site)[1:] == [{"to": "everyone", "author": "sam", "ids": []}]


def test_what_somebody_else_published_is_replaced_only_where_that_is_meant(
    desk: Desk, ines: Desk, site: Any
) -> None:
    draft = sound(ines)
    name = name_of(ines, draft)
    ines.look(f"/analyses/drafts/{draft}/publish")
    assert 'name="over"' not in ines.html
    first = on_offer(site, name, EVERYONE)
    ines.look(f"/analyses/drafts/{draft}/publish")
    whose = f"Under the name {name} stands what Sam Weber published: it would be replaced."
    assert whose in told(ines.html) and ticked(ines.html, "over") == []
    address = f"/analyses/drafts/{draft}/ask-to-publish"
    ines.send(address, {"changed": "Mine.", "to": "everyone"})
    assert f"{whose} Nothing was asked for." in told(ines.html) and asked(site) == []
    assert 'value="Mine."' in ines.html
    # Sam, whose it is, is not asked; nor is who changes what he published, until he publishes again.
    own = sound(desk)
    assert name_of(desk, own) == name
    desk.look(f"/analyses/drafts/{own}/publish")
    assert 'name="over"' not in desk.html
    with site.database.write() as session:
        session.get_one(Draft, draft).based_on = first
    ines.look(f"/analyses/drafts/{draft}/publish")
    assert 'name="over"' not in ines.html
    on_offer(site, name, EVERYONE, "a third text")
    ines.look(f"/analyses/drafts/{draft}/publish")
    since = "This draft began as an earlier revision. Sam Weber published another one since: it would be replaced."
    assert since in told(ines.html)
    ines.send(address, {"changed": "Mine.", "to": "everyone", "over": "yes"})
    assert [one["author"] for one in asked(site)] == ["ines"]


def test_who_has_it_alone_is_not_named_to_whom_it_would_be_replaced_by(ines: Desk, site: Any) -> None:
    draft = sound(ines)
    on_offer(site, name_of(ines, draft), Audience(To.MYSELF, "sam"))
    ines.send(f"/analyses/drafts/{draft}/ask-to-publish", {"changed": "x", "to": "everyone"})
    assert "stands what somebody else of the staff has alone: it would be replaced." in told(ines.html)
    assert "Weber" not in told(ines.html) and asked(site) == []
