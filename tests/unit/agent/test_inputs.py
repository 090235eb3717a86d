"""What the agent compares of a file before a job gets it: inode, alias, linked, and folders as a whole."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from portal.agent.client import Submitted
from portal.agent.inputs import Inputs
from portal.files.confined import Root
from portal.files.folders import look_at
from portal.rpc.exchange import RefusedError

ALIAS = "symbolic link"


@pytest.fixture
def heart(tmp_path: Path) -> Path:
    """A registered folder, beside one that is none of it."""
    folder = tmp_path / "root" / "heart"
    (folder / "deep").mkdir(parents=True)
    (folder / "stack.h5").write_bytes(b"planes")
    (folder / "deep" / "frames.h5").write_bytes(b"frames")
    (folder.parent / "other.h5").write_bytes(b"others")
    return folder


def opened(folder: Path, *files: dict[str, Any]) -> list[dict[str, Any]]:
    """What a job gets of these files."""
    dataset = {"dataset": 1, "root": "demo", "location": folder.name, "files": list(files)}
    with Inputs({"demo": folder.parent}) as inputs:
        return list(inputs.open({"stack": [dataset]})["stack"][0]["files"])


def refusal(folder: Path, *files: dict[str, Any]) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        opened(folder, *files)
    return caught.value


def known(path: Path) -> dict[str, Any]:
    status = path.stat()
    return {"name": path.name, "size": status.st_size, "mtime_ns": status.st_mtime_ns, "inode": status.st_ino}


def test_another_file_of_the_same_size_and_time_is_refused(heart: Path) -> None:
    file = known(heart / "stack.h5")
    assert opened(heart, file)[0]["size"] == 6
    (heart / "new").write_bytes(b"forged")
    os.utime(heart / "new", ns=(file["mtime_ns"], file["mtime_ns"]))
    (heart / "new").rename(heart / "stack.h5")
    refused = refusal(heart, file)
    assert refused.code == "input-changed"
    assert "inode" in (refused.detail or "")
    assert opened(heart, file | {"inode": None})[0]["size"] == 6  # of what was registered before they were kept


@pytest.mark.parametrize("name", ["line\nbreak.h5", "tab\there", "trailing ", "-rf", "\x1b[2J", "back\\slash"])
def test_a_file_of_any_name_is_opened(heart: Path, name: str) -> None:
    (heart / name).write_bytes(b"planes")
    (file,) = opened(heart, known(heart / name))
    assert (file["path"], file["target"]) == (str(heart / name), f"/inputs/stack/0/{name}")


@pytest.mark.parametrize("name", ["", "a\0b", "half \udc80", "x" * 4097, 7])
def test_what_is_no_name_is_refused(heart: Path, name: object) -> None:
    assert refusal(heart, known(heart / "stack.h5") | {"name": name}).code == "request"


@pytest.mark.parametrize("inode", [-1, 2**64, "7", 1.5, True])
def test_an_inode_that_is_none_is_refused(heart: Path, inode: object) -> None:
    assert refusal(heart, known(heart / "stack.h5") | {"inode": inode}).code == "request"


def test_a_symbolic_link_is_followed_where_it_was_registered_as_one_and_nowhere_else(heart: Path) -> None:
    (heart / "link.h5").symlink_to("deep/frames.h5")
    file = known(heart / "link.h5")
    [given] = opened(heart, file | {"alias": ALIAS})
    # It is named as registered, and what is bound into the job is the file itself.
    assert (given["name"], given["target"]) == ("link.h5", "/inputs/stack/0/link.h5")
    assert given["path"] == str(heart / "deep" / "frames.h5")
    for alias in (None, "hard link", "symbolic", True, ""):
        assert refusal(heart, file | {"alias": alias}).code == "input-unsafe", alias


@pytest.mark.parametrize("target", ["../other.h5", "/etc/passwd", "deep/away"])
def test_a_symbolic_link_out_of_the_folder_is_refused_even_so(heart: Path, target: str) -> None:
    (heart / "deep" / "away").symlink_to("../../other.h5")
    (heart / "link.h5").symlink_to(target)
    assert refusal(heart, {"name": "link.h5", "alias": ALIAS}).code == "input-unsafe"


def test_a_link_that_leads_to_another_file_since_is_refused(heart: Path) -> None:
    (heart / "link.h5").symlink_to("deep/frames.h5")
    file = known(heart / "link.h5") | {"alias": ALIAS}
    (heart / "link.h5").unlink()
    (heart / "link.h5").symlink_to("stack.h5")
    os.utime(heart / "stack.h5", ns=(file["mtime_ns"], file["mtime_ns"]))
    assert refusal(heart, file).code == "input-changed"


def test_a_second_name_of_a_file_is_given(heart: Path) -> None:
    os.link(heart / "stack.h5", heart / "second.h5")
    [given] = opened(heart, known(heart / "second.h5") | {"alias": "hard link"})
    assert given["path"] == str(heart / "second.h5")


def test_links_that_are_not_followed_are_handed_on_in_words(heart: Path) -> None:
    dataset = {"dataset": 1, "root": "demo", "location": heart.name, "files": [known(heart / "stack.h5")]}
    why = "it is a symbolic link to /etc/passwd, which lies outside of the registered folder"

    def given(lost: Any) -> dict[str, Any]:
        with Inputs({"demo": heart.parent}) as inputs:
            return inputs.open({"stack": [dataset | {"not_followed": lost}]})["stack"][0]

    assert given({"more.h5": why})["not_followed"] == {"more.h5": why}
    assert "not_followed" not in given(None)
    for wrong in ([], {"a": 1}, {"": why}, {"a\nb": why}, {str(number): why for number in range(101)}):
        with pytest.raises(RefusedError) as caught:
            given(wrong)
        assert caught.value.code == "request"


def test_that_others_lead_to_a_file_is_handed_on(heart: Path) -> None:
    linked = {"name": "deep/frames.h5", "linked": True}
    plain, also = opened(heart, {"name": "stack.h5", "linked": False}, linked)
    assert ("linked" in plain, also["linked"]) == (False, True)
    assert refusal(heart, {"name": "stack.h5", "linked": "yes"}).code == "request"


@pytest.mark.parametrize(
    ("folder", "code"),
    [
        ({"files": 1, "stamp": "0" * 64}, "input-changed"),
        ({"files": 1, "stamp": "0"}, "request"),
        ({"files": 1, "stamp": None}, "request"),
        ({"files": -1, "stamp": "0" * 64}, "request"),
        ({"files": 10**9, "stamp": "0" * 64}, "request"),
        ({"stamp": "0" * 64}, "request"),
        ({"files": 1, "stamp": "0" * 64, "more": 1}, "request"),
        ([], "request"),
    ],
)
def test_a_folder_that_is_not_the_registered_one_is_refused(heart: Path, folder: Any, code: str) -> None:
    assert refusal(heart, {"name": "deep", "folder": folder}).code == code


def test_a_folder_is_one_item(heart: Path) -> None:
    with Root(heart) as root:
        look = look_at(root, "deep")
    [given] = opened(heart, {"name": "deep", "folder": {"files": 1, "stamp": look.stamp}})
    assert (given["path"], given["size"]) == (str(heart / "deep"), 6)
    assert given["folder"] == {"files": 1, "stamp": look.stamp}
    assert refusal(heart, {"name": "gone", "folder": {"files": 1, "stamp": look.stamp}}).code == "input-missing"


def test_a_linked_file_of_a_read_only_root_reaches_a_job(facility: Any) -> None:
    heart = facility.root / "heart"
    (heart / "raw").mkdir()
    (heart / "raw" / "frames.bin").write_bytes(b"frames")
    (heart / "stack.h5").unlink()
    (heart / "stack.h5").symlink_to("raw/frames.bin")
    files = [known(heart / "stack.h5") | {"alias": ALIAS}, {"name": "notes.txt", "linked": True}]
    item = facility.item(inputs=facility.inputs(files=files))
    [answer] = facility.client.submit([item])
    assert isinstance(answer, Submitted), answer
    order = json.loads((facility.folder(item) / "job.json").read_text())
    given, also = order["inputs"]["stack"][0]["files"]
    assert (given["path"], given["target"]) == (str(heart / "raw" / "frames.bin"), "/inputs/stack/0/stack.h5")
    assert also["name"] == "notes.txt"  # no job type asks for it by name: another file leads to it
