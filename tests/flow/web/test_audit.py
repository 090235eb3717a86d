"""What people do is written down with the deed; what is refused is not, and no secret is."""

import json
import re
from typing import Any

import pytest
from sqlalchemy import event, select, update

from portal.audit.models import AuditRecord
from portal.catalogue.models import Datafile, Dataset
from portal.errors import UnavailableError
from portal.jobs.models import Job
from portal.jobs.state import State
from portal.web.files.at_once import AtOnce
from portal.web.files.downloads import QUIET_S, Lately

PASSWORD = "correct horse battery"


def records(site: Any) -> list[AuditRecord]:
    with site.database.read() as session:
        return list(session.scalars(select(AuditRecord).order_by(AuditRecord.id)))


def after(site: Any, number: int) -> list[AuditRecord]:
    return records(site)[number:]


def words(found: list[AuditRecord]) -> list[tuple[str, str, str, str]]:
    return [(one.action, one.person_name, one.via, one.object_words) for one in found]


def test_signing_in_failing_and_signing_out(site: Any, csrf: Any) -> None:
    maya, before = site.client(), len(records(site))

    def post(page: str, **fields: str) -> Any:
        form = "/sign-in" if page == "/sign-in" else "/me"
        return maya.post(page, data={"csrf_token": csrf(maya, form), **fields})

    post("/sign-in", name="maya", password="wrong wrong wrong")
    post("/sign-in", name="my secret typed in the wrong field", password="x")
    post("/sign-in", name="maya", password=PASSWORD)
    post("/me/password", current="wrong", new="another long one", again="another long one")
    post("/me/password", current=PASSWORD, new="another long one", again="another long one")
    post("/sign-out")
    found = after(site, before)
    assert words(found) == [
        ("sign-in-failed", "", "nobody", "maya"),
        ("sign-in-failed", "", "nobody", ""),
        ("sign-in", "maya", "password", "maya"),
        ("sign-in-failed", "", "nobody", "maya"),
        ("password-changed", "maya", "session", "maya"),
        ("sign-out", "maya", "session", "maya"),
    ]
    assert {one.address for one in found} == {"127.0.0.1"}
    assert found[0].person_id is None and found[0].object_id == str(found[2].person_id)


def test_a_try_that_is_not_even_looked_at_is_not_written_down_so_that_nobody_fills_the_table(site: Any) -> None:
    site.app.config["WTF_CSRF_ENABLED"] = False
    client, before = site.client(), len(records(site))
    for _ in range(12):
        client.post("/sign-in", data={"name": "maya", "password": "wrong"})
    assert len(after(site, before)) == 5


def test_tokens_and_programs(site: Any, csrf: Any) -> None:
    maya, before = site.client("maya"), len(records(site))

    def post(page: str, **fields: Any) -> Any:
        return maya.post(page, data={"csrf_token": csrf(maya, "/me"), **fields})

    made = post("/me/tokens", name="laptop", scopes=["read", "submit"], days="7").text
    secret = re.search(r"gantry_[\w-]{20,}", made).group()  # type: ignore[union-attr]
    post("/me/tokens", name="", scopes=["read"], days="7")
    post("/me/tokens/1/revoke")
    post("/me/tokens/1/revoke")
    program = site.app.test_client()
    wishes = [program.post("/api/v1/device", json={"name": name}).json for name in ("beamline-7", "stranger")]
    post("/device/decision", code=wishes[0]["user_code"], decision="allow")
    post("/device/decision", code=wishes[1]["user_code"], decision="deny")
    told = program.post("/api/v1/device/token", json={"device_code": wishes[0]["device_code"]}).json
    by_password = {"person": "maya", "password": PASSWORD, "name": "script"}
    script = program.post("/api/v1/tokens", json=by_password).json
    found = after(site, before)
    assert words(found) == [
        ("token-made", "maya", "session", "laptop"),
        ("token-revoked", "maya", "session", "laptop"),
        ("program-allowed", "maya", "session", "beamline-7"),
        ("program-denied", "maya", "session", "stranger"),
        ("token-made", "maya", "code", "beamline-7"),
        ("token-made", "maya", "password", "script"),
    ]
    assert found[0].details == {"scopes": ["read", "submit"], "days": 7}
    secrets = [secret, told["token"]["secret"], script["secret"], PASSWORD]
    secrets += [wish[name] for wish in wishes for name in ("user_code", "device_code")]
    columns = AuditRecord.__table__.columns.keys()
    everything = json.dumps([{name: str(getattr(one, name)) for name in columns} for one in records(site)])
    assert not [one for one in secrets if one in everything]


