"""Operators' commands that need no running portal."""

import io
import json
import shutil
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.cli.main import main
from portal.config import Section, Settings, load_settings
from portal.db import Database
from portal.identity.models import Person
from portal.identity.people import authenticate
from portal.jobtype.load import shipped_folder


@pytest.fixture
def site(monkeypatch, tmp_path) -> Path:
    """A settings file of a portal that is not there yet."""
    root = tmp_path / "root"
    root.mkdir()
    file = tmp_path / "gantry.toml"
    file.write_text(
        f'site_name = "Test"\nvar = "{tmp_path / "var"}"\n[local]\nslots = 2\n[roots.demo]\npath = "{root}"\n',
        encoding="utf-8",
    )
    for name in [name for name in __import__("os").environ if name.startswith("GANTRY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GANTRY_CONFIG", str(file))
    return file


@pytest.fixture
def admin(site, monkeypatch, capsys):
    def run(*words: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = main(["admin", *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def settings_shown(admin) -> dict[str, dict[str, str]]:
    _, out, _ = admin("config", "--json")
    return {one["key"]: one for one in json.loads(out)["settings"]}


def test_every_setting_is_explained(admin):
    shown = settings_shown(admin)
    kinds = {name: field.annotation for name, field in Settings.model_fields.items()}
    sections = {name for name, kind in kinds.items() if isinstance(kind, type) and issubclass(kind, Section)}
    assert sections >= {"web", "daemon", "local", "limits"}
    assert set(kinds) - sections <= set(shown)
    assert all(one["description"] for one in shown.values())
    assert shown["local.slots"]["variable"] == "GANTRY_LOCAL_SLOTS"


def test_a_setting_says_where_it_comes_from(admin, site, monkeypatch):
    monkeypatch.setenv("GANTRY_WEB_PORT", "9000")
    shown = settings_shown(admin)
    assert (shown["local.slots"]["value"], shown["local.slots"]["source"]) == ("2", str(site))
    assert (shown["web.port"]["value"], shown["web.port"]["source"]) == ("9000", "GANTRY_WEB_PORT")
    assert shown["web.host"]["source"] == "default"


def test_each_variable_that_is_shown_sets_its_setting(admin):
    for one in settings_shown(admin).values():
        value = {"web.port": "81", "site_name": "X", "daemon.idle_s": "3"}.get(one["key"])
        if value is not None:
            settings = load_settings({one["variable"]: value})
            section, _, name = one["key"].rpartition(".")
            holder = getattr(settings, section) if section else settings
            assert str(getattr(holder, name)).removesuffix(".0") == value


def test_a_password_in_the_databases_address_is_not_shown(admin, monkeypatch):
    monkeypatch.setenv("GANTRY_DATABASE_URL", "postgresql+psycopg://gantry:geheim@127.0.0.1:1/gantry")
    code, out, err = admin("config")
    assert "geheim" not in out + err
    assert "***" in out
    assert (code, "the database does not answer" in err) == (12, True)


def test_what_is_wrong_is_named(admin, monkeypatch, tmp_path):
    code, _, err = admin("config")
    assert code == 12
    assert "does not exist yet; gantry admin upgrade makes it" in err
    (tmp_path / "root").rmdir()
    assert "roots.demo" in admin("config")[2]


def test_a_wrong_setting_is_named_with_its_key(admin, monkeypatch):
    monkeypatch.setenv("GANTRY_WEB_PORT", "many")
    monkeypatch.setenv("GANTRY_WBE_HOST", "x")
    code, _, err = admin("config")
    assert code == 12
    assert "web.port" in err and "wbe_host" in err


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('scheduler = "slrum"', "scheduler: there is no backend 'slrum'; there are local, slurm"),
        ('[clusters.a]\nbackend = "document"', "clusters.a.backend: there is no backend 'document'"),
    ],
)
def test_a_backend_that_is_none_is_named(admin, monkeypatch, tmp_path, text, problem):
    file = tmp_path / "config.toml"
    file.write_text(text, "utf-8")
    monkeypatch.setenv("GANTRY_CONFIG", str(file))
    code, _, err = admin("config")
    assert code == 12
    assert problem in err


def test_a_demo_that_others_can_reach_is_a_problem(admin, monkeypatch):
    monkeypatch.setenv("GANTRY_DEMO", "true")
    monkeypatch.setenv("GANTRY_WEB_HOST", "0.0.0.0")
    monkeypatch.setenv("GANTRY_WEB_BASE_URL", "https://gantry.example.org")
    assert "can sign in as anybody" in admin("config")[2]


def test_after_the_upgrade_nothing_is_wrong(admin):
    code, out, _ = admin("upgrade")
    assert (code, "The database has the form" in out) == (0, True)
    code, out, err = admin("config")
    assert (code, err) == (0, "")
    assert "Nothing is wrong." in out
    assert admin("upgrade")[0] == 0


def test_a_person_is_added_listed_and_given_a_new_password(admin, now):
    admin("upgrade")
    words = ("people", "add", "ada", "--full-name", "Ada King", "--role", "staff")
    code, out, _ = admin(*words, stdin="one password\n")
    assert (code, out) == (0, "Ada King can sign in as ada.\n")
    assert admin("people", "list")[1] == "ada\tAda King\tstaff\tyes\n"
    assert admin("people", "password", "ada", stdin="two passwords\n")[0] == 0
    database = Database(load_settings().database)
    assert authenticate(database, "ada", "two passwords", address="x", now=now).full_name == "Ada King"
    with database.read() as session:
        from portal.catalogue.models import User

        assert session.scalars(select(User.name)).all() == ["ada"]
        assert session.scalars(select(Person.roles)).all() == [["staff"]]
    database.dispose()


def test_a_person_without_a_usable_password_is_not_added(admin):
    admin("upgrade")
    code, _, err = admin("people", "add", "ada", "--full-name", "Ada King", stdin="short\n")
    assert (code, "At least 8 characters" in err) == (6, True)
    assert admin("people", "list")[1] == ""


def test_adding_somebody_twice_is_a_conflict(admin):
    admin("upgrade")
    for expected in (0, 7):
        assert admin("people", "add", "ada", "--full-name", "Ada", stdin="a long password\n")[0] == expected


def test_without_a_database_the_next_step_is_named(admin):
    code, _, err = admin("people", "list")
    assert (code, "gantry admin upgrade" in err) == (12, True)


def test_job_types_that_ship_are_sound_and_published_once(admin):
    code, out, err = admin("jobtypes", "check")
    assert (code, err) == (0, "")
    assert "lightsheet-deconvolution\t1.3\tLight-sheet deconvolution" in out
    assert "8 new, 0 were there already" in admin("jobtypes", "publish")[1]
    assert "0 new, 8 were there already" in admin("jobtypes", "publish")[1]


def test_a_bad_job_type_is_told_with_its_line(admin, tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text("name: bad\ntitel: Bad\n", encoding="utf-8")
    code, _, err = admin("jobtypes", "check", file)
    assert code == 6
    assert f"{file}:2: unknown key titel; did you mean title?" in err
    code, out, _ = admin("jobtypes", "check", file, "--json")
    assert {problem["line"] for problem in json.loads(out)["problems"]} == {1, 2}


def test_a_file_with_mistakes_is_left_out_and_the_others_are_published(admin, tmp_path):
    folder = tmp_path / "jobtypes"
    shutil.copytree(shipped_folder(), folder)
    admin("jobtypes", "publish", folder)
    sound = (folder / "qc.yaml").read_text(encoding="utf-8")
    (folder / "qc.yaml").write_text("name: qc\n", encoding="utf-8")
    changed = folder / "tomo-slice.yaml"
    changed.write_text(changed.read_text(encoding="utf-8").replace("title: ", "title: Our ", 1), encoding="utf-8")
    code, out, err = admin("jobtypes", "publish", folder)
    assert (code, "Published tomo-slice" in out, "1 new, 6 were there already" in out) == (6, True, True)
    assert f"{folder / 'qc.yaml'}:1:" in err
    assert "1 file or folder is left out. What was published before stays on offer." in err
    (folder / "qc.yaml").write_text(sound, encoding="utf-8")
    assert admin("jobtypes", "publish", folder)[0] == 0


def test_a_folder_that_cannot_be_read_is_a_wrong_setting(admin, tmp_path):
    config = tmp_path / "gantry.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(f'jobtypes = ["{shipped_folder()}", "{tmp_path / "none"}"]\n{text}', encoding="utf-8")
    code, out, err = admin("jobtypes", "publish")
    assert (code, "8 new" in out, "the folder cannot be read" in err) == (12, True, True)


def test_publishing_says_what_it_offers_again(admin, monkeypatch):
    monkeypatch.setenv("GANTRY_PUBLISH", "false")
    admin("jobtypes", "publish")
    admin("jobtypes", "withdraw", "qc")
    assert "On offer again: qc " in admin("jobtypes", "publish", "--dry-run")[1]
    assert "On offer again: qc " in admin("jobtypes", "publish")[1]
    assert "On offer again" not in admin("jobtypes", "publish")[1]
