"""The image that a job made, on the job's page and in the editor: asked for, waited for, staged or refused."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from made_images import Kept, keep_image, sif
from sqlalchemy import select

from portal.audit.models import AuditRecord
from portal.jobtype.load import load_folders, shipped_folder
from portal.jobtype.publish import publish
from portal.publisher import images as publisher
from portal.stager.work import look
from portal.staging.models import ImageWish


@pytest.fixture(autouse=True)
def looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in the file is another test's business."""
    monkeypatch.setattr("portal.images.made.taking.look_through", lambda _image: None)


@pytest.fixture
def signed(make_site: Any) -> Any:
    """A site where an operator signs off."""
    on_request = shipped_folder() / "on-request"
    folders = (shipped_folder(), on_request)
    site = make_site(publish=False, jobtypes=folders, web={"sign_in_limit": "1000 per minute"})
    publish(load_folders(folders), site.settings.published)
    return site


def made(site: Any, person: str = "sam", **given: Any) -> Kept:
    """A job of this person's that made an image."""
    facility = site.facility
    return keep_image(
        site.database,
        site.settings.results,
        facility.actors[person],
        facility.investigations["private"],
        facility.types["stack"],
        datetime.now(UTC),
        **given,
    )


def section(page: str) -> str:
    found = re.search(r'<section id="job-image".*?</section>', page, re.DOTALL)
    return found[0] if found else ""


def ask(site: Any, csrf: Callable[..., str], job: int, name: str, person: str = "sam") -> Any:
    client = site.client(person)
    return client.post(f"/jobs/J-{1000 + job}/stage", data={"csrf_token": csrf(client), "image_name": name})


def test_it_is_asked_for_waits_and_is_staged_and_the_editor_offers_it(
    signed: Any, csrf: Callable[..., str]
) -> None:
    kept = made(signed)
    client = signed.client("sam")
    page = section(client.get(f"/jobs/J-{1000 + kept.job}").text)
    assert 'value="cows"' in page  # of what it was called
    assert kept.digest[7:19] in page
    assert "signs it off first" in page
    answer = ask(signed, csrf, kept.job, "tools")
    assert answer.status_code == 303
    page = section(client.get(f"/jobs/J-{1000 + kept.job}").text)
    assert "<strong>tools</strong>. It waits to be signed off" in page
    assert "<form" not in page
    assert 'hx-trigger="every 30s"' in page
    with signed.database.read() as session:
        wish = session.scalars(select(ImageWish)).one()
        assert (wish.name, wish.digest, wish.job_id) == ("tools", kept.digest, kept.job)
        details = session.scalar(select(AuditRecord.details).where(AuditRecord.action == "image-asked"))
        assert details["digest"] == kept.digest
    publisher.approve(signed.database, wish.id, by="root", now=datetime.now(UTC))
    part = client.get(f"/jobs/J-{1000 + kept.job}/part/image", headers={"HX-Request": "true"})
    assert "It is being staged as <strong>tools</strong>" in part.text
    assert part.headers["Cache-Control"] == "no-store"
    look(signed.database, signed.settings, now=datetime.now(UTC))
    part = client.get(f"/jobs/J-{1000 + kept.job}/part/image", headers={"HX-Request": "true"}).text
    assert "It is staged as <strong>tools</strong>" in part
    assert "hx-trigger" not in part
    token = csrf(client)
    drafted = client.post("/analyses/drafts", data={"csrf_token": token, "title": "A", "pasted": "a in.tif"})
    editor = client.get(drafted.headers["Location"].partition("?")[0].partition("#")[0]).text
    assert '<option value="tools"' in editor
    assert f"J-{1000 + kept.job}, Image: Cows</a> is staged as tools" in editor


def test_why_it_was_refused_is_read_and_it_can_be_asked_for_again(signed: Any, csrf: Callable[..., str]) -> None:
    kept = made(signed)
    ask(signed, csrf, kept.job, "tools")
    publisher.refuse(signed.database, 1, "Say <b>what</b> it is for.", by="ines", now=datetime.now(UTC))
    page = section(signed.client("sam").get(f"/jobs/J-{1000 + kept.job}").text)
    assert "It was not staged as tools, says ines: Say &lt;b&gt;what&lt;/b&gt; it is for." in page
    assert "<form" in page
    assert ask(signed, csrf, kept.job, "tools").status_code == 303
    with signed.database.read() as session:
        assert len(session.scalars(select(ImageWish)).all()) == 2


@pytest.mark.parametrize("name", ["", "Tools", "../x", "a.sif", "<b>", "a" * 101])
def test_a_name_that_cannot_be_is_said_beside_its_field_and_stays(
    signed: Any, csrf: Callable[..., str], name: str
) -> None:
    kept = made(signed)
    answer = ask(signed, csrf, kept.job, name)
    assert answer.status_code == 422
    page = section(answer.text)
    assert "This cannot be the name of an image." in page
    assert 'aria-invalid="true"' in page
    assert f'value="{name.replace("<", "&lt;").replace(">", "&gt;")}"' in page
    with signed.database.read() as session:
        assert session.scalars(select(ImageWish)).all() == []


def test_a_name_that_another_image_has_is_told(signed: Any, csrf: Callable[..., str]) -> None:
    first, second = made(signed), made(signed, raw=sif(b"2"))
    ask(signed, csrf, first.job, "tools")
    publisher.approve(signed.database, 1, by="root", now=datetime.now(UTC))
    look(signed.database, signed.settings, now=datetime.now(UTC))
    answer = ask(signed, csrf, second.job, "tools")
    assert answer.status_code == 422
    assert "An image has the name tools already. Choose another name." in answer.text


def test_only_who_made_it_is_offered_that_it_is_staged(signed: Any, csrf: Callable[..., str]) -> None:
    mayas, sams = made(signed, "maya"), made(signed)
    for person, job in (("maya", mayas.job), ("sam", mayas.job), ("maya", sams.job)):
        answer = signed.client(person).get(f"/jobs/J-{1000 + job}")
        assert section(answer.text) == "", (person, job)
    assert ask(signed, csrf, mayas.job, "cows", "maya").status_code == 403  # not of the staff
    assert ask(signed, csrf, mayas.job, "cows").status_code == 403
    assert ask(signed, csrf, sams.job, "cows", "tom").status_code == 404
    plain = signed.client("maya").get(f"/jobs/J-{1000 + signed.job}")
    assert "job-image" not in plain.text


def test_where_nobody_signs_off_it_begins_at_once(make_site: Any, csrf: Callable[..., str]) -> None:
    site = make_site()
    kept = made(site)
    page = section(site.client("sam").get(f"/jobs/J-{1000 + kept.job}").text)
    assert "That begins at once." in page
    ask(site, csrf, kept.job, "cows")
    page = section(site.client("sam").get(f"/jobs/J-{1000 + kept.job}").text)
    assert "It is being staged as <strong>cows</strong>" in page


def test_while_the_job_runs_the_page_says_what_comes(signed: Any) -> None:
    from portal.jobs.state import State

    kept = made(signed, state=State.RUNNING)
    page = section(signed.client("sam").get(f"/jobs/J-{1000 + kept.job}").text)
    assert "Once the job has ended well you ask here" in page