def test_what_is_asked_of_jobs(site: Any, csrf: Any) -> None:
    maya, sam, job = site.client("maya"), site.client("sam"), f"/jobs/J-{1000 + site.job}"
    before = len(records(site))

    def post(client: Any, page: str, **fields: str) -> int:
        return int(client.post(page, data={"csrf_token": csrf(client, "/me"), **fields}).status_code)

    with site.database.read() as session:
        title = session.get_one(Job, site.job).title
    assert title != "Heart"
    assert post(maya, f"{job}/release") == 403
    assert post(site.client("tom"), f"{job}/cancel") == 404
    assert post(maya, f"{job}/rename", title="Heart") == 303
    assert post(sam, f"{job}/cancel") == 303
    assert post(sam, f"{job}/cancel") == 303
    assert post(maya, f"{job}/retry") == 303
    assert post(maya, f"/batches/{site.submission}/cancel") == 303
    assert post(maya, f"/batches/{site.submission}/cancel") == 303
    assert post(maya, f"/batches/{site.submission}/retry-cancelled") == 303
    with site.database.write() as session:
        session.execute(update(Job).values(state=State.HELD))
    assert post(sam, f"{job}/release") == 303
    found = [one for one in after(site, before) if one.action != "sign-in"]
    assert words(found) == [
        ("rename", "maya", "session", "Heart"),
        ("cancel", "sam", "session", "Heart"),
        ("retry", "maya", "session", "Heart"),
        ("cancel", "maya", "session", "Heart"),
        ("retry", "maya", "session", "Heart"),
        ("release", "sam", "session", "Heart"),
    ]
    assert [one.object_kind for one in found] == ["job", "job", "job", "submission", "submission", "job"]
    assert found[0].details == {"before": title} and found[3].details == {"jobs": 1}


def test_a_submission_is_one_record_and_a_repeated_or_refused_one_none(site: Any) -> None:
    maya = site.client("maya")
    made = maya.get("/me").status_code == 200 and site.app.test_client().post(
        "/api/v1/tokens", json={"person": "maya", "password": PASSWORD, "name": "script"}
    )
    header = {"Authorization": f"Bearer {made.json['secret']}", "Idempotency-Key": "once"}
    body = {"analysis": "lightsheet-deconvolution", "inputs": {"stack": [site.facility.datasets["private"]]}}
    before = len(records(site))
    for sent in (body, body, body | {"inputs": {"stack": [site.facility.datasets["other"]]}}):
        site.app.test_client().post("/api/v1/submissions", json=sent, headers=header)
    [one] = after(site, before)
    assert (one.action, one.via, one.token_name, one.object_kind) == ("submit", "token", "script", "submission")
    assert one.token_id == made.json["id"]
    assert one.details == {"analysis": "lightsheet-deconvolution", "jobs": 1, "first": "J-1002"}


