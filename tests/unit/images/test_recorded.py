"""What is recorded of an image when it is staged: labels, and what its programs print for help, hostile or not."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.errors import InvalidError
from portal.images import asking, recorded, staging
from portal.images.__main__ import main
from portal.images.manifest import Manifest, names, write
from portal.images.plain import LONGEST_LINE, plain
from portal.images.recorded import LONGEST_HELP, MOST_LABELS

DIGEST = "sha256:" + "a" * 64
Runtime = Callable[..., None]


@pytest.fixture
def image(tmp_path: Path) -> tuple[Path, Manifest]:
    """A folder with a staged image."""
    folder = tmp_path / "images"
    folder.mkdir()
    tmp_path.chmod(0o755)
    (folder / "tool-aaaa.sif").write_bytes(b"image")
    status = (folder / "tool-aaaa.sif").stat()
    manifest = Manifest(
        "tool", "tool-aaaa.sif", DIGEST, status.st_size, status.st_mtime_ns, "2026-11-30T08:00:00Z"
    )
    write(folder, "tool-aaaa.sif.json", manifest)
    write(folder, "tool.json", manifest)
    return folder, manifest


@pytest.fixture
def runtime(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """`runtime(helps="…", labels={…}, runscript="…")`: an apptainer that answers so; `help` is Python's code."""
    folder = Path("/tmp") / f"gantry-runtime-{os.getpid()}-{tmp_path_factory.mktemp('x').name}"
    folder.mkdir()
    folder.chmod(0o755)

    def make(*, helps: str = "", labels: object = None, runscript: str = "", apps: str = "") -> None:
        program = f"""#!/usr/bin/python3
import json, os, sys, time
words = sys.argv[1:]
if "--labels" in words:
    print({json.dumps({"data": {"attributes": {"labels": labels or {}}}})!r})
elif "--runscript" in words:
    print({runscript!r})
elif "--list-apps" in words:
    print({apps!r})
else:
    {helps or "print(json.dumps([words, dict(os.environ), os.getuid()]))"}
"""
        (folder / "apptainer").write_text(program)
        (folder / "apptainer").chmod(0o755)

    monkeypatch.setattr(asking, "PATH", f"{folder}:/usr/bin:/bin")
    yield make
    (folder / "apptainer").unlink(missing_ok=True)
    folder.rmdir()


def asked(image: tuple[Path, Manifest], *programs: str, seconds: float = 20) -> recorded.Recorded:
    """What is kept after asking: it goes through the file."""
    folder, manifest = image
    recorded.write(folder, manifest.file, asking.ask(folder, manifest, programs, seconds=seconds))
    found = recorded.read(folder, manifest)
    assert found is not None
    return found


def test_labels_apps_and_help_are_kept_beside_the_image(image, runtime) -> None:
    runtime(helps="print('Usage: magick tool'); sys.exit(1)", labels={"org.x.title": "Tool"}, apps="one\ntwo")
    found = asked(image, "magick")
    assert found.labels == (("org.x.title", "Tool"),)
    assert (found.apps, found.unknown, found.digest) == (("one", "two"), "", DIGEST)
    (one,) = found.helps
    assert (one.program, one.named_by, one.text, one.code, one.cut) == (
        "magick",
        "stager",
        "Usage: magick tool",
        1,
        False,
    )
    assert stat.S_IMODE((image[0] / "tool-aaaa.sif.recorded").stat().st_mode) == 0o644


