"""Under which name the portal answers, and what it believes of that: nothing that a request says."""

from typing import Any

import pytest

from portal.config import load_settings
from portal.errors import ConfigError

BEHIND = {"base_url": "https://portal.example", "cookie_secure": True, "trusted_proxies": 1}
HTTPS = {"base_url": "https://portal.example", "environ_overrides": {"wsgi.url_scheme": "https"}}


def test_with_tls_cookies_belong_to_this_host_alone(make_site: Any) -> None:
    client = make_site(web=BEHIND).app.test_client()
    form = client.get("/sign-in", **HTTPS)
    token = form.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    data = {"name": "maya", "password": "correct horse battery", "csrf_token": token}
    answer = client.post("/sign-in", data=data, headers={"Referer": "https://portal.example/sign-in"}, **HTTPS)
    assert answer.status_code == 303, answer.text
    cookies = [*form.headers.getlist("Set-Cookie"), *answer.headers.getlist("Set-Cookie")]
    assert {line.partition("=")[0] for line in cookies} == {"__Host-gantry_page", "__Host-gantry_session"}
    for line in cookies:
        words = {word.strip().lower() for word in line.split(";")[1:]}
        assert {"secure", "httponly", "path=/"} <= words
        assert not any(word.startswith("domain") for word in words)
    assert client.get("/me", **HTTPS).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "portal.example.evil.example", "portal.example@evil.example", "10.0.0.1"]
)
def test_another_host_is_answered_nothing(make_site: Any, host: str) -> None:
    client = make_site(web=BEHIND).app.test_client()
    for where in ("/sign-in", "/healthz", "/", "/api/v1/openapi.json", "/nowhere"):
        answer = client.get(where, headers={"Host": host})
        assert answer.status_code == 400, where
        assert "evil" not in answer.text and "evil" not in str(answer.headers)


@pytest.mark.parametrize(
    "host", ["portal.example", "portal.example:443", "localhost", "127.0.0.1:8080", "also.example"]
)
def test_its_own_names_are_answered(make_site: Any, host: str) -> None:
    client = make_site(web={**BEHIND, "hosts": ["also.example"]}).app.test_client()
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_what_a_browser_forwards_is_not_the_portals_name(make_site: Any) -> None:
    client = make_site(web=BEHIND).app.test_client()
    forwarded = {"Host": "portal.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil"}
    for where in ("/me", "/sign-in", "/datasets/1"):
        answer = client.get(where, headers=forwarded)
        assert "evil" not in answer.text and "evil" not in answer.headers.get("Location", ""), where
    codes = client.post("/api/v1/device", json={"name": "laptop"}, headers=forwarded).json
    assert codes["verification_uri"] == "https://portal.example/device"


def test_without_a_proxy_nothing_that_is_forwarded_counts(make_site: Any) -> None:
    client = make_site().app.test_client()
    forwarded = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "10.9.8.7"}
    codes = client.post("/api/v1/device", json={"name": "laptop"}, headers=forwarded).json
    assert codes["verification_uri"] == "http://localhost/device"


@pytest.mark.parametrize(
    ("web", "word"),
    [
        ({"host": "0.0.0.0"}, "base_url"),
        ({"host": "::"}, "base_url"),
        ({"host": "192.0.2.7"}, "base_url"),
        ({"trusted_proxies": 1}, "base_url"),
        ({"base_url": "gantry.example.org"}, "https://"),
        ({"base_url": "javascript:alert(1)"}, "https://"),
        ({"base_url": "http://gantry.example.org", "cookie_secure": True}, "https://"),
        ({"base_url": "https://gantry.example.org/?a=1"}, "https://"),
    ],
)
def test_off_the_loopback_the_address_must_be_said(web: dict[str, Any], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        load_settings({}, web=web)


@pytest.mark.parametrize(
    "web",
    [
        {},
        {"host": "::1"},
        {"host": "localhost"},
        {"host": "0.0.0.0", "base_url": "http://gantry.example.org:8080"},
        BEHIND,
        {"base_url": "https://gantry.example.org/gantry/"},
    ],
)
def test_on_the_loopback_or_with_an_address_it_starts(web: dict[str, Any]) -> None:
    assert load_settings({}, web=web).web
