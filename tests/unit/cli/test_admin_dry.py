"""--dry-run of operators' commands: the checks and the words of the real thing, and nothing kept."""

from pathlib import Path

from portal.catalogue.models import DatasetParameter, ParameterType
from portal.db import Base, Database
from portal.jobtype.load import shipped_folder

DRY = "Nothing was changed (--dry-run). It would say: "


def rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """All that the database holds."""
    with database.engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(table.select())), key=str)
            for table in Base.metadata.sorted_tables
        }


def test_people_and_corrections(admin, database, facility):
    stack = facility.datasets["private"]
    with database.write() as session:
        size = ParameterType(facility_id=facility.facility, name="size", units="um", value_type="NUMERIC")
        session.add(size)
        session.flush()
        session.add(DatasetParameter(dataset_id=stack, type_id=size.id, numeric_value=0.1))
    commands = {
        ("people", "add", "nina", "--full-name", "Nina Berg"): "Nina Berg can sign in as nina.\n",
        ("people", "password", "maya"): "maya has a new password.\n",
        (
            "data",
            "correct",
            stack,
            "size",
            "0.2",
            "um",
        ): "size of Zebrafish heart, first run is 0.2 um.\n",
    }
    for words, told in commands.items():
        before = rows(database)
        code, out, err = admin(*words, "--dry-run", stdin="a good long password\n")
        assert (code, out) == (0, DRY + told), err
        assert rows(database) == before
        code, out, err = admin(*words, stdin="a good long password\n")
        assert code == 0 and out.endswith(told), err
        assert rows(database) != before
    number = out.split(":")[0].removeprefix("Correction ")
    before = rows(database)
    code, out, _ = admin("data", "withdraw", number, "--dry-run")
    assert code == 0 and out.startswith(f"{DRY}Correction {number} of size") and rows(database) == before
    assert admin("data", "withdraw", number)[0] == 0
    for wrong in (
        ("people", "add", "maya", "--full-name", "Again"), ("people", "password", "nobody"),
        ("people", "add", "Ni na", "--full-name", "N"), ("data", "correct", "999", "a", "1"),
        ("data", "correct", stack, "length", "1"), ("data", "withdraw", number), ("data", "withdraw", "99"),
        ("access", "add", "99"),
    ):  # fmt: skip
        real = admin(*wrong, stdin="a good long password\n")
        assert real[0] != 0 and admin(*wrong, "--dry-run", stdin="a good long password\n") == real, wrong
    assert admin("people", "add", "kim", "--full-name", "K", "--dry-run", stdin="x\n")[0] != 0  # too short


def test_publishing_and_withdrawing(admin, tmp_path: Path, monkeypatch):
    folder = tmp_path / "published"
    monkeypatch.setenv("GANTRY_PUBLISHED", str(folder))
    monkeypatch.setenv("GANTRY_PUBLISH", "false")
    paths = [shipped_folder() / f"{name}.yaml" for name in ("qc", "archive")]

    def kept() -> dict[str, bytes]:
        return {str(one): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}

    code, dry, err = admin("jobtypes", "publish", *paths, "--to", folder, "--dry-run")
    assert code == 0 and dry.count(DRY) == 3 and not folder.exists(), err
    code, out, _ = admin("jobtypes", "publish", *paths, "--to", folder)
    assert (code, out) == (0, dry.replace(DRY, ""))
    before = kept()
    assert "0 new, 2 were there already" in admin("jobtypes", "publish", *paths, "--to", folder, "--dry-run")[1]
    code, out, err = admin("jobtypes", "withdraw", "qc", "archive", "--dry-run")
    assert (code, out) == (0, f"{DRY}qc is no longer on offer.\n{DRY}archive is no longer on offer.\n"), err
    code, out, err = admin("jobtypes", "withdraw", "qc", "../qc", "nothing")
    assert (code, out) == (3, "") and "../qc" in err
    assert kept() == before  # one that cannot be withdrawn: none is
    assert admin("jobtypes", "withdraw", "qc")[0] == 0
    for word in ("qc", "nothing"):
        real = admin("jobtypes", "withdraw", word)
        assert real[0] != 0 and admin("jobtypes", "withdraw", word, "--dry-run") == real
