"""Scripts beside a job type's YAML: read from its folder alone, hashed with it, bounded, refused in words."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gantry_formats.commands.written import LONGEST_CONTENT
from portal.jobtype.command.beside import folder_reader
from portal.jobtype.load import load_file, load_folders, parse_text, state_of
from portal.jobtype.written.edit import put
from portal.jobtype.written.inlined import inlined, laid_beside, lines_before, scripts_of

FIT = """\
# what we run
name: fit
version: "1.0"
title: Fit
summary: Fits.
category: Any data
contact: staff
program:
  command: [python3, {written: fit.py}, {output: out.csv}]
  written:
    fit.py: {beside: fit.py}  # ours
    help.py:
      beside: parts/help.py
inputs: [{name: data, label: Data, dataset_types: [stack]}]
resources: {default: s, variants: [{name: s, label: S}]}
result_title: "{input}"
outputs: [{name: out, dataset_type: result, pattern: "*.csv"}]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The YAML with its two scripts, one of them with the ends of lines of another system."""
    place = tmp_path / "fit.yaml"
    place.write_text(FIT)
    (tmp_path / "fit.py").write_text("import help\n\nprint('µ')\n")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "help.py").write_bytes(b"\xef\xbb\xbfx = 1\r\n")
    return place


def test_their_text_is_part_of_the_revision(file: Path) -> None:
    one, problems = load_file(file)
    assert one is not None, problems
    written = one.program.document()["written"]
    assert written == {"fit.py": {"content": "import help\n\nprint('µ')\n"}, "help.py": {"content": "x = 1\n"}}
    (file.parent / "parts" / "help.py").write_text("x = 2\n")
    other, _ = load_file(file)
    assert other is not None and other.revision != one.revision


def test_a_script_that_changes_is_another_state_of_the_folder(file: Path) -> None:
    before = state_of([file.parent])
    os.utime(file.parent / "parts" / "help.py", ns=(1, 1))
    assert state_of([file.parent]) != before


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("gone.py", "gone.py cannot be read"),
        ("../outside.py", "leads out of its folder"),
        ("/etc/passwd", "must be relative"),
        ("parts", "cannot be read"),
        ("link.py", "cannot be read"),
        ("pipe", "cannot be read"),
        ("a/b/c/deep.py", "more than 2 folders down"),
        ("large.py", "cannot be read"),
        ("binary.py", "no text in UTF-8 (byte 3)"),
        ("control.py", "line 2 holds the control character 0x1b"),
        ("empty.py", "its content is a text"),
    ],
)
def test_what_cannot_go_along_is_told_at_its_line(file: Path, path: str, told: str) -> None:
    folder = file.parent
    (folder.parent / "outside.py").write_text("x")
    (folder / "link.py").symlink_to(folder / "fit.py")
    os.mkfifo(folder / "pipe")
    (folder / "large.py").write_text("#" * (LONGEST_CONTENT + 1))
    (folder / "binary.py").write_bytes(b"ab\xff")
    (folder / "control.py").write_text("a\n\x1b\n")
    (folder / "empty.py").write_text("")
    file.write_text(FIT.replace("beside: fit.py", f"beside: {path}"))
    found, [problem] = load_file(file)
    assert found is None
    assert told in problem.message and problem.message.startswith("fit.py: ")
    assert FIT.splitlines()[problem.line - 1].strip().startswith("fit.py:")


def test_all_together_are_bounded(file: Path) -> None:
    for name in ("fit.py", "parts/help.py"):
        (file.parent / name).write_text("#" * (LONGEST_CONTENT // 2 + 1))
    found, problems = load_file(file)
    assert found is None and "the contents are" in problems[0].message


def test_a_text_that_came_without_its_folder_says_so() -> None:
    found, problems = parse_text(FIT, Path("draft"))
    assert found is None
    assert [one.line for one in problems] == [11, 13]
    assert "fit.py: fit.py lies beside this text, which came without it" in problems[0].message


def test_other_files_of_the_folder_are_no_job_types(file: Path) -> None:
    found = load_folders([file.parent])
    assert list(found.by_name) == ["fit"] and not found.problems


def test_what_is_sent_is_the_same_revision_and_keeps_comments(file: Path) -> None:
    sent = inlined(file.read_text(), folder_reader(file.parent))
    assert "# what we run" in sent and "beside" not in sent
    alone, problems = parse_text(sent, Path("draft"))
    kept, _ = load_file(file)
    assert alone is not None and kept is not None, problems
    assert alone.revision == kept.revision
    lines = lines_before(file.read_text(), sent)
    for number, text in enumerate(sent.splitlines(), 1):
        if text.startswith(("result_title", "inputs", "title")):
            assert FIT.splitlines()[lines[number] - 1] == text
    back, scripts = laid_beside(sent)
    assert scripts == {"fit.py": "import help\n\nprint('µ')\n", "help.py": "x = 1\n"}
    again, _ = parse_text(inlined(back, scripts.__getitem__), Path("draft"))
    assert again is not None and again.revision == kept.revision


def test_a_program_on_one_line_takes_its_scripts_too() -> None:
    flat = (
        FIT[: FIT.index("program:")]
        + "program: {command: [sh, {written: a.sh}], written: {a.sh: {beside: a.sh}}}\n"
    )
    flat += FIT[FIT.index("inputs:") :]
    sent = inlined(flat, {"a.sh": "echo 1\necho 2\n"}.__getitem__)
    assert scripts_of(sent) == {"a.sh": "echo 1\necho 2\n"}
    assert "# what we run" in sent


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("{output: out.csv}", "{output: ../out.csv}", "program.command[3].output:"),
        ("fit.py: {beside: fit.py}  # ours", 'fit.py: {content: ""}', "program.written.fit.py.content is"),
    ],
)
def test_a_place_is_named_once(old: str, new: str, place: str) -> None:
    assert old in FIT
    found, problems = parse_text(FIT.replace(old, new), Path("fit.yaml"))
    assert found is None
    assert any(one.message.startswith(place) for one in problems), problems


LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


@settings(deadline=None)
@given(st.lists(LINES, min_size=1, max_size=6).map("\n".join).filter(bool), st.sampled_from(["", "\n", "\n\n"]))
def test_a_script_comes_back_as_it_was(lines: str, end: str) -> None:
    script = lines + end
    text = put(FIT, ("program", "written", "fit.py"), {"content": script})
    assert scripts_of(text)["fit.py"] == script
    assert "# what we run" in text
