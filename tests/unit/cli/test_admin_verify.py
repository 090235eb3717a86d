"""gantry admin data verify, as an operator types it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from small_facility import NOW, SmallFacility

from portal.catalogue.files.register import add_in_place
from portal.config import Settings, load_settings
from portal.db import Database

Admin = Callable[..., tuple[int, str, str]]
Run = Admin


@pytest.fixture
def run(admin: Admin) -> Run:
    def typed(*words: object, stdin: str = "") -> tuple[int, str, str]:
        return admin("data", "verify", *words, stdin=stdin)

    return typed


@pytest.fixture
def numbers(run: Run, tmp_path: Path, database: Database, facility: SmallFacility) -> list[int]:
    """Two tables, and one that is still being written."""
    made = []
    for name in ("a", "b", "c"):
        path = tmp_path / "root" / f"{name}.csv"
        path.write_text(f"{name},1\n")
        added = add_in_place(
            database,
            facility.actors["ingest"],
            path,
            type_name="light-sheet stack",
            investigation=facility.investigations["private"],
            settings=load_settings(),
            now=NOW,
            complete=name != "c",
        )
        made.append(added.id)
    return made


def test_which_must_be_said_and_only_one_way(run: Run, numbers: list[int]) -> None:
    for words in ([], [numbers[0], "--all"], [numbers[0], "--type", "light-sheet stack"], ["a.csv"]):
        code, out, _err = run(*words)
        assert (code, out) == (2, "")
    assert run("--type", "nothing")[0] == 6
    assert run("--experiment", "nowhere")[0] == 3
    # Of several, one that there is not is said before the first is read.
    code, out, err = run(numbers[0], 10**30)
    assert (code, out, f"There is no dataset {10**30}" in err) == (3, "", True)


def test_all_is_well(run: Run, numbers: list[int]) -> None:
    code, out, err = run("--type", "light-sheet stack")
    assert (code, out) == (0, "")
    assert err.splitlines() == [
        "3 datasets read (2 files, 8 bytes): none differ.",
        "1 is still being written: nothing of it was pinned.",
    ]
    document = json.loads(run(numbers[0], numbers[0], numbers[2], "--json")[1])
    assert (document["read"], document["differ"], document["files"], document["datasets"]) == (2, 0, 1, [])
    assert [one["dataset"] for one in document["skipped"]] == [numbers[2]]
    assert run("-", stdin=f"{numbers[1]}\tb\n")[0] == 0


def test_what_differs_is_a_line_each_and_the_exit_code(run: Run, numbers: list[int], tmp_path: Path) -> None:
    first, second, _third = numbers
    (tmp_path / "root/a.csv").write_text("a,10\n")
    (tmp_path / "root/b.csv").unlink()
    code, out, err = run(first, second)
    assert (code, out.splitlines()) == (
        7,
        [
            f"{first}\ta\ta.csv\tchanged\t5 bytes, registered 4",
            f"{second}\tb\tb.csv\tmissing\tit is not there any more",
        ],
    )
    assert err == "2 datasets read (1 file, 0 bytes): 2 differ (1 changed, 1 missing).\n"
    code, out, _err = run("--all", "--after", first, "--json")
    document = json.loads(out)
    assert code == 7
    [one] = [one for one in document["datasets"] if one["dataset"] == second]
    assert one["differences"] == [{"path": "b.csv", "what": "missing", "why": "it is not there any more"}]
    assert all(one["dataset"] > first for one in document["datasets"])


def test_stopped_it_says_where_to_go_on(
    run: Run, numbers: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from portal.catalogue.files import verify

    look = verify.verify

    def stopped(database: Database, settings: Settings, number: int, tell: verify.Tell) -> verify.Verified:
        if number == numbers[1]:
            raise KeyboardInterrupt
        return look(database, settings, number, tell)

    monkeypatch.setattr(verify, "verify", stopped)
    code, _out, err = run(*numbers)
    assert code == 130
    assert f"Stopped. Go on with --after {numbers[0]}" in err
