"""The command line against a real server."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from asking import CONTENT

from portal.catalogue.models import Dataset
from portal.identity.people import create_person
from portal.jobs.models import Job
from portal.jobs.state import State


def end(database, number, state):
    with database.write() as session:
        job = session.get_one(Job, number)
        now = datetime.now(UTC)
        if state is State.SUCCEEDED:
            for step in (State.SUBMITTING, State.RUNNING, State.COLLECTING):
                job.move(step, at=now)
        job.move(state, at=now, words=None if state is State.SUCCEEDED else "It ran out of memory.")


def test_datasets_are_listed_a_line_each_with_the_id_first(gantry, stack):
    code, out, _ = gantry("data", "list", "zebrafish")
    assert code == 0
    (line,) = out.splitlines()
    assert line.split("\t")[:3] == [str(stack), "Zebrafish heart, first run", "light-sheet stack"]


def test_json_is_one_document(gantry, stack):
    for words in (
        ["data", "list"],
        ["data", "show", stack],
        ["data", "files", stack],
        ["analyses"],
        ["analyses", "qc"],
        ["jobs", "list"],
        ["whoami"],
        ["run", "qc", stack, "--dry-run"],
        ["run", "qc", stack],
    ):
        code, out, err = gantry(*words, "--json")
        assert code == 0, err
        json.loads(out)


def test_a_dataset_shows_what_fits_it(gantry, stack):
    _, out, _ = gantry("data", "show", stack)
    assert "lightsheet-deconvolution, qc, convert, archive" in out
    assert "Maya Lind" in out


def test_ids_come_from_another_command(gantry, stack):
    _, listed, _ = gantry("data", "list", "--type", "light-sheet stack")
    code, out, _ = gantry("run", "qc", "-", stdin=listed)
    assert code == 0
    assert out == "J-1001\tWaiting\tZebrafish heart, first run, quality check\n"
    _, jobs, _ = gantry("jobs", "list", "--state", "waiting")
    code, out, _ = gantry("jobs", "cancel", "-", stdin=jobs)
    assert (code, out.split("\t")[:2]) == (0, ["J-1001", "Cancelled"])


def test_options_are_set_and_shown(gantry, stack):
    code, _, _ = gantry("run", "qc", stack, "--set", "projection=mean", "--title", "Mine")
    assert code == 0
    _, out, _ = gantry("jobs", "show", "J-1001")
    assert "J-1001  Mine: Waiting" in out
    assert "projection=mean, histogram_bins=256" in out
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+  Asked for ", out, re.M), "to the second, with its zone"


def test_a_dry_run_starts_nothing_and_says_what_is_wrong(gantry, stack):
    code, out, err = gantry("run", "qc", stack, "--dry-run", "--set", "histogram_bins=1,500")
    assert code == 6
    assert "histogram_bins\t1,500" in out
    assert "“1,500” can be 1500 or 1.5. Write 1500 if that is meant." in err
    code, _, err = gantry("run", "qc", stack, "--dry-run")
    assert (code, "nothing was started" in err) == (0, True)
    assert gantry("jobs", "list")[1] == ""


WRONG = {
    "no such command": (["jbos"], 2, "Did you mean jobs?"),
    "no such subcommand": (["jobs", "lst"], 2, "Did you mean list"),
    "no such analysis": (["run", "qcc", "1"], 3, "Did you mean qc?"),
    "no such dataset": (["run", "qc", "999999"], 3, "not found"),
    "no such option": (["run", "qc", "1", "--set", "projektion=max"], 6, "did you mean projection?"),
    "no such input": (["run", "qc", "1", "--input", "psf=1"], 6, "no input named psf"),
    "no pair": (["run", "qc", "1", "--set", "projection"], 2, "not of the form NAME=VALUE"),
    "no id": (["run", "qc", "heart"], 2, "is no dataset id"),
    "no such job": (["jobs", "show", "J-9999"], 3, "Not found"),
    "no such job at all": (["jobs", "show", "xyz"], 3, "is no job"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_goes_wrong_has_words_and_an_exit_code(what, gantry, stack):
    words, code, said = WRONG[what]
    found, out, err = gantry(*words)
    assert (found, out) == (code, "")
    assert said in err


def test_waiting_ends_with_the_job_and_tells_how_it_ended(gantry, stack, sqlite_database, monkeypatch):
    from portal.client import Client

    looked = []
    real = Client.submission

    def submission(self, key):
        looked.append(key)
        if len(looked) == 2:
            end(sqlite_database, 1, State.FAILED)
        return real(self, key)

    monkeypatch.setattr("portal.client.client.POLL_S", 0.001)
    monkeypatch.setattr(Client, "submission", submission)
    code, out, _ = gantry("run", "qc", stack, "--wait")
    assert code == 10
    assert out.split("\t")[:2] == ["J-1001", "Failed"]
    assert "It ran out of memory." in out


def test_waiting_for_a_success_exits_with_zero(gantry, stack, sqlite_database, served):
    key = "same"
    gantry("run", "qc", stack, "--key", key)
    end(sqlite_database, 1, State.SUCCEEDED)
    code, out, _ = gantry("run", "qc", stack, "--key", key, "--wait")
    assert (code, out.split("\t")[:2]) == (0, ["J-1001", "Done"])


def test_one_job_that_cannot_be_retried_harms_no_other(gantry, stack, sqlite_database):
    gantry("run", "qc", stack)
    gantry("run", "qc", stack)
    end(sqlite_database, 2, State.FAILED)
    code, out, err = gantry("jobs", "retry", "J-1001", "J-1002")
    assert code == 7
    assert "J-1001 is waiting" in err
    assert out.split("\t")[:2] == ["J-1002", "Waiting"]


def test_logs_say_why_there_is_nothing(gantry, stack):
    gantry("run", "qc", stack)
    assert gantry("jobs", "logs", "J-1001") == (0, "", "It has not started yet.\n")


def test_files_are_taken_home_and_checked(gantry, stack, tmp_path):
    code, out, _ = gantry("data", "get", stack, "--to", tmp_path / "home")
    target = tmp_path / "home" / str(stack) / "stack.h5"
    assert (code, out) == (0, f"{target}\n")
    assert target.read_bytes() == CONTENT


def test_signing_in_with_a_token_on_standard_input(gantry, token_of, monkeypatch, tmp_path):
    secret = token_of("tom")
    monkeypatch.delenv("GANTRY_TOKEN")
    assert gantry("whoami")[0] == 5
    code, out, _ = gantry("login", stdin=f"{secret}\n")
    assert code == 0
    assert "as Tom Okafor" in out and secret not in out
    assert "Tom Okafor (tom)" in gantry("whoami")[1]
    code, out, _ = gantry("logout")
    assert (code, out) == (0, "Signed out.\n")
    monkeypatch.setenv("GANTRY_TOKEN", secret)
    assert gantry("whoami")[0] == 5


def test_a_wrong_token_is_not_kept(gantry, monkeypatch, tmp_path):
    monkeypatch.delenv("GANTRY_TOKEN")
    code, _, err = gantry("login", stdin="gantry_wrong\n")
    assert (code, "not known here" in err) == (5, True)
    assert not (tmp_path / "config").exists()


def test_signing_in_by_password(gantry, monkeypatch, sqlite_database, now):
    monkeypatch.delenv("GANTRY_TOKEN")
    with sqlite_database.write() as session:
        create_person(session, "ada", "Ada King", password="a long password", now=now)
    code, out, _ = gantry("login", "--person", "ada", stdin="a long password\n")
    assert (code, "as Ada King" in out) == (0, True)
    assert gantry("data", "list")[0] == 0


def test_a_portal_that_is_away_has_an_exit_code_of_its_own(gantry, monkeypatch):
    monkeypatch.setattr("portal.client.http.FIRST_PAUSE_S", 0.001)
    monkeypatch.setenv("GANTRY_URL", "http://127.0.0.1:9")
    code, _, err = gantry("jobs", "list")
    assert code == 9
    assert "Nothing is lost" in err


def test_a_reader_that_has_seen_enough_causes_no_complaint(gantry, served, stack, token_of):
    command = [sys.executable, "-m", "portal.cli.main", "analyses", "lightsheet-deconvolution", "--json"]
    environment = {
        "GANTRY_URL": served,
        "GANTRY_TOKEN": token_of("maya"),
        "PATH": "/usr/bin",
        "HOME": "/nonexistent",
    }
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1


def _list(stack, *options):
    forms = [{"analysis": "qc", "inputs": {"data": [stack]}, "options": one} for one in options]
    return "\n".join(map(json.dumps, forms))


def test_a_list_starts_a_job_a_line_and_its_numbers_go_into_other_commands(gantry, stack):
    lines = _list(stack, {"projection": "mean"}, {"projection": "max"}) + "\n\n"
    code, out, _ = gantry("run-list", "-", stdin=lines)
    assert code == 0
    assert [line.split("\t")[0] for line in out.splitlines()] == ["J-1001", "J-1002"]
    code, cancelled, _ = gantry("jobs", "cancel", "-", stdin=out)
    assert (code, cancelled.count("Cancelled")) == (0, 2)


def test_a_job_is_cancelled_with_its_whole_batch(gantry, stack, sqlite_database):
    with sqlite_database.write() as session:
        first = session.get_one(Dataset, stack)
        other = Dataset(
            investigation_id=first.investigation_id, type_id=first.type_id, name="Run 2", complete=True
        )
        session.add(other)
        session.flush()
        another = other.id
    assert gantry("run", "qc", stack, another)[0] == 0
    code, out, _ = gantry("jobs", "cancel", "J-1001", "--batch")
    assert (code, out.split("\t")[:2]) == (0, ["J-1001", "Cancelled"])
    listed = gantry("jobs", "list", "--state", "cancelled")[1].splitlines()
    assert sorted(line.split("\t")[0] for line in listed) == ["J-1001", "J-1002"]


def test_a_list_with_one_wrong_line_starts_nothing_and_names_the_line(gantry, stack):
    lines = _list(stack, {}, {"histogram_bins": 0}).replace("\n", "\n\n")
    code, _, err = gantry("run-list", "-", stdin=lines)
    assert code == 6
    assert "Line 3: " in err
    assert "Nothing was started." in err
    assert gantry("jobs", "list")[1] == ""


def test_a_list_twice_with_one_key_is_started_once(gantry, stack):
    first = gantry("run-list", "-", "--key", "k", stdin=_list(stack, {}, {}))
    assert gantry("run-list", "-", "--key", "k", stdin=_list(stack, {}, {})) == first
    assert len(gantry("jobs", "list")[1].splitlines()) == 2


def test_a_key_that_a_line_cannot_have_is_named_with_its_line(gantry, stack):
    lines = _list(stack, {}, {}).replace("}}\n", "}}\n\n") + "\n" + '{"analysis": "qc", "optoins": {}}'
    code, _, err = gantry("run-list", "-", stdin=lines)
    assert code == 6
    assert "Line 4, optoins: There is no such parameter." in err
    assert "Nothing was started." in err
    assert "forms." not in err


def test_a_folder_that_cannot_be_written_is_a_sentence(gantry, stack, tmp_path):
    (tmp_path / "file").write_text("in the way")
    code, _, err = gantry("data", "get", stack, "--to", tmp_path / "file" / "below")
    assert code == 1
    assert str(tmp_path / "file") in err
    assert "Traceback" not in err


def test_a_state_that_does_not_exist_is_no_empty_list(gantry):
    code, out, err = gantry("jobs", "list", "--state", "fialed")
    assert (code, out) == (6, "")
    assert "There are: waiting, " in err


@pytest.mark.parametrize(
    ("lines", "words"),
    [("{}\n{", "Line 2 is not JSON"), ("[]", "Line 1 is not a JSON object"), ("\n", "holds no form")],
)
def test_a_list_that_is_no_list_of_forms_is_a_mistyped_command(gantry, lines, words):
    code, _, err = gantry("run-list", "-", stdin=lines)
    assert code == 2
    assert words in err


@pytest.mark.parametrize(
    ("option", "typed", "said"),
    [
        ("sigma_xy", "300 nm", "300 nm = 0.3 µm"),
        ("sigma_xy", "0,5", "0,5 is read as 0.5"),
        ("iterations", "1 000", "1 000 is read as 1000"),
    ],
)
def test_a_dry_run_says_how_a_number_was_understood(gantry, stack, option, typed, said):
    _, out, err = gantry("run", "lightsheet-deconvolution", str(stack), "--dry-run", "--set", f"{option}={typed}")
    [row] = [line.split("\t") for line in out.splitlines() if line.startswith(f"{option}\t")]
    assert row == [option, typed, "", said], err


def test_a_dry_run_on_data_that_is_known_to_be_damaged_does_not_call_it_well(gantry, stack, sqlite_database):
    with sqlite_database.write() as session:
        session.get_one(Dataset, stack).problem = "stack.h5: The file is truncated: 434 of 868 kB are there."
    code, _, err = gantry("run", "archive", str(stack), "--dry-run")
    assert code == 0, err
    assert "is damaged: stack.h5: The file is truncated: 434 of 868 kB are there." in err
    assert "All is well" not in err and err.endswith("It can be started; nothing was started.\n")
    line = json.dumps({"analysis": "archive", "inputs": {"data": [stack]}})
    code, out, err = gantry("run-list", "-", "--dry-run", stdin=line)
    assert (code, "434 of 868 kB" in out, "All is well" in err) == (0, True, False), err
