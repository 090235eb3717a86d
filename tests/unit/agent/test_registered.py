"""What the publisher's account wrote: whose files the agent believes, where, and who may run a draft."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from portal.agent import backend
from portal.agent.client import AgentClient, Refusal, Submitted, local_command
from portal.agent.jobtype import Published
from portal.agent.registered import Registered
from portal.documents import canonical_json, digest
from portal.rpc.exchange import RefusedError, UnusableError

ANOTHER_UID = 1234
NAME = "made-in-the-browser"


def _put(folder: Path, kind: str, document: dict[str, Any], uids: list[Any] | None = None) -> tuple[Path, str]:
    """A file as the publisher writes it; `uids` for a draft."""
    raw = canonical_json(document)
    revision = digest(raw)
    if uids is not None:
        raw = canonical_json({"schema": 1, "uids": uids, "document": raw.decode()})
    path = folder / kind / document["name"] / f"{revision.removeprefix('sha256:')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return path, revision


def _order(facility, revision: str, **more: Any) -> dict[str, Any]:
    return facility.item(jobtype={"name": NAME, "version": "1.0", "revision": revision, **more})


@pytest.fixture
def new(facility) -> dict[str, Any]:
    """A job type that no file of root's has."""
    return facility.jobtype | {"name": NAME}


@pytest.fixture
def registered(facility) -> Path:
    """The publisher's folder, which the agent is told of."""
    folder = facility.path / "registered"
    (folder / "published").mkdir(parents=True)
    (folder / "drafts").mkdir()
    told = facility.backend | {"registered": {"folder": str(folder)}}
    facility.client = AgentClient(local_command(), told, timeout_s=60)
    return folder


def test_what_the_publisher_published_runs_and_its_job_spec_is_no_drafts(facility, registered, new):
    _path, revision = _put(registered, "published", new)
    item = _order(facility, revision)
    (taken,) = facility.client.submit([item])
    assert isinstance(taken, Submitted)
    spec = json.loads((facility.folder(item) / "job.json").read_bytes())
    assert spec["jobtype"] == {"name": NAME, "version": "1.0", "revision": revision}


def test_without_that_folder_in_its_settings_nothing_of_the_publishers_runs(facility, registered, new):
    _path, revision = _put(registered, "published", new)
    plain = AgentClient(local_command(), facility.backend, timeout_s=60)
    (refused,) = plain.submit([_order(facility, revision)])
    assert isinstance(refused, Refusal)
    assert refused.code == "jobtype-unknown"


def test_a_draft_runs_as_those_whom_its_file_names_and_the_job_spec_says_so(facility, registered, new):
    _path, revision = _put(registered, "drafts", new, [ANOTHER_UID, os.geteuid()])
    item = _order(facility, revision, draft=True)
    (taken,) = facility.client.submit([item])
    assert isinstance(taken, Submitted)
    spec = json.loads((facility.folder(item) / "job.json").read_bytes())
    assert spec["jobtype"]["draft"] is True


@pytest.mark.parametrize("uids", [[], [ANOTHER_UID], [True], ["0"], [str(os.geteuid())], [None]])
def test_a_draft_of_others_does_not_run(facility, registered, uids, new):
    _path, revision = _put(registered, "drafts", new, uids)
    item = _order(facility, revision, draft=True)
    (refused,) = facility.client.submit([item])
    assert isinstance(refused, Refusal)
    assert "not this person's" in refused.message
    assert not facility.folder(item).exists()


def test_a_draft_is_not_published_and_what_is_published_is_no_draft(facility, registered, new):
    _path, drafted = _put(registered, "drafts", new, [os.geteuid()])
    _path, published = _put(registered, "published", new | {"version": "2.0"})
    as_published = _order(facility, drafted)
    as_draft = facility.item(jobtype={"name": NAME, "revision": published, "draft": True})
    answers = facility.client.submit([as_published, as_draft])
    assert [getattr(one, "code", one) for one in answers] == ["jobtype-unknown", "jobtype-unknown"]


