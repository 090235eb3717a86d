"""The bell and the notices, as a browser without a script has them."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, select

from portal.jobs.models import Job, JobEvent, Submission
from portal.notify.models import About, Notice


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def tell(site: Any, number: int, **changes: Any) -> None:
    with site.database.write() as session:
        for _ in range(number):
            happened = JobEvent(
                job_id=site.job, at=datetime.now(UTC), from_state="x", to_state="failed", by="gantry"
            )
            happened.words = "It ran out of memory (1.5 GB). Your dataset is unchanged."
            session.add(happened)
            session.flush()
            values = {"job_id": site.job, "about": About.FAILED, "counts": {}} | changes
            session.add(
                Notice(
                    event_id=happened.id,
                    person_id=site.facility.actors["maya"].person_id,
                    submission_id=site.submission,
                    at=datetime.now(UTC),
                    **values,
                )
            )


@pytest.mark.parametrize("page", ["/", "/jobs", "/data", "/me", "/notices", "/datasets/999999"])
def test_every_page_has_the_bell_with_the_number_of_what_is_new(site: Any, page: str) -> None:
    tell(site, 2)
    assert "Notices, 3 new" in site.client("maya").get(page).text
    others = site.client("tom").get(page).text
    assert 'class="tool bell"' in others and " new</span>" not in others


def test_nobody_has_no_bell(site: Any) -> None:
    client = site.client()
    assert 'id="bell"' not in client.get("/sign-in").text
    assert client.get("/notices").status_code == client.get("/notices/part/bell").status_code == 303


def test_more_than_ninety_nine_are_not_counted_further(site: Any) -> None:
    tell(site, 120)
    assert "Notices, more than 99 new" in site.client("maya").get("/me").text


def test_the_list_says_what_happened_and_leads_there(site: Any) -> None:
    with site.database.write() as session:
        session.get_one(Job, site.job).title = "Heart"
        session.get_one(Submission, site.submission).title = "Many hearts"
    tell(site, 1)
    tell(site, 1, job_id=None, about=About.BATCH, counts={"succeeded": 10, "failed": 2})
    tell(site, 1, about=About.DONE)
    page = site.client("maya").get("/notices").text
    said = words(page)
    assert "Failed Heart New" in said
    assert "It ran out of memory (1.5 GB). Your dataset is unchanged." in said
    assert "Failed Many hearts has ended New just now · 12 jobs: 10 done and 2 failed." in said
    assert "Done Heart New just now" in said
    assert f'href="/jobs/J-{1000 + site.job}"' in page and f'href="/batches/{site.submission}"' in page
    assert said.index("Done Heart") < said.index("Failed Heart")


def test_one_is_marked_as_read_and_then_all_of_the_page(site: Any, csrf: Any) -> None:
    tell(site, 3)
    maya = site.client("maya")
    data = {"csrf_token": csrf(maya, "/me")}
    assert maya.post(f"/notices/{site.notice}/read", data=data).status_code == 303
    page = maya.get("/notices").text
    assert "Notices, 3 new" in page
    until = re.search(r'name="until" value="(\d+)"', page)
    assert until
    tell(site, 1)
    assert maya.post("/notices/read", data={**data, "until": until.group(1)}).status_code == 303
    assert "Notices, 1 new" in maya.get("/notices").text


@pytest.mark.parametrize("until", ["", "-1", "x", "9" * 40])
def test_a_number_that_is_none_marks_nothing(site: Any, csrf: Any, until: str) -> None:
    maya = site.client("maya")
    maya.post("/notices/read", data={"csrf_token": csrf(maya, "/me"), "until": until})
    assert "Notices, 1 new" in maya.get("/me").text


@pytest.mark.parametrize("person", ["tom", "ravi", "sam"])
def test_somebody_else_neither_sees_nor_marks_them_not_even_staff(site: Any, csrf: Any, person: str) -> None:
    other = site.client(person)
    assert "Nothing has happened yet." in other.get("/notices").text
    data = {"csrf_token": csrf(other, "/me")}
    assert other.post(f"/notices/{site.notice}/read", data=data).status_code == 404
    other.post("/notices/read", data={**data, "until": "999999999"})
    with site.database.read() as session:
        assert session.scalars(select(Notice.read)).all() == [None]


def test_marking_needs_the_forms_token(site: Any) -> None:
    maya = site.client("maya")
    for page in (f"/notices/{site.notice}/read", "/notices/read"):
        assert maya.post(page, data={"until": "9"}).status_code in {303, 400}
    assert "Notices, 1 new" in maya.get("/me").text


def test_the_list_comes_in_pages_and_a_longer_one_asks_no_more(site: Any) -> None:
    maya, counts = site.client("maya"), []
    for number in (3, 40):
        tell(site, number)
        seen: list[str] = []
        listener = lambda *args, seen=seen: seen.append(args[2])  # noqa: E731
        event.listen(site.database.engine, "before_cursor_execute", listener)
        page = maya.get("/notices").text
        event.remove(site.database.engine, "before_cursor_execute", listener)
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert page.count('id="notice-') == 25 and "1–25 of 44 notices" in page
    assert maya.get("/notices?page=2").text.count('id="notice-') == 19


def test_the_header_asks_one_question_that_an_index_answers(site: Any) -> None:
    seen: list[str] = []
    listener = lambda *args: seen.append(args[2])  # noqa: E731
    event.listen(site.database.engine, "before_cursor_execute", listener)
    site.client("maya").get("/help")
    event.remove(site.database.engine, "before_cursor_execute", listener)
    [asked] = [statement for statement in seen if "notice" in statement]
    with site.database.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", (1, 1, 100, 0, 1)).all()
    for index in ("ix_notice_new", "ix_access_question_open"):
        assert any(index in str(row) for row in plan), plan
