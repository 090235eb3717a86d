"""Odd files of job types: each is a problem with a line, never an exception, never minutes."""

import re
from pathlib import Path

import pytest

from portal.jobtype.load import load_folders, parse_text, shipped_folder

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "\n".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
ODD = {
    "aliases": BOMB,
    "merge": "a: &a {b: 1}\nc:\n  <<: *a\n",
    "deep": "[" * 10_000,
    "deep maps": "{a: " * 5000,
    "long number": f"name: {'9' * 10_000}\n",
    "no integer": "name: !!int abc\n",
    "no time": "name: !!timestamp never\n",
    "no float": "name: !!float abc\n",
    "no boolean": "name: !!bool maybe\n",
    "python": "name: !!python/object/apply:os.system [id]\n",
    "binary": "name: !!binary '!'\n",
    "set": "name: !!set {a, b}\n",
    "pairs": "name: !!omap [a]\n",
    "infinite": "resources: {variants: [{cpus: .inf}]}\n",
    "large number": f"resources: {{variants: [{{cpus: 1{'0' * 400}}}]}}\n",
    "half a character": 'name: "\\ud800"\n',
    "two documents": "name: a\n---\nname: b\n",
    "keys that are lists": "? [a]\n: b\n",
    "large": "a" * 600_000,
    "tab": "\tname: a",
    "anchor": "name: &x y\n",
    "a quarter of a million values": f"inputs: [{'1,' * 250_000}1]\n",
    "NUL": 'name: "a\\0b"\n',
    "terminal": 'name: "a\\e[2Jb"\n',
    "control character of 8 bits": 'name: "a\\x9bb"\n',
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_an_odd_file_is_a_problem_with_a_line(text: str) -> None:
    jobtype, problems = parse_text(text, Path("odd.yaml"))
    assert jobtype is None
    assert problems and all(problem.line >= 1 and problem.message for problem in problems)
    assert all(len(str(problem)) < 2000 for problem in problems)


def test_it_takes_no_other_job_type_away(tmp_path: Path) -> None:
    for number, text in enumerate(ODD.values()):
        (tmp_path / f"{number}.yaml").write_text(text, encoding="utf-8", errors="surrogatepass")
    found = load_folders([tmp_path])
    assert not found.by_name
    assert {problem.file.stem for problem in found.problems} == {str(number) for number in range(len(ODD))}


@pytest.mark.parametrize("written", ["\\0", "\\e[2J", "\\x9b2J", "\\a", "\\uD800"])
def test_a_sound_file_whose_words_hold_what_no_page_and_no_database_takes_is_none(written: str) -> None:
    text = (shipped_folder() / "qc.yaml").read_text()
    changed = re.sub(r"(?m)^title: .*$", lambda _found: f'title: "Quality {written} check"', text)
    jobtype, problems = parse_text(text, Path("qc.yaml"))
    assert jobtype is not None and not problems
    jobtype, problems = parse_text(changed, Path("qc.yaml"))
    assert jobtype is None
    assert [problem.message.partition(": ")[0] for problem in problems] == [
        "a text holds a character that cannot be written"
    ]
    assert problems[0].line == changed[: changed.index("\ntitle: ")].count("\n") + 2


def test_nothing_is_built_of_a_file_with_too_many_values() -> None:
    _jobtype, problems = parse_text(ODD["a quarter of a million values"], Path("odd.yaml"))
    assert [problem.message for problem in problems] == ["more than 20,000 names and values"]


@pytest.mark.parametrize("pattern", ["**/**/**/**/x", "**/a/**/b/**/c/**"])
def test_a_pattern_that_the_store_refuses_is_refused_before_a_job_runs(pattern: str) -> None:
    text = (shipped_folder() / "qc.yaml").read_text()
    changed = re.sub(r"pattern: [^,}\n]+", lambda _found: f"pattern: '{pattern}'", text, count=1)
    assert changed != text
    jobtype, problems = parse_text(changed, Path("qc.yaml"))
    assert jobtype is None
    assert any("the pattern has ** more than 3 times" in problem.message for problem in problems), problems
