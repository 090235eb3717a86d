"""Which downloads nginx sends in the portal's place; tests/cluster/test_downloads.py asks nginx itself."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace as changed
from typing import Any

import pytest
from sqlalchemy import select

from portal.audit.models import AuditRecord
from portal.catalogue.models import Datafile, Dataset
from portal.files.granting import let_read
from portal.store.copying import FILE_MODE

SERVER = 23458
CONTENT = bytes(range(256)) * 8
NAME = "Größe #2 100%?; 测试.h5"


@dataclass
class Result:
    """A result in the store's tree, and a file of its dataset."""

    site: Any
    dataset: int
    file: int
    report: int

    def address(self, file: int | None = None) -> str:
        return f"/datasets/{self.dataset}/files/{file or self.file}"

    def ask(self, address: str, person: str = "maya", **headers: str) -> Any:
        return self.site.client(person).get(address, headers={k.replace("_", "-"): v for k, v in headers.items()})


@pytest.fixture
def result(site: Any) -> Result:
    """As the store leaves one: read-only, with an access list; and nginx is there for it."""
    web = site.settings.web.model_copy(update={"nginx_results": "/-/results/"})
    portal = site.app.extensions["gantry"]
    site.app.extensions["gantry"] = changed(portal, settings=portal.settings.model_copy(update={"web": web}))
    folder = site.settings.results / "7" / "J-1-masks"
    folder.mkdir(parents=True)
    made = []
    with site.database.write() as session:
        dataset = session.get_one(Dataset, site.facility.datasets["private"])
        dataset.location = "results:7/J-1-masks"
        for name, content in ((NAME, CONTENT), ("masks.html", b"<script>1</script>")):
            (folder / name).write_bytes(content)
            (folder / name).chmod(FILE_MODE)
            with (folder / name).open("rb") as open_file:
                if not let_read(open_file.fileno(), group=SERVER):
                    pytest.skip("this file system has no access lists")
                status = os.fstat(open_file.fileno())
            digest = hashlib.sha256(content).hexdigest()
            file = Datafile(
                dataset_id=dataset.id,
                name=name,
                location=name,
                file_size=status.st_size,
                mtime_ns=status.st_mtime_ns,
                checksum=f"sha256:{digest}",
            )
            session.add(file)
            session.flush()
            made.append(file.id)
        return Result(site, dataset.id, *made)


def test_a_results_file_is_left_to_nginx_after_the_check(result: Result) -> None:
    answer = result.ask(result.address())
    assert answer.status_code == 200 and answer.data == b""
    place = "/-/results/7/J-1-masks/Gr%C3%B6%C3%9Fe%20%232%20100%25%3F%3B%20%E6%B5%8B%E8%AF%95.h5"
    assert answer.headers["X-Accel-Redirect"] == place
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert (
        "filename*=UTF-8''Gr%C3%B6%C3%9Fe%20#2%20100%25%3F%3B%20%E6%B5%8B" in answer.headers["Content-Disposition"]
    )
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["ETag"] == f'"sha256:{hashlib.sha256(CONTENT).hexdigest()}"'


def test_the_api_leaves_it_to_nginx_too(result: Result) -> None:
    answer = result.ask(f"/api/v1{result.address()}/content")
    assert answer.status_code == 200 and answer.headers["X-Accel-Redirect"].startswith("/-/results/7/")


def test_who_may_not_read_it_learns_no_place(result: Result) -> None:
    for person in ("tom", None):
        answer = result.ask(result.address(), person)
        assert "X-Accel-Redirect" not in answer.headers and answer.status_code in {302, 303, 404}


def _none(_result: Result) -> None:
    pass


def _in_place(result: Result) -> None:
    with result.site.database.write() as session:
        session.get_one(Dataset, result.dataset).location = "demo:heart"


def _being_written(result: Result) -> None:
    with result.site.database.write() as session:
        session.get_one(Dataset, result.dataset).complete = False


def _not_let_read(result: Result) -> None:
    path = result.site.settings.results / "7" / "J-1-masks" / NAME
    os.removexattr(path, "system.posix_acl_access")


@pytest.mark.parametrize(
    ("change", "headers", "status"),
    [
        (_being_written, {}, 200),
        (_not_let_read, {}, 200),
        (_none, {"If_Match": '"another"'}, 412),
        (_none, {"If_Match": f'"sha256:{hashlib.sha256(CONTENT).hexdigest()}"'}, 200),
        (_none, {"Range": "bytes=999999-"}, 416),
        (_none, {"If_None_Match": f'"sha256:{hashlib.sha256(CONTENT).hexdigest()}"'}, 304),
    ],
)
def test_what_nginx_would_not_answer_alike_the_portal_sends(
    result: Result, change: Callable[[Result], None], headers: dict[str, str], status: int
) -> None:
    change(result)
    answer = result.ask(result.address(), **headers)
    assert answer.status_code == status
    assert "X-Accel-Redirect" not in answer.headers
    assert status != 200 or answer.data == CONTENT


def test_data_in_place_stay_on_their_descriptor(result: Result) -> None:
    _in_place(result)
    answer = result.ask(result.address(result.site.file))
    assert answer.status_code == 200 and "X-Accel-Redirect" not in answer.headers and answer.data


def test_reports_and_pictures_never_go_by_nginx(result: Result) -> None:
    shown = result.ask(f"{result.address(result.report)}/report")
    assert shown.status_code == 200 and "X-Accel-Redirect" not in shown.headers and b"<script>" in shown.data
    assert shown.headers["Content-Security-Policy"].startswith("sandbox;")
    picture = result.ask(f"/datasets/{result.dataset}/pictures/{result.site.picture}")
    assert picture.status_code == 200 and "X-Accel-Redirect" not in picture.headers
    downloaded = result.ask(result.address(result.report))
    assert downloaded.headers["X-Accel-Redirect"].endswith("/masks.html")
    assert downloaded.headers["Content-Disposition"].startswith("attachment")


def test_a_changed_file_is_not_handed_to_nginx(result: Result) -> None:
    path = result.site.settings.results / "7" / "J-1-masks" / NAME
    path.chmod(0o640)
    path.write_bytes(b"other")
    answer = result.ask(result.address())
    assert answer.status_code == 409 and "X-Accel-Redirect" not in answer.headers


def test_what_nginx_sends_is_written_down_as_a_download(result: Result) -> None:
    result.ask(result.address(), Range="bytes=0-9")
    result.ask(result.address(), Range="bytes=10-19")  # a viewer's ranges are one download
    result.ask(result.address())
    with result.site.database.read() as session:
        kept = session.scalars(select(AuditRecord).where(AuditRecord.object_id == str(result.file))).all()
    assert [one.details.get("first_range") for one in kept] == [f"bytes 0-9/{len(CONTENT)}", None]


def test_without_the_setting_the_portal_sends_everything(result: Result) -> None:
    portal = result.site.app.extensions["gantry"]
    result.site.app.extensions["gantry"] = changed(portal, settings=result.site.settings)
    answer = result.ask(result.address())
    assert answer.data == CONTENT and "X-Accel-Redirect" not in answer.headers
