"""Signing in and out through the browser's eyes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from page_forms import form_on
from sqlalchemy import update

from portal.identity.models import WebSession
from portal.web.signed_in import COOKIE

PASSWORD = "correct horse battery"
START = "/analyses/lightsheet-deconvolution/start"


def _sign_in(client: Any, csrf: Callable[..., str], **fields: str) -> Any:
    data = {"csrf_token": csrf(client, "/sign-in"), "name": "maya", "password": PASSWORD, **fields}
    return client.post("/sign-in", data=data)


def test_name_and_password_lead_home_with_a_cookie_that_scripts_cannot_read(site: Any, csrf: Any) -> None:
    answer = _sign_in(site.client(), csrf)
    assert (answer.status_code, answer.location) == (303, "/")
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith(COOKIE))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie


def test_behind_tls_cookies_are_secure_and_https_is_remembered(make_site: Any, csrf: Any) -> None:
    site = make_site(web={"cookie_secure": True})
    client = site.client()
    address = {"base_url": "https://portal.example"}
    page = client.get("/sign-in", **address)
    assert "max-age" in page.headers["Strict-Transport-Security"]
    assert all("Secure" in line for line in page.headers.getlist("Set-Cookie"))


def test_a_wrong_password_keeps_the_name_and_says_what_happened(site: Any, csrf: Any) -> None:
    answer = _sign_in(site.client(), csrf, password="guess guess")
    assert answer.status_code == 401
    assert "The name or the password is not right." in answer.text
    assert 'value="maya"' in answer.text and "guess guess" not in answer.text
    assert "Nothing you typed is lost" not in answer.text


def test_signing_in_again_ends_the_session_that_the_browser_came_with(site: Any, csrf: Any) -> None:
    client = site.client("tom")
    before = client.get_cookie(COOKIE).value
    client_of_before = site.app.test_client()
    client_of_before.set_cookie(COOKIE, before)
    token = csrf(client, "/me")
    answer = client.post("/sign-in", data={"csrf_token": token, "name": "maya", "password": PASSWORD})
    assert answer.status_code == 303
    assert client.get_cookie(COOKIE).value != before
    assert client_of_before.get("/me").status_code == 303


def test_signing_out_ends_the_session_on_the_server(site: Any, csrf: Any) -> None:
    client = site.client("maya")
    token = client.get_cookie(COOKIE).value
    client.post("/sign-out", data={"csrf_token": csrf(client, "/me")})
    thief = site.app.test_client()
    thief.set_cookie(COOKIE, token)
    assert thief.get("/me").status_code == 303


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/\n/evil", ""]
)
def test_after_the_sign_in_nobody_is_sent_to_another_site(site: Any, csrf: Any, target: str) -> None:
    answer = _sign_in(site.client(), csrf, next=target)
    assert answer.location == "/"


def test_after_the_sign_in_the_page_that_was_asked_for_opens(site: Any, csrf: Any) -> None:
    client = site.client()
    asked = client.get("/data?q=heart")
    assert asked.location == "/sign-in?next=/data?q%3Dheart"
    assert _sign_in(client, csrf, next="/data?q=heart").location == "/data?q=heart"


def test_what_was_typed_into_a_form_outlives_the_end_of_the_sign_in(site: Any, csrf: Any) -> None:
    client = site.client("maya")
    dataset = str(site.facility.datasets["private"])
    page = form_on(client.get(f"/analyses/lightsheet-deconvolution/start?dataset={dataset}").text, START)
    form = page.data(option__iterations="37", title="My stack")
    with site.database.write() as session:
        session.execute(update(WebSession).values(expires=datetime.now(UTC) - timedelta(seconds=1)))
    answer = client.post(START, data=form)
    assert answer.status_code == 303 and answer.location.startswith("/sign-in?next=")
    sign_in = client.get(answer.location)
    assert "What you typed is kept" in sign_in.text
    target = client.get(answer.location).request.args["next"]
    back = client.get(_sign_in(client, csrf, next=target).location)
    assert 'value="37"' in back.text and 'value="My stack"' in back.text


def test_a_live_part_is_told_that_the_sign_in_ended(site: Any) -> None:
    answer = site.client().get(f"/jobs/J-{1000 + site.job}/part/live", headers={"HX-Request": "true"})
    assert answer.status_code == 401


def test_personas_are_a_demo_s_and_come_in_without_a_password(make_site: Any, csrf: Any) -> None:
    site = make_site(demo=True)
    client = site.client()
    assert "Maya Lind of the demo" in client.get("/sign-in").text
    form = {"csrf_token": csrf(client, "/sign-in"), "name": "maya"}
    assert client.post("/sign-in/persona", data=form).status_code == 303
    assert "Hello, Maya" in client.get("/").text


def test_a_real_site_has_no_personas(site: Any, csrf: Any) -> None:
    client = site.client()
    assert "of the demo" not in client.get("/sign-in").text
    form = {"csrf_token": csrf(client, "/sign-in"), "name": "maya"}
    assert client.post("/sign-in/persona", data=form).status_code == 404


def test_too_many_tries_from_one_address_are_refused(make_site: Any, csrf: Any) -> None:
    site = make_site(web={"sign_in_limit": "2 per minute"})
    client = site.client()
    answers = [_sign_in(client, csrf, password="guess guess").status_code for _ in range(4)]
    assert answers == [401, 401, 429, 429]
