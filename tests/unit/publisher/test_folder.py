"""What the publisher writes: whole, read-only, once; and nothing over what another put there."""

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.errors import ConflictError
from portal.jobtype.load import load_folders, shipped_folder
from portal.jobtype.model import JobType
from portal.jobtype.offer.audience import EVERYONE, Audience, To
from portal.jobtype.offer.current import current_of
from portal.jobtype.offer.registered import registered_offer
from portal.publisher.folder import allow_trial, alone, publish_revision, retire

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def jobtype() -> JobType:
    shipped = load_folders([shipped_folder()]).by_name["qc"]
    return shipped.model_copy(update={"name": "my-own"})


def _file(folder: Path, kind: str, jobtype: JobType) -> Path:
    return folder / kind / jobtype.name / f"{jobtype.revision.removeprefix('sha256:')}.json"


def _publish(folder: Path, jobtype: JobType, now: datetime = NOW) -> None:
    publish_revision(folder, jobtype, EVERYONE, "The first one.", by="operator", now=now)


def test_a_published_revision_is_on_offer_and_nobody_can_write_it(jobtype, tmp_path):
    audience = Audience(To.INSTRUMENTS, "keller", (3, 5))
    publish_revision(tmp_path, jobtype, audience, "The first one.", by="operator", now=NOW)
    path = _file(tmp_path, "published", jobtype)
    assert path.read_bytes() == jobtype.canonical()
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    offer = registered_offer(tmp_path / "published", ())
    assert {name: one.revision for name, one in offer.by_name.items()} == {"my-own": jobtype.revision}
    assert offer.audiences == {"my-own": audience}


def test_going_back_is_publishing_an_old_revision_again(jobtype, tmp_path):
    newer = jobtype.model_copy(update={"version": "9.0"})
    for one, at in ((jobtype, NOW), (newer, NOW), (jobtype, LATER)):
        _publish(tmp_path, one, at)
    current = current_of(tmp_path / "published", "my-own")
    assert current is not None
    assert (current.revision, current.since) == (jobtype.revision, LATER)
    assert _file(tmp_path, "published", newer).is_file()


def test_what_is_retired_is_not_on_offer_and_its_revision_stays(jobtype, tmp_path):
    _publish(tmp_path, jobtype)
    retire(tmp_path, "my-own", by="operator", now=LATER)
    assert registered_offer(tmp_path / "published", ()).by_name == {}
    assert _file(tmp_path, "published", jobtype).read_bytes() == jobtype.canonical()
    _publish(tmp_path, jobtype, LATER)
    assert set(registered_offer(tmp_path / "published", ()).by_name) == {"my-own"}


def test_what_never_was_published_cannot_be_retired(tmp_path):
    with pytest.raises(ConflictError, match="Nothing is published"):
        retire(tmp_path, "my-own", by="operator", now=NOW)


def test_a_file_of_the_site_counts_in_the_place_of_one_from_the_browser_and_it_is_said(jobtype, tmp_path):
    _publish(tmp_path, jobtype)
    offer = registered_offer(tmp_path / "published", {"my-own"})
    assert offer.by_name == {}
    assert [(one.name, "file of the site" in one.reason) for one in offer.unpublished] == [("my-own", True)]


@pytest.mark.parametrize(
    "audience",
    [
        None,
        "everyone",
        {"to": "everyone"},
        {"to": "all", "author": "", "ids": []},
        {"to": "everyone", "author": "", "ids": [1]},
        {"to": "instruments", "author": "", "ids": []},
        {"to": "experiments", "author": "", "ids": ["1"]},
        {"to": "experiments", "author": "", "ids": [True]},
        {"to": "experiments", "author": None, "ids": [1]},
        {"to": "experiments", "author": "", "ids": list(range(1, 102))},
    ],
)
def test_a_note_that_does_not_say_to_whom_offers_it_to_nobody(jobtype, tmp_path, audience):
    _publish(tmp_path, jobtype)
    note = tmp_path / "published" / "my-own" / "current"
    document = json.loads(note.read_bytes())
    note.write_text(json.dumps(document | {"audience": audience}))
    offer = registered_offer(tmp_path / "published", ())
    assert offer.by_name == {}
    assert ["to whom" in one.reason for one in offer.unpublished] == [True]


@pytest.mark.parametrize("kind", ["published", "drafts"])
def test_a_replaced_file_is_refused_and_stays_for_somebody_to_look_at(jobtype, tmp_path, kind):
    _publish(tmp_path, jobtype)
    allow_trial(tmp_path, jobtype, [2001])
    path = _file(tmp_path, kind, jobtype)
    path.chmod(0o644)
    spoiled = path.read_bytes().replace(b"quality", b"quantity", 1) + b" "
    path.write_bytes(spoiled)
    with pytest.raises(ConflictError, match="not as the publisher wrote it"):
        _publish(tmp_path, jobtype) if kind == "published" else allow_trial(tmp_path, jobtype, [2002])
    assert path.read_bytes() == spoiled


