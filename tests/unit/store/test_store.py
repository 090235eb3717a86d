"""The store as a process, against outputs that people wrote."""

import errno
import hashlib
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from portal.rpc.exchange import AnswerLostError, CallRefusedError
from portal.store import copying
from portal.store.backend import Backend
from portal.store.client import Refusal, StoreClient, StoredResult, local_command
from portal.store.keeping import Keeper

ROOT = Path(__file__).parents[3]


def test_an_output_is_kept_whole_hashed_and_read_only(place):
    answer = place.keep()
    assert isinstance(answer, StoredResult)
    folder = place.results / "visit-1" / "J-1042"
    assert answer.location == "visit-1/J-1042"
    assert [file.name for file in answer.files] == ["metadata.json", "previews/xy.png", "result.h5"]
    [kept] = [file for file in answer.files if file.name == "result.h5"]
    assert (kept.size, kept.sha256) == (11, hashlib.sha256(b"deconvolved").hexdigest())
    assert kept.mtime_ns == (place.output / "result.h5").stat().st_mtime_ns
    assert answer.size == 16
    assert (folder / "result.h5").read_bytes() == b"deconvolved"
    assert (folder / "result.h5").stat().st_mode & 0o777 == 0o440
    for path in (folder, folder / "previews"):
        assert path.stat().st_mode & 0o777 == 0o550
    assert not [path for path in (place.results / ".incoming").iterdir() if not path.name.endswith(".lock")]


def test_keeping_twice_gives_the_same_answer_even_when_the_attempt_is_gone(place):
    first = place.keep()
    for path in sorted(place.output.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert place.keep() == first
    assert place.keep(destination="elsewhere/J-1042") == first
    assert not (place.results / "elsewhere").exists()


def test_a_pattern_chooses_and_what_goes_along_comes_too(place):
    names = [file.name for file in place.keep(pattern="*.h5", also=("previews",)).files]
    assert names == ["previews/xy.png", "result.h5"]


def test_an_output_without_its_file_is_refused_if_it_is_required(place):
    assert place.keep(pattern="*.tif") == Refusal("output-missing", "The job wrote no file like *.tif.")
    assert place.empty()
    assert place.keep(pattern="*.tif", required=False).files == ()
    place.attempt = str(uuid.uuid4())
    assert place.keep(job=43, destination="b").message == "The job left no output folder."


def spoil_link(place):
    (place.output / "x").symlink_to(place.outside / "secret")


def spoil_relative_link(place):
    (place.output / "x").symlink_to("../../../outside/secret")


def spoil_folder(place):
    (place.output / "x").symlink_to(place.outside)


def spoil_hard_link(place):
    os.link(place.outside / "secret", place.output / "x")


def spoil_pipe(place):
    os.mkfifo(place.output / "x")


@pytest.mark.parametrize("spoil", [spoil_link, spoil_relative_link, spoil_folder, spoil_hard_link, spoil_pipe])
def test_an_output_that_leads_out_is_refused_and_nothing_of_it_is_kept(place, spoil):
    spoil(place)
    answer = place.keep()
    assert (answer.code, answer.retry) == ("output-unsafe", False)
    assert "output/x" in answer.message
    assert place.empty()


def test_an_output_folder_that_is_a_link_is_refused(place):
    place.output.rename(place.path / "real")
    place.output.symlink_to(place.outside)
    assert place.keep().code == "output-unsafe"


def test_a_file_of_another_account_is_refused(place):
    assert place.keep(uid=os.geteuid() + 1).code == "output-unsafe"
    assert isinstance(place.keep(uid=os.geteuid()), StoredResult)


@pytest.mark.parametrize(
    ("limits", "words"),
    [({"max_files": 2}, "more than 2 files"), ({"max_bytes": 15}, "larger than 15 bytes")],
)
def test_an_output_that_is_too_large_is_refused(place, limits, words):
    [answer] = place.limited(**limits).keep([place.wish()])
    assert answer.code == "limit"
    assert words in answer.message
    assert place.empty()


@pytest.mark.parametrize(
    "destination", ["../x", "/etc/x", "", ".", ".incoming/x", "a/.index", "a/../../x", "a\0b"]
)
def test_a_result_stays_beneath_the_results(place, destination):
    answer = place.keep(destination=destination)
    assert answer.code in ("request", "unsafe")
    assert place.empty()


@pytest.mark.parametrize(
    "changes",
    [{"output": "../x"}, {"output": ".x"}, {"attempt": "../x"}, {"job": -1}, {"job": True}, {"uid": "0"}],
)
def test_a_request_is_checked(place, changes):
    assert place.keep(**changes).code == "request"


def test_another_results_place_is_never_taken(place):
    place.keep()
    before = (place.results / "visit-1" / "J-1042" / "result.h5").stat().st_ino
    assert place.keep(job=43) == Refusal("destination-taken", "There is another result at visit-1/J-1042.")
    assert (place.results / "visit-1" / "J-1042" / "result.h5").stat().st_ino == before


@pytest.mark.parametrize("name", ["store-copied", "store-sealed"])
def test_a_store_killed_between_its_steps_keeps_once(place, monkeypatch, tmp_path, name):
    monkeypatch.setenv("GANTRY_FAILPOINT", name)
    monkeypatch.setenv("GANTRY_FAILPOINT_ONCE", str(tmp_path / "once"))
    with pytest.raises(AnswerLostError):
        place.keep()
    answer = place.keep()
    assert isinstance(answer, StoredResult)
    assert place.client.verify([answer.location])[0].intact
    folder = place.results / answer.location
    assert folder.stat().st_mode & 0o777 == 0o550
    assert [path.name for path in (place.results / "visit-1").iterdir()] == ["J-1042"]


def test_a_disk_that_is_full_is_said_so_and_leaves_nothing(place, monkeypatch):
    class FullDisk:
        """Plays os.fsync on a file system without space: it says so when data must reach the disk."""

        def __init__(self) -> None:
            self.calls = 0

        def __call__(self, fd: int) -> None:
            self.calls += 1
            if self.calls == 2:
                raise OSError(errno.ENOSPC, "No space left on device")

    keeper = Keeper(Backend(place.results, place.scratch, 100, 10**6))
    monkeypatch.setattr(copying.os, "fsync", FullDisk())
    with pytest.raises(Exception, match="disk is full: nothing of this result was kept") as caught:
        keeper.keep(vars(place.wish()) | {"also": []})
    assert (caught.value.code, caught.value.retry) == ("disk-full", True)
    assert place.empty()


def test_a_real_disk_that_is_full_is_said_so_and_leaves_nothing(place):
    mounted = place.path / "small"
    mounted.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", mounted], capture_output=True
    ).returncode:
        pytest.skip("this account may not mount a small file system")
    try:
        (place.output / "large.bin").write_bytes(bytes(200_000))
        client = StoreClient(local_command(), place.config | {"results": str(mounted)}, timeout_s=60)
        [answer] = client.keep([place.wish()])
        assert (answer.code, answer.retry) == ("disk-full", True)
        assert not [path for path in (mounted / ".incoming").iterdir() if path.is_dir()]
    finally:
        subprocess.run(["umount", mounted], check=True)


