"""An image that waits for a second member of staff: its page, lists, bell, notices; signed, refused, decided."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from made_images import BUILDER, keep_image
from page_forms import form_on
from soft_key import SoftKey
from sqlalchemy import select, update

from portal.drafts.signoff.keys import offer_key
from portal.drafts.signoff.webauthn import Party, packed
from portal.identity.models import Person
from portal.publisher import images as publisher
from portal.publisher.keys import enrol
from portal.staging import second
from portal.staging.models import ImageSignoff, ImageWish

ORIGIN = "https://gantry.example.org"
PAGE = "/images/waiting/1"
JOB_OPTIONS = {"called": "Cows!", "requirements": "numpy==2.1\n<b>scipy</b>", "packages": ""}


@pytest.fixture
def site(make_site: Callable[..., Any]) -> Any:
    """Where a second member of staff signs off; Maya is of the staff, too, and has a key."""
    settings = {"signs": "staff"}
    made = make_site(publisher=settings, web={"base_url": ORIGIN, "sign_in_limit": "1000 per minute"})
    with made.database.write() as session:
        session.execute(update(Person).where(Person.name == "maya").values(roles=["staff"]))
    return made


@pytest.fixture
def asked(site: Any) -> ImageWish:
    """What Sam wants staged."""
    now, facility = datetime.now(UTC), site.facility
    document = BUILDER | {
        "options": [
            {"name": "called", "type": "text", "label": "What it is for"},
            {"name": "requirements", "type": "long_text", "label": "Python packages"},
            {"name": "packages", "type": "long_text", "label": "Debian packages"},
        ],
    }
    kept = keep_image(
        site.database,
        site.settings.results,
        facility.actors["sam"],
        facility.investigations["private"],
        facility.types["stack"],
        now,
        document=document,
    )
    with site.database.write() as session:
        wish = ImageWish(
            person_id=facility.actors["sam"].person_id, job_id=kept.job, name="cows", digest=kept.digest, at=now
        )
        session.add(wish)
        session.flush()
        wish.job.options = JOB_OPTIONS
        session.flush()
        session.expunge_all()
        return wish


@pytest.fixture
def key(site: Any) -> SoftKey:
    """Maya's, which an operator enrolled."""
    now, made = datetime.now(UTC), SoftKey(ORIGIN)
    with site.database.write() as session:
        maya = session.scalars(select(Person).where(Person.name == "maya")).one().actor()
        code = offer_key(session, maya, "Blue", made.made(), Party(site.settings.signoff_origin), now=now)
    enrol(site.database, site.settings, "maya", code, by="root", now=now)
    return made


def test_it_stands_where_a_second_person_looks_with_what_it_was_made_of(
    site: Any, asked: ImageWish, key: SoftKey
) -> None:
    sam, maya, tom = (site.client(name) for name in ("sam", "maya", "tom"))
    assert PAGE not in sam.get("/analyses/drafts").text
    for where in ("/analyses/drafts", "/notices"):
        page = maya.get(where).text
        assert f'href="{PAGE}"' in page and "asks that this image is staged" in page, where
    assert "2 new" in maya.get("/notices/part/bell", headers={"HX-Request": "true"}).text
    assert (sam.get(PAGE).status_code, tom.get(PAGE).status_code) == (404, 403)
    page = maya.get(PAGE).text
    assert "Sam Weber asks that this image is staged" in page
    assert asked.digest in page
    assert "numpy==2.1\n&lt;b&gt;scipy&lt;/b&gt;" in page
    assert "Debian packages" not in page  # left empty
    own = sam.get(f"/jobs/J-{1000 + asked.job_id}").text
    assert "another member of staff does so with a key" in own


def test_what_her_key_signed_is_handed_on_and_counts(site: Any, asked: ImageWish, key: SoftKey) -> None:
    maya = site.client("maya")
    form = form_on(maya.get(PAGE).text, f"{PAGE}/sign")
    assert "cannot be read" in maya.post(f"{PAGE}/sign", data=form.data(), follow_redirects=True).text
    with site.database.read() as session:
        wish = session.get_one(ImageWish, asked.id)
        assert second.statement(wish, "maya").replace('"', "&#34;") in maya.get(PAGE).text
        given = key.signs(second.challenge(wish, "maya"))
    names = ("credential", "client_data", "authenticator_data", "signature")
    fields = {name: packed(getattr(given, name)) for name in names}
    assert "Signed." in maya.post(f"{PAGE}/sign", data=form.data(**fields), follow_redirects=True).text
    assert "not looked at yet" in maya.get(PAGE).text
    assert PAGE not in maya.get("/notices").text
    [heard] = publisher.look(site.database, site.settings, now=datetime.now(UTC))
    assert (heard.by, heard.words) == ("maya", "")
    page = maya.get(PAGE).text
    assert "Signed off by maya. It is being staged." in page
    assert "Sign off with your key" not in page
    late = maya.post(f"{PAGE}/sign", data=form.data(**fields), follow_redirects=True).text
    assert "decided meanwhile" in late


def test_she_refuses_it_with_a_sentence_that_who_asked_reads(site: Any, asked: ImageWish) -> None:
    maya = site.client("maya")
    form = form_on(maya.get(PAGE).text, f"{PAGE}/refuse")
    empty = maya.post(f"{PAGE}/refuse", data=form.data(why=" "))
    assert empty.status_code == 422 and "why not" in empty.text
    done = maya.post(f"{PAGE}/refuse", data=form.data(why="Say <what> for."), follow_redirects=True).text
    assert "Refused. Sam Weber reads why." in done
    publisher.look(site.database, site.settings, now=datetime.now(UTC))
    own = site.client("sam").get(f"/jobs/J-{1000 + asked.job_id}").text
    assert "It was not staged as cows, says Maya Lind: Say &lt;what&gt; for." in own
    assert "It was refused by maya: Say &lt;what&gt; for." in maya.get(PAGE).text


def test_who_asked_says_nothing_about_it(site: Any, asked: ImageWish, csrf: Callable[..., str]) -> None:
    sam = site.client("sam")
    fields = dict.fromkeys(("credential", "client_data", "authenticator_data", "signature"), "AAAA")
    for where in ("sign", "refuse"):
        data = {"csrf_token": csrf(sam), "why": "x"} | fields
        assert sam.post(f"{PAGE}/{where}", data=data).status_code == 404
    with site.database.read() as session:
        assert session.scalars(select(ImageSignoff)).all() == []