def test_a_program_runs_without_network_binds_home_and_environment(image, runtime, monkeypatch) -> None:
    monkeypatch.setenv("SECRET", "not for programs")
    monkeypatch.setenv("APPTAINER_BIND", "/etc")
    runtime()
    words, environment, uid = json.loads(asked(image, "magick").helps[0].text)
    for wanted in ("--containall", "--no-home", "--cleanenv"):
        assert wanted in words
    assert words[words.index("--network") + 1] == "none"
    assert words[-2:] == ["magick", "--help"]
    assert not {"SECRET", "APPTAINER_BIND"} & set(environment)
    assert uid == (asking.NOBODY if os.geteuid() == 0 else os.geteuid())


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("print('a\\x1b[31mred\\x1b[0m \\x1b]0;title\\x07b \\x1bcc')", "ared b c"),
        ("print('N\\x08NA\\x08AM\\x08ME')", "NAME"),
        ("print('ab\\u202edc\\u200b\\x00\\x7f')", "abdc"),
        ("sys.stdout.buffer.write(b'\\xff\\xfe ok\\r\\nnext')", "\ufffd\ufffd ok\nnext"),
        ("print('<script>alert(1)</script>')", "<script>alert(1)</script>"),
    ],
)
def test_what_acts_on_a_terminal_is_taken_out_of_a_help(image, runtime, code: str, text: str) -> None:
    runtime(helps=code)
    assert asked(image, "magick").helps[0].text == text


def test_of_an_endless_help_a_bounded_part_is_read_and_it_is_stopped(image, runtime) -> None:
    runtime(helps="[sys.stdout.write('usage ' * 20000 + '\\n' * 2) for _ in iter(int, 1)]")
    (one,) = asked(image, "magick").helps
    assert one.cut
    assert one.code is None
    assert 0 < len(one.text) <= LONGEST_HELP


def test_a_help_that_never_ends_is_stopped_with_what_it_started(image, runtime, tmp_path) -> None:
    runtime(helps="os.fork(); print(os.getpid(), flush=True); time.sleep(600)")
    (one,) = asked(image, "magick", seconds=1).helps
    assert one.code is None
    for pid in one.text.split():
        assert not _works(int(pid))


