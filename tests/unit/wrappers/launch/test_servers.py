"""Licence servers: what a program is told, and what it reaches: its doors, and nothing beyond."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from wrappers.launch import container
from wrappers.launch.exits import Exit, Refusal
from wrappers.launch.jobspec import parse_job_spec
from wrappers.launch.reading import JobSpecError
from wrappers.launch.runner import plan
from wrappers.launch.servers import answering
from wrappers.launch.servers.spec import Server, doors, hosts_file, variables, written

REPOSITORY = Path(__file__).resolve().parents[4]
TRY = """
import json, os, socket, sys
def tried(host, port):
    try:
        with socket.create_connection((host, int(port)), 3) as other:
            other.sendall(b"lmhost"); other.shutdown(socket.SHUT_WR)
            said = b""
            while data := other.recv(100):
                said += data
            return said.decode()
    except OSError as error:
        return type(error).__name__
print(json.dumps({
    "answers": [tried(*place.split(" ")) for place in sys.argv[1:]],
    "links": [line.split(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]],
    "uid": os.getuid(), "path": os.environ.get("PYTHONPATH"),
}))
"""


NO_ANSWER = {"", "ConnectionResetError", "BrokenPipeError", "OSError"}


def own_address():
    """An address of this machine that is not its loopback's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address besides its loopback's")
        return asked.getsockname()[0]


@pytest.fixture
def serve():
    """`serve()`: a server on this machine that says back what it hears; its port."""
    stop = []

    def start():
        listener = socket.create_server((own_address(), 0))
        stop.append(listener)

        def answer():
            while True:
                try:
                    other, _ = listener.accept()
                except OSError:
                    return
                with other:
                    said = b""
                    while data := other.recv(100):
                        said += data
                    other.sendall(b"you said " + said)

        threading.Thread(target=answer, daemon=True).start()
        return listener.getsockname()[1]

    yield start
    for listener in stop:
        listener.close()


def closed_port():
    """A port at which nobody listens."""
    with socket.create_server((own_address(), 0)) as listener:
        return listener.getsockname()[1]


def server(host, *ports, name="mesh", variable="LM_LICENSE_FILE", form="port@host"):
    return Server(name, host, ports, variable, form)


def through(servers, *argv, **more):
    words = [sys.executable, "-P", "-m", "wrappers.launch.servers.gateway", written(servers), *argv]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(
        words, env=environment, cwd="/", text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more
    )


def tried(servers, *places):
    process = through(servers, sys.executable, "-c", TRY, *places)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return json.loads(out), errors


# ---- what it reaches --------------------------------------------------------------------------------------------


def test_the_program_reaches_the_named_servers_and_nothing_else(serve):
    host, named, beside, other = own_address(), serve(), serve(), serve()
    places = [(d, p) for d in ("127.0.0.2", host) for p in (named, beside, other)]
    seen, errors = tried([server(host, named, beside)], *(f"{d} {p}" for d, p in places))
    assert seen["answers"][:3] == ["you said lmhost", "you said lmhost", "ConnectionRefusedError"]
    assert all("Error" in answer for answer in seen["answers"][3:]), seen
    assert seen["links"] == ["lo"]
    assert (seen["uid"], seen["path"], errors) == (os.getuid(), None, "")


def test_two_servers_with_the_same_port_have_a_door_each(serve):
    host, port = own_address(), serve()
    both = [server(host, port), server("licences.invalid", port, name="other")]
    seen, errors = tried(both, f"127.0.0.2 {port}", f"127.0.0.3 {port}")
    assert seen["answers"][0] == "you said lmhost"
    assert seen["answers"][1] in NO_ANSWER
    assert f"The licence server other (licences.invalid, port {port}) does not answer: nobody knows" in errors


def test_a_server_that_goes_away_is_told_once_in_the_log(serve):
    host, port = own_address(), closed_port()
    seen, errors = tried([server(host, port)], *[f"127.0.0.2 {port}"] * 3)
    assert set(seen["answers"]) <= NO_ANSWER
    assert (
        errors == f"launch: The licence server mesh ({host}, port {port}) does not answer: connection refused.\n"
    )


