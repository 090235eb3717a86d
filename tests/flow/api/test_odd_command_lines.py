"""Whatever is typed and whatever answers: a sentence and an exit code.

Never a traceback, and nothing that steers a terminal.
"""

import io
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from portal.cli.errors import EXIT_CODES
from portal.cli.main import SURPRISE, main

CODES = {0, 1, 2, 10, *EXIT_CODES.values()}
STEERING = "\x1b\x9b\x07\x00\u202e"

COMMANDS = {
    "whoami": ["whoami"],
    "data list": ["data", "list", "{}"],
    "data list type": ["data", "list", "--type", "{}"],
    "data list instrument": ["data", "list", "--instrument", "{}"],
    "data list experiment": ["data", "list", "--experiment", "{}"],
    "data list limit": ["data", "list", "--limit", "{}"],
    "data show": ["data", "show", "{}"],
    "data files": ["data", "files", "{}"],
    "data methods": ["data", "methods", "{}"],
    "data crate": ["data", "crate", "{}"],
    "data get": ["data", "get", "{}"],
    "analyses": ["analyses", "{}"],
    "analyses for": ["analyses", "--for", "{}"],
    "run analysis": ["run", "{}", "1", "--dry-run"],
    "run dataset": ["run", "qc", "{}", "--dry-run"],
    "run value": ["run", "qc", "{stack}", "--dry-run", "--set", "histogram_bins={}"],
    "run option": ["run", "qc", "{stack}", "--dry-run", "--set", "{}"],
    "run input": ["run", "qc", "{stack}", "--dry-run", "--input", "{}"],
    "run title": ["run", "qc", "{stack}", "--dry-run", "--title", "{}"],
    "run preset": ["run", "qc", "{stack}", "--dry-run", "--preset", "{}"],
    "run variant": ["run", "qc", "{stack}", "--dry-run", "--variant", "{}"],
    "run key": ["run", "qc", "{stack}", "--dry-run", "--key", "{}"],
    # ruff: noqa: E501 - a table, a line a case
    "run experiment": ["run", "qc", "{stack}", "--dry-run", "--experiment", "{}"],
    "run try": ["run", "qc", "{stack}", "--dry-run", "--try", "{}"],
    "run-list": ["run-list", "{}", "--dry-run"],
    "run-list of odd lines": ["run-list", "-", "--dry-run"],
    "jobs list state": ["jobs", "list", "--state", "{}"],
    "jobs list person": ["jobs", "list", "--person", "{}"],
    "jobs list text": ["jobs", "list", "--text", "{}"],
    "jobs show": ["jobs", "show", "{}"],
    "jobs logs": ["jobs", "logs", "{}"],
    "jobs cancel": ["jobs", "cancel", "{}"],
    "jobs cancel batch": ["jobs", "cancel", "{}", "--batch"],
    "jobs retry": ["jobs", "retry", "{}"],
    "jobs retry more": ["jobs", "retry", "1", "--more", "{}"],
    "jobs of standard input": ["jobs", "cancel", "-"],
    "no command": ["{}"],
    "completion": ["completion", "{}"],
}
ODD = [
    "", " ", ",", "#", "-", "--", "-1", "0", "1e9", "NaN", "9" * 30, "9" * 5000, "x" * 5000, "J-", "J-0", "J--1", "J-" + "9" * 30,
    "../../etc/passwd", "a/b?c#d", "%2e%2e", "qc\x1b[2J", "\x9b2J", "\u202efdp", "\ud800", "\udcff", "١٢", "=", "a=", "=a", "a=b=c",
    "[/red]", "{0}", "$(id)", "\n", "\x7f", "null", "{}", "[1", '{"a": ' * 2000,
]  # fmt: skip


def filled(words: list[str], word: str, stack: object = 1) -> list[str]:
    return [one.replace("{stack}", str(stack)).replace("{}", word) for one in words]


def check(code: int, out: str, err: str) -> None:
    assert code in CODES
    assert "Traceback" not in err
    assert SURPRISE[:40] not in err, err
    assert not set(STEERING) & set(out + err), (out, err)


def words_for(command: str) -> list[str]:
    """A fourth of the odd words, others for the next command; `./run exercise odd-words` gives each all of them."""
    first = list(COMMANDS).index(command)
    return ODD if os.environ.get("ODD_WORDS") == "all" else ODD[first % 4 :: 4]