@pytest.mark.parametrize("word", ["yes", 1, [], {}])
def test_draft_is_true_or_false(facility, registered, word, new):
    _path, revision = _put(registered, "drafts", new, [os.geteuid()])
    (refused,) = facility.client.submit([_order(facility, revision, draft=word)])
    assert isinstance(refused, Refusal)
    assert refused.code == "request"


@pytest.mark.parametrize("kind", ["published", "drafts"])
def test_a_replaced_file_is_refused(facility, registered, kind, new):
    path, revision = _put(registered, kind, new, [os.geteuid()] if kind == "drafts" else None)
    path.write_bytes(path.read_bytes().replace(b"lightsheet_deconvolution", b"lightsheet_deconvolutiom"))
    (refused,) = facility.client.submit(
        [_order(facility, revision, **({"draft": True} if kind == "drafts" else {}))]
    )
    assert isinstance(refused, Refusal)
    assert refused.code == "jobtype-unsafe"


@pytest.mark.parametrize("spoiled", [b"[]", b"{", b"[" * 100_000, b'{"schema": 1, "uids": [0]}', b'{"schema": 2}'])
def test_a_draft_that_is_no_draft_is_refused(facility, registered, spoiled, new):
    path, revision = _put(registered, "drafts", new, [os.geteuid()])
    path.write_bytes(spoiled)
    (refused,) = facility.client.submit([_order(facility, revision, draft=True)])
    assert isinstance(refused, Refusal)
    assert refused.code == "jobtype-unsafe"


def test_a_link_in_its_place_is_not_followed(facility, registered, new):
    path, revision = _put(registered, "published", new)
    aside = facility.path / "elsewhere.json"
    path.rename(aside)
    path.symlink_to(aside)
    (refused,) = facility.client.submit([_order(facility, revision)])
    assert isinstance(refused, Refusal)
    assert refused.code == "jobtype-unknown"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to other accounts")
@pytest.mark.parametrize(
    ("kind", "owner", "believed"),
    [
        ("published", 907, True),
        ("published", 0, True),
        ("published", ANOTHER_UID, False),
        ("drafts", 907, True),
        ("drafts", ANOTHER_UID, False),
    ],
)
def test_files_of_root_and_of_the_publisher_are_believed_in_its_folder(
    facility, registered, kind, owner, believed, new
):
    path, revision = _put(registered, kind, new, [os.geteuid()] if kind == "drafts" else None)
    os.chown(path, owner, owner)
    published = Published(facility.published, Registered(registered, 907))
    wanted = {"name": NAME, "revision": revision, "draft": kind == "drafts"}
    if believed:
        assert published.load(wanted).draft is (kind == "drafts")
    else:
        with pytest.raises(RefusedError, match="another account"):
            published.load(wanted)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to other accounts")
def test_the_publishers_account_is_not_believed_in_roots_folder(facility, registered):
    path = facility.published / facility.jobtype["name"] / f"{facility.revision.removeprefix('sha256:')}.json"
    os.chown(path, 907, 907)
    published = Published(facility.published, Registered(registered, 907))
    with pytest.raises(RefusedError, match="another account"):
        published.load({"name": facility.jobtype["name"], "revision": facility.revision})


def test_a_persons_own_file_is_not_the_publishers():
    assert Registered(Path("/x"), 907).owners() == {0, 907}
    assert Registered(Path("/x")).owners() == {0, os.geteuid()}


@pytest.mark.parametrize("uid", [0, -1, True, "907", 65534, 1.5])
def test_the_publishers_uid_is_a_number_that_is_not_roots(facility, registered, uid):
    with pytest.raises(UnusableError, match=r"registered\.uid"):
        backend.parse(facility.backend | {"registered": {"folder": str(registered), "uid": uid}})
