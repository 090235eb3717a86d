"""gantry admin data: a dry run first, then corrections, and back."""

import json
from pathlib import Path

import h5py
import pytest
from small_facility import NOW, SmallFacility
from sqlalchemy import delete, update

from portal.catalogue.files.register import add_in_place
from portal.catalogue.models import Dataset, DatasetArray, DatasetParameter, DatasetType
from portal.catalogue.parameters.rows import known_of
from portal.config import load_settings
from portal.db import Database

MAPPING = {"voxel size x": {"units": "um", "sources": ["hdf5:/@size"]}}


@pytest.fixture
def run(admin, monkeypatch):
    monkeypatch.setenv("SUDO_USER", "ada")

    def data(*words: object, stdin: str = "") -> tuple[int, str, str]:
        return admin("data", *words, stdin=stdin)

    return data


@pytest.fixture
def numbers(run, tmp_path: Path, database: Database, facility: SmallFacility) -> list[int]:
    """Two stacks of 162.5 nm, registered as 162.5 um."""
    with database.write() as session:
        session.execute(update(DatasetType).values(mapping=MAPPING))
    made = []
    for name in ("a", "b"):
        with h5py.File(tmp_path / "root" / f"{name}.h5", "w") as file:
            file.attrs["size"], file.attrs["size units"] = 162.5, "nm"
        added = add_in_place(
            database,
            facility.actors["ingest"],
            tmp_path / "root" / f"{name}.h5",
            type_name="light-sheet stack",
            investigation=facility.investigations["private"],
            settings=load_settings(),
            now=NOW,
        )
        made.append(added.id)
    with database.write() as session:  # as an earlier release took it
        session.execute(update(DatasetParameter).values(numeric_value=162.5))
    return made


def words_of(database: Database, number: int) -> str:
    with database.read() as session:
        return " / ".join(one.words for one in known_of(session.get_one(Dataset, number))["voxel size x"].counts)


def test_which_is_to_be_read_must_be_said(run, numbers):
    code, _out, err = run("reread")
    assert code == 2
    assert "--all" in err


def test_a_dry_run_changes_nothing_and_the_second_time_does(run, numbers, database):
    first, second = numbers
    code, out, err = run("reread", "--all")
    assert (code, out.splitlines()) == (
        0,
        [
            f"{first}\ta\tvoxel size x\t162.5 um\t0.1625 um\tcorrection beside it",
            f"{second}\tb\tvoxel size x\t162.5 um\t0.1625 um\tcorrection beside it",
        ],
    )
    assert "2 datasets read, 2 differences found; nothing was changed." in err
    assert words_of(database, first) == "162.5 um"
    code, out, err = run("reread", first, "--write")
    assert (code, len(out.splitlines()), "1 difference written down" in err) == (0, 1, True)
    assert (words_of(database, first), words_of(database, second)) == ("0.1625 um", "162.5 um")
    assert len(run("reread", "--all")[1].splitlines()) == 1
    assert run("reread", "--all", "--after", second)[1] == ""
    assert run("reread", "-", stdin=f"{first} a\n")[1] == ""


def test_json_has_the_differences_and_what_could_not_be_read(run, numbers, tmp_path):
    first, second = numbers
    (tmp_path / "root" / "b.h5").unlink()
    code, out, _err = run("reread", "--type", "light-sheet stack", "--json")
    document = json.loads(out)
    assert (code, document["written"]) == (7, False)
    assert document["differences"] == [
        {
            "dataset": first,
            "name": "a",
            "parameter": "voxel size x",
            "stored": [{"value": 162.5, "units": "um"}],
            "file": {"value": 0.1625, "units": "um"},
            "then": "correction beside it",
        }
    ]
    assert [one["dataset"] for one in document["unread"]] == [second]
    code, _out, err = run("reread", "--all")
    assert (code, f"{second}  b: " in err) == (7, True)


def test_arrays_that_were_never_listed_are_and_twice_is_harmless(run, numbers, database):
    first, second = numbers
    with database.write() as session:
        session.execute(delete(DatasetArray).where(DatasetArray.dataset_id == first))
    words = ("reread", "--all", "--arrays")
    code, out, err = run(*words)
    assert (code, out.splitlines()) == (0, [f"{first}\ta\tarrays\tnot listed yet\t0 found\tlisted"])
    assert "Arrays of datasets: 1 not listed yet, 0 differ, 1 unchanged." in err
    assert "Write them down with --write." in err
    _code, out, err = run("reread", "--all", "--parameter", "voxel size x")
    assert ("arrays" in out, "Arrays" in err) == (False, False)
    assert run(*words, "--after", first)[1] == ""
    document = json.loads(run(*words, "--write", "--json")[1])
    assert document == {
        "written": True,
        "differences": [],
        "arrays": [{"dataset": first, "name": "a", "state": "not listed yet", "listed": 0, "found": 0}],
        "unread": [],
    }
    assert run(*words)[1] == ""
    with database.read() as session:
        counts = [len(session.get_one(Dataset, number).arrays) for number in (first, second)]
    assert counts == [1, 1]


def test_a_result_counts_for_its_arrays_and_says_nothing_of_parameters(run, numbers, database, tmp_path):
    first, second = numbers
    (tmp_path / "var/results/1").mkdir(parents=True)
    (tmp_path / "root/a.h5").rename(tmp_path / "var/results/1/a.h5")
    with database.write() as session:
        session.execute(delete(DatasetArray).where(DatasetArray.dataset_id == first))
        session.get_one(Dataset, first).location = "results:1"
    code, out, err = run("reread", first)
    assert (code, out.split("\t")[2:4], "result" in err) == (0, ["arrays", "not listed yet"], False)
    code, out, err = run("reread", first, "--parameter", "voxel size x")
    assert (code, out, "It is the result of an analysis" in err) == (7, "", True)
    code, out, _err = run("reread", "--all", "--parameter", "voxel size x")
    assert (code, [line.split("\t")[0] for line in out.splitlines()]) == (0, [str(second)])


