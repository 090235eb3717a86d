"""What pages say to whom; that every door is shut to strangers is tests/flow/doors."""

from typing import Any


def test_a_form_does_not_tell_about_a_dataset_of_another_team(site: Any) -> None:
    dataset = site.facility.datasets["private"]
    for address in (f"/analyses?dataset={dataset}", f"/analyses/qc/start?dataset={dataset}"):
        answer = site.client("tom").get(address)
        assert answer.status_code == 404
        assert "Zebrafish" not in answer.text


def test_public_data_is_shown_to_everybody_and_offers_a_sign_in(site: Any) -> None:
    answer = site.client().get(f"/datasets/{site.facility.datasets['public']}")
    assert answer.status_code == 200
    assert "Reference beads" in answer.text
    assert "Sign in to analyse it" in answer.text


def test_hidden_and_missing_things_look_the_same(site: Any) -> None:
    tom = site.client("tom")
    hidden = tom.get(f"/datasets/{site.facility.datasets['private']}")
    missing = tom.get("/datasets/999999")
    sentence = "Not found, or not shared with you."
    assert hidden.status_code == missing.status_code == 404
    assert sentence in hidden.text and sentence in missing.text
    assert "Signed in: Tom Okafor." in hidden.text


def test_lists_of_a_stranger_hold_nothing_of_the_team(site: Any) -> None:
    tom = site.client("tom")
    for page in ("/", "/data", "/data?q=zebrafish", "/experiments", "/jobs?whose=all", "/analyses"):
        assert "Zebrafish heart" not in tom.get(page).text, page


def test_only_staff_see_the_facility_page(site: Any) -> None:
    assert site.client("maya").get("/facility").status_code == 403
    answer = site.client("sam").get("/facility")
    assert answer.status_code == 200
    assert "What is stuck?" in answer.text


def test_a_team_member_reads_but_only_the_owner_and_staff_cancel(site: Any, csrf: Any) -> None:
    ravi = site.client("ravi")
    token = csrf(ravi, "/me")
    answer = ravi.post(f"/jobs/J-{1000 + site.job}/cancel", data={"csrf_token": token})
    assert answer.status_code in {403, 404}
    maya = site.client("maya")
    answer = maya.post(f"/jobs/J-{1000 + site.job}/cancel", data={"csrf_token": csrf(maya, "/me")})
    assert answer.status_code == 303
    assert "Cancelled" in maya.get(answer.location).text
