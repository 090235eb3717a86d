"""The whole suite's stages: none is forgotten, none fails in silence, and the last line counts all of them."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]
GOOD = "tests/unit/a_test.py .. [100%]\n===== 2 passed, 1 skipped in 0.10s =====\n"
BAD = """===== FAILURES =====
_____ test_it _____
the whole story
===== seconds by folder =====
===== short test summary info =====
FAILED tests/a.py::test_it
===== 1 failed, 1 passed in 0.10s =====
"""


@pytest.fixture(scope="module")
def stages() -> ModuleType:
    """tests/house/stages.py, which is a script."""
    sys.path.insert(0, str(ROOT / "tests/house"))
    try:
        spec = importlib.util.spec_from_file_location("stages", ROOT / "tests/house/stages.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["stages"] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    return module


def run(stages: ModuleType, tmp_path: Path, script: str, name: str = "others"):
    """A stage of these words of a shell, run to its end."""
    stage = stages.Stage(name, ["sh", "-c", script], tmp_path / f"{name}.log")
    stages.run_all([stage], 0.0)
    return stage


def printing(text: str, code: int) -> str:
    return f"cat <<'END'\n{text}END\nexit {code}"


def test_every_folder_with_tests_is_in_exactly_one_stage(stages):
    words = [word for paths in stages.folders().values() for word in paths]
    # What one stage leaves out of its folder is another's.
    apart = {word.removeprefix("--ignore=") for word in words if word.startswith("--")}
    assert apart == {f"tests/{one}" for inner in stages.WITHIN.values() for one in inner} == apart & set(words)
    planned = sorted(word for word in words if not word.startswith("--") and word not in apart)
    there = {str(path.relative_to(ROOT)).split("/")[1] for path in (ROOT / "tests").rglob("test_*.py")}
    assert planned == sorted(f"tests/{name}" for name in there)
    assert [stage.name for stage in stages.plan()] == list(stages.ORDER)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("134 passed in 1.59s", (134, 0, 0)),
        ("3 failed, 2 passed, 1 skipped, 1 error in 61.02s (0:01:01)", (2, 4, 1)),
        ("== 3453 passed, 2 skipped in 168.12s (0:02:48) ==", (3453, 0, 2)),
        ("== 1 error in 2.83s ==", (0, 1, 0)),
        ("it passed in silence", (0, 0, 0)),
    ],
)
def test_the_closing_line_is_read_as_pytest_says_it_at_length_and_quietly(stages, line, found):
    counts = stages.closing.counts(f"...\n{line}\n")
    assert (counts["passed"], counts["failed"], counts["skipped"]) == found


def test_so_many_run_at_a_time_and_what_ends_makes_room_for_the_next(stages, tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "AT_ONCE", 2)
    # The first one goes on until the last has begun, which the second one makes room for.
    first = f"until [ -e {tmp_path}/last ]; do sleep 0.05; done; {printing(GOOD, 0)}"
    last = f"touch {tmp_path}/last; {printing(GOOD, 0)}"
    scripts = {"first": first, "second": f"[ ! -e {tmp_path}/last ]; {printing(GOOD, 0)}", "last": last}
    made = [stages.Stage(name, ["sh", "-ec", script], tmp_path / name) for name, script in scripts.items()]
    stages.run_all(made, 0.0)
    assert [stage.code for stage in made] == [0, 0, 0]
    assert [stage.counts()["passed"] for stage in made] == [2, 2, 2]


def test_what_the_tests_say_counts(stages, tmp_path):
    assert run(stages, tmp_path, printing(GOOD, 0)).counts() == {"passed": 2, "failed": 0, "skipped": 1}
    assert run(stages, tmp_path, printing(BAD, 1)).counts() == {"passed": 1, "failed": 1, "skipped": 0}


@pytest.mark.parametrize(
    "script",
    [
        "exit 4",
        "kill -9 $$",
        printing("no tests ran\n", 5),
        printing(GOOD, 3),  # all passed, and then it died
        printing("tests/unit/a_test.py .", 0),  # cut off
    ],
)
def test_an_end_that_no_test_explains_is_a_failure(stages, tmp_path, script):
    assert run(stages, tmp_path, script).counts()["failed"] >= 1


def test_lint_counts_as_one(stages, tmp_path):
    assert run(stages, tmp_path, "exit 0", "lint").counts() == {"passed": 1, "failed": 0, "skipped": 0}
    assert run(stages, tmp_path, "exit 1", "lint").counts() == {"passed": 0, "failed": 1, "skipped": 0}


def test_a_failure_is_told_whole(stages):
    assert "the whole story" in stages.failures(BAD)
    assert "short test summary" not in stages.failures(BAD)


def test_the_budget_names_the_stages_and_warns_without_failing(stages):
    names = {stage.name for stage in stages.plan()} | {"in all"}
    for cold in (False, True):
        assert set(stages.budget(cold)) == names
    assert stages.over_budget({"flow": 11.0, "lint": 1.0}, {"flow": 10, "lint": 2}) == [
        "Over budget: flow took 11 s, 10 s are foreseen (docs/developers/testing.md)"
    ]


def test_a_folder_in_two_stages_has_its_seconds_added_up(stages, tmp_path):
    parts = {"flow": "     700 s    475 tests  tests/flow\n", "upgrade": "     122 s     57 tests  tests/flow\n"}
    parts["others"] = "     900 s   3894 tests  tests/unit\n"
    made = [stages.Stage(name, [], tmp_path / name) for name in parts]
    for stage in made:
        stage.log.write_text(parts[stage.name])
    assert stages.times(made) == ["     900 s   3894 tests  tests/unit", "     822 s    532 tests  tests/flow"]