def test_an_output_that_changes_while_it_is_copied_is_refused(place):
    code = (
        "import sys\nwith open(sys.argv[1], 'ab', buffering=0) as file:\n    while True:\n        file.write(b'x')"
    )
    # Large, so that reading it takes much longer than a busy machine keeps the writer waiting.
    large = 256 << 20
    os.truncate(place.output / "result.h5", large)
    with subprocess.Popen([sys.executable, "-c", code, place.output / "result.h5"]) as writer:
        while (place.output / "result.h5").stat().st_size == large:
            pass
        answer = place.keep(pattern="*.h5")
        writer.kill()
    assert (answer.code, answer.retry) == ("output-changed", True)
    assert "result.h5" in answer.message
    assert place.empty()


def test_verify_finds_every_change(place):
    location = place.keep().location
    assert place.client.verify([location])[0].intact
    folder = place.results / location
    for path in (folder, folder / "previews", *folder.rglob("*")):
        path.chmod(0o750)
    (folder / "result.h5").write_bytes(b"Deconvolved")
    (folder / "previews" / "xy.png").unlink()
    (folder / "added").write_bytes(b"x")
    [verified] = place.client.verify([location])
    assert not verified.intact
    assert sorted(verified.differences) == [
        ("added", "was not part of the result"),
        ("previews/xy.png", "previews/xy.png does not exist."),
        ("result.h5", "has other content"),
    ]


def test_drop_removes_a_result_of_that_job_only(place):
    location = place.keep().location
    assert place.client.drop([(location, 7, "result")])[0].code == "another"
    assert (place.results / location / "result.h5").exists()
    assert place.client.drop([(location, 42, "result")], attempt=str(uuid.uuid4()))[0].code == "another"
    assert place.client.drop([(location, 42, "result")]) == [True]
    assert not (place.results / location).exists()
    assert place.client.drop([(location, 42, "result")]) == [False]
    assert isinstance(place.keep(), StoredResult)


def test_what_is_no_result_is_neither_verified_nor_dropped(place):
    (place.results / "other").mkdir()
    assert place.client.verify(["other"])[0] == Refusal("missing", "There is no result at other.")
    assert place.client.drop([("other", 1, "result")])[0].code == "missing"
    assert (place.results / "other").exists()


def test_one_refused_item_harms_no_other(place):
    (place.path / "second").mkdir()
    spoiled = type(place)(place.path / "second")
    spoil_link(spoiled)
    (spoiled.scratch / spoiled.attempt).rename(place.scratch / spoiled.attempt)
    bad, good = place.client.keep(
        [place.wish(job=1, attempt=spoiled.attempt, destination="a"), place.wish(destination="b")]
    )
    assert bad.code == "output-unsafe"
    assert isinstance(good, StoredResult)


def test_unknown_keys_and_verbs_are_errors(place):
    client = StoreClient(local_command(), place.config | {"owner": "x"})
    with pytest.raises(CallRefusedError, match="nothing was done"):
        client.verify(["x"])
    request = {"schema": 1, "verb": "chown", "store": place.config, "items": []}
    done = subprocess.run(
        [sys.executable, "-m", "portal.store"],
        input=json.dumps(request).encode(),
        capture_output=True,
        env={"PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    assert done.returncode == 2
    assert json.loads(done.stdout)["unusable"] == "There is no verb 'chown'."
