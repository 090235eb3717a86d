"""The page on which a person lets a program in, also as somebody else would like it to work."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from portal.identity.models import ApiToken, DeviceRequest


def ask(site: Any, **more: Any) -> dict[str, Any]:
    answer = site.app.test_client().post("/api/v1/device", json={"name": "beamline-7", **more})
    assert answer.status_code == 201, answer.text
    return answer.json


def fetch(site: Any, codes: dict[str, Any]) -> dict[str, Any]:
    return site.app.test_client().post("/api/v1/device/token", json={"device_code": codes["device_code"]}).json


def decided(site: Any) -> list[tuple[str, int | None]]:
    with site.database.read() as session:
        return [(row.state, row.person_id) for row in session.scalars(select(DeviceRequest))]


def send(client: Any, csrf: Callable[..., str], page: str, **form: str) -> Any:
    return client.post(page, data={"csrf_token": csrf(client, "/device"), **form})


def test_a_person_types_the_code_sees_what_is_asked_and_lets_it_in(site: Any, csrf: Any) -> None:
    codes, maya = ask(site, days=7), site.client("maya")
    seen = send(maya, csrf, "/device", code=codes["user_code"].lower().replace("-", " "))
    assert seen.status_code == 200
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", seen.text))
    for expected in (
        "beamline-7",
        "Maya Lind",
        codes["user_code"],
        "127.0.0.1",
        "7 days",
        "start, cancel and rename your jobs",
    ):
        assert expected in words
    assert fetch(site, codes)["status"] == "pending"
    answer = send(maya, csrf, "/device/decision", code=codes["user_code"], decision="allow")
    assert (answer.status_code, answer.location) == (303, "/me")
    assert "“beamline-7” is let in as you." in maya.get("/me").text
    told = fetch(site, codes)
    assert told["status"] == "allowed" and told["token"]["scopes"] == ["read", "submit"]
    headers = {"Authorization": f"Bearer {told['token']['secret']}"}
    assert site.app.test_client().get("/api/v1/me", headers=headers).json["name"] == "maya"
    assert "beamline-7" in maya.get("/me").text


STAFFS = ("make, change, share and try drafts", "are published or retired", "refuse what others", "jobs of others")


@pytest.mark.parametrize("person", ["maya", "sam"])
def test_what_staff_s_token_may_beyond_others_is_said_to_staff_alone_where_tokens_are_made(
    site: Any, csrf: Any, person: str
) -> None:
    client = site.client(person)
    device = send(client, csrf, "/device", code=ask(site)["user_code"]).text
    assert "your jobs" in device and "my name" not in device and "read what you may read" in device
    account = client.get("/me").text
    assert (
        "Start, cancel and rename my jobs" in account
        and "your" not in account[account.index('id="scopes"') :][:2000]
    )
    for page in (device, account):
        assert [words for words in STAFFS if words in page] == (list(STAFFS) if person == "sam" else [])
    reading = send(client, csrf, "/device", code=ask(site, scopes=["read"])["user_code"]).text
    assert "may read" in reading and not any(words in reading for words in (*STAFFS, "your jobs"))


def test_a_link_only_fills_the_code_in(site: Any) -> None:
    codes, maya = ask(site), site.client("maya")
    page = maya.get(codes["verification_uri_complete"].removeprefix("http://localhost"))
    assert f'value="{codes["user_code"]}"' in page.text
    assert "beamline-7" not in page.text and "Allow" not in page.text
    for address in ("/device/decision", "/device/decision?decision=allow&code=" + codes["user_code"]):
        assert maya.get(address).location == "/device"
    assert decided(site) == [("waiting", None)]


def test_without_a_sign_in_the_link_leads_there_and_back(site: Any) -> None:
    code = ask(site)["user_code"]
    stranger = site.client()
    assert stranger.get(f"/device?code={code}").location == f"/sign-in?next=/device?code%3D{code}"
    site.app.config["WTF_CSRF_ENABLED"] = False
    for page in ("/device", "/device/decision"):
        answer = stranger.post(page, data={"code": code, "decision": "allow"})
        assert answer.status_code == 303 and answer.location.startswith("/sign-in")
    assert decided(site) == [("waiting", None)]


@pytest.mark.parametrize("page", ["/device", "/device/decision"])
@pytest.mark.parametrize("token", [{}, {"csrf_token": "made-up"}], ids=["none", "made up"])
def test_another_site_cannot_send_the_form(site: Any, page: str, token: dict[str, str]) -> None:
    code, maya = ask(site)["user_code"], site.client("maya")
    maya.get("/device")
    answer = maya.post(page, data={"code": code, "decision": "allow", **token})
    assert answer.status_code in {303, 400}
    assert "beamline-7" not in answer.text
    assert decided(site) == [("waiting", None)]


def test_the_token_of_somebody_else_s_form_does_not_count(site: Any, csrf: Any) -> None:
    code, maya, tom = ask(site)["user_code"], site.client("maya"), site.client("tom")
    maya.get("/device")
    maya.post("/device/decision", data={"csrf_token": csrf(tom, "/device"), "code": code, "decision": "allow"})
    assert decided(site) == [("waiting", None)]


@pytest.mark.parametrize("decision", ["deny", "", "yes", "ALLOW"])
def test_anything_but_a_clear_yes_is_a_no(site: Any, csrf: Any, decision: str) -> None:
    codes, maya = ask(site), site.client("maya")
    answer = send(maya, csrf, "/device/decision", code=codes["user_code"], decision=decision)
    assert (answer.status_code, answer.location) == (303, "/")
    assert "was refused" in maya.get("/").text
    assert fetch(site, codes)["status"] == "denied"
    with site.database.read() as session:
        assert session.scalars(select(ApiToken)).all() == []


def test_what_one_person_decided_no_other_can_look_at_or_change(site: Any, csrf: Any) -> None:
    codes, maya, tom = ask(site), site.client("maya"), site.client("tom")
    send(maya, csrf, "/device/decision", code=codes["user_code"], decision="allow")
    for page in ("/device", "/device/decision"):
        answer = send(tom, csrf, page, code=codes["user_code"], decision="deny")
        assert answer.status_code == 404
        assert "beamline-7" not in answer.text
        assert "This code is not valid, or not any more." in answer.text
    assert decided(site) == [("allowed", site.facility.actors["maya"].person_id)]


def test_a_wrong_code_stays_to_be_mended_and_guessing_ends(site: Any, csrf: Any) -> None:
    tom = site.client("tom")
    answers = [send(tom, csrf, "/device", code="bcdf-ghjk") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [404] * 5 + [429]
    assert 'value="BCDF-GHJK"' in answers[0].text
    assert "Wait 15 minutes" in answers[5].text
    assert send(tom, csrf, "/device", code=ask(site)["user_code"]).status_code == 429


def test_what_is_no_code_stays_as_it_was_typed(site: Any, csrf: Any) -> None:
    answer = send(site.client("maya"), csrf, "/device", code="aeio-bcdf")
    assert answer.status_code == 404
    assert 'value="aeio-bcdf"' in answer.text


def test_who_may_not_register_data_cannot_pass_it_on(site: Any, csrf: Any) -> None:
    codes, maya, sam = ask(site, scopes=["ingest"]), site.client("maya"), site.client("sam")
    seen = send(maya, csrf, "/device", code=codes["user_code"])
    assert "you cannot allow this" in seen.text and 'value="allow"' not in seen.text
    assert send(maya, csrf, "/device/decision", code=codes["user_code"], decision="allow").status_code == 403
    assert fetch(site, codes)["status"] == "pending"
    assert 'value="allow"' in send(sam, csrf, "/device", code=codes["user_code"]).text


def test_a_name_is_shown_as_text(site: Any, csrf: Any) -> None:
    code = ask(site, name="<script>alert(1)</script>")["user_code"]
    page = send(site.client("maya"), csrf, "/device", code=code)
    assert "&lt;script&gt;alert(1)" in page.text and "<script>alert" not in page.text


def test_the_address_that_people_use_is_told(make_site: Any) -> None:
    codes = ask(make_site(web={"base_url": "https://portal.example/gantry/"}))
    assert codes["verification_uri"] == "https://portal.example/gantry/device"
    assert codes["verification_uri_complete"].endswith(f"/gantry/device?code={codes['user_code']}")