@pytest.mark.parametrize(("code", "ends"), [("sys.exit(7)", 7), ("os.kill(os.getpid(), 9)", -signal.SIGKILL)])
def test_the_gateway_ends_as_the_program_ends(code, ends):
    process = through([server("licences.invalid", 1)], sys.executable, "-c", f"import os, sys; {code}")
    process.communicate(timeout=60)
    assert process.returncode == ends


def test_a_signal_is_the_programs_and_the_gateway_waits_for_it():
    code = "import signal, sys; signal.signal(15, lambda *_: sys.exit(5)); print('up', flush=True); signal.pause()"
    process = through([server("licences.invalid", 1)], sys.executable, "-c", code, start_new_session=True)
    assert process.stdout.readline() == "up\n"
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 5


def test_the_program_does_not_outlive_the_gateway():
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(100)"
    process = through([server("licences.invalid", 1)], sys.executable, "-c", code)
    program = int(process.stdout.readline())
    process.kill()
    process.communicate(timeout=60)
    for _ in range(500):
        if not Path(f"/proc/{program}").exists() or " Z " in Path(f"/proc/{program}/stat").read_text():
            return
        time.sleep(0.01)
    pytest.fail("it runs on")


def test_a_program_that_is_not_there_is_told():
    process = through([server("licences.invalid", 1)], "/nowhere/at-all")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == Exit.START
    assert "/nowhere/at-all" in errors or "No such file" in errors


# ---- what it is told --------------------------------------------------------------------------------------------


def test_a_program_is_told_its_servers_in_the_form_it_knows():
    servers = [
        server("a.example.org", 27000, 27001),
        server("10.1.2.3", 27000, name="b"),
        server("c.example.org", 5053, name="c", variable="RLM_LICENSE", form="host:port"),
        server("d.example.org", 1, name="d", variable="LSHOST", form="host"),
    ]
    assert variables(servers, contained=False) == {
        "LM_LICENSE_FILE": "27000@a.example.org:27000@10.1.2.3",
        "RLM_LICENSE": "c.example.org:5053",
        "LSHOST": "d.example.org",
    }
    # An address is nowhere in the container's network: its door is told in its place.
    assert variables(servers, contained=True)["LM_LICENSE_FILE"] == "27000@a.example.org:27000@127.0.0.3"
    assert hosts_file(servers) == (
        "127.0.0.1 localhost\n127.0.0.2 a.example.org\n127.0.0.4 c.example.org\n127.0.0.5 d.example.org\n"
    )


def test_two_names_of_one_host_have_one_door():
    assert [d.listen for d in doors([server("A.example.org", 1), server("a.example.org", 2)])] == ["127.0.0.2"] * 2


