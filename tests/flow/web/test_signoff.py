"""Signing off in the browser: my keys, what waits for a second person, signed, refused, decided."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from page_forms import form_on
from soft_key import SoftKey
from sqlalchemy import select, update

from portal.documents import digest
from portal.drafts.revisions import DraftRevision, RevisionDeed, RevisionWish, Wished
from portal.drafts.signoff.meant import meant
from portal.drafts.signoff.models import Signoff, SignoffAnswer, SignoffKeyOffer
from portal.drafts.signoff.webauthn import packed
from portal.identity.models import Person
from portal.jobtype.offer.audience import Audience, To
from portal.publisher.keys import enrol

ORIGIN = "https://gantry.example.org"
TEXT = """\
name: shrink
version: "1"
title: Shrink a <b>picture</b>
summary: Makes it smaller.
category: Pictures
contact: staff
program: {command: [convert]}
resources: {default: small, variants: [{name: small, label: Small}]}
result_title: Small
outputs: [{name: small, dataset_type: picture}]
"""
KEYS = "/analyses/drafts/keys"


@pytest.fixture
def site(make_site: Callable[..., Any]) -> Any:
    """Where a second member of staff signs off; Maya is of the staff, too."""
    made = make_site(publisher={"signs": "staff"}, web={"base_url": ORIGIN, "sign_in_limit": "1000 per minute"})
    with made.database.write() as session:
        session.execute(update(Person).where(Person.name == "maya").values(roles=["staff"]))
    return made


def wish(site: Any, text: str = TEXT, person: str = "sam", changed: str = "It is new.") -> int:
    with site.database.write() as session:
        found = digest(text.encode())
        author = site.facility.actors[person].person_id
        revision = session.scalars(select(DraftRevision).where(DraftRevision.digest == found)).first()
        revision = revision or DraftRevision(
            author_id=author, name="shrink", digest=found, text=text, created=datetime.now(UTC)
        )
        session.add(revision)
        session.flush()
        made = RevisionWish(
            revision_id=revision.id,
            person_id=author,
            wished=Wished.PUBLISH,
            audience=Audience(To.EVERYONE, person).document(),
            changed=changed,
            at=datetime.now(UTC),
        )
        session.add(made)
        session.flush()
        return made.id


def decide(site: Any, number: int, done: bool = True, words: str = "") -> None:
    with site.database.write() as session:
        session.add(RevisionDeed(wish_id=number, done=done, words=words, by="maya", at=datetime.now(UTC)))


def made(site: Any, client: Any, key: SoftKey, **more: str) -> Any:
    form = form_on(client.get(KEYS).text, KEYS)
    client_data, attestation = key.made()
    fields = {"label": "Blue key", "client_data": client_data, "attestation": attestation} | more
    return client.post(KEYS, data=form.data(**fields))


def enrolled(site: Any, client: Any, key: SoftKey) -> None:
    code = next(
        part for part in made(site, client, key).headers["Location"] and client.get(KEYS).text.split("<code>")[1:]
    )
    enrol(site.database, site.settings, "maya", code[:19], by="root", now=datetime.now(UTC))


def test_a_key_that_is_made_waits_for_an_operator_with_its_code(site: Any) -> None:
    maya, key = site.client("maya"), SoftKey(ORIGIN)
    assert "You have no keys yet" in maya.get(KEYS).text
    assert made(site, maya, key, label=" ").status_code == 422
    assert "what you call this key" in made(site, maya, key, label=" ").text
    assert made(site, maya, SoftKey("https://evil.org")).status_code == 422
    assert made(site, maya, key, client_data="").status_code == 422
    assert made(site, maya, key).status_code == 303
    html = maya.get(KEYS).text
    assert "waits for an operator" in html
    enrolled(site, maya, SoftKey(ORIGIN))
    html = maya.get(KEYS).text
    assert html.count("<code>") == 2
    assert "enrolled " in html
    with site.database.read() as session:
        assert len(session.scalars(select(SignoffKeyOffer)).all()) == 2


def test_what_waits_is_shown_to_others_of_the_staff_with_what_would_change(site: Any) -> None:
    sam, maya, tom = (site.client(name) for name in ("sam", "maya", "tom"))
    first = wish(site)
    page = f"/analyses/drafts/waiting/{first}"
    assert page not in sam.get("/analyses/drafts").text
    assert "Waits for a second person" in maya.get("/analyses/drafts").text
    assert sam.get(page).status_code == 404
    assert tom.get(page).status_code == 403
    html = maya.get(page).text
    assert "Sam Weber asks to publish this to everyone" in html
    assert "Shrink a &lt;b&gt;picture&lt;/b&gt;" in html
    assert "<b>picture" not in html
    assert "Nothing is on offer under this name now" in html
    assert "You have no key that counts" in html
    decide(site, first)
    assert maya.get(page).status_code == 404  # she had said nothing about it
    second = wish(site, TEXT.replace("smaller", "tiny"), changed="Smaller still.")
    html = maya.get(f"/analyses/drafts/waiting/{second}").text
    assert "- summary: Makes it smaller." in html
    assert "+ summary: Makes it tiny." in html
    again = wish(site)
    assert "The text is the one that is on offer now" in maya.get(f"/analyses/drafts/waiting/{again}").text


def test_what_her_key_signed_is_handed_on_and_its_answer_shown(site: Any) -> None:
    maya, key, number = site.client("maya"), SoftKey(ORIGIN), wish(site)
    page = f"/analyses/drafts/waiting/{number}"
    enrolled(site, maya, key)
    html = maya.get(page).text
    form = form_on(html, f"{page}/sign")
    with site.database.read() as session:
        intended = meant(session.get_one(RevisionWish, number), "maya")
    assert intended.statement.replace('"', "&#34;") in html
    given = key.signs(intended.challenge)
    fields = {
        "credential": packed(given.credential),
        "client_data": packed(given.client_data),
        "authenticator_data": packed(given.authenticator_data),
        "signature": packed(given.signature),
    }
    assert "cannot be read" in maya.post(f"{page}/sign", data=form.data(), follow_redirects=True).text
    assert "Signed." in maya.post(f"{page}/sign", data=form.data(**fields), follow_redirects=True).text
    assert "not looked at yet" in maya.get(page).text
    with site.database.write() as session:
        said = session.scalars(select(Signoff)).one()
        assert (said.person_id, said.approves) == (site.facility.actors["maya"].person_id, True)
        session.add(
            SignoffAnswer(signoff_id=said.id, counts=False, words="This key is withdrawn.", at=datetime.now(UTC))
        )
    assert "This key is withdrawn." in maya.get(page).text
    decide(site, number)
    assert "Signed off by Maya Lind. It is published." in maya.get(page).text
    late = maya.post(f"{page}/sign", data=form.data(**fields), follow_redirects=True).text
    assert "decided meanwhile" in late


def test_she_refuses_it_with_a_sentence(site: Any) -> None:
    maya, number = site.client("maya"), wish(site)
    page = f"/analyses/drafts/waiting/{number}"
    form = form_on(maya.get(page).text, f"{page}/refuse")
    empty = maya.post(f"{page}/refuse", data=form.data(why=" "))
    assert empty.status_code == 422
    assert "why not" in empty.text
    done = maya.post(f"{page}/refuse", data=form.data(why="It names no contact."), follow_redirects=True).text
    assert "Refused. Sam Weber reads why." in done
    with site.database.read() as session:
        said = session.scalars(select(Signoff)).one()
        assert (said.approves, said.words, said.signature) == (False, "It names no contact.", "")


def test_who_asked_signs_and_refuses_nothing(site: Any) -> None:
    sam, maya, number = site.client("sam"), site.client("maya"), wish(site)
    page = f"/analyses/drafts/waiting/{number}"
    form = form_on(maya.get(page).text, f"{page}/refuse")
    for where in ("sign", "refuse"):
        token = form_on(sam.get("/analyses/drafts").text, "/analyses/drafts").data()
        fields = dict.fromkeys(("credential", "client_data", "authenticator_data", "signature"), "AAAA")
        assert sam.post(f"{page}/{where}", data=token | fields | {"why": "x"}).status_code == 404
    assert form
    with site.database.read() as session:
        assert session.scalars(select(Signoff)).all() == []


def test_where_nobody_signs_with_keys_nothing_speaks_of_them(make_site: Callable[..., Any]) -> None:
    site = make_site()
    sam = site.client("sam")
    assert "sign-off keys" not in sam.get("/analyses/drafts").text
    number = wish(site)
    assert sam.get(f"/analyses/drafts/waiting/{number}").status_code == 404


def test_at_another_address_the_page_says_where_keys_work(make_site: Callable[..., Any]) -> None:
    site = make_site(publisher={"signs": "staff"})
    html = site.client("sam").get(KEYS).text
    assert f'href="http://localhost:{site.settings.web.port}{KEYS}"' in html


def told_by_bell(client: Any, page: str = "/") -> int:
    """How many are new, as the header says it."""
    found = re.search(r"Notices, (\d+) new<", client.get(page).text)
    return int(found[1]) if found else 0


def test_what_waits_for_a_key_is_told_by_the_bell_until_something_is_said_of_it(site: Any) -> None:
    sam, maya, tom = (site.client(name) for name in ("sam", "maya", "tom"))
    number = wish(site)
    had = told_by_bell(maya)  # she has no key yet
    assert "waits for your key" not in maya.get("/notices").text
    enrolled(site, maya, SoftKey(ORIGIN))
    assert told_by_bell(maya) == told_by_bell(maya, "/notices") == had + 1
    part = maya.get("/notices/part/bell", headers={"HX-Request": "true"}).text
    assert f"Notices, {had + 1} new<" in part
    html = maya.get("/notices").text
    assert "Something waits for your key" in html
    assert f'href="/analyses/drafts/waiting/{number}"' in html
    assert "Shrink a &lt;b&gt;picture&lt;/b&gt;" in html and "<b>picture" not in html
    for other in (sam, tom):  # who asked, and who is not of the staff
        assert "waits for your key" not in other.get("/notices").text
        assert told_by_bell(other) == 0
    page = f"/analyses/drafts/waiting/{number}"
    maya.post(f"{page}/refuse", data=form_on(maya.get(page).text, f"{page}/refuse").data(why="It names nobody."))
    assert told_by_bell(maya) == had  # she has said something of it
    with site.database.write() as session:
        said = session.scalars(select(Signoff)).one()
        session.add(SignoffAnswer(signoff_id=said.id, counts=False, words="No key.", at=datetime.now(UTC)))
    assert told_by_bell(maya) == had + 1  # which did not count
    decide(site, number, done=False, words="It names nobody.")
    assert told_by_bell(maya) == had