@pytest.mark.parametrize("kind", ["published", "drafts"])
@pytest.mark.parametrize("what", ["link", "second name", "pipe", "folder"])
def test_what_is_no_file_of_its_own_is_refused(jobtype, tmp_path, kind, what):
    _publish(tmp_path, jobtype.model_copy(update={"version": "0.1"}))
    allow_trial(tmp_path, jobtype.model_copy(update={"version": "0.1"}), [2001])
    path, aside = _file(tmp_path, kind, jobtype), tmp_path / "aside"
    if what == "link":
        aside.write_bytes(jobtype.canonical())
        path.symlink_to(aside)
    elif what == "second name":
        aside.write_bytes(jobtype.canonical())
        path.hardlink_to(aside)
    elif what == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(ConflictError):
        _publish(tmp_path, jobtype) if kind == "published" else allow_trial(tmp_path, jobtype, [2001])


def test_a_folder_that_is_a_link_is_not_followed(jobtype, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "my-own").symlink_to(elsewhere)
    with pytest.raises(ConflictError, match="not the publisher's own folder"):
        _publish(tmp_path, jobtype)
    assert list(elsewhere.iterdir()) == []


def test_a_folder_that_others_may_write_is_refused(jobtype, tmp_path):
    (tmp_path / "published").mkdir()
    (tmp_path / "published").chmod(0o777)
    with pytest.raises(ConflictError, match="not the publisher's own folder"):
        _publish(tmp_path, jobtype)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to other accounts")
@pytest.mark.parametrize("kind", ["published", "drafts"])
def test_a_file_that_is_anothers_is_refused(jobtype, tmp_path, kind):
    _publish(tmp_path, jobtype)
    allow_trial(tmp_path, jobtype, [2001])
    os.chown(_file(tmp_path, kind, jobtype), 1234, 1234)
    with pytest.raises(ConflictError, match="not as the publisher wrote it"):
        _publish(tmp_path, jobtype) if kind == "published" else allow_trial(tmp_path, jobtype, [2001])


def test_a_draft_names_those_who_may_run_it_and_more_are_added(jobtype, tmp_path):
    allow_trial(tmp_path, jobtype, [2002])
    allow_trial(tmp_path, jobtype, [2001, 2002])
    path = _file(tmp_path, "drafts", jobtype)
    document = json.loads(path.read_bytes())
    assert document == {"schema": 1, "uids": [2001, 2002], "document": jobtype.canonical().decode()}
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path.parent, path.parent.parent)] == [0o711, 0o711]
    assert not (tmp_path / "published").exists()


def test_so_many_may_try_one_draft(jobtype, tmp_path):
    allow_trial(tmp_path, jobtype, range(2000, 2100))
    with pytest.raises(ConflictError, match="100 people"):
        allow_trial(tmp_path, jobtype, [3000])


RACE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from portal.jobtype.load import load_folders, shipped_folder
from portal.jobtype.offer.audience import EVERYONE
from portal.publisher.folder import allow_trial, alone, publish_revision
folder, uid = Path(sys.argv[1]), int(sys.argv[2])
one = load_folders([shipped_folder()]).by_name["qc"].model_copy(update={"name": "my-own"})
for turn in range(20):
    with alone(folder):
        version = one.model_copy(update={"version": str(turn)})
        publish_revision(folder, version, EVERYONE, "", by=str(uid), now=datetime(2026, 3, 1, tzinfo=UTC))
        allow_trial(folder, version, [uid])
"""


def test_two_publishers_that_race_lose_nothing_of_each_other(jobtype, tmp_path):
    def run(uid: int) -> int:
        return subprocess.run([sys.executable, "-c", RACE, str(tmp_path), str(uid)], timeout=300).returncode

    with ThreadPoolExecutor(2) as both:
        assert list(both.map(run, (2001, 2002))) == [0, 0]
    for turn in range(20):
        version = jobtype.model_copy(update={"version": str(turn)})
        assert _file(tmp_path, "published", version).read_bytes() == version.canonical()
        assert json.loads(_file(tmp_path, "drafts", version).read_bytes())["uids"] == [2001, 2002]
    left = {path.name for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".json"}
    assert left == {".lock", "current"}


def test_the_lock_is_not_looked_for_through_a_link(tmp_path):
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / ".lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"\.lock"), alone(tmp_path):
        pass
