"""Downloads: whole and in ranges, never as something that acts in the portal's name."""

from typing import Any

import pytest

from portal.catalogue.models import Dataset
from portal.web.files.at_once import AtOnce

CONTENT = bytes(range(256)) * 40


def _address(site: Any, file: int | None = None) -> str:
    return f"/datasets/{site.facility.datasets['private']}/files/{file or site.file}"


def test_a_file_is_an_attachment_of_no_particular_type(site: Any) -> None:
    answer = site.client("maya").get(_address(site))
    assert answer.status_code == 200 and answer.data == CONTENT
    assert answer.headers["Content-Disposition"] == 'attachment; filename="stack.h5"'
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-9", 0, 10), ("bytes=10000-", 10000, 10240), ("bytes=-240", 10000, 10240)],
)
def test_an_interrupted_download_goes_on_where_it_stopped(site: Any, asked: str, start: int, stop: int) -> None:
    answer = site.client("maya").get(_address(site), headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.data == CONTENT[start:stop]
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(CONTENT)}"


def test_a_range_beyond_the_end_is_refused(site: Any) -> None:
    assert site.client("maya").get(_address(site), headers={"Range": "bytes=99999-"}).status_code == 416


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "bytes=", "bytes=abc", "bytes=-0", "bytes=0-1,3-4", "bytes=-" + "9" * 99]
)
def test_ranges_that_are_none_are_refused_in_words_and_hold_no_place(
    site: Any, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """Of a file that is not small: the answer's place among the downloads was never given back."""
    monkeypatch.setattr("portal.web.files.downloads.SMALL", 100)
    site.app.extensions["gantry-sending"] = sending = AtOnce(of_a_person=1)
    maya = site.client("maya")
    for _ in range(2):
        answer = maya.get(_address(site), headers={"Range": asked})
        assert answer.status_code == 416 and "no such part" in answer.text
    assert len(sending) == 0 and maya.get(_address(site)).data == CONTENT


def test_another_version_than_was_asked_for_sends_nothing_unwritten(site: Any) -> None:
    """All bytes went out under 412, and nobody wrote down who had them."""
    maya, whole = site.client("maya"), site.client("maya").get(_address(site))
    answer = maya.get(_address(site), headers={"If-Match": '"another"'})
    assert answer.status_code == 412 and "not the version that was asked for" in answer.text
    assert CONTENT[:64] not in answer.data
    for condition in ("*", " * ", whole.headers["ETag"], f'"another", {whole.headers["ETag"]}'):
        assert maya.get(_address(site), headers={"If-Match": condition}).data == CONTENT


def test_a_resumed_download_of_another_version_starts_again(site: Any) -> None:
    headers = {"Range": "bytes=5-9", "If-Range": '"sha256:of-another-file"'}
    answer = site.client("maya").get(_address(site), headers=headers)
    assert answer.status_code == 200 and answer.data == CONTENT


def test_a_report_is_shown_without_scripts_and_without_our_origin(site: Any) -> None:
    answer = site.client("maya").get(f"{_address(site, site.report)}/report")
    policy = answer.headers["Content-Security-Policy"]
    assert answer.status_code == 200 and answer.mimetype == "text/html"
    assert policy.startswith("sandbox;") and "allow-scripts" not in policy and "default-src 'none'" in policy


def test_a_report_that_is_downloaded_is_never_html(site: Any) -> None:
    answer = site.client("maya").get(_address(site, site.report))
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_only_reports_are_shown_as_reports(site: Any) -> None:
    assert site.client("maya").get(f"{_address(site)}/report").status_code == 404


def test_a_file_that_was_changed_after_it_was_registered_is_not_handed_out(site: Any) -> None:
    (site.settings.roots["demo"].path / "heart" / "stack.h5").write_bytes(b"other")
    answer = site.client("maya").get(_address(site))
    assert answer.status_code == 409
    assert "was changed after it was registered" in answer.text


def test_a_dataset_in_a_folder_that_people_can_write_says_so(site: Any) -> None:
    page = site.client("maya").get(f"/datasets/{site.facility.datasets['private']}").text
    assert "people can write to this folder" in page
    assert str(site.settings.roots["demo"].path / "heart") in page


def test_a_dataset_that_is_still_being_written_says_so_and_offers_no_analysis(site: Any) -> None:
    with site.database.write() as session:
        session.get_one(Dataset, site.facility.datasets["private"]).complete = False
    page = site.client("maya").get(f"/datasets/{site.facility.datasets['private']}").text
    assert "Still being written" in page and "/analyses/qc/start" not in page


def test_more_large_downloads_than_a_persons_share_are_refused_and_small_ranges_are_not(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A viewer asks for many ranges side by side; a range that becomes a whole file by its condition counts."""
    monkeypatch.setattr("portal.web.files.downloads.SMALL", 100)
    site.app.extensions["gantry-sending"] = sending = AtOnce(of_a_person=1)
    ended, maya = sending.begin(site.facility.actors["maya"].person_id), site.client("maya")
    refused = maya.get(_address(site))
    assert refused.status_code == 429 and "of your downloads are running already" in refused.text
    assert maya.get(_address(site), headers={"Range": "bytes=5-14"}).data == CONTENT[5:15]
    tricked = maya.get(_address(site), headers={"Range": "bytes=5-14", "If-Range": '"sha256:another"'})
    assert tricked.status_code == 429
    assert maya.get(_address(site), headers={"Range": "bytes=5-9000"}).status_code == 429
    assert maya.head(_address(site)).status_code == 200
    ended()
    for _ in range(3):  # each ends when it is closed
        assert maya.get(_address(site)).data == CONTENT
    assert len(sending) == 0
