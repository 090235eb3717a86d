"""Staging images, and what the nightly check does about one that is not what it was."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from portal.errors import InvalidError, PortalError
from portal.images import staging
from portal.images.__main__ import main
from portal.images.manifest import read, usable


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """The folder that jobs use."""
    (tmp_path / "images").mkdir()
    return tmp_path / "images"


@pytest.fixture
def built(tmp_path: Path):
    """`built(b"…")`: a folder with an image of that content, as it comes from a build."""

    def make(content: bytes, **changes: object) -> Path:
        name = "science"
        digest = hashlib.sha256(content).hexdigest()
        folder = tmp_path / f"{name}-{digest[:8]}"
        folder.mkdir()
        file = f"{name}-{digest[:16]}.sif"
        (folder / file).write_bytes(content)
        manifest = {
            "schema": 1, "name": name, "file": file, "digest": f"sha256:{digest}", "size": len(content),
            "mtime_ns": 1, "built": "2026-11-21T08:00:00Z", "labels": {"gantry.image": name},
        } | changes  # fmt: skip
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return folder

    return make


def test_a_staged_image_is_the_one_that_jobs_get(images, built):
    staged = staging.stage(built(b"one"), images)
    assert usable(images, "science") == staged
    assert (images / staged.file).read_bytes() == b"one"
    assert (images / staged.file).stat().st_mode & 0o777 == 0o644
    assert staged.mtime_ns == (images / staged.file).stat().st_mtime_ns


def test_the_same_image_again_changes_nothing(images, built):
    folder = built(b"one")
    staging.stage(folder, images)
    before = {path: path.stat().st_mtime_ns for path in images.iterdir()}
    assert staging.stage(folder, images) is None
    assert {path: path.stat().st_mtime_ns for path in images.iterdir()} == before


def test_a_newer_image_leaves_the_older_file_to_jobs_that_are_queued(images, built):
    older = staging.stage(built(b"one"), images)
    newer = staging.stage(built(b"two"), images)
    assert usable(images, "science") == newer
    assert (images / older.file).read_bytes() == b"one"
    assert {one.digest for one in staging.staged(images)} == {older.digest, newer.digest}


def test_an_older_image_taken_up_again_is_the_same_file_for_jobs_that_are_queued_with_it(images, built):
    folder = built(b"one")
    first = staging.stage(folder, images)
    staging.stage(built(b"two"), images)
    again = staging.stage(folder, images)
    assert again == first == usable(images, "science")
    assert (images / first.file).stat().st_mtime_ns == first.mtime_ns


def test_an_older_image_that_was_damaged_meanwhile_is_copied_anew(images, built):
    folder = built(b"one")
    first = staging.stage(folder, images)
    staging.stage(built(b"two"), images)
    (images / first.file).write_bytes(b"xxx")
    os.utime(images / first.file, ns=(first.mtime_ns, first.mtime_ns))
    staging.stage(folder, images)
    assert (images / first.file).read_bytes() == b"one"
    assert usable(images, "science").digest == first.digest


def test_an_image_that_is_not_what_its_manifest_says_is_not_staged(images, built):
    folder = built(b"one", digest="sha256:" + "0" * 64)
    with pytest.raises(InvalidError, match="its manifest says"):
        staging.stage(folder, images)
    assert list(images.iterdir()) == []


def test_an_image_that_is_missing_in_its_folder_is_said_in_words(images, built):
    folder = built(b"one")
    next(folder.glob("*.sif")).unlink()
    with pytest.raises(PortalError, match="cannot be staged: No such file"):
        staging.stage(folder, images)


@pytest.mark.parametrize(
    ("key", "value"),
    [("file", "../x.sif"), ("file", "/x.sif"), ("name", "a b"), ("digest", "md5:0"), ("size", "3"), ("schema", 2)],
)
def test_a_manifest_with_anything_else_in_it_is_refused(images, built, key, value):
    with pytest.raises(InvalidError):
        staging.stage(built(b"one", **{key: value}), images)


def test_a_manifest_that_is_no_json_is_not_taken_for_a_missing_one(images):
    (images / "science.json").write_text("{")
    with pytest.raises(InvalidError, match="not the manifest"):
        read(images, "science")
    assert read(images, "other") is None


def test_every_image_that_is_as_it_was_passes_the_check(images, built, capsys):
    staging.stage(built(b"one"), images)
    assert main(["check", str(images)]) == 0
    assert "as it was staged" in capsys.readouterr().out


def test_an_image_whose_content_changed_is_withdrawn_even_if_size_and_time_are_the_same(images, built, capsys):
    staged = staging.stage(built(b"one"), images)
    (images / staged.file).write_bytes(b"two")
    os.utime(images / staged.file, ns=(staged.mtime_ns, staged.mtime_ns))
    assert usable(images, "science") == staged
    assert main(["check", str(images)]) == 1
    assert "No job gets it any more" in capsys.readouterr().out
    with pytest.raises(InvalidError, match=r"was withdrawn: on .* its file is sha256:"):
        usable(images, "science")
    assert not (images / staged.file).exists()
    assert main(["check", str(images)]) == 1


def test_an_image_that_is_gone_is_withdrawn(images, built):
    staged = staging.stage(built(b"one"), images)
    (images / staged.file).unlink()
    assert main(["check", str(images)]) == 1
    with pytest.raises(InvalidError, match="withdrawn"):
        usable(images, "science")


def test_a_withdrawn_image_is_good_again_once_it_is_staged_again(images, built):
    folder = built(b"one")
    staged = staging.stage(folder, images)
    (images / staged.file).write_bytes(b"two!")
    main(["check", str(images)])
    assert main(["stage", str(images), str(folder)]) == 0
    assert usable(images, "science").digest == staged.digest
    assert main(["check", str(images)]) == 0


def test_the_check_of_an_older_image_leaves_the_newer_one_in_use(images, built):
    older = staging.stage(built(b"one"), images)
    newer = staging.stage(built(b"two"), images)
    (images / older.file).write_bytes(b"xxx")
    assert main(["check", str(images)]) == 1
    assert usable(images, "science") == newer


def test_the_list_marks_what_new_jobs_get(images, built, capsys):
    older = staging.stage(built(b"one"), images)
    newer = staging.stage(built(b"two"), images)
    main(["list", str(images)])
    lines = {line[1:].split()[1]: line[0] for line in capsys.readouterr().out.splitlines()}
    assert {older.digest, newer.digest} == set(lines)
    assert (lines[newer.digest], lines[older.digest]) == ("*", " ")


def test_words_that_mean_nothing_are_refused(images):
    with pytest.raises(SystemExit) as ended:
        main(["stage", str(images)])
    assert ended.value.code == 2
