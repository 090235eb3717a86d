"""Ids as people and programs write them, logs as they are, dry runs, and errors as JSON."""

import io
import json
import re
import sys
from datetime import UTC, datetime, timedelta

import pytest

from portal.cli.main import main
from portal.jobs.models import Job
from portal.jobs.state import State


@pytest.fixture
def three(gantry, stack):
    for _ in range(3):
        assert gantry("run", "qc", stack)[0] == 0
    return ["J-1001", "J-1002", "J-1003"]


def set_state(database, number, state, **fields):
    with database.write() as session:
        job, now = session.get_one(Job, number), datetime.now(UTC)
        if state in (State.RUNNING, State.SUCCEEDED):
            job.move(State.SUBMITTING, at=now)
            job.move(State.RUNNING, at=now)
        if state is State.SUCCEEDED:
            job.move(State.COLLECTING, at=now)
        if state is not State.RUNNING:
            job.move(state, at=now)
        for name, value in fields.items():
            setattr(job, name, value)


LISTS = {
    "on one line": "J-1001 J-1002 J-1003\n",
    "with commas": "J-1001,J-1002, J-1003",
    "a line each, of Windows": "J-1001\r\nJ-1002\r\nJ-1003\r\n",
    "with a mark of bytes": "\ufeffJ-1001\nJ-1002\nJ-1003",
    "with comments": "# those of Monday\nJ-1001 J-1002 # twice\n\n  J-1002 J-1003\n",
    "of another command": "J-1001\tWaiting\ta, b and c\nJ-1002\tWaiting\tx\nJ-1003\tWaiting\ty\n",
}


@pytest.mark.parametrize("how", LISTS)
def test_all_ids_of_standard_input_are_taken(how, gantry, three):
    code, out, err = gantry("jobs", "cancel", "-", stdin=LISTS[how])
    assert (code, err) == (0, "")
    assert [line.split("\t")[:2] for line in out.splitlines()] == [[job, "Cancelled"] for job in three]


def test_all_ids_of_one_word_are_taken(gantry, three, stack, tmp_path):
    assert gantry("jobs", "cancel", "J-1001 J-1002,J-1003")[0] == 0
    assert gantry("data", "get", f"{stack}, {stack}", "--to", tmp_path / "home")[0] == 0
    assert gantry("run", "qc", "-", "--dry-run", stdin=f"\ufeff{stack} {stack}\r\n# and no more\r\n")[0] == 0


def test_one_request_for_many_jobs(gantry, three, monkeypatch):
    from portal.client import Client

    asked = []
    real = Client.call

    def call(self, method, path, **more):
        asked.append((method, path))
        return real(self, method, path, **more)

    monkeypatch.setattr(Client, "call", call)
    assert gantry("jobs", "cancel", *three)[0] == 0
    assert gantry("jobs", "retry", *three)[0] == 0
    assert asked == [("POST", "job-lists/cancel"), ("POST", "job-lists/retry")]


def test_each_that_fails_is_named_with_its_reason_and_the_others_are_done(gantry, three, sqlite_database):
    set_state(sqlite_database, 2, State.SUCCEEDED)
    code, out, err = gantry("jobs", "cancel", "J-1001", "J-1002", "J-9999", "abc", "J-1003")
    assert code == 7
    assert [line.split("\t")[0] for line in out.splitlines()] == ["J-1001", "J-1003"]
    assert "J-1002 has ended already" in err
    assert "J-9999: Not found" in err
    assert "“abc” is no job" in err
    code, out, err = gantry("jobs", "cancel", "J-1001", "J-9999", "--json")
    assert [job["number"] for job in json.loads(out)] == ["J-1001"]
    assert json.loads(err)["error"]["kind"] == "not-found"


def test_of_several_datasets_those_that_can_be_had_are_taken(gantry, stack, tmp_path):
    code, out, err = gantry("data", "get", stack, "999999", "--to", tmp_path / "home")
    assert code == 3
    assert out == f"{tmp_path / 'home' / str(stack) / 'stack.h5'}\n"
    assert "Dataset 999999: Not found" in err


def test_dry_runs_of_cancel_and_retry_change_nothing(gantry, three, sqlite_database):
    set_state(sqlite_database, 3, State.CANCELLED)
    code, out, err = gantry("jobs", "cancel", "J-1001", "--dry-run")
    assert (code, out.split("\t")[:2], err) == (0, ["J-1001", "Cancelled"], "Nothing was changed.\n")
    assert gantry("jobs", "retry", "J-1001", "J-1003", "--dry-run")[0] == 7
    states = [line.split("\t")[:2] for line in gantry("jobs", "list")[1].splitlines()]
    assert states == [["J-1003", "Cancelled"], ["J-1002", "Waiting"], ["J-1001", "Waiting"]]


