"""Published revisions: canonical bytes, read-only, never written twice."""

import hashlib
import json
import stat

import pytest

from portal.jobtype.load import load_folders, shipped_folder
from portal.jobtype.publish import publish, publish_one, published_path


@pytest.fixture
def shipped():
    return load_folders([shipped_folder()])


def test_a_revision_is_published_under_the_digest_of_its_bytes(shipped, tmp_path):
    written = publish(shipped, tmp_path)
    assert len(written) == len(shipped.by_name)
    for path in written:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem
        assert json.loads(path.read_bytes())["name"] == path.parent.name
        assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_publishing_again_writes_nothing(shipped, tmp_path):
    publish(shipped, tmp_path)
    assert publish(shipped, tmp_path) == []


def test_a_damaged_revision_is_written_anew(shipped, tmp_path):
    jobtype = shipped.by_name["qc"]
    path = publish_one(jobtype, tmp_path)
    path.chmod(0o644)
    path.write_bytes(b"{}")
    assert publish_one(jobtype, tmp_path) == path
    assert path.read_bytes() == jobtype.canonical()


def test_an_older_revision_stays(shipped, tmp_path):
    jobtype = shipped.by_name["qc"]
    publish_one(jobtype, tmp_path)
    newer = jobtype.model_copy(update={"version": "1.1"})
    publish_one(newer, tmp_path)
    assert published_path(tmp_path, jobtype).is_file()
    assert published_path(tmp_path, newer).is_file()
    assert published_path(tmp_path, newer) != published_path(tmp_path, jobtype)


def test_nothing_is_left_behind_where_the_folder_cannot_be_written(shipped, tmp_path):
    (tmp_path / "qc").write_text("in the way", encoding="utf-8")
    with pytest.raises(OSError, match=r"qc"):
        publish_one(shipped.by_name["qc"], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["qc"]