def test_a_whole_file_is_written_down_each_time_and_what_is_refused_or_sends_nothing_is_not(site: Any) -> None:
    maya, tom = site.client("maya"), site.client("tom")
    page = f"/datasets/{site.facility.datasets['private']}/files/{site.file}"
    before = len(records(site))
    tag = maya.get(page).headers["ETag"]
    maya.get(page)
    assert maya.head(page).status_code == 200
    assert maya.get(page, headers={"If-None-Match": tag}).status_code == 304
    assert maya.get(page, headers={"Range": "bytes=99999999-"}).status_code == 416
    assert tom.get(page).status_code == 404
    maya.get(f"/datasets/{site.facility.datasets['private']}/files/{site.report}/report")
    found = after(site, before)
    assert words(found) == [
        *[("download", "maya", "session", "Zebrafish heart, first run: stack.h5")] * 2,
        ("download", "maya", "session", "Zebrafish heart, first run: report.html"),
    ]
    assert [one.object_id for one in found] == [str(site.file), str(site.file), str(site.report)]
    assert found[2].details["shown"] is True


def test_a_file_that_is_read_in_many_ranges_is_written_down_once_wherever_they_begin(site: Any) -> None:
    maya, before = site.client("maya"), len(records(site))
    page = f"/api/v1/datasets/{site.facility.datasets['private']}/files/{site.file}/content"
    for start in (5, 0, 100, 200, 5):
        answer = maya.get(page, headers={"Range": f"bytes={start}-{start + 9}"})
        assert answer.status_code == 206 and len(answer.data) == 10
    [one] = after(site, before)
    assert one.action == "download" and one.details["first_range"] == "bytes 5-14/10240"
    sam = site.client("sam")
    sam.get(page, headers={"Range": "bytes=0-9"})
    assert records(site)[-1].person_name == "sam"


def test_what_somebody_without_a_sign_in_gets_is_written_down_with_the_address(site: Any) -> None:
    with site.database.write() as session:
        mine = session.get_one(Datafile, site.file)
        public = session.get_one(Dataset, site.facility.datasets["public"])
        public.location = "demo:heart"
        file = Datafile(
            dataset_id=public.id,
            name=mine.name,
            location=mine.location,
            file_size=mine.file_size,
            mtime_ns=mine.mtime_ns,
        )
        session.add(file)
        session.flush()
        page = f"/datasets/{public.id}/files/{file.id}"
    before = len(records(site))
    assert site.client().get(page).status_code == 200
    [one] = after(site, before)
    assert (one.action, one.person_id, one.person_name) == ("download", None, "")
    assert (one.via, one.address) == ("nobody", "127.0.0.1")


def test_ranges_are_quiet_for_ten_minutes_and_then_written_down_again() -> None:
    lately = Lately(clock=iter((0.0, 1.0, QUIET_S - 1, QUIET_S + 1)).__next__)
    lately.add("file")
    assert [lately.known("file") for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("small", [256 << 10, 100], ids=["a small one", "a large one"])
def test_a_file_that_cannot_be_written_down_is_not_handed_out(
    site: Any, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    monkeypatch.setattr("portal.web.files.downloads.SMALL", small)
    site.app.extensions["gantry-sending"] = sending = AtOnce()
    maya = site.client("maya")

    def fail(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "audit_record" in statement:
            raise UnavailableError("the disk is full")

    event.listen(site.database.engine, "before_cursor_execute", fail)
    site.app.config["PROPAGATE_EXCEPTIONS"] = False
    try:
        answer = maya.get(f"/datasets/{site.facility.datasets['private']}/files/{site.file}")
    finally:
        event.remove(site.database.engine, "before_cursor_execute", fail)
    assert answer.status_code == 503 and b"\x01\x02" not in answer.data
    assert len(sending) == 0


@pytest.mark.postgres
def test_the_web_tiers_role_writes_it_down_and_cannot_read_it(site_of_its_role: Any, csrf: Any) -> None:
    site = site_of_its_role
    maya, before = site.client("maya"), len(records(site))
    page = f"/datasets/{site.facility.datasets['private']}/files/{site.file}"
    assert maya.get(page).status_code == 200
    data = {"csrf_token": csrf(maya, "/me")}
    assert maya.post(f"/jobs/J-{1000 + site.job}/cancel", data=data).status_code == 303
    assert [one.action for one in after(site, before)] == ["download", "cancel"]