CHECKED = {
    "variant": ["qc", "{stack}", "--variant", "huge"],
    "title": ["qc", "{stack}", "--title", "x" * 300],
    "dataset": ["qc", "999999"],
    "value": ["qc", "{stack}", "--set", "histogram_bins=0"],
    "option": ["qc", "{stack}", "--set", "histogram_bin=5"],
    "preset": ["qc", "{stack}", "--preset", "nonesuch"],
    "key": ["qc", "{stack}", "--key", "k" * 201],
    "nothing chosen": ["qc"],
    "a trial of one value": ["qc", "{stack}", "--try", "histogram_bins=64"],
    "a trial of what is no option": ["qc", "{stack}", "--try", "bins=64,128"],
}


@pytest.mark.parametrize("what", CHECKED)
def test_a_dry_run_refuses_what_the_run_refuses_in_the_same_words(what, gantry, stack):
    words = [word.format(stack=stack) for word in CHECKED[what]]
    real = gantry("run", *words)
    dry = gantry("run", *words, "--dry-run")
    assert real[0] == dry[0] != 0
    assert real[2] == dry[2]
    assert gantry("jobs", "list")[1] == ""


def test_a_list_is_checked_without_starting_and_can_be_waited_for(gantry, stack, sqlite_database):
    form = json.dumps({"analysis": "qc", "inputs": {"data": [stack]}, "title": "One"})
    lines = f"\ufeff# two of them\r\n{form}\r\n\r\n  # the other\r\n{form}\r\n"
    code, out, err = gantry("run-list", "-", "--dry-run", stdin=lines)
    assert (code, [line.split("\t")[:3] for line in out.splitlines()]) == (
        0,
        [["2", "1", "One"], ["5", "1", "One"]],
    )
    assert "nothing was started" in err and gantry("jobs", "list")[1] == ""
    wrong = form.replace('"One"', '"One", "variant": "huge"')
    real = gantry("run-list", "-", stdin=f"{form}\n{wrong}\n")
    dry = gantry("run-list", "-", "--dry-run", stdin=f"{form}\n{wrong}\n")
    assert real == dry and real[0] == 6 and "Line 2: " in real[2]
    assert gantry("run-list", "-", "--key", "k", stdin=form)[0] == 0
    set_state(sqlite_database, 1, State.FAILED)
    assert gantry("run-list", "-", "--key", "k", "--wait", stdin=form)[0] == 10


def test_times_have_their_zone(gantry, three, monkeypatch):
    import time

    for zone, behind in (("UTC", " UTC"), ("Asia/Kolkata", " +05:30"), ("America/St_Johns", ":30")):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        for words in (("jobs", "list"), ("jobs", "show", "J-1001"), ("data", "list")):
            found = re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?(.{0,7})", gantry(*words)[1])
            assert found and all(behind in one for one in found), (zone, words, found)
    monkeypatch.undo()
    time.tzset()


UNKNOWN = {
    "a dataset type": (["data", "list", "--type", "light-sheet stak"], "light-sheet stack"),
    "an instrument": (["data", "list", "--instrument", "no such thing"], "no instrument"),
    "an experiment": (["data", "list", "--experiment", "no such thing"], "No experiment is called"),
    "a state": (["jobs", "list", "--state", "fialed"], "Did you mean failed?"),
    "an analysis": (["analyses", "qqc"], "Did you mean qc?"),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_does_not_exist_is_an_error_and_no_empty_list(what, gantry, stack):
    words, told = UNKNOWN[what]
    code, out, err = gantry(*words)
    assert code in (3, 6) and out == ""
    assert told in err
    code, out, err = gantry(*words, "--json")
    assert out == "" and told in json.loads(err)["error"]["message"]


ERRORS = {
    "mistyped": (["jobs", "list", "--stat", "x"], 2, "usage"),
    "no such command": (["jbos", "--json"], 2, "usage"),
    "not found": (["jobs", "show", "J-9999"], 3, "not-found"),
    "invalid": (["run", "qc", "{stack}", "--set", "histogram_bins=0"], 6, "invalid"),
    "no id": (["data", "show", "x"], 2, "usage"),
}


@pytest.mark.parametrize("what", ERRORS)
def test_errors_are_json_where_json_was_asked_for(what, gantry, stack):
    words, code, kind = ERRORS[what]
    found, out, err = gantry(*(word.format(stack=stack) for word in words), "--json")
    told = json.loads(err)["error"]
    assert (found, out, told["kind"], told["exit_code"]) == (code, "", kind, code)
    assert told["message"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "cancelled"), [("n\n", False), ("y\n", True), ("", False)])
