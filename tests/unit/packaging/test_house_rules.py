"""The house's own checks complain of what they are for."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def rules() -> ModuleType:
    """tests/house/modules.py, which is a script."""
    spec = importlib.util.spec_from_file_location("modules", ROOT / "tests/house/modules.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def put(rules: ModuleType, monkeypatch: pytest.MonkeyPatch, root: Path, files: dict[str, str]) -> None:
    """A tree of these files, as git would list it."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    monkeypatch.setattr(rules, "ROOT", root)
    monkeypatch.setattr(rules, "tracked", lambda: [root / name for name in files])


def function(lines: int) -> str:
    return "def long() -> None:\n" + "    pass\n" * (lines - 1)


@pytest.mark.parametrize(
    ("name", "lines", "complaints"),
    [
        ("portal/jobs/read.py", 80, 0),
        ("portal/jobs/read.py", 81, 1),
        ("wrappers/job.py", 81, 1),
        ("portal/migrations/versions/0001_first.py", 300, 0),
        ("tests/support/place.py", 300, 0),
    ],
)
def test_a_function_that_cannot_be_seen_whole(
    rules: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, lines: int, complaints: int
) -> None:
    put(rules, monkeypatch, tmp_path, {name: function(lines)})
    assert len(rules.complaints()) == complaints


@pytest.mark.parametrize(("number", "complaints"), [(24, 0), (25, 1)])
def test_a_folder_that_cannot_be_overlooked(
    rules: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, complaints: int
) -> None:
    files = {f"portal/jobs/noun{one}.py": "" for one in range(number)} | {"portal/jobs/__init__.py": ""}
    put(rules, monkeypatch, tmp_path, files)
    assert len(rules.complaints()) == complaints


def test_a_long_file_of_short_functions_is_no_complaint(
    rules: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put(rules, monkeypatch, tmp_path, {"portal/jobs/read.py": function(20) * 50})
    assert rules.complaints() == []


@pytest.mark.parametrize(("name", "complaints"), [("a", 1), ("portal/py.typed", 0), ("portal/__init__.py", 0)])
def test_an_empty_file_that_something_left(
    rules: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, complaints: int
) -> None:
    put(rules, monkeypatch, tmp_path, {name: ""})
    assert len(rules.complaints()) == complaints
