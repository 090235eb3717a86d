"""What every answer carries, and what no page contains."""

import re
from typing import Any

import pytest
from sqlalchemy import text

PAGES = ["/", "/data", "/experiments", "/analyses", "/jobs", "/me", "/help", "/facility", "/no-such-page"]


@pytest.mark.parametrize("page", PAGES)
def test_each_page_forbids_foreign_and_inline_code_and_contains_none(site: Any, page: str) -> None:
    answer = site.client("sam").get(page)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert not re.search(r"<script(?![^>]*\bsrc=)", answer.text)
    assert not re.search(r"<[^>]+\s(?:style|on\w+)=", answer.text)
    assert "javascript:" not in answer.text
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", answer.text)


def test_every_form_that_changes_something_carries_a_token(site: Any) -> None:
    maya, seen = site.client("maya"), 0
    dataset = site.facility.datasets["private"]
    pages = [*PAGES, f"/datasets/{dataset}", f"/analyses/qc/start?dataset={dataset}", f"/jobs/J-{1000 + site.job}"]
    for page in pages:
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", maya.get(page).text, re.S):
            assert 'name="csrf_token"' in form, page
            seen += 1
    assert seen > 10


@pytest.mark.parametrize("page", ["/me/tokens", "/me/password", "/sign-out", "/analyses/qc/start"])
def test_a_form_without_a_token_changes_nothing(site: Any, page: str) -> None:
    client = site.client("maya")
    answer = client.post(page, data={"name": "stolen", "scopes": "read", "days": "7"})
    assert answer.status_code in {303, 400}
    assert "stolen" not in client.get("/me").text
    assert client.get("/me").status_code == 200


def test_hashed_assets_may_be_kept_for_ever_and_pages_may_not(site: Any) -> None:
    page = site.client("maya").get("/")
    style = re.search(r'href="(/static/dist/assets/[^"]+\.css)"', page.text)
    assert style
    asset = site.client().get(style.group(1))
    assert asset.status_code == 200
    assert "immutable" in asset.headers["Cache-Control"]
    assert page.headers["Cache-Control"] == "private, no-cache"


def test_each_answer_says_which_request_it_was_and_how_long_it_took(site: Any) -> None:
    answer = site.client().get("/help")
    assert re.fullmatch(r"total;dur=[0-9.]+", answer.headers["Server-Timing"])
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-Id"])


def test_health_asks_the_database(site: Any) -> None:
    assert site.client().get("/healthz").json == {"database": "ok"}
    with site.database.write() as session:
        session.execute(text("ALTER TABLE daemon_lease RENAME TO gone"))
    answer = site.client().get("/healthz")
    assert answer.status_code == 503


def test_a_database_that_fails_gives_a_page_in_words(site: Any) -> None:
    client = site.client("maya")
    with site.database.write() as session:
        session.execute(text("ALTER TABLE icat_dataset RENAME TO gone"))
    answer = client.get("/data")
    assert answer.status_code == 503
    assert "The portal&#39;s database does not answer." in answer.text
    assert "Nothing is lost" in answer.text