def test_what_has_run_for_long_is_asked_about_on_a_terminal(
    typed, cancelled, gantry, three, sqlite_database, monkeypatch
):
    set_state(sqlite_database, 1, State.RUNNING, started=datetime.now(UTC) - timedelta(minutes=25))
    set_state(sqlite_database, 2, State.RUNNING, started=datetime.now(UTC) - timedelta(minutes=5))
    screen = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys, "stderr", screen)
    code = main(["jobs", "cancel", "J-1001", "J-1002"])
    assert "J-1001" in screen.getvalue() and "has run for 25 minutes" in screen.getvalue()
    assert "J-1002 “" not in screen.getvalue()
    assert code == (0 if cancelled else 130)
    with sqlite_database.read() as session:
        assert (session.get_one(Job, 1).cancel_requested is not None) == cancelled


def test_nothing_is_asked_in_a_pipe_or_where_yes_was_said(gantry, three, sqlite_database, monkeypatch):
    for number in (1, 2):
        set_state(sqlite_database, number, State.RUNNING, started=datetime.now(UTC) - timedelta(hours=3))
    assert gantry("jobs", "cancel", "J-1001")[0] == 0
    screen = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(""))
    monkeypatch.setattr(sys, "stderr", screen)
    assert main(["jobs", "cancel", "J-1002", "--yes"]) == 0
    assert screen.getvalue() == ""


def pieces(monkeypatch, **streams):
    """A portal whose job wrote this; each further question finds the next text, the last with the job's end."""
    from portal.client import Client

    def log(self, job, *, stream="stdout", offset=0):
        texts = streams.get(stream, [""])
        looks[stream] = looks.get(stream, -1) + (offset == looks.get(f"{stream}-at", 0))
        whole = "".join(texts[: 1 + min(looks[stream], len(texts) - 1)])
        looks[f"{stream}-at"] = len(whole)
        final = looks[stream] >= len(texts) - 1
        return {"text": whole[offset:], "next_offset": len(whole), "size": len(whole), "final": final, "note": ""}

    looks: dict[str, int] = {}
    monkeypatch.setattr(Client, "log", log)
    monkeypatch.setattr("portal.cli.jobs.logs.FOLLOW_S", 0)


def test_where_a_program_wrote_only_errors_these_are_shown_and_said_to_be(gantry, monkeypatch):
    pieces(monkeypatch, stdout=[""], stderr=["it broke\n"])
    code, out, err = gantry("jobs", "logs", "J-1001")
    assert (code, out) == (0, "it broke\n")
    assert "Nothing on standard output; this is what it wrote to standard error:" in err
    assert json.loads(gantry("jobs", "logs", "J-1001", "--json")[1])["stream"] == "stderr"
    assert gantry("jobs", "logs", "J-1001", "--stdout") == (
        0,
        "",
        "Its program wrote nothing to standard output.\n",
    )


def test_bars_are_shown_as_they_ended_and_sequences_left_out(gantry, monkeypatch):
    written = "\x1b]0;owned\x07  0 %\r 50 %\r100 %\n\x1b[31mdone\x1b[0m\nlast"
    pieces(monkeypatch, stdout=[written])
    assert gantry("jobs", "logs", "J-1001")[1] == "100 %\ndone\nlast\n"
    assert gantry("jobs", "logs", "J-1001", "--raw")[1] == written
    assert json.loads(gantry("jobs", "logs", "J-1001", "--json")[1])["text"] == written


def test_following_goes_on_to_the_end_also_from_one_to_the_other(gantry, monkeypatch):
    pieces(monkeypatch, stdout=["a\n", "b\r", "c\n"])
    assert gantry("jobs", "logs", "J-1001", "-f")[1] == "a\nc\n"
    pieces(monkeypatch, stdout=["", "", "", "result\n"], stderr=["warming up\n", ""])
    code, out, _ = gantry("jobs", "logs", "J-1001", "-f")
    assert code == 0 and "warming up" in out


