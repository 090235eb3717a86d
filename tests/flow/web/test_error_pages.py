"""Pages about errors know who is signed in, and the addresses of forms lead to their pages."""

import re
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from portal.web import signed_in
from portal.web.security import host_only

MISSING = ("/nothing", "/nothing/at/all", "/datasets/987654", "/jobs/J-987654", "/batches/none", "/jobs/part/none")


@pytest.mark.parametrize("address", MISSING)
def test_what_is_not_found_says_who_is_signed_in_and_keeps_the_navigation(site: Any, address: str) -> None:
    page = site.client("maya").get(address)
    assert page.status_code == 404
    assert "Not found, or not shared with you." in page.text
    assert "Signed in: Maya Lind." in page.text
    assert 'aria-label="Main"' in page.text and "Sign out" in page.text
    assert "not signed in" not in page.text


def test_what_is_forbidden_says_who_is_signed_in(site: Any) -> None:
    page = site.client("maya").get("/facility")
    assert page.status_code == 403 and "Signed in: Maya Lind." in page.text and 'aria-label="Main"' in page.text


def test_nobody_is_told_so_and_may_sign_in(site: Any) -> None:
    page = site.client().get("/nothing")
    assert page.status_code == 404
    assert "You are not signed in." in page.text and "/sign-in?next=/nothing" in page.text


def test_where_nobody_knows_who_it_is_nothing_is_said_of_it(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is away: neither the one nor the other is known, and the way on stays."""
    _nobody_knows(site.client("maya"), monkeypatch)


def test_with_tls_nobody_is_told_either_that_they_are_not_signed_in(
    make_site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(web={"cookie_secure": True})
    client = site.app.test_client()
    client.set_cookie(host_only(signed_in.COOKIE, secure=True), "a-sign-in", secure=True)
    _nobody_knows(client, monkeypatch, base_url="https://localhost")


def _nobody_knows(client: Any, monkeypatch: pytest.MonkeyPatch, **more: Any) -> None:

    def away(*_arguments: Any, **_named: Any) -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(signed_in, "find_session", away)
    page = client.get("/jobs", **more)
    assert page.status_code == 503
    assert "not signed in" not in page.text and "Sign in" not in page.text
    assert 'aria-label="Main"' in page.text


def test_a_mistake_of_the_portal_still_knows_who_is_signed_in(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong() -> None:
        raise RuntimeError("wrong")

    monkeypatch.setitem(site.app.view_functions, "help.show", wrong)
    site.app.config["PROPAGATE_EXCEPTIONS"] = False
    page = site.client("maya").get("/help")
    assert page.status_code == 500
    assert 'aria-label="Main"' in page.text and "Maya Lind" in page.text


@pytest.mark.parametrize("referrer", ("http://[", "\\", "http://localhost/jobs", "//elsewhere/x", ""))
def test_a_form_that_is_refused_leads_back_to_its_page_and_nowhere_else(
    site: Any, csrf: Any, referrer: str
) -> None:
    client = site.client("maya")
    token = csrf(client)
    page = client.post("/jobs/J-987654/cancel", data={"csrf_token": token}, headers={"Referer": referrer})
    assert page.status_code == 404 and "Back to the page" in page.text
    assert "elsewhere" not in page.text
    assert ('href="/jobs">Back' in page.text) == (referrer == "http://localhost/jobs")


def test_the_address_of_a_form_leads_to_the_page_on_which_it_stands(site: Any) -> None:
    """Reload, a bookmark and a copied tab open it with GET: that was "this page cannot do that"."""
    for rule in site.app.url_map.iter_rules():
        methods = {
            method
            for other in site.app.url_map.iter_rules()
            if other.rule == rule.rule
            for method in other.methods or ()
        }
        if "GET" in methods or rule.endpoint.startswith("api"):
            continue
        named = {"name": "qc", "step": "purpose"}
        values = {argument: named.get(argument, 1) for argument in rule.arguments}
        with site.app.test_request_context():
            address = site.app.url_for(rule.endpoint, _external=False, **values)
        answer = site.client("maya").get(address)
        assert answer.status_code == 303, address
        page = site.app.url_map.bind("localhost").match(answer.location)[0]
        assert address.startswith(answer.location) and not str(page).startswith("api"), address


def test_other_methods_are_refused_as_before(site: Any) -> None:
    assert site.client("maya").delete("/me/tokens").status_code in {400, 405}
    assert site.client("maya").get("/api/v1/device").status_code in {404, 405}


def test_too_many_tries_to_sign_in_lead_back_to_where_one_was_going(make_site: Any, csrf: Any) -> None:
    """It had led to a sign-in page that knew nothing of what was typed and kept."""
    client = make_site(web={"sign_in_limit": "1 per minute"}).client()
    data = {
        "name": "maya",
        "password": "wrong",
        "next": "/access?kept=abc",
        "csrf_token": csrf(client, "/sign-in"),
    }
    _first, page = (client.post("/sign-in", data=data) for _try in range(2))
    links = re.findall(r'<a class="btn btn-quiet"[^>]* href="([^"]+)"', page.text)
    assert page.status_code == 429 and links == ["/sign-in?next=/access?kept%3Dabc"] * 2
