"""The lab made ready for an exercise, and put back as it was: job type, limits, people, data, ledger."""

import json
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hosts.cluster import Cluster
from hosts.host import Host
from hosts.place import LabError

from tests.chaos.plan import PEOPLE, Plan, Task

HERE = Path(__file__).parent
JOB_TYPE = "chaos-ledger"
FOLDER = "chaos"
PYTHON = "/opt/gantry/venv/bin/python"
UNITS = ("gantry-web", "gantry-daemon")
# The lab's patience is shorter than a site's, so that what is lost is settled while somebody watches.
SETTINGS = {
    "GANTRY_LIMITS_RUNNING_PER_PERSON": "60",
    "GANTRY_LIMITS_QUEUED_PER_PERSON": "5000",
    "GANTRY_DAEMON_LOST_S": "90",
    "GANTRY_DAEMON_LATE_RESULT_S": "30",
    "GANTRY_DAEMON_POLL_MAX_S": "3",
    "GANTRY_SLURM_TIMEOUT_S": "12",
}


@dataclass(frozen=True)
class Ready:
    """What the workload needs: where the portal is, who may enter, and a dataset for every task."""

    run: str
    portal: Host
    certificate: Path
    tokens: Mapping[str, str]
    datasets: Mapping[str, int]
    folder: Path
    """/shared/chaos of the hosts, as this machine sees it."""

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.folder / "ledger.jsonl"


def token_of(run: str, task: Task) -> str:
    """The word by which a job, its dataset, its lines in the ledger and its result know one another."""
    return f"{run}-{task.number}"


@contextmanager
def prepared(cluster: Cluster, plan: Plan, run: str) -> Iterator[Ready]:
    """The lab with job type, settings, people and datasets of this exercise; settings are put back at the end."""
    portal = cluster.hosts["portal"]
    folder = cluster.place.shared / FOLDER
    tasks = [task for one in plan.submissions for task in one.tasks]
    try:
        _install(cluster, folder)
        made = _seed(cluster, portal, run, tasks)
        certificate = folder / "portal.pem"
        certificate.write_text(told(portal, "cat", "/etc/ssl/certs/gantry.pem"), encoding="ascii")
        yield Ready(run, portal, certificate, made["tokens"], made["datasets"], folder)
    finally:
        for unit in UNITS:
            portal.run("rm", "-f", f"/etc/systemd/system/{unit}.service.d/chaos.conf")
            portal.run("rmdir", "--ignore-fail-on-non-empty", f"/etc/systemd/system/{unit}.service.d")
        portal.run("rm", "-f", f"/opt/gantry/jobtypes/{JOB_TYPE}.yaml")
        portal.run("systemctl", "daemon-reload")
        portal.run("systemctl", "restart", *UNITS)


def _install(cluster: Cluster, folder: Path) -> None:
    portal = cluster.hosts["portal"]
    folder.mkdir(mode=0o755, exist_ok=True)
    folder.chmod(0o755)
    for name in ("ledger_program.py", "seeding.py", "evidence.sql", f"{JOB_TYPE}.yaml"):
        (folder / name).write_bytes((HERE / name).read_bytes())
        (folder / name).chmod(0o644)
    ledger = folder / "ledger.jsonl"
    ledger.touch()
    ledger.chmod(0o666)
    told(portal, "cp", f"/shared/{FOLDER}/{JOB_TYPE}.yaml", "/opt/gantry/jobtypes/")
    told(portal, "/usr/local/sbin/gantry", "admin", "jobtypes", "publish")
    lines = "".join(f"Environment={name}={value}\n" for name, value in SETTINGS.items())
    # A unit that is killed often is still to be started again.
    (folder / "drop-in.conf").write_text(f"[Unit]\nStartLimitIntervalSec=0\n[Service]\n{lines}", encoding="ascii")
    for unit in UNITS:
        told(portal, "mkdir", "-p", f"/etc/systemd/system/{unit}.service.d")
        told(portal, "cp", f"/shared/{FOLDER}/drop-in.conf", f"/etc/systemd/system/{unit}.service.d/chaos.conf")
    told(portal, "systemctl", "daemon-reload")
    told(portal, "systemctl", "restart", *UNITS)


def _seed(cluster: Cluster, portal: Host, run: str, tasks: Sequence[Task]) -> dict[str, dict[str, int | str]]:
    data = cluster.place.shared / "data" / FOLDER / run
    for task in tasks:
        token = token_of(run, task)
        (data / token).mkdir(parents=True)
        what = {"token": token, "seconds": task.seconds, "fate": task.fate, "value": task.value}
        (data / token / "task.json").write_text(json.dumps(what), encoding="utf-8")
    order = {
        "people": PEOPLE,
        "folder": f"/shared/data/{FOLDER}/{run}",
        "tasks": [token_of(run, task) for task in tasks],
    }
    (cluster.place.shared / FOLDER / "order.json").write_text(json.dumps(order), encoding="utf-8")
    # Root on the portal's host is the owner of the portal's tables.
    enter = (
        f"set -e; url=$({shlex.quote(PYTHON)} -I -c 'import tomllib;"
        'print(tomllib.load(open("/etc/gantry/config.toml", "rb"))["database_url"])\');'
        'export GANTRY_CONFIG=/etc/gantry/config.toml GANTRY_DATABASE_URL="${url%%:///*}://gantry@/${url#*:///}";'
        f"exec {shlex.quote(PYTHON)} -I /shared/{FOLDER}/seeding.py < /shared/{FOLDER}/order.json"
    )
    answer: dict[str, dict[str, int | str]] = json.loads(told(portal, "sh", "-c", enter, timeout=600))
    return answer


def told(host: Host, *command: str, timeout: float = 120) -> str:
    """What a command on a host printed. Raises LabError with its words if it fails or does not end."""
    words = f"{' '.join(command)[:200]} on {host.name}"
    try:
        done = host.run(*command, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{words} did not end within {timeout:.0f} s") from error
    if done.returncode:
        raise LabError(f"{words} failed: {done.stderr[-1500:]}")
    return done.stdout