HOSTILE = [
    *("", "localhost", "LOCALHOST", "x.localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "::1", "::"),
    *("::ffff:127.0.0.1", "0.0.0.0", "169.254.169.254", "fe80::1", "fe80::1%eth0", "224.0.0.1", "-x", "a b"),
    *("a\nb", "a;b", "a/b", "$(id)", "a..b", "x" * 300, "user@host", "host:1", "[::1]"),
]


@pytest.mark.parametrize("host", HOSTILE)
def test_a_host_that_is_none_is_refused(order, host):
    with pytest.raises(JobSpecError):
        parse_job_spec(order(licence_servers=[one(host=host)]), "0" * 64)


@pytest.mark.parametrize(
    "ports", [[], [0], [65536], [True], ["27000"], [1.0], [27000, 27000], "27000", None, [-1]]
)
def test_ports_that_are_none_are_refused(order, ports):
    with pytest.raises(JobSpecError):
        parse_job_spec(order(licence_servers=[one(ports=ports)]), "0" * 64)


@pytest.mark.parametrize(
    "changes",
    [
        {"network": True},
        {"resources": {"cpus": 1, "memory_mb": 64, "time_s": 60, "gpus": 0, "ranks": 2, "grace_s": 1}},
        {"licence_servers": []},
    ],
)
def test_servers_are_of_one_process_without_a_network(order, changes):
    with pytest.raises(JobSpecError):
        parse_job_spec(order(licence_servers=[one()]) | changes, "0" * 64)


@pytest.mark.parametrize("key", [{"variable": "A B"}, {"variable": ""}, {"form": "shell"}, {"more": 1}])
def test_a_server_told_in_an_unknown_form_is_refused(order, key):
    with pytest.raises(JobSpecError):
        parse_job_spec(order(licence_servers=[one(**key)]), "0" * 64)


def one(**changes):
    made = {"name": "mesh", "host": "a.example.org", "ports": [27000], "variable": "LM_LICENSE_FILE"}
    return made | {"form": "port@host"} | changes


IMAGE = {"name": "i", "digest": "sha256:" + "1" * 64, "path": "/i.sif", "size": 1, "mtime_ns": 1}


def test_the_container_starts_behind_the_gateway_and_its_author_cannot_tell_it_otherwise(order, tmp_path):
    (tmp_path / "apptainer").write_text("")
    (tmp_path / "apptainer").chmod(0o755)
    program = {"command": ["solve"], "environment": {"LM_LICENSE_FILE": "1@evil"}}
    spec = parse_job_spec(order(licence_servers=[one()], image=IMAGE, program=program), "0" * 64)
    made = plan(spec, "/scratch/1", {"PATH": str(tmp_path)}, require_container=True)
    argv = list(made.command.argv)
    assert argv[:4] == [sys.executable, "-P", "-m", "wrappers.launch.servers.gateway"]
    assert "--userns" in argv
    assert "--net" not in argv  # it stays in the network that the gateway made
    assert "LM_LICENSE_FILE=27000@a.example.org" in argv
    assert not [word for word in argv if "evil" in word]
    assert (
        f"type=bind,source={container.attempt_tmp('/scratch/1')}/.gantry-hosts,destination=/etc/hosts,ro" in argv
    )


# ---- when they are silent ---------------------------------------------------------------------------------------


def test_a_job_whose_server_is_silent_fails_with_these_words(attempt):
    host, port = own_address(), closed_port()
    made = attempt(["true"], licence_servers=[one(host=host, ports=[port])])
    assert made.run().returncode == Exit.START
    result = made.result()
    assert (result["exit_code"], result["reason"]) == (Exit.START, "licence")
    assert (
        result["detail"] == f"The licence server mesh ({host}, port {port}) does not answer: connection refused."
    )


def test_a_server_that_comes_back_between_two_tries_is_enough(monkeypatch):
    asked = []

    def connected(host, port):
        asked.append(port)
        if len(asked) < answering.TRIES:
            raise TimeoutError
        return socket.socket()

    monkeypatch.setattr(answering, "connected", connected)
    monkeypatch.setattr(answering, "PAUSE_S", 0)
    answering.check_servers([server("a.example.org", 1, 2)])
    assert asked == [1] * answering.TRIES


def test_a_server_that_stays_silent_is_asked_three_times(monkeypatch):
    asked = []

    def connected(host, port):
        asked.append(port)
        raise TimeoutError

    monkeypatch.setattr(answering, "connected", connected)
    monkeypatch.setattr(answering, "PAUSE_S", 0)
    with pytest.raises(Refusal, match="it is silent"):
        answering.check_servers([server("a.example.org", 1)])
    assert asked == [1] * answering.TRIES


def test_without_a_container_the_program_is_told_where_the_server_is(attempt, script, serve):
    host, port = own_address(), serve()
    code = script("import os; print(os.environ['LM_LICENSE_FILE'])")
    made = attempt(code, licence_servers=[one(host=host, ports=[port])])
    assert made.run().returncode == 0
    assert made.text("stdout.log") == f"{port}@{host}\n"
