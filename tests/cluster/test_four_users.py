"""gantry-web, gantry-daemon, gantry-data and people: what each may, and what each tries in vain."""

import json

import pytest
from conftest import AsSomebody
from hosts.host import Host

AGENT = "/usr/libexec/gantry-agent"
STORE = "/usr/libexec/gantry-store"
REACH_MUNGE = "import socket; socket.socket(socket.AF_UNIX).connect('/run/munge/munge.socket.2')"
REACH_SLURM = "import socket; socket.create_connection(('ctl', 6817), 3)"
PSQL = ("psql", "-AtX", "-v", "ON_ERROR_STOP=1", "-d", "gantry", "-c")


def in_unit(host: Host, unit: str, account: str, *command: str) -> tuple[int, str]:
    """A command in the namespaces of a running unit, as its account: exit code and everything printed."""
    pid = host.run("systemctl", "show", "-P", "MainPID", unit).stdout.strip()
    assert pid not in {"", "0"}, f"{unit} does not run"
    words = (
        "nsenter",
        "-t",
        pid,
        "-m",
        "-n",
        "setpriv",
        f"--reuid={account}",
        f"--regid={account}",
        "--init-groups",
    )
    answer = host.run(*words, "--no-new-privs", *command)
    return answer.returncode, answer.stdout + answer.stderr


# ---- gantry-web ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", ["sbatch", "squeue", "scancel", "sacctmgr", "munge"])
def test_the_web_tier_cannot_start(program: str, portal: Host) -> None:
    assert portal.run("test", "-x", f"/usr/bin/{program}").returncode == 0
    code, printed = in_unit(portal, "gantry-web", "gantry-web", f"/usr/bin/{program}", "--version")
    assert code in {126, 127}, printed


@pytest.mark.parametrize("reach", [REACH_MUNGE, REACH_SLURM], ids=["munge", "slurmctld"])
def test_the_web_tier_cannot_reach(reach: str, portal: Host) -> None:
    assert portal.run("python3", "-c", reach).returncode == 0
    code, printed = in_unit(portal, "gantry-web", "gantry-web", "python3", "-c", reach)
    assert code == 1, printed


@pytest.mark.parametrize("path", ["/etc/slurm/slurm.conf", "/shared/home/maya", "/etc/sudoers.d/gantry"])
def test_the_web_tier_cannot_read(path: str, portal: Host) -> None:
    code, printed = in_unit(portal, "gantry-web", "gantry-web", "ls", path)
    assert code == 2, printed


def test_the_web_tier_cannot_ask_agent_or_store(portal: Host, as_somebody: AsSomebody) -> None:
    assert as_somebody("gantry-web", "sudo", "-n", "-u", "maya", AGENT).returncode == 1
    answer = as_somebody("gantry-web", STORE)
    assert answer.returncode == 1
    assert "PermissionError" in answer.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE job SET person_id = 1",
        "UPDATE job SET kind = 'interactive'",
        "UPDATE submission SET person_id = 1",
        "UPDATE attempt SET cluster_job = '1'",
        "INSERT INTO attempt DEFAULT VALUES",
        "INSERT INTO job_output DEFAULT VALUES",
        "UPDATE icat_dataset SET complete = true",
        "DELETE FROM job",
        "UPDATE daemon_lease SET holder = 'me'",
        "CREATE TABLE mine (id int)",
        "ALTER TABLE job DISABLE TRIGGER ALL",
    ],
)
def test_the_web_tiers_database_role_may_not(statement: str, as_somebody: AsSomebody) -> None:
    answer = as_somebody("gantry-web", *PSQL, statement)
    assert answer.returncode == 1
    assert "permission denied" in answer.stderr or "must be owner" in answer.stderr


def test_the_daemons_database_role_reads_no_tokens_and_no_sign_ins(as_somebody: AsSomebody) -> None:
    for question in ("SELECT * FROM identity", "SELECT token_hash FROM web_session", "SELECT * FROM api_token"):
        assert "permission denied" in as_somebody("gantry-daemon", *PSQL, question).stderr


def test_people_have_no_database(as_somebody: AsSomebody) -> None:
    assert as_somebody("maya", *PSQL, "SELECT 1").returncode == 2


# ---- gantry-daemon ---------------------------------------------------------------------------------------------


def test_the_daemon_may_run_the_agent_as_a_person(as_somebody: AsSomebody) -> None:
    request = json.dumps({"schema": 1, "verb": "nothing", "backend": {}, "items": []})
    answer = as_somebody("gantry-daemon", "sh", "-c", f"echo '{request}' | sudo -n -u maya {AGENT}")
    # Sudo's own refusal is 1; the agent says 2 of a request that it cannot use.
    assert answer.returncode == 2, answer.stderr
    assert "sudo" not in answer.stderr