@pytest.mark.parametrize("command", COMMANDS)
def test_odd_words_get_a_sentence(command, gantry, stack, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for word in words_for(command):
        for more in ([], ["--json"]) if command not in {"completion", "no command"} else ([],):
            words = filled(COMMANDS[command], word, stack)
            code, out, err = gantry(*words, *more, stdin=word)
            check(code, out, err)
            if more and code and "--" not in words:
                assert json.loads(err.splitlines()[-1])["error"]["exit_code"] == code, (words, err)


PLAIN = {
    "whoami": ["whoami"],
    "data list": ["data", "list"],
    "data show": ["data", "show", "1"],
    "data get": ["data", "get", "1"],
    "data methods": ["data", "methods", "1"],
    "analyses": ["analyses"],
    "analysis": ["analyses", "qc"],
    "run": ["run", "qc", "1"],
    "dry run": ["run", "qc", "1", "--dry-run"],
    "run-list": ["run-list", "forms"],
    "jobs list": ["jobs", "list"],
    "jobs show": ["jobs", "show", "1"],
    "jobs logs": ["jobs", "logs", "1"],
    "jobs cancel": ["jobs", "cancel", "1", "2"],
    "jobs retry": ["jobs", "retry", "1"],
    "login": ["login", "--token-stdin"],
    "logout": ["logout"],
}
JSON = "application/json"
ANSWERS = {
    "a page of a proxy": (200, "text/html", b"<html>Please sign in to the guest network"),
    "a gateway's error": (502, "text/html", b"<h1>Bad Gateway</h1>"),
    "an error without words": (500, "text/html", b""),
    "half a document": (200, JSON, b'{"items": [{"id": 1, "na'),
    "less than announced": (200, JSON, None),
    "nothing": (200, JSON, b""),
    "no list": (200, JSON, b"{}"),
    "another shape": (200, JSON, b'{"items": [1, null], "next": 3, "text": {}, "size": "x", "final": []}'),
    "a list": (200, JSON, b"[]"),
    "null": (200, JSON, b"null"),
    "a number": (200, JSON, b"7"),
    "not UTF-8": (200, JSON, b"\xff\xfe{"),
    "nested": (200, JSON, b"[" * 100_000),
    "elsewhere": (302, "text/html", b""),
    "an expired token": (401, JSON, b'{"detail": "This token has expired."}'),
    "words that steer": (409, JSON, b'{"detail": "no \\u001b]0;owned\\u0007 \\u202e"}'),
    "fields of another shape": (422, JSON, b'{"detail": "no", "fields": [1]}'),
    "too many requests": (429, "text/plain", b"slow down"),
}
MISSHAPEN = {"no list", "another shape", "a list", "null", "a number"}


@contextmanager
def answering(status: int, kind: str, body: bytes | None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", "100" if body is None else str(len(body)))
            self.end_headers()
            self.wfile.write(b'{"items"' if body is None else body)

        do_POST = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *_words: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def alone(monkeypatch, capsys, tmp_path):
    """Run a command without a portal; the environment's settings as keywords."""
    monkeypatch.setattr("portal.client.http.FIRST_PAUSE_S", 0.001)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    Path("forms").write_text('{"analysis": "qc"}\n', "utf-8")

    def run(words, **variables):
        for name, value in {"GANTRY_TOKEN": "gantry_x", **variables}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "stdin", io.StringIO("gantry_secret\n"))
        code = main(words)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.mark.parametrize("what", ANSWERS)
def test_whatever_answers_in_the_place_of_a_portal_is_told_in_words(what, alone):
    with answering(*ANSWERS[what]) as url:
        for command, words in PLAIN.items():
            code, out, err = alone(words, GANTRY_URL=url)
            assert "Traceback" not in err and not set(STEERING) & set(out + err), (command, err)
            assert code in CODES
            if what not in MISSHAPEN:
                assert SURPRISE[:40] not in err, (command, err)
                assert code or command == "logout", (command, out)
            if what == "an expired token" and command != "logout":
                assert code == 5 and "gantry login" in err, command


def test_no_network_a_proxy_that_is_away_and_a_strange_address(alone):
    for command, words in PLAIN.items():
        code, _, err = alone(words, GANTRY_URL="http://127.0.0.1:9")
        assert code == 9 or command == "logout", err
    code, _, err = alone(["jobs", "list"], GANTRY_URL="http://portal.invalid", HTTP_PROXY="http://127.0.0.1:9")
    assert code == 9 and "proxy" in err
    os.environ.pop("HTTP_PROXY", None)
    for url in (
        "ftp://x",
        "http://",
        "http://[::1",
        "http://a..b",
        "http://" + "a" * 300,
        "x",
        "http://u:p@h",
        "http://h:99999",
    ):
        code, _, err = alone(["jobs", "list"], GANTRY_URL=url)
        assert code in {6, 9} and "Traceback" not in err and SURPRISE[:40] not in err, (url, err)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_a_certificate_that_is_not_trusted_is_named_and_nothing_is_sent(alone, tmp_path):
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=elsewhere", "-days", "1"]
    subprocess.run(
        [*made, "-keyout", "key.pem", "-out", "cert.pem"], cwd=tmp_path, check=True, capture_output=True
    )
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    code, _, err = alone(["jobs", "list"], GANTRY_URL=f"https://127.0.0.1:{server.server_port}")
    server.shutdown()
    assert (code, seen) == (9, []) and "certificate" in err


def test_ctrl_c_ends_what_follows_with_a_sentence(app, gantry, served, stack, token_of):
    asked = threading.Event()

    @app.teardown_request
    def note(_error: BaseException | None) -> None:
        asked.set()

    assert gantry("run", "qc", stack)[0] == 0
    asked.clear()
    environment = {
        "GANTRY_URL": served,
        "GANTRY_TOKEN": token_of("maya"),
        "PATH": os.defpath,
        "HOME": "/nonexistent",
    }
    command = [sys.executable, "-m", "portal.cli.main", "jobs", "logs", "-f", "J-1001"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        # It has asked the portal once, so that it is past its imports, and now waits to ask again.
        asked.wait(120)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read().decode().splitlines()[-1] == "Stopped. What was started goes on."


def test_what_is_no_text_is_not_called_a_portal_that_is_away(gantry, stack, monkeypatch):
    for words in (
        ("data", "list", "\udcff"),
        ("jobs", "list", "--text", "\udcff"),
        ("data", "list", "--type", "\udc80"),
    ):
        code, out, err = gantry(*words)
        assert (code, out, "not text" in err, "does not answer" in err) == (6, "", True, False), words
    code, _, err = gantry("run", "qc", stack, "--key", "two\nlines", "--dry-run")
    assert code in {2, 6} and "does not answer" not in err
    for token in ("two\nlines", "a b", "\udcff", "ü"):
        monkeypatch.setenv(
            "GANTRY_TOKEN", token.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
        )
        code, _, err = gantry("whoami")
        assert (code, "This is no token" in err) == (5, True), token


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_are_no_fault_of_the_portal(closed, app, served, stack, token_of):
    env = {**os.environ, "GANTRY_URL": served, "GANTRY_TOKEN": token_of("maya")}
    for words, code in ((f"data show {stack}", 0), ("data show 9999", 3), ("jobs cancel -", 0)):
        command = f'exec "$0" -P -m portal.cli.main {words} {closed}'
        done = subprocess.run(
            ["/bin/bash", "-c", command, sys.executable],
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert (done.returncode, "fault" in done.stderr) == (code, False), (words, done.stderr)


def test_ctrl_c_while_waiting_names_what_goes_on(gantry, stack, monkeypatch):
    from portal.client import Client

    def stop(*_words: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "wait", stop)
    monkeypatch.setattr(Client, "download", stop)
    code, out, err = gantry("run", "qc", stack, "--wait")
    assert (code, out, err) == (130, "", "Stopped waiting. J-1001 goes on: gantry jobs show J-1001\n")
    code, out, err = gantry("run", "qc", stack, "--wait", "--json")
    assert err.count("\n") == 1  # one line, and no empty one before it
    told = json.loads(err)["error"]
    assert (code, out, told["kind"], "J-1002 goes on" in told["message"]) == (130, "", "interrupted", True)
    code, _, err = gantry("run", "qc", stack, "--try", "histogram_bins=64,128", "--wait")
    assert code == 130 and "The jobs of this trial go on: http" in err
    assert gantry("data", "get", stack)[2] == "Stopped. The same command goes on where it stopped.\n"
