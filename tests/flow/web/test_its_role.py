"""The web tier does all of its work with the rights in the database that a site gives it."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from page_forms import form_on
from published_here import put_down

from portal.drafts.service import create
from portal.jobs.models import Job
from portal.jobs.state import State
from portal.jobtype.written.start import empty
from portal.web.signed_in import COOKIE

pytestmark = pytest.mark.postgres

PASSWORD = "correct horse battery"


def a_draft(site: Any) -> int:
    """A draft of Sam's, and a past of what was published under the name of an analysis."""
    sam = site.facility.actors["sam"]
    with site.database.write() as session:
        text = empty("Shrink a picture", "Sam Weber")
        put_down(session, sam.person_id, "qc", text)
        return create(session, sam, text, now=datetime.now(UTC)).id


@pytest.mark.parametrize("person", ["maya", "sam", None])
def test_every_page_can_be_read(site_of_its_role: Any, person: str | None) -> None:
    site = site_of_its_role
    client, dataset = site.client(person), site.facility.datasets["private"]
    draft = a_draft(site)
    things = {
        "dataset_id": dataset,
        "dataset": dataset,
        "picture_id": site.picture,
        "picture": site.picture,
        "array_id": site.picture,
        "array": site.picture,
        "number": 0,
        "index": 0,
        "file_id": site.file,
        "file": site.file,
        "investigation_id": site.facility.investigations["private"],
        "experiment": site.facility.investigations["private"],
        "job_id": site.job,
        "job": site.job,
        "submission_id": site.submission,
        "submission": site.submission,
        "stream": "stdout",
        "name": "qc",
        "analysis": "qc",
        "filename": "none",
        "rest": "none",
        "draft_id": draft,
        "draft": draft,
        "preset_id": 1,
        "step": "purpose",
        "wish_id": 1,
    }
    seen = 0
    for rule in site.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            continue
        with site.app.test_request_context():
            address = site.app.url_for(rule.endpoint, **{name: things[name] for name in rule.arguments})
        assert client.get(address).status_code < 500, rule
        seen += 1
    assert seen > 30


def test_a_sign_in_a_password_a_token_and_a_program(site_of_its_role: Any, csrf: Any) -> None:
    site = site_of_its_role
    maya = site.client()

    def post(page: str, **fields: object) -> Any:
        answer = maya.post(
            page, data={"csrf_token": csrf(maya, "/device" if page != "/sign-in" else page), **fields}
        )
        assert answer.status_code < 400, (page, answer.text)
        return answer

    wrong = {"csrf_token": csrf(maya, "/sign-in"), "name": "maya", "password": "wrong"}
    assert maya.post("/sign-in", data=wrong).status_code == 401
    post("/sign-in", name="maya", password=PASSWORD)
    post("/me/password", current=PASSWORD, new="another long one", again="another long one")
    post("/me/tokens", name="laptop", scopes=["read", "submit"], days="7")
    post("/me/tokens/1/revoke")
    wish = site.app.test_client().post("/api/v1/device", json={"name": "beamline-7"}).json
    program = {"device_code": wish["device_code"]}
    assert site.app.test_client().post("/api/v1/device/token", json=program).json["status"] == "pending"
    assert "beamline-7" in post("/device", code=wish["user_code"]).text
    post("/device/decision", code=wish["user_code"], decision="allow")
    told = site.app.test_client().post("/api/v1/device/token", json=program).json
    header = {"Authorization": f"Bearer {told['token']['secret']}"}
    assert site.app.test_client().get("/api/v1/me", headers=header).json["name"] == "maya"
    post("/sign-out")
    assert maya.get("/me").status_code == 303


def test_a_form_a_wish_and_a_name(site_of_its_role: Any, csrf: Any) -> None:
    site = site_of_its_role
    maya, sam = site.client("maya"), site.client("sam")

    def post(client: Any, page: str, **fields: object) -> str:
        answer = client.post(page, data={"csrf_token": csrf(client, "/me"), **fields})
        assert answer.status_code == 303, (page, answer.text)
        return str(answer.location)

    start = "/analyses/lightsheet-deconvolution/start"
    form = maya.get(f"{start}?dataset={site.facility.datasets['private']}").text
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form))
    job = post(maya, start, **{**fields, "option.psf": "gaussian", "option.boundary": "reflect"})
    post(maya, f"{job}/rename", title="Heart, sharper")
    post(sam, f"{job}/cancel")
    post(maya, f"{job}/retry")
    post(maya, f"/batches/{site.submission}/cancel")
    post(maya, f"/batches/{site.submission}/retry-cancelled")
    with site.database.write() as session:
        held = session.get_one(Job, site.job)
        held.move(State.HELD, at=held.created)
    post(sam, f"/jobs/J-{1000 + site.job}/release")
    with site.database.read() as session:
        assert session.get_one(Job, site.job).state is State.QUEUED


def test_a_form_that_met_no_sign_in_is_kept_and_sent_after_all(site_of_its_role: Any) -> None:
    site = site_of_its_role
    maya, start = site.client("maya"), "/analyses/lightsheet-deconvolution/start"
    form = form_on(maya.get(f"{start}?dataset={site.facility.datasets['private']}").text, start)
    maya.delete_cookie(COOKIE)
    place = maya.post(start, data=form.data(title="Kept by its role")).location
    sign_in = form_on(maya.get(place).text, "/sign-in")
    come = maya.post("/sign-in", data=sign_in.data(name="maya", password=PASSWORD)).location
    filled = form_on(maya.get(come).text, start)
    assert filled.value("title") == "Kept by its role"
    assert maya.post(start, data=filled.data()).status_code == 303
    assert "no longer kept" in maya.get(come).text


def test_values_are_tried_read_and_discarded(site_of_its_role: Any, csrf: Any) -> None:
    site = site_of_its_role
    maya, dataset = site.client("maya"), site.facility.datasets["private"]
    token = {"csrf_token": csrf(maya, "/me")}
    fields = {**token, "dataset": dataset, "try": "histogram_bins", "values": "16, 32"}
    place = maya.post("/analyses/qc/several/start", data=fields).location
    assert "2 values tried" in maya.get(place).text
    assert maya.get(f"{place}/pictures/0").status_code == 404
    for wish in ("discard", "take-back"):
        assert maya.post(f"{place}/{wish}", data=token).status_code == 303
    assert maya.get("/data?kind=trials").status_code == 200