def test_no_job_on_standard_input_is_nothing_to_do_and_none_on_the_line_a_mistake(gantry):
    for words in (["cancel", "-"], ["retry", "-", "--more", "memory"]):
        code, out, err = gantry("jobs", *words, stdin="\n# none\n")
        assert (code, out, "nothing to do" in err) == (0, "", True)
    assert gantry("jobs", "cancel", "")[0] == 2
    assert gantry("jobs", "cancel", " , ")[0] in (2, 3)


def test_waiting_as_json_is_one_document(gantry, three, sqlite_database, monkeypatch):
    form = json.dumps({"analysis": "qc", "inputs": {"data": [1]}, "title": "One"})
    stack = json.loads(gantry("jobs", "show", three[0], "--json")[1])["inputs"][0]["dataset"]
    form = form.replace("[1]", f"[{stack}]")
    assert gantry("run-list", "-", "--key", "k", stdin=f"{form}\n{form}\n")[0] == 0
    for number in (1, 2, 4, 5):
        set_state(sqlite_database, number, State.FAILED)
    code, out, err = gantry("run-list", "-", "--key", "k", "--wait", "--json", stdin=f"{form}\n{form}\n")
    assert (code, [one["final"] for one in json.loads(out)], err) == (10, [True, True], "")

    from portal.client import Client

    monkeypatch.setattr(Client, "wait", lambda self, made, **_more: self.submission(made["id"])["jobs"])
    code, out, err = gantry("jobs", "retry", "J-1001", "J-1002", "J-1003", "--wait", "--json")
    assert [one["jobs"][0]["number"] for one in json.loads(out)] == ["J-1001", "J-1002"]
    assert (code, json.loads(err)["error"]["kind"]) == (10, "conflict")  # and those that go are waited for


def test_a_list_of_forms_ends_its_lines_where_a_line_ends(gantry, stack):
    form = json.dumps(
        {"analysis": "qc", "inputs": {"data": [stack]}, "title": "One\u2028two\x85"}, ensure_ascii=False
    )
    code, out, _ = gantry("run-list", "-", "--dry-run", stdin=f"# first\n{form}\n")
    assert (code, out.split("\t")[0]) == (0, "2")
    wide = form.replace(f"[{stack}]", f'[{stack}], "x": 1e400')
    code, _, err = gantry("run-list", "-", "--dry-run", stdin=f"{form}\n{wide}\n")
    assert (code, "Line 2 holds 1e400" in err) == (2, True)


def test_what_would_be_a_guess_is_asked(gantry, stack):
    for words, said in (
        (("run", "qc", stack, "--set", "histogram_bins=64", "--set", "histogram_bins=128"), "is given twice"),
        (("run", "qc", stack, "--key", ""), "The key is empty"),
        (("run-list", "-", "--key", " "), "The key is empty"),
        (("data", "list", "--raw", "--results"), "Choose one of --raw and --results"),
        (("jobs", "logs", "J-1001", "--stdout", "--stderr"), "Choose one of --stdout and --stderr"),
    ):
        code, out, err = gantry(*words)
        assert (code, out, said in err) == (2, "", True), words
    assert gantry("data", "get", "-", stdin="# none\n") == (
        0,
        "",
        "There is no dataset in what was given: nothing to do.\n",
    )


def test_a_program_that_wrote_nothing_is_said_to_have(gantry, monkeypatch):
    pieces(monkeypatch, stdout=[""], stderr=[""])
    assert gantry("jobs", "logs", "j1001") == (0, "", "Its program wrote nothing.\n")
    pieces(monkeypatch, stdout=[""], stderr=["x"])
    assert gantry("jobs", "logs", "j1001", "--stdout")[2] == "Its program wrote nothing to standard output.\n"


def test_dry_runs_of_many_count_each_against_the_limit_of_the_next(gantry, three, sqlite_database, app, request):
    for number in (1, 2, 3):
        set_state(sqlite_database, number, State.FAILED)
    limits = app.extensions["gantry"].settings.limits  # shared with all settings that name none
    was, limits.__dict__["queued_per_person"] = limits.queued_per_person, 2
    request.addfinalizer(lambda: limits.__dict__.update(queued_per_person=was))
    dry = gantry("jobs", "retry", *three, "--dry-run")
    real = gantry("jobs", "retry", *three)
    assert dry[0] == real[0] == 8
    assert dry[1] == real[1] and len(real[1].splitlines()) == 2
    assert dry[2].removesuffix("Nothing was changed.\n") == real[2]