def test_the_daemons_unit_lets_sudo_work_and_the_web_tiers_does_not(portal: Host) -> None:
    def no_new_privileges(unit: str) -> str:
        pid = portal.run("systemctl", "show", "-P", "MainPID", unit).stdout.strip()
        status = portal.run("cat", f"/proc/{pid}/status").stdout
        return dict(line.split(":\t", 1) for line in status.splitlines())["NoNewPrivs"]

    assert no_new_privileges("gantry-web") == "1"
    assert no_new_privileges("gantry-daemon") == "0"


@pytest.mark.parametrize(
    "words",
    [
        ("-u", "root", AGENT),
        ("-u", "gantry-data", AGENT),
        ("-u", "gantry-web", AGENT),
        ("-u", "maya", AGENT, "--help"),
        ("-u", "maya", "/bin/sh"),
        ("-u", "maya", "PYTHONPATH=/tmp", AGENT),
        ("-g", "gantry-data", AGENT),
        ("-s",),
    ],
    ids=" ".join,
)
def test_the_daemon_may_run_nothing_else_through_sudo(words: tuple[str, ...], as_somebody: AsSomebody) -> None:
    answer = as_somebody("gantry-daemon", "sudo", "-n", *words)
    assert answer.returncode == 1
    assert answer.stdout == ""


@pytest.mark.parametrize(
    "path", ["/etc/gantry/agent.json", "/etc/gantry/store.json", AGENT, "/var/lib/gantry/published"]
)
def test_the_daemon_cannot_write(path: str, as_somebody: AsSomebody) -> None:
    assert as_somebody("gantry-daemon", "test", "-e", path).returncode == 0
    assert as_somebody("gantry-daemon", "test", "-w", path).returncode == 1


def test_the_daemon_writes_no_result_and_reads_no_home(as_somebody: AsSomebody) -> None:
    assert as_somebody("gantry-daemon", "touch", "/shared/results/mine").returncode == 1
    assert as_somebody("gantry-daemon", "ls", "/shared/home/maya").returncode == 2


# ---- gantry-data and people ------------------------------------------------------------------------------------


def test_the_store_answers_the_daemon_and_owns_the_results(portal: Host, as_somebody: AsSomebody) -> None:
    request = json.dumps({"schema": 1, "verb": "verify", "store": {}, "items": [{"location": "not/there"}]})
    answer = as_somebody("gantry-daemon", "sh", "-c", f"echo '{request}' | {STORE}")
    assert answer.returncode == 0, answer.stderr
    (item,) = json.loads(answer.stdout)["items"]
    assert item["ok"] is False
    assert portal.run("stat", "-c", "%U", "/shared/results").stdout == "gantry-data\n"


def test_a_person_writes_no_result_lists_no_scratch_and_asks_no_store(as_somebody: AsSomebody) -> None:
    assert as_somebody("maya", "touch", "/shared/results/mine").returncode == 1
    assert as_somebody("maya", "ls", "/shared/scratch").returncode == 2
    assert as_somebody("maya", STORE).returncode == 1
    assert as_somebody("maya", "sudo", "-n", "true").returncode == 1


def test_what_a_person_makes_in_scratch_belongs_to_the_portals_readers(as_somebody: AsSomebody) -> None:
    made = as_somebody("maya", "mktemp", "-d", "/shared/scratch/XXXXXXXX").stdout.strip()
    try:
        assert as_somebody("maya", "stat", "-c", "%U %G", made).stdout == "maya gantry-read\n"
        assert as_somebody("tom", "rmdir", made).returncode == 1
    finally:
        as_somebody("maya", "rmdir", made)


# ---- the way in ------------------------------------------------------------------------------------------------


def test_pages_come_over_tls_and_from_nowhere_else(portal: Host) -> None:
    get = (
        "import ssl, sys, urllib.request as u; c = ssl.create_default_context(cafile='/etc/ssl/certs/gantry.pem');"
        "a = u.urlopen(sys.argv[1], context=c); print(a.status, a.url)"
    )
    answer = portal.run("python3", "-c", get, "http://portal/")
    assert answer.returncode == 0, answer.stderr
    status, address = answer.stdout.split()
    assert status == "200"
    assert address.startswith("https://portal/")
    listening = portal.run("ss", "-Hlnt").stdout
    ports = {line.split()[3].rpartition(":")[2] for line in listening.splitlines()}
    assert ports == {"22", "80", "443"}