def test_what_does_not_exist_is_said(run, numbers):
    assert run("reread", 10**6)[0] == 3
    assert run("reread", "--experiment", "nowhere")[0] == 3
    assert run("reread", "--type", "nothing")[0] == 6
    code, _out, err = run("reread", "--all", "--parameter", "voxel sise x")
    assert (code, "“voxel sise x”" in err, "voxel size x" in err) == (6, True, True)
    assert run("corrections", numbers[0], 10**6)[0] == run("corrections", 10**30)[0] == 3
    assert run("withdraw", 10**12)[0] == 3
    assert run("correct", numbers[0], "voxel size x", "0.2", "px")[0] == 6


def test_corrections_are_typed_listed_and_withdrawn(run, numbers, database):
    first, _second = numbers
    code, out, _err = run("correct", first, "voxel size x", "200", "nm", "--reason", "by the log")
    assert (code, out.rstrip().endswith("voxel size x of a is 0.2 um.")) == (0, True)
    assert words_of(database, first) == "162.5 um / 0.2 um"
    (one,) = json.loads(run("corrections", "--json")[1])
    assert (one["dataset"], one["value"], one["source"], one["reason"]) == (
        first,
        "0.2 um",
        "person",
        "by the log",
    )
    assert run("corrections")[1].rstrip("\n").endswith("\t\tby the log")
    assert one["by"].startswith("ada as ") or one["by"] == "ada"
    assert json.loads(run("withdraw", one["id"], "--json")[1]) == [
        {"id": one["id"], "dataset": first, "parameter": "voxel size x"}
    ]
    assert run("withdraw", one["id"])[0] == 7
    assert words_of(database, first) == "162.5 um"
    assert run("corrections", first)[1] == ""
    assert "\t0.2 um\tperson\t" in run("corrections", "--withdrawn")[1]


WIDE = {
    "voxel size x": {"units": "um", "sources": []},
    "wavelength": {"units": "nm", "sources": []},
    "photon energy": {"units": "keV", "sources": []},
    "detector distance": {"units": "mm", "sources": []},
    "exposure time": {"units": "ms", "sources": []},
    "stage x": {"units": "mm", "sources": []},
    "temperature": {"units": "degC", "sources": []},
    "pixels": {"units": "", "sources": []},
    "medium": {"kind": "text", "sources": []},
}


@pytest.fixture
def wide(numbers, database) -> int:
    with database.write() as session:
        session.execute(update(DatasetType).values(mapping=WIDE))
    return numbers[0]


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("voxel size x", "um"),
        ("wavelength", "um"),
        ("photon energy", "eV"),
        ("detector distance", "m"),
        ("exposure time", "s"),
    ],
)
@pytest.mark.parametrize("value", ["0", "-1", "-0.5", "-1e-3", "0.0"])
def test_what_is_positive_by_definition_is_not_corrected_to_0_or_less(run, wide, name, unit, value):
    code, _out, err = run("correct", wide, name, value, unit)
    assert (code, f"{name} is more than 0 by what it is; “{value}” is not." in err) == (6, True), err


@pytest.mark.parametrize(
    ("name", "value", "unit", "words"),
    [
        ("stage x", "-1.5", "cm", "-15 mm"),
        ("stage x", "-1e-3", "m", "-1 mm"),
        ("stage x", "-.5", "mm", "-0.5 mm"),
        ("temperature", "-80", "degC", "-80 degC"),
    ],
)
def test_a_negative_number_is_typed_as_it_is_where_it_may_be_one(run, wide, name, value, unit, words):
    for command in (
        ("correct", wide, name, value, unit),
        ("correct", "--reason", "x", "--", wide, name, value, unit),
    ):
        code, out, err = run(*command)
        assert (code, out.rstrip().endswith(f"is {words}.")) == (0, True), err


def test_what_begins_with_a_dash_and_is_no_number_is_an_option_that_is_not_known(run, wide):
    code, _out, err = run("correct", wide, "medium", "-1", "--reson", "x")
    assert (code, "--reson" in err) == (2, True)
    assert run("correct", wide, "medium", "-x")[0] == 2
    assert run("correct", "--", wide, "medium", "-x")[0] == 0
    assert "is typed as it is" in " ".join(run("correct", "--help")[1].split())


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        ("nan", "um", "“nan” is no number"),
        ("-nan", "um", "“-nan” is no number"),
        ("inf", "um", "“inf” is not finite"),
        ("-inf", "um", "“-inf” is not finite"),
        ("1e400", "um", "“1e400” is too large"),
        ("9" * 400, "um", "is too large"),
        ("1e306", "km", "too large for a number in um"),
        ("1e-320", "pm", "too small for a number in um"),
        ("1,200", "um", "can be 1200 or 1.2"),
        ("0.2 s", "", "is no unit of this kind. Give the value, in um."),
        ("0.2 um 3", "", "The unit stands behind it, apart."),
    ],
)
def test_what_is_no_finite_number_is_not_taken(run, wide, value, unit, words):
    code, out, err = run("correct", wide, "voxel size x", value, unit)
    assert (code, out, words in err) == (6, "", True), err
