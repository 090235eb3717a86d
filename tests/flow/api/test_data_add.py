"""gantry data add, on the portal's own machine."""

import json

import h5py
import numpy as np
import pytest

from portal.catalogue.models import Investigation
from portal.cli.main import main
from portal.config import Settings
from portal.db import Base, Database


@pytest.fixture
def gantry(settings: Settings, sqlite_database: Database, sqlite_facility, monkeypatch, capsys, tmp_path):
    """Run a command on the machine of the small facility."""
    file = tmp_path / "gantry.toml"
    file.write_text(
        f'var = "{settings.var}"\nfacility = "Test facility"\n'
        f'database_url = "{sqlite_database.engine.url}"\n[roots.demo]\npath = "{settings.roots["demo"].path}"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("GANTRY_CONFIG", str(file))

    def run(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def stack(settings: Settings):
    path = settings.roots["demo"].path / "stack.h5"
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
    return path


def add(gantry, path, *more):
    return gantry("data", "add", path, "--type", "light-sheet stack", *more)


def test_a_file_is_registered_in_place_once(gantry, stack):
    code, out, err = add(gantry, stack, "--experiment", "Zebrafish heart", "--as", "ingest", "--json")
    assert code == 0, err
    made = json.loads(out)
    assert (made["files"], made["size"]) == (1, stack.stat().st_size)
    code, out, _ = add(gantry, stack, "--experiment", "Zebrafish heart", "--as", "sam", "--json")
    assert (code, json.loads(out)["id"]) == (0, made["id"])


def test_an_experiment_is_found_by_title_name_or_id(gantry, stack, sqlite_facility):
    ids = set()
    for name in ("Zebrafish heart", "E1", sqlite_facility.investigations["private"]):
        code, out, err = add(gantry, stack, "--experiment", name, "--as", "ingest")
        assert code == 0, err
        ids.add(out.split("\t")[0])
    assert len(ids) == 1


def test_what_is_damaged_is_registered_and_said(gantry, stack):
    stack.write_bytes(stack.read_bytes()[:1500])
    code, _out, err = add(gantry, stack, "--experiment", "E1", "--as", "ingest")
    assert (code, err.splitlines()[0].startswith("  stack.h5: ")) == (0, True), err
    code, out, _err = add(gantry, stack, "--experiment", "E1", "--as", "ingest", "--json")
    assert json.loads(out)["problem"].startswith("stack.h5: ")


WRONG = {
    "unknown experiment": (
        ["--experiment", "Zebrafish haert", "--as", "ingest"],
        3,
        "Did you mean “Zebrafish heart”?",
    ),
    "somebody who may not": (
        ["--experiment", "E1", "--as", "maya"],
        4,
        "for staff and for the accounts of instruments",
    ),
    "somebody who is not": (["--experiment", "E1", "--as", "eve"], 3, "nobody called eve"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_registered_has_words_and_an_exit_code(what, gantry, stack):
    words, code, said = WRONG[what]
    found, out, err = add(gantry, stack, *words)
    assert (found, out) == (code, ""), err
    assert said in err


def test_of_two_experiments_with_one_title_the_id_is_asked_for(gantry, stack, sqlite_database, sqlite_facility):
    with sqlite_database.write() as session:
        session.get_one(Investigation, sqlite_facility.investigations["other"]).title = "Zebrafish heart"
    code, _, err = add(gantry, stack, "--experiment", "Zebrafish heart", "--as", "ingest")
    assert (code, "Give the id" in err) == (6, True)


def test_a_file_outside_of_the_roots_is_refused(gantry, tmp_path):
    path = tmp_path / "elsewhere.h5"
    path.write_bytes(b"x")
    code, _, err = add(gantry, path, "--experiment", "E1", "--as", "ingest")
    assert code == 6, err


def rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """All that the database holds."""
    with database.engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(table.select())), key=str)
            for table in Base.metadata.sorted_tables
        }


def test_a_dry_run_reads_and_checks_all_and_registers_nothing(gantry, stack, sqlite_database, settings):
    before = rows(sqlite_database)
    code, out, err = add(gantry, stack, "--experiment", "E1", "--as", "ingest", "--dry-run")
    assert (code, out) == (0, "–\tstack\n"), err
    assert err == "Nothing was changed (--dry-run). It would be registered as:\n"
    code, out, err = add(gantry, stack, "--experiment", "E1", "--as", "ingest", "--dry-run", "--json")
    told = json.loads(out)
    assert (code, told["id"], told["files"], told["dry_run"]) == (0, None, 1, True), err
    assert rows(sqlite_database) == before
    assert not list(settings.pictures.rglob("*")) if settings.pictures.exists() else True
    code, out, _ = add(gantry, stack, "--experiment", "E1", "--as", "ingest", "--json")
    made = json.loads(out)
    assert {**told, "id": made["id"], "dry_run": False} == made
    code, out, err = add(gantry, stack, "--experiment", "E1", "--as", "ingest", "--dry-run")
    assert (code, out) == (0, f"{made['id']}\tstack\n")
    assert err == f"Nothing was changed (--dry-run). It is registered as {made['id']}.\n"
    stack.write_bytes(stack.read_bytes()[:1500])
    assert add(gantry, stack, "--experiment", "E1", "--as", "ingest", "--dry-run") == add(
        gantry, stack, "--experiment", "E1", "--as", "ingest"
    )


@pytest.mark.parametrize("what", WRONG)
def test_a_dry_run_refuses_what_registering_refuses(gantry, stack, what):
    words, _code, _said = WRONG[what]
    assert add(gantry, stack, *words, "--dry-run") == add(gantry, stack, *words)