def _works(pid: int) -> bool:
    """Whether a process is there that is not dead yet unburied."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_program_that_ends_and_leaves_a_child_with_its_output_holds_up_nothing(image, runtime) -> None:
    runtime(helps="time.sleep(600) if os.fork() == 0 else print('usage')")
    (one,) = asked(image, "magick", seconds=2).helps
    assert one.text == "usage"


def test_what_is_not_there_or_says_nothing_is_unknown_and_no_help(image, runtime) -> None:
    runtime(helps="print('FATAL:   \"x\": executable file not found in $PATH'); sys.exit(255)")
    (one,) = asked(image, "x").helps
    assert (one.text, one.code, one.unknown) == ("", None, "The image has no program of that name.")
    runtime(helps="sys.exit(3)")
    (one,) = asked(image, "x").helps
    assert (one.code, one.unknown) == (3, "It printed nothing.")
    runtime(helps="time.sleep(60)")
    (one,) = asked(image, "x", seconds=1).helps
    assert one.unknown == "It printed nothing within 1 seconds."


def test_without_apptainer_it_is_said_that_nothing_is_known(image, monkeypatch) -> None:
    monkeypatch.setattr(asking, "PATH", "/nonexistent")
    found = asked(image, "magick")
    assert found.unknown == found.helps[0].unknown == "There was no Apptainer on the host that staged it."
    assert (found.labels, found.helps[0].text) == ((), "")


def test_programs_come_of_the_stager_else_of_a_label_else_of_the_runscript_as_a_guess(image, runtime) -> None:
    runtime(labels={"gantry.programs": "magick identify --bad"}, runscript='#!/bin/sh\nexec convert "$@"\n')
    assert [(one.program, one.named_by) for one in asked(image, "a", "a").helps] == [("a", "stager")]
    assert [(one.program, one.named_by) for one in asked(image).helps] == [
        ("magick", "label"),
        ("identify", "label"),
    ]
    runtime(runscript='#!/bin/sh\nexec convert "$@"\n')
    assert [(one.program, one.named_by) for one in asked(image).helps] == [("convert", "runscript")]


@pytest.mark.parametrize(
    "text", ["", 'exec "$@"', "exec python3 x.py", "exec /bin/sh", "if x; then y; fi", "exec"]
)
def test_where_a_runscript_does_not_say_its_program_nothing_is_guessed(text: str) -> None:
    assert asking.guess(text) == []


@pytest.mark.parametrize("name", ["-x", "", "a b", "a;b", "$(id)", "a\n", "x" * 300])
def test_what_cannot_be_a_programs_name_is_refused(image, name: str) -> None:
    with pytest.raises(InvalidError):
        asking.ask(image[0], image[1], [name])


def test_hostile_labels_are_bounded_and_clean(image, runtime) -> None:
    labels = {f"l{number:04}": "v" * 2000 for number in range(300)}
    runtime(labels=labels | {"a\x1b[31m\nb": "x\x1b]0;t\x07y\nz", "n": 7})
    found = asked(image)
    assert len(found.labels) == MOST_LABELS
    assert dict(found.labels)["a b"] == "xy z"
    assert all(len(value) <= 501 for _name, value in found.labels)
    assert found.labels_left_out == 302 - MOST_LABELS


@pytest.mark.parametrize("labels", [[], "x", 7, None])
def test_labels_that_are_no_labels_are_unknown(image, runtime, monkeypatch, labels) -> None:
    runtime()
    monkeypatch.setattr(
        asking._Asked, "_run", lambda *_words, **_most: asking.Printed(json.dumps(labels).encode(), 0, False)
    )
    assert asked(image).unknown == "Apptainer could not read its labels."


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"schema": 2, "digest": DIGEST},
        {"schema": 1, "digest": "sha256:" + "b" * 64},
    ],
)
def test_a_record_of_another_image_or_form_is_none(image, document) -> None:
    (image[0] / "tool-aaaa.sif.recorded").write_text(json.dumps(document))
    assert recorded.read(*image) is None


def test_a_record_with_anything_in_it_is_read_within_bounds(image) -> None:
    helps = [{"program": 7, "named_by": {}, "text": "\x1b[1mx" + "y" * 100_000, "code": True}, 7] * 100
    document = {"schema": 1, "digest": DIGEST, "at": [], "labels": 5, "apps": {}, "helps": helps, "unknown": 1}
    (image[0] / "tool-aaaa.sif.recorded").write_text(json.dumps(document)[:900_000_000])
    found = recorded.parse(document, DIGEST)
    assert found is not None
    assert len(found.helps) <= recorded.MOST_PROGRAMS
    assert (found.helps[0].code, found.helps[0].named_by, found.helps[0].cut) == (None, "stager", True)
    assert "\x1b" not in found.helps[0].text


def test_a_record_that_is_too_large_or_a_link_is_not_read(image, tmp_path) -> None:
    path = image[0] / "tool-aaaa.sif.recorded"
    path.write_text(json.dumps({"schema": 1, "digest": DIGEST}) + " " * (1 << 20))
    assert recorded.read(*image) is None
    path.unlink()
    (tmp_path / "elsewhere").write_text(json.dumps({"schema": 1, "digest": DIGEST}))
    path.symlink_to(tmp_path / "elsewhere")
    assert recorded.read(*image) is None


def test_staging_records_and_says_so_and_the_record_is_no_image(image, runtime, tmp_path, capsys) -> None:
    runtime(helps="print('usage')", labels={"a": "b"})
    folder = tmp_path / "built"
    folder.mkdir()
    (folder / "more-1.sif").write_bytes(b"more")
    digest = staging.hash_file(folder / "more-1.sif")
    made = Manifest("more", "more-1.sif", digest, 4, 1)
    (folder / "manifest.json").write_text(json.dumps(made.document()))
    assert main(["stage", str(image[0]), str(folder), "--program", "magick"]) == 0
    assert "more: magick --help: 5 characters" in capsys.readouterr().out
    assert names(image[0]) == ("more", "tool")
    assert len(staging.staged(image[0])) == 2
    assert main(["record", str(image[0]), "tool"]) == 0
    assert recorded.read(*image).labels == (("a", "b"),)  # type: ignore[union-attr]
    assert main(["record", str(image[0]), "no-such"]) == 1
    with pytest.raises(SystemExit):
        main(["list", str(image[0]), "--program", "x"])


def test_a_long_line_is_cut_and_said_so() -> None:
    text, cut = plain(b"x" * 5000, 10_000)
    assert (len(text), cut) == (LONGEST_LINE, True)
